// @ts-check
/** The coded pictures of the last minute, in the order they are decoded in. Pure: no DOM, no clock. */

/** @typedef {import('./wire.js').Unit} Unit */

const TICKS = 90_000; // a second

export class History {
  static SECONDS = 85; // "a minute ago" is still there; the Records of 90 s are
  static BYTES = 64 * 1024 * 1024;

  /** @param {number} [seconds] kept at most @param {number} [bytes] kept at most */
  constructor(seconds = History.SECONDS, bytes = History.BYTES) {
    this.ticks = seconds * TICKS;
    this.most = bytes;
    this.bytes = 0;
    /** @type {Unit[]} */
    this._units = [];
    /** The timestamps in the order they are shown in, made when first asked for. @type {number[]|null} */
    this._times = null;
  }

  /** Remember a picture; what came before the first key picture cannot be decoded. @param {Unit} unit */
  add(unit) {
    if (!this._units.length && !unit.key) return;
    this._units.push(unit);
    this.bytes += unit.data.byteLength;
    this._times = null;
    while (this._units.length && (this.bytes > this.most || unit.pts - this._units[0].pts > this.ticks)) this._forget();
  }

  /** All timestamps, ascending. @returns {number[]} */
  times() {
    this._times ??= this._units.map((unit) => unit.pts).sort((a, b) => a - b);
    return this._times;
  }

  /**
   * What must be decoded to see this picture: from the key picture before it on, and `more` pictures after it; null where
   * it is not remembered.
   * @param {number} pts @param {number} [more]
   * @returns {Unit[]|null}
   */
  run(pts, more = 0) {
    const at = this._units.findLastIndex((unit) => unit.pts === pts);
    if (at < 0) return null;
    const key = this._units.findLastIndex((unit, i) => i <= at && unit.key);
    return this._units.slice(key, at + 1 + more);
  }

  clear() {
    this._units = [];
    this._times = null;
    this.bytes = 0;
  }

  /** The oldest key picture, with all that need it. */
  _forget() {
    const next = this._units.findIndex((unit, i) => i > 0 && unit.key);
    for (const unit of this._units.splice(0, next < 0 ? this._units.length : next)) this.bytes -= unit.data.byteLength;
  }
}

/**
 * The place of the picture `n` further (negative: back); -1 where there is none.
 * @param {number[]} times ascending @param {number} pts @param {number} n
 * @returns {number}
 */
export function further(times, pts, n) {
  if (!times.length) return -1;
  let at = times.findIndex((time) => time >= pts);
  if (at < 0) at = times.length;
  // between two pictures, one step leads to its neighbour and not past it
  const to = times[at] === pts || n < 0 ? at + n : at + n - 1;
  return to >= 0 && to < times.length ? to : -1;
}

/**
 * The picture nearest to this time, at most `within` away; null where there is none.
 * @param {number[]} times ascending @param {number} pts @param {number} within 90 kHz
 * @returns {number|null}
 */
export function nearest(times, pts, within) {
  /** @type {number|null} */
  let best = null;
  for (const time of times) if (best === null || Math.abs(time - pts) < Math.abs(best - pts)) best = time;
  return best !== null && Math.abs(best - pts) <= within ? best : null;
}
