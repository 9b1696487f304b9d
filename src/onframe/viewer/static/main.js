// @ts-check
/** The page's beginning: its options, and `window.onframe` with the counters that tests read. */

import { App } from './app.js';
import { tileStyle } from './app-tile-style.js';
import { parseOptions } from './options.js';

const options = parseOptions(location.search);
document.documentElement.dataset.theme = options.theme;
document.adoptedStyleSheets = [...document.adoptedStyleSheets, tileStyle()];
document.body.classList.toggle('test', options.test);
const app = new App(options);
Object.defineProperty(window, 'onframe', { get: () => app.player.counters });

/** @param {unknown} error */
function failed(error) {
  if (app.player.counters.errors.length < 50) app.player.counters.errors.push(String(error));
}
addEventListener('error', (event) => failed(event.message));
addEventListener('unhandledrejection', (event) => failed(event.reason));
