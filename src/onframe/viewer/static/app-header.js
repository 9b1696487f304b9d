// @ts-check
/** The strip at the top: which camera, how the connection to it stands, since when and why. */

import { put, set } from './dom.js';
import { inWords } from './status.js';

/** @typedef {import('./player.js').Player} Player */

/** @param {string} id @returns {HTMLElement} */
export function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element ${id}`);
  return found;
}

/** @param {Player} player */
export function showHeader({ hello, status }) {
  const words = inWords(status, Date.now());
  set(element('state'), 'data-state', status.state);
  put(element('state-name'), words.name);
  put(element('since'), words.since);
  set(element('since'), 'title', words.sinceLong);
  put(element('reason'), words.reason);
  set(element('reason'), 'title', words.reason);
  document.body.classList.toggle('standing', !words.well);
  if (!hello) return;
  const stream = hello.stream === 1 ? 'main stream' : hello.stream === 2 ? 'sub-stream' : `stream ${hello.stream}`;
  put(element('camera-name'), hello.camera);
  put(element('camera-more'), ` · channel ${hello.channel} · ${stream}`);
  set(element('camera'), 'title', `${hello.camera} · channel ${hello.channel} · ${stream}`);
  if (document.title !== `${hello.camera} · Onframe`) document.title = `${hello.camera} · Onframe`;
}

/** What the page itself knows of the connection. @param {Player} player @returns {Record<string, string|number>} */
export function ownFigures({ hello, counters, path, why }) {
  return {
    path: [path, why].filter(Boolean).join(': '),
    coordinates: hello?.coordinates || '–',
    picture: hello?.codec ? `${hello.width} × ${hello.height}, ${counters.codec || hello.codec}` : 'none',
    'pictures skipped': counters.dropped,
  };
}
