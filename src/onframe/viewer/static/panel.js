// @ts-check
/** What stands beside the picture. All text goes in as text, never as markup. */

import { span } from './status.js';

/** @typedef {import('./wire.js').Event} Event */

const MOST_EVENTS = 60;
const SAME_EVENT = 4000; // ms without a sign of it; after that, the same key is a new occurrence

/** @param {string} id @returns {HTMLElement} */
function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element ${id}`);
  return found;
}

/** @param {string} tag @param {string} className @param {string} text */
function make(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

/** A colour of ours, or nothing: what comes over the wire is never a style of its own. @param {string|undefined} color */
function safeColor(color) {
  return color && /^#[0-9a-f]{6}$/i.test(color) ? color : '';
}

/**
 * What the panel shows of the synchrony.
 * @typedef {{share: number, recent: Record<string, number>, total: Record<string, number>, hold: number, clock: string,
 *   uncertainty: number|null, exact: boolean|null, picture: boolean, standing: number, rate: number, delay: number, late: number}} Sync
 */

export class Panel {
  constructor() {
    /** @type {Map<string, {item: HTMLElement, seen: number}>} */
    this._events = new Map();
  }

  /** @param {import('./wire.js').Hello} hello */
  hello(hello) {
    const stream = hello.stream === 1 ? 'main stream' : hello.stream === 2 ? 'sub-stream' : `stream ${hello.stream}`;
    element('camera').textContent = `${hello.camera} · channel ${hello.channel} · ${stream}`;
    document.title = `${hello.camera} · Onframe`;
    const legend = element('legend');
    legend.replaceChildren();
    for (const [name, color] of hello.legend ?? []) legend.append(this._legend(name, color));
  }

  /** @param {string} name @param {string} color */
  _legend(name, color) {
    const item = make('li', '', '');
    const swatch = make('i', '', '');
    swatch.style.borderColor = safeColor(color);
    item.append(swatch, name);
    return item;
  }

  /** A sentence above the picture; empty takes it away. @param {string} text */
  notice(text) {
    const notice = element('notice');
    notice.textContent = text;
    notice.hidden = !text;
  }

  /** @param {Sync} sync */
  sync(sync) {
    const title = element('sync-title');
    const { name, grade } = headline(sync);
    title.textContent = name;
    title.dataset.grade = grade;
    element('sync-line').textContent = syncLine(sync);
    const bar = element('sync-bar');
    for (const state of ['exact', 'approximate', 'held', 'none']) {
      const part = /** @type {HTMLElement} */ (bar.querySelector(`.${state}`));
      part.style.flexGrow = String(sync.recent[state]);
    }
    this._pairs('counts', [
      ['exact', sync.total.exact, 'exact'],
      ['approximate', sync.total.approximate, 'approximate'],
      ['held from the last record', sync.total.held, 'held'],
      ['without metadata', sync.total.none, 'none'],
      ['records too late', sync.late, ''],
      ['pictures per second', sync.rate.toFixed(0), ''],
      ['behind the server', Math.abs(sync.delay) < 60_000 ? `${Math.round(sync.delay)} ms` : '–', ''],
    ]);
  }

  /** Panels that find no room on the picture. @param {import('./wire.js').Shape[]} panels */
  readouts(panels) {
    element('readouts').hidden = !panels.length;
    /** @type {[string, string, string][]} */
    const pairs = panels.flatMap((panel) =>
      panel.rows.map((/** @type {[string, string]} */ [name, value]) => [`${panel.title} · ${name}`, value, '']),
    );
    this._pairs('readout-rows', pairs);
  }

  /** @param {Record<string, string|number>} values */
  details(values) {
    this._pairs('details', Object.entries(values).map(([name, value]) => [name.replaceAll('_', ' '), value, '']));
  }

  /** @param {string} id @param {[string, string|number, string][]} pairs */
  _pairs(id, pairs) {
    const list = element(id);
    while (list.children.length > 2 * pairs.length) list.lastChild?.remove();
    while (list.children.length < 2 * pairs.length) list.append(make(list.children.length % 2 ? 'dd' : 'dt', '', ''));
    pairs.forEach(([name, value, className], i) => {
      const [term, detail] = [list.children[2 * i], list.children[2 * i + 1]];
      if (term.textContent !== name) term.textContent = name;
      if (className && term.className !== className) term.className = className;
      if (detail.textContent !== String(value)) detail.textContent = String(value);
    });
  }

  /** An occurrence going on keeps its line. @param {Event} event @param {number} now ms */
  event(event, now) {
    const known = this._events.get(event.key);
    if (known && now - known.seen < SAME_EVENT) {
      known.seen = now;
      return;
    }
    const list = element('events');
    list.querySelector('.empty')?.remove();
    const item = this._item(event);
    list.prepend(item);
    this._events.delete(event.key);
    this._events.set(event.key, { item, seen: now });
    while (list.children.length > MOST_EVENTS) list.lastChild?.remove();
    if (this._events.size > 4 * MOST_EVENTS) this._events.delete([...this._events.keys()][0]);
  }

  /** @param {Event} event */
  _item(event) {
    const item = make('li', '', '');
    const dot = make('span', 'dot', '');
    dot.style.background = safeColor(event.color);
    const title = make('span', event.ink ? 'title chip' : 'title', event.title);
    if (event.ink) {
      title.style.background = safeColor(event.color);
      title.style.color = safeColor(event.ink);
    }
    const time = make('time', '', new Date().toLocaleTimeString([], { hour12: false }));
    item.append(dot, title, time);
    if (event.text) item.append(make('span', 'text', event.text));
    return item;
  }
}

/** @param {Sync} sync */
function headline(sync) {
  if (!sync.picture) return { name: 'No picture', grade: 'none' };
  if (sync.standing) return { name: 'Standing still', grade: 'none' };
  if (sync.exact === null) return { name: 'Waiting for metadata', grade: 'none' };
  if (!sync.exact) return { name: 'Approximate', grade: 'approximate' };
  return { name: 'Synced', grade: 'exact' };
}

/** @param {Sync} sync */
function syncLine(sync) {
  if (sync.exact === null) return sync.picture ? `hold ${Math.round(sync.hold)} ms` : '';
  const clock = sync.clock.replace('_', ' ');
  if (!sync.picture) return `metadata by ${clock}`;
  if (sync.standing) return `no new picture for ${span(sync.standing)}`;
  const hold = `hold ${Math.round(sync.hold)} ms`;
  if (!sync.exact) {
    const about = sync.uncertainty === null ? '' : ` ±${Math.max(1, Math.round(sync.uncertainty * 1000))} ms`;
    return `${about.trim()} (${clock}) · ${hold}`.trim();
  }
  const share = Number.isFinite(sync.share) ? `${percent(sync.share)} exact · ` : '';
  return `${hold} · ${share}${clock}`;
}

/** Never rounded up to 100 %. @param {number} share */
function percent(share) {
  return `${share < 1 ? Math.min(99, Math.floor(share * 100)) : 100} %`;
}
