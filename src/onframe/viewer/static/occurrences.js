// @ts-check
/** Events of the Records, each told when its picture is shown, in their order and with a small picture. */

import { thumbnail } from './snapshot.js';
import { MASK } from './view.js';

/** @typedef {import('./source.js').Picture} Picture */

const SAME = 4000; // ms without a sign of it; after that, the same key is a new occurrence
const MOST_SEEN = 500;

/** An event as a Record, number `n` of its epoch, told it.
 * @typedef {{pts: number, n: number, capturedAt: number|null, event: import('./wire.js').Event}} Told */

/**
 * `again`: it goes on, and was told before; then there is no small picture. `capturedAt`: Unix seconds or null.
 * @typedef {{event: import('./wire.js').Event, pts: number, capturedAt: number|null, again: boolean,
 *   thumbnail: ImageBitmap|null}} Occurrence
 */

export class Occurrences {
  /** @param {(occurrence: Occurrence) => void} tell */
  constructor(tell) {
    this._tell = tell;
    /** When each key was told last, and by which Record of which time line. @type {Map<string, {at: number, n: number, line: string}>} */
    this._seen = new Map();
    /** The time lines of the last ones, by their timestamps. @type {Map<number, string>} */
    this._lines = new Map();
    /** When all that happened so far is told. @type {Promise<void>} */
    this.settled = Promise.resolve();
  }

  /** The time line that an event of this timestamp was told in; undefined where there was none. @param {number} pts */
  lineOf(pts) {
    return this._lines.get(pts);
  }

  /**
   * Those that were told before, because the page joined anew, are left out.
   * @param {Told[]} events @param {import('./stream.js').Stream} stream @param {Picture|null} picture that is shown, null where none is
   * @param {import('./view.js').View} view @param {number} now
   */
  happened(events, stream, picture, view, now) {
    for (const { pts, n, capturedAt, event } of events) {
      const before = this._seen.get(event.key);
      if (n && before?.line === stream.line && n <= before.n) continue;
      const again = now - (before?.at ?? -Infinity) < SAME;
      remember(this._seen, event.key, { at: now, n, line: stream.line });
      remember(this._lines, pts, stream.line);
      const drawn = picture && !again ? stream.store.lookup(picture.pts).drawn : [];
      const small = picture && !again ? thumbnail(picture.image, drawn, event, view) : null;
      const masked = event.key.startsWith('plate/') && Object.hasOwn(view.privacy, 'plate');
      const told = { event: masked ? { ...event, title: MASK } : event, pts, capturedAt, again };
      this.settled = this.settled.then(async () => this._tell({ ...told, thumbnail: await small }));
    }
  }
}

/** As the newest; the oldest of too many goes. @template K, V @param {Map<K, V>} map @param {K} key @param {V} value */
function remember(map, key, value) {
  map.delete(key);
  map.set(key, value);
  if (map.size > MOST_SEEN) for (const oldest of map.keys()) return map.delete(oldest);
}
