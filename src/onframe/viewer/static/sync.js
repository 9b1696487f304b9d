// @ts-check
/**
 * When a picture is shown. Pure: no DOM, no clock; `now` is an argument, in milliseconds.
 *
 * A picture is due at `earliest arrival of its kind + hold`. The hold follows the lag of the metadata, so that a Record
 * is there before its picture is painted.
 */

/** @typedef {import('./wire.js').Shapes} Shapes */
/** @typedef {import('./store.js').State} State */
/** @typedef {'synced'|'live'|'fixed'} Mode */

const TICKS_PER_MS = 90;
const DRIFT = 500e-6; // how much the camera's clock may go wrong against ours; quartz stays within 100e-6
const JUMP = 5000; // ms; further off than this, the time stamps have started anew
const LATE = 500; // ms; pictures that are all later than this for SETTLED ms have settled there
const SETTLED = 3000;
const BACK = 1000; // ms; further back than this, pictures are of another time line and not in another order

/** Camera time to page time: the least delayed arrival counts, late ones are jitter. */
export class Clock {
  constructor() {
    /** @type {number|null} */
    this.offset = null;
    this._pts = 0;
    /** Since when every picture is late, page time. @type {number|null} */
    this._lateSince = null;
  }

  /**
   * A picture with this timestamp is here now.
   * @param {number} pts @param {number} now
   */
  arrived(pts, now) {
    const measured = now - pts / TICKS_PER_MS;
    if (this.offset === null || Math.abs(measured - this.offset) > JUMP) return this._begin(pts, measured);
    const passed = Math.max(0, pts - this._pts) / TICKS_PER_MS;
    this._pts = Math.max(pts, this._pts);
    this.offset = Math.min(this.offset + DRIFT * passed, measured);
    this._settle(pts, measured, now);
  }

  /**
   * When this timestamp would have arrived without any jitter; NaN before the first picture.
   * @param {number} pts
   */
  at(pts) {
    return this.offset === null ? NaN : pts / TICKS_PER_MS + this.offset;
  }

  /** @param {number} pts @param {number} measured */
  _begin(pts, measured) {
    this.offset = measured;
    this._pts = pts;
    this._lateSince = null;
  }

  /** Time stamps that have gone back a little look like pictures that are late for good. @param {number} pts
   * @param {number} measured @param {number} now */
  _settle(pts, measured, now) {
    if (measured - Number(this.offset) <= LATE) this._lateSince = null;
    else if (this._lateSince === null) this._lateSince = now;
    else if (now - this._lateSince > SETTLED) this._begin(pts, measured);
  }
}

/**
 * How long pictures are held back. Synced: the lag that 98 % of the last Records kept to, and two pictures more. Live:
 * not at all, so that a picture shows the newest Records that there are. Fixed: as told.
 * The Python side of the synced hold is in `overlay/playout.py`.
 */
export class Hold {
  static START = 200;
  static MOST = 1500;
  static MORE = 2;
  static WINDOW = 500;
  static WARM_UP = 50;
  static RISE = 2;
  static FALL = 1;
  static SHARE = 0.98;

  /** @param {number} [picture] ms of one picture */
  constructor(picture = 40) {
    this.picture = picture;
    /** @type {Mode} */
    this.mode = 'synced';
    /** ms, in the mode "fixed". */
    this.fixed = Hold.START;
    this._synced = Hold.START;
    /** In the order of their coming, and sorted. @type {number[]} */
    this._lags = [];
    /** @type {number[]} */
    this._sorted = [];
    this._measured = 0;
  }

  /**
   * Begin where another one has come to: the next connection to the same stream is as late as the last.
   * @param {Hold} other
   */
  startFrom(other) {
    this._synced = other._synced;
  }

  /** @param {Mode} mode @param {number} [fixed] ms, 0..1500 */
  setMode(mode, fixed = this.fixed) {
    this.mode = mode;
    if (Number.isFinite(fixed)) this.fixed = bounded(fixed);
  }

  /** ms that pictures are held back now. */
  get value() {
    if (this.mode === 'live') return 0;
    return this.mode === 'fixed' ? this.fixed : this._synced;
  }

  /** The lag, in ms, that 98 % of the last Records kept to (of fewer than 50 the longest); NaN before the first. */
  get p98() {
    if (!this._sorted.length) return NaN;
    return this._sorted[Math.ceil(Hold.SHARE * this._sorted.length) - 1];
  }

  /**
   * A Record came so late, in ms, after its picture. The first ones count at once, as far as they ask for more.
   * @param {number} lag
   */
  measured(lag) {
    if (!Number.isFinite(lag)) return;
    const value = Math.max(0, lag);
    this._lags.push(value);
    this._sorted.splice(firstNotBelow(this._sorted, value), 0, value);
    if (this._lags.length > Hold.WINDOW) {
      const oldest = Number(this._lags.shift());
      this._sorted.splice(firstNotBelow(this._sorted, oldest), 1);
    }
    this._measured += 1;
    if (this._measured > Hold.WARM_UP) return;
    this._synced = Math.max(this._synced, bounded(value + Hold.MORE * this.picture));
  }

  /** One picture was shown: come a step nearer to what the lags ask for. */
  step() {
    if (this._measured < Hold.WARM_UP) return;
    this._synced += Math.max(-Hold.FALL, Math.min(Hold.RISE, this.target() - this._synced));
  }

  /** What the lags measured so far ask for. */
  target() {
    return this._sorted.length ? bounded(this.p98 + Hold.MORE * this.picture) : Hold.START;
  }
}

/** @param {number} value */
function bounded(value) {
  return Math.max(0, Math.min(Hold.MOST, value));
}

/** @param {number[]} sorted @param {number} value */
function firstNotBelow(sorted, value) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Counts Records whose picture was never shown. What is older than the first picture shown is not counted, and while
 * nothing is shown on purpose (paused, frozen), call `begin` before going on.
 */
export class Orphans {
  static RECORDS = 4096;
  static PICTURES = 512;

  /** @param {number} [duration] of one picture, 90 kHz */
  constructor(duration = 3600) {
    this.duration = duration;
    this.count = 0;
    /** Records that wait for their picture. @type {Shapes[]} */
    this._waiting = [];
    /** Timestamps of pictures, as shown. @type {number[]} */
    this._shown = [];
    this._newest = -Infinity;
  }

  /** Forget what is awaited; the count stays. */
  begin() {
    this._waiting = [];
    this._shown = [];
    this._newest = -Infinity;
  }

  /** @param {Shapes} message */
  add(message) {
    this._waiting.push(message);
    if (this._waiting.length > Orphans.RECORDS) this._waiting.shift();
  }

  /**
   * The picture of this timestamp was shown. A Record that has fallen behind it by more than the hold gets none now.
   * @param {number} shownPts @param {number} hold ms
   */
  shown(shownPts, hold) {
    if (this._shown.length && shownPts < this._newest - BACK * TICKS_PER_MS) this.begin();
    this._newest = Math.max(this._newest, shownPts);
    this._shown.push(shownPts);
    if (this._shown.length > Orphans.PICTURES) this._shown.shift();
    const limit = this._newest - hold * TICKS_PER_MS;
    const [first] = this._shown;
    this._waiting = this._waiting.filter((message) => {
      if (message.pts >= limit) return true;
      if (message.pts >= first && !this._wasShown(message)) this.count += 1;
      return false;
    });
  }

  /** @param {Shapes} message */
  _wasShown(message) {
    return this._shown.some((pts) => {
      const distance = message.pts - pts;
      return message.exact ? distance === 0 : distance > -this.duration / 2 && distance <= this.duration / 2;
    });
  }
}

/**
 * Pictures that wait for their time. `close` of what is passed over is called, also of one that comes after a later
 * one was taken: pictures never go back.
 * @template {{pts: number, close: () => void}} Picture
 */
export class Waiting {
  constructor() {
    /** @type {Picture[]} */
    this._pictures = [];
    /** The timestamp that was taken last. */
    this._taken = -Infinity;
    this.dropped = 0;
  }

  /** @param {Picture} picture */
  add(picture) {
    let at = this._pictures.length;
    while (at > 0 && this._pictures[at - 1].pts > picture.pts) at -= 1;
    this._pictures.splice(at, 0, picture);
  }

  get size() {
    return this._pictures.length;
  }

  /**
   * The newest picture that is due, or null; older ones are closed and counted as dropped.
   * @param {(pts: number) => number} due @param {number} now
   * @returns {Picture|null}
   */
  take(due, now) {
    /** @type {Picture|null} */
    let newest = null;
    while (this._pictures.length && due(this._pictures[0].pts) <= now) {
      const picture = this._pictures.shift();
      if (!picture) break;
      /** @type {Picture|null} */
      const passed = this._isPast(picture) ? picture : newest;
      if (passed) {
        passed.close();
        this.dropped += 1;
      }
      if (passed !== picture) newest = picture;
    }
    if (newest) this._taken = newest.pts;
    return newest;
  }

  clear() {
    for (const picture of this._pictures) picture.close();
    this._pictures = [];
    this._taken = -Infinity;
  }

  /** @param {Picture} picture */
  _isPast({ pts }) {
    return pts < this._taken && pts >= this._taken - BACK * TICKS_PER_MS;
  }
}

/** The share of picture states among the last ones shown. */
export class Tally {
  static WINDOW = 250;

  constructor() {
    /** @type {Record<State, number>} */
    this.total = { exact: 0, approximate: 0, interpolated: 0, held: 0, none: 0 };
    /** @type {State[]} */
    this._recent = [];
  }

  /** @param {State} state */
  add(state) {
    this.total[state] += 1;
    this._recent.push(state);
    if (this._recent.length > Tally.WINDOW) this._recent.shift();
  }

  /** Recent pictures by state. @returns {Record<State, number>} */
  recent() {
    const counts = { exact: 0, approximate: 0, interpolated: 0, held: 0, none: 0 };
    for (const state of this._recent) counts[state] += 1;
    return counts;
  }

  /** Of the recent pictures that show targets, the share that shows them on their own picture; NaN without any. */
  exactShare() {
    const { exact, approximate, interpolated, held } = this.recent();
    return exact / (exact + approximate + interpolated + held);
  }
}
