// @ts-check
/** Beside the picture: how well it is synchronised, the legend, and what is for people who look closer. */

import { choice, make, pairs, put, safeColor, set } from './dom.js';
import { headline, syncLine } from './status.js';

/** @typedef {import('./status.js').Sync} Sync */

/** @type {import('./store.js').State[]} */
const STATES = ['exact', 'approximate', 'interpolated', 'held', 'none'];
/** @type {Record<string, string>} */
const PATHS = { webcodecs: 'WebCodecs', mse: 'MSE', jpeg: 'JPEG', none: 'no pictures' };
const LONGEST_HOLD = 1500;

/** The card that is always there: a word, what it rests on, the share of pictures by state, counters, mode, path. */
export class SyncCard {
  /** @param {(mode: string, hold: number|null) => void} onMode */
  constructor(onMode) {
    this._onMode = onMode;
    this.title = make('h2', 'sync-title', { id: 'sync-title' }, 'Waiting for the picture');
    this.line = make('p', 'sync-line', { id: 'sync-line' });
    this.bar = make('div', 'bar', { id: 'sync-bar', role: 'img', 'aria-label': 'Recent pictures by how their metadata is bound' });
    for (const state of STATES) this.bar.append(make('i', state));
    this.counts = make('dl', 'counts', { id: 'counts' });
    this.path = make('p', 'path', { id: 'path' });
    this._mode = choice(
      'What is waited for',
      [['synced', 'Synced'], ['live', 'Live'], ['fixed', 'Fixed']],
      (mode) => this._choose(mode),
    );
    this.hold = /** @type {HTMLInputElement} */ (
      make('input', 'hold', { type: 'number', id: 'hold', min: 0, max: LONGEST_HOLD, step: 20, 'aria-label': 'Hold in milliseconds' })
    );
    this.hold.addEventListener('change', () => this._choose('fixed'));
    this._holdField = make('label', 'hold-field', {}, this.hold, 'ms');
    const modes = make('div', 'modes', {}, this._mode.element, this._holdField);
    this.figures = make('details', 'figures', { id: 'figures', open: roomy() }, make('summary', '', {}, 'Figures'), this.counts, this.path);
    this.element = make('section', 'card sync', { 'aria-label': 'Synchrony' }, this.title, this.line, this.bar, modes, this.figures);
    this.setMode('synced', null);
  }

  /** @param {string} mode @param {number|null} hold */
  setMode(mode, hold) {
    this._mode.set(mode);
    this._holdField.hidden = mode !== 'fixed';
    if (hold !== null && document.activeElement !== this.hold) this.hold.value = String(Math.round(hold));
  }

  /** @param {string} mode */
  _choose(mode) {
    const typed = Number(this.hold.value);
    const hold = mode === 'fixed' && this.hold.value !== '' && Number.isFinite(typed) ? Math.max(0, Math.min(LONGEST_HOLD, typed)) : null;
    this._onMode(mode, hold);
  }

  /** @param {import('./player.js').Player} player */
  show(player) {
    const sync = player.sync;
    const { name, quality } = headline(sync);
    put(this.title, name);
    set(this.title, 'data-grade', quality);
    put(this.line, syncLine(sync));
    STATES.forEach((state, i) => {
      const part = /** @type {HTMLElement} */ (this.bar.children[i]);
      part.style.flexGrow = String(sync.recent[state] ?? 0);
      part.hidden = !sync.recent[state];
    });
    pairs(this.counts, [
      ...STATES.map((state) => /** @type {[string, string, string]} */ ([NAMES[state], number(sync.total[state]), state])),
      ['pictures/s', sync.rate.toFixed(0), 'plain'],
      ['late', number(sync.late), 'plain'],
      ['orphaned', number(sync.orphaned), 'plain'],
      ['lag p98', milliseconds(sync.p98), 'plain'],
      ['delay', Math.abs(sync.delay) < 60_000 ? milliseconds(sync.delay) : '–', 'plain'],
    ]);
    const codec = player.counters.codec ? ` (${player.counters.codec})` : '';
    put(this.path, [`${PATHS[player.path] ?? player.path}${codec}`, player.why].filter(Boolean).join(': '));
    if (sync.mode === 'fixed' && !this.hold.value) this.hold.value = String(Math.round(sync.hold));
  }
}

/** Whether there is room for the figures from the start. */
function roomy() {
  return innerHeight >= 780 && innerWidth > 860;
}

/** @type {Record<string, string>} */
const NAMES = { exact: 'exact', approximate: 'approximate', interpolated: 'interpolated', held: 'held', none: 'none' };

/** Thousands apart, so that a day's counter is legible. @param {number|undefined} value */
function number(value) {
  return String(value ?? 0).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** @param {number} value */
function milliseconds(value) {
  return Number.isFinite(value) ? `${Math.round(value)} ms` : '–';
}

/** Legend, readouts that find no room on the picture, and the server's counters. */
export class Details {
  constructor() {
    this.readouts = make('dl', 'rows', { id: 'readout-rows' });
    this.readoutCard = make('section', 'group', { id: 'readouts', hidden: true }, make('h3', '', {}, 'Readouts'), this.readouts);
    this.legend = make('ul', 'legend', { id: 'legend' });
    this.rows = make('dl', 'rows', { id: 'details' });
    this.element = make(
      'div', 'details', {},
      this.readoutCard,
      make('section', 'group', {}, make('h3', '', {}, 'Legend'), this.legend),
      make('section', 'group', {}, make('h3', '', {}, 'Connection'), this.rows),
    );
    /** @type {Record<string, string|number>} */
    this._stats = {};
  }

  /** @param {import('./wire.js').Hello|null} hello */
  hello(hello) {
    const items = (hello?.legend ?? []).map(([name, color]) => {
      const swatch = make('i');
      swatch.style.borderColor = safeColor(color);
      return make('li', '', {}, swatch, name);
    });
    this.legend.replaceChildren(...items);
    this._stats = {};
  }

  /** @param {Record<string, string|number>} values */
  stats(values) {
    this._stats = values;
  }

  /** @param {Record<string, string|number>} own what the page knows itself */
  show(own) {
    pairs(this.rows, Object.entries({ ...own, ...this._stats }).map(([name, value]) => [name.replaceAll('_', ' '), value]));
  }

  /** Panels that find no room on the picture. @param {import('./wire.js').Shape[]} panels */
  read(panels) {
    this.readoutCard.hidden = !panels.length;
    pairs(
      this.readouts,
      panels.flatMap((panel) =>
        (panel.rows ?? []).map(
          (/** @type {[string, string]} */ [name, value]) => /** @type {[string, string]} */ ([`${panel.title} · ${name}`, value]),
        ),
      ),
    );
  }
}
