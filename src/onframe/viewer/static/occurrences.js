// @ts-check
/** Events of the Records, each told when its picture is shown, in their order and with a small picture. */

import { thumbnail } from './snapshot.js';
import { MASK } from './view.js';

/** @typedef {import('./source.js').Picture} Picture */

const SAME = 4000; // ms without a sign of it; after that, the same key is a new occurrence
const MOST_SEEN = 400;

/**
 * `again`: it goes on, and was told before; then there is no small picture. `capturedAt`: Unix seconds or null.
 * @typedef {{event: import('./wire.js').Event, pts: number, capturedAt: number|null, again: boolean,
 *   thumbnail: ImageBitmap|null}} Occurrence
 */

export class Occurrences {
  /** @param {(occurrence: Occurrence) => void} tell */
  constructor(tell) {
    this._tell = tell;
    /** When each key was told last. @type {Map<string, number>} */
    this._seen = new Map();
    /** @type {Promise<void>} */
    this._last = Promise.resolve();
  }

  /**
   * @param {{pts: number, capturedAt: number|null, event: import('./wire.js').Event}[]} events
   * @param {import('./stream.js').Stream} stream @param {Picture|null} picture that is shown, null where none is
   * @param {import('./view.js').View} view @param {number} now
   */
  happened(events, stream, picture, view, now) {
    for (const { pts, capturedAt, event } of events) {
      const again = this._goesOn(event.key, now);
      const drawn = picture && !again ? stream.store.lookup(picture.pts).drawn : [];
      const small = picture && !again ? thumbnail(picture.image, drawn, event, view) : null;
      const masked = event.key.startsWith('plate/') && Object.hasOwn(view.privacy, 'plate');
      const told = { event: masked ? { ...event, title: MASK } : event, pts, capturedAt, again };
      this._last = this._last.then(async () => this._tell({ ...told, thumbnail: await small }));
    }
  }

  /** @param {string} key @param {number} now */
  _goesOn(key, now) {
    const again = now - (this._seen.get(key) ?? -Infinity) < SAME;
    this._seen.delete(key);
    this._seen.set(key, now);
    if (this._seen.size > MOST_SEEN) this._seen.delete(this._seen.keys().next().value ?? '');
    return again;
  }
}
