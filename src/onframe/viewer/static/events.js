// @ts-check
/** The occurrences of the last minutes, for the list beside the picture: merged, filtered, found by text. Pure. */

/** @typedef {import('./wire.js').Event} Event */
/** @typedef {'all'|'crossing'|'plate'|'alarm'} Filter */
/**
 * An occurrence. `camera` is its key, `at` the instant of its first picture (Unix ms), `pts` that picture's timestamp,
 * `seen` when there was the last sign of it, `times` how many records told of it.
 * @typedef {{id: number, event: Event, camera: string, name: string, pts: number, at: number, seen: number, times: number}} Entry
 */

/** @type {Filter[]} */
export const FILTERS = ['all', 'plate', 'crossing', 'alarm'];
const CROSSINGS = new Set(['line crossing', 'region entered', 'region left']);

/** Whether an event belongs to a filter; a crossing in alarm belongs to both. @param {Event} event @param {Filter} filter */
export function belongs(event, filter) {
  if (filter === 'plate') return isPlate(event);
  if (filter === 'crossing') return CROSSINGS.has(event.title);
  if (filter === 'alarm') return event.level === 'alarm';
  return true;
}

/** Plates alone come with a colour of their letters. @param {Event} event */
export function isPlate(event) {
  return Boolean(event.ink);
}

/** The sort of document that an event is from, and whether it is about a "rule" or about a "target" without one; the role
 * is empty where one Record tells of both. @param {Event} event @returns {[string, string]} */
function roleOf({ subject = '', rule = '' }) {
  const [sort, role = ''] = subject.split('/');
  return [sort, role === 'rule' || (role === 'target' && !rule) ? role : ''];
}

/** One occurrence, of which target and rule tell apart. @param {Event} a @param {Event} b @returns {Event} */
function joined(a, b) {
  const [target, rule] = roleOf(a)[1] === 'target' ? [a, b] : [b, a];
  return { ...target, text: [target.text, rule.text].filter(Boolean).join(' · '), rule: rule.rule };
}

/** How a text is compared: without case, blanks and marks, so that "onf9117" finds "ONF 9117" and "ONF·9117".
 * @param {string} text */
function plain(text) {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
}

/**
 * Whether all words of what was typed are in the entry, or all of it as one word.
 * @param {Entry} entry @param {string} typed
 */
export function matches(entry, typed) {
  const words = typed.split(/\s+/).map(plain).filter(Boolean);
  if (!words.length) return true;
  const text = plain([entry.event.title, entry.event.text, entry.name].join(' '));
  return words.every((word) => text.includes(word)) || text.includes(words.join(''));
}

/** What has occurred, newest last; at most MOST are kept, whatever comes. */
export class EventLog {
  static MOST = 500;
  static SAME = 4000; // ms without a sign of it; after that, the same key is a new occurrence

  constructor() {
    /** @type {Entry[]} */
    this.entries = [];
    /** The newest entry of each camera and key. @type {Map<string, Entry>} */
    this._last = new Map();
    this._id = 0;
  }

  /**
   * A record told of it. An occurrence that goes on keeps its entry, and what a rule and a target tell of at once is one.
   * @param {{event: Event, camera: string, name: string, pts: number, at: number}} told @param {number} now ms
   * @returns {Entry|null} the entry that is new or says more; null where it is one that is known
   */
  add(told, now) {
    const key = `${told.camera}\n${told.event.key}`;
    const known = this._last.get(key);
    if (known && now - known.seen < EventLog.SAME) {
      known.seen = now;
      known.times += 1;
      return null;
    }
    const other = this._counterpart(told);
    if (other) {
      other.event = joined(other.event, told.event);
      this._last.set(key, other);
      return other;
    }
    const entry = { ...told, id: ++this._id, seen: now, times: 1 };
    this.entries.push(entry);
    this._last.set(key, entry);
    while (this.entries.length > EventLog.MOST) this._forget(this.entries.shift());
    return entry;
  }

  /** Of a target its rule, of a rule its target: what was told of the same picture by the same title. Where there are
   * several it is not known which, and each stands by itself.
   * @param {{event: Event, camera: string, pts: number}} told @returns {Entry|null} */
  _counterpart({ event, camera, pts }) {
    const [sort, role] = roleOf(event);
    if (!role) return null;
    const found = this.entries.filter((entry) => {
      if (entry.camera !== camera || entry.pts !== pts || entry.event.title !== event.title) return false;
      const [ownSort, ownRole] = roleOf(entry.event);
      return ownSort === sort && ownRole !== '' && ownRole !== role;
    });
    return found.length === 1 ? found[0] : null;
  }

  /** @param {Entry|undefined} entry */
  _forget(entry) {
    if (!entry) return;
    for (const [key, last] of this._last) if (last === entry) this._last.delete(key);
  }

  /**
   * Newest first.
   * @param {Filter} filter @param {string} typed
   */
  find(filter, typed) {
    return this.entries.filter((entry) => belongs(entry.event, filter) && matches(entry, typed)).reverse();
  }

  /** How many there are of each filter. @returns {Record<Filter, number>} */
  counts() {
    const counts = { all: 0, crossing: 0, plate: 0, alarm: 0 };
    for (const { event } of this.entries) for (const filter of FILTERS) if (belongs(event, filter)) counts[filter] += 1;
    return counts;
  }
}
