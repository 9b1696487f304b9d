// @ts-check
/** All keys, in a dialog over the page. */

import { button, make } from './dom.js';

/** @type {[string, [string, string][]][]} */
const KEYS = [
  ['Picture', [
    ['Space', 'freeze, and back to live'],
    ['← →', 'one picture back or forward'],
    ['S', 'save the picture as PNG'],
    ['F', 'full screen; with shift the whole page'],
    ['P', 'hide faces'],
    ['Esc', 'close, leave, back to live, in this order'],
  ]],
  ['Beside it', [
    ['/', 'find an event'],
    ['E', 'events'],
    ['L', 'layers'],
    ['T', 'target'],
    ['D', 'details'],
    ['C', 'coordinates'],
  ]],
  ['Page', [
    ['1 … 9', 'a camera of the grid, large and back'],
    ['B', 'the pictures alone, and back'],
    ['M', 'dark, light, as the system'],
    ['?', 'this help'],
  ]],
];

export class Help {
  constructor() {
    const close = button({ icon: 'close', title: 'Close (Esc)', className: 'plain' }, () => this.element.close());
    const groups = KEYS.map(([name, keys]) => {
      const rows = keys.flatMap(([key, text]) => [
        make('dt', '', {}, ...key.split(' ').map((one) => (one === '…' ? one : make('kbd', '', {}, one)))),
        make('dd', '', {}, text),
      ]);
      return make('section', '', {}, make('h3', '', {}, name), make('dl', '', {}, ...rows));
    });
    this.element = /** @type {HTMLDialogElement} */ (
      make('dialog', 'help', { id: 'help', 'aria-label': 'Keys' },
        make('header', '', {}, make('h2', '', {}, 'Keys'), close), make('div', 'columns', {}, ...groups),
        make('p', 'quiet', {}, 'What is chosen here stands in the address: a link shows what you see.'))
    );
    this.element.addEventListener('click', (event) => {
      if (event.target === this.element) this.element.close();
    });
  }

  toggle() {
    if (this.element.open) this.element.close();
    else this.element.showModal();
  }
}
