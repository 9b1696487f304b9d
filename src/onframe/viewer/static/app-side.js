// @ts-check
/** What stands beside the picture, below it on a phone: one card that is always there, and tabs. */

import { make, set } from './dom.js';

/** @typedef {{id: string, name: string, element: HTMLElement}} Tab */

export class Side {
  /** @param {HTMLElement} root @param {HTMLElement} card @param {Tab[]} tabs @param {(id: string) => void} opened */
  constructor(root, card, tabs, opened) {
    this._opened = opened;
    this.current = '';
    this._tabs = tabs.map((tab) => {
      const control = make('button', '', { type: 'button', role: 'tab', id: `tab-${tab.id}`, 'aria-controls': `page-${tab.id}` }, tab.name);
      const page = make('div', 'page', { role: 'tabpanel', id: `page-${tab.id}`, 'aria-labelledby': `tab-${tab.id}` }, tab.element);
      control.addEventListener('click', () => this.open(tab.id));
      return { ...tab, control, page };
    });
    const list = make('div', 'tabs', { role: 'tablist', 'aria-label': 'Beside the picture' }, ...this._tabs.map((tab) => tab.control));
    list.addEventListener('keydown', (event) => this._key(event));
    root.append(card, make('section', 'card pages', {}, list, ...this._tabs.map((tab) => tab.page)));
    this.open(tabs[0].id);
  }

  /** @param {string} id */
  open(id) {
    this.current = id;
    for (const { id: own, control, page } of this._tabs) {
      set(control, 'aria-selected', String(own === id));
      control.tabIndex = own === id ? 0 : -1;
      page.hidden = own !== id;
    }
    this._opened(id);
  }

  /** The page of a tab. @param {string} id */
  page(id) {
    return this._tabs.find((tab) => tab.id === id)?.page;
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const at = this._tabs.findIndex((tab) => tab.id === this.current);
    const next = this._tabs[(at + step + this._tabs.length) % this._tabs.length];
    this.open(next.id);
    next.control.focus();
  }
}
