// @ts-check
/** The list of events: what has occurred, with a small picture of it; found by kind and by text. */

import { button, choice, clockTime, make, put, safeColor, set } from './dom.js';
import { EventLog, isPlate } from './events.js';
import { icon } from './icons.js';

/** @typedef {import('./events.js').Entry} Entry */
/** @typedef {import('./events.js').Filter} Filter */

const MOST_SHOWN = 120; // lines in the document at once; the search looks at all
const THUMB = { width: 96, height: 54 };
/** @type {[Filter, string][]} */
const NAMES = [['all', 'All'], ['plate', 'Plates'], ['crossing', 'Crossings'], ['alarm', 'Alarms']];

export class EventList {
  /** @param {(entry: Entry) => void} onChosen */
  constructor(onChosen) {
    this._onChosen = onChosen;
    this.log = new EventLog();
    /** @type {Filter} */
    this._filter = 'all';
    this._names = false;
    /** The lines by entry. @type {WeakMap<Entry, HTMLElement>} */
    this._items = new WeakMap();
    this._chosen = 0;
    this.search = /** @type {HTMLInputElement} */ (
      make('input', 'search', {
        type: 'search', id: 'search', placeholder: 'Plate, event, target…', 'aria-label': 'Find events by text',
        autocomplete: 'off', spellcheck: 'false', maxlength: 80,
      })
    );
    this.search.addEventListener('input', () => this.draw());
    this._choice = choice('Which events', NAMES, (filter) => this._show(/** @type {Filter} */ (filter)));
    this._choice.set('all');
    this.list = make('ol', 'events', { id: 'events', 'aria-label': 'Events, newest first' });
    this.empty = make('p', 'empty', { id: 'events-empty' }, 'Alarms and number plates appear here.');
    /** Alarms alone are read out. */
    this.spoken = make('p', 'spoken', { 'aria-live': 'polite' });
    this.element = make(
      'div', 'event-list', {}, make('div', 'finder', {}, this.search, this._choice.element), this.empty, this.list, this.spoken,
    );
  }

  /** @param {Filter} filter */
  _show(filter) {
    this._filter = filter;
    this._choice.set(filter);
    this.draw();
  }

  /** Whether the names of cameras are shown. @param {boolean} on */
  named(on) {
    if (this._names === on) return;
    this._names = on;
    this._items = new WeakMap();
    this.draw();
  }

  /**
   * An event of a picture that is shown now. The thumbnail is closed here.
   * @param {{event: import('./events.js').Event, camera: string, name: string, pts: number, at: number}} told
   * @param {ImageBitmap|null} thumbnail
   */
  add(told, thumbnail) {
    const entry = this.log.add(told, performance.now());
    if (!entry) {
      thumbnail?.close();
      return;
    }
    this._items.set(entry, this._item(entry, thumbnail));
    thumbnail?.close();
    if (told.event.level === 'alarm') put(this.spoken, [told.event.title, told.event.text, this._names ? told.name : ''].filter(Boolean).join(', '));
    this.draw();
  }

  /** The lines that fit filter and search, newest first; those that stay are not touched. */
  draw() {
    const found = this.log.find(this._filter, this.search.value).slice(0, MOST_SHOWN);
    const items = found.map((entry) => this._itemOf(entry));
    const kept = new Set(items);
    for (const child of [...this.list.children]) if (!kept.has(/** @type {HTMLElement} */ (child))) child.remove();
    items.forEach((item, i) => {
      if (this.list.children[i] !== item) this.list.insertBefore(item, this.list.children[i] ?? null);
    });
    this.empty.hidden = items.length > 0;
    put(
      this.empty,
      this.log.entries.length ? 'No event fits what is looked for.' : 'Alarms and number plates appear here.',
    );
    const counts = this.log.counts();
    for (const one of this._choice.element.children) {
      const name = /** @type {HTMLElement} */ (one).dataset.value ?? 'all';
      one.classList.toggle('none', counts[/** @type {Filter} */ (name)] === 0);
    }
  }

  /** @param {Entry} entry */
  _itemOf(entry) {
    let item = this._items.get(entry);
    if (!item) this._items.set(entry, (item = this._item(entry, null)));
    return item;
  }

  /** @param {Entry} entry @param {ImageBitmap|null} thumbnail */
  _item(entry, thumbnail) {
    const { event } = entry;
    const title = make('span', isPlate(event) ? 'title chip' : 'title', {}, event.title);
    const mark = make('i', 'mark');
    mark.style.background = safeColor(event.color);
    if (isPlate(event)) {
      title.style.background = safeColor(event.color);
      title.style.color = safeColor(event.ink);
    }
    const time = make('time', '', { datetime: iso(entry.at) }, clockTime(entry.at));
    const text = [event.text, this._names ? entry.name : ''].filter(Boolean).join(' · ');
    const words = make('span', 'words', {}, title, make('span', 'text', {}, text || '\u00a0'));
    const open = button({ className: 'event' }, () => {
      this.choose(entry.id);
      this._onChosen(entry);
    });
    open.append(mark, thumbnail ? picture(thumbnail) : blank(event), words, time);
    const item = make('li', event.level === 'alarm' ? 'alarm' : '', { 'data-id': entry.id });
    item.append(open);
    if (entry.id === this._chosen) set(open, 'aria-current', 'true');
    return item;
  }

  /** Marks the event whose picture is shown; 0 for none. @param {number} id */
  choose(id) {
    this._chosen = id;
    for (const item of this.list.children) {
      const open = item.firstElementChild;
      if (/** @type {HTMLElement} */ (item).dataset.id === String(id)) open?.setAttribute('aria-current', 'true');
      else open?.removeAttribute('aria-current');
    }
  }
}

/** In the place of the picture that there is not. @param {import('./events.js').Event} event */
function blank(event) {
  return make('span', 'thumb', { 'aria-hidden': 'true' }, icon(isPlate(event) ? 'snapshot' : 'warning'));
}

/** @param {ImageBitmap} thumbnail */
function picture(thumbnail) {
  const canvas = /** @type {HTMLCanvasElement} */ (make('canvas', 'thumb', { ...THUMB, 'aria-hidden': 'true' }));
  const scale = Math.max(THUMB.width / thumbnail.width, THUMB.height / thumbnail.height);
  const [w, h] = [thumbnail.width * scale, thumbnail.height * scale];
  canvas.getContext('2d')?.drawImage(thumbnail, (THUMB.width - w) / 2, (THUMB.height - h) / 2, w, h);
  return canvas;
}

/** @param {number} at */
function iso(at) {
  return Number.isFinite(at) ? new Date(at).toISOString() : '';
}
