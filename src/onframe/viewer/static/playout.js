// @ts-check
/**
 * When a picture is shown, and what is drawn on it. Pure: no DOM, no clock; `now` is an argument, in milliseconds.
 *
 * A picture is due at `earliest arrival of its kind + hold`. The hold follows the lag of the metadata, so that a
 * record is there before its picture is painted.
 */

/** @typedef {import('./wire.js').Shapes} Shapes */
/** @typedef {import('./wire.js').Shape} Shape */

const TICKS_PER_MS = 90;
const DRIFT_PER_PICTURE = 0.01; // ms the filter gives way for each picture: 250 ppm at 25 pictures/s
const JUMP = 5000; // ms; further off than this, the time stamps have started anew

/** Camera time to page time: the least delayed arrival counts, late ones are jitter. */
export class Clock {
  constructor() {
    /** @type {number|null} */
    this.offset = null;
  }

  /**
   * A picture with this timestamp is here now.
   * @param {number} pts @param {number} now
   */
  arrived(pts, now) {
    const offset = now - pts / TICKS_PER_MS;
    if (this.offset === null || Math.abs(offset - this.offset) > JUMP) this.offset = offset;
    else this.offset = Math.min(this.offset + DRIFT_PER_PICTURE, offset);
  }

  /**
   * When this timestamp would have arrived without any jitter; NaN before the first picture.
   * @param {number} pts
   */
  at(pts) {
    return this.offset === null ? NaN : pts / TICKS_PER_MS + this.offset;
  }
}

/**
 * How long pictures are held back: the longest lag of the last records, and two pictures more. A percentile would leave
 * some pictures without their record for good; a picture shown later costs less than one shown without.
 */
export class Hold {
  static START = 200;
  static MOST = 1500;
  static MORE = 2;
  static WINDOW = 500;
  static WARM_UP = 50;
  static RISE = 2;
  static FALL = 0.2;

  /** @param {number} [picture] ms of one picture */
  constructor(picture = 40) {
    this.picture = picture;
    this.value = Hold.START;
    /** @type {number[]} */
    this._lags = [];
    this._measured = 0;
  }

  /**
   * A record came so late, in ms, after its picture. The first ones count at once, as far as they ask for more.
   * @param {number} lag
   */
  measured(lag) {
    if (!Number.isFinite(lag)) return;
    this._lags.push(Math.max(0, lag));
    if (this._lags.length > Hold.WINDOW) this._lags.shift();
    this._measured += 1;
    if (this._measured > Hold.WARM_UP) return;
    const wanted = this._bounded(lag + Hold.MORE * this.picture);
    if (wanted > this.value) this.value = wanted;
  }

  /** One picture was shown: come a step nearer to what the lags ask for. */
  step() {
    if (this._measured < Hold.WARM_UP) return;
    const difference = this.target() - this.value;
    this.value += Math.max(-Hold.FALL, Math.min(Hold.RISE, difference));
  }

  /** What the lags measured so far ask for. */
  target() {
    if (!this._lags.length) return Hold.START;
    return this._bounded(Math.max(...this._lags) + Hold.MORE * this.picture);
  }

  /** @param {number} value */
  _bounded(value) {
    return Math.max(0, Math.min(Hold.MOST, value));
  }
}

/**
 * What belongs on one picture.
 * @typedef {{state: 'exact'|'approximate'|'held'|'none', bound: Shapes[], held: {message: Shapes, age: number}[],
 *   rules: Shape[]}} Binding
 */

/** The records that have come, by layer, and the rules in force. */
export class Store {
  static PER_LAYER = 256;
  static LAYERS = 64;

  /** @param {number} [duration] of one picture, 90 kHz */
  constructor(duration = 3600) {
    this.duration = duration;
    /** @type {Map<string, Shapes[]>} */
    this._layers = new Map();
    /** @type {{pts: number, shapes: Shape[]}[]} */
    this._rules = [];
  }

  /**
   * Keep a record, in order of its timestamp within its layer.
   * @param {Shapes} message
   */
  add(message) {
    let layer = this._layers.get(message.layer);
    if (!layer) {
      if (this._layers.size >= Store.LAYERS) this._layers.delete([...this._layers.keys()][0]);
      this._layers.set(message.layer, (layer = []));
    }
    let at = layer.length;
    while (at > 0 && layer[at - 1].pts > message.pts) at -= 1;
    layer.splice(at, 0, message);
    if (layer.length > Store.PER_LAYER) layer.shift();
  }

  /**
   * All standing shapes, from this picture on.
   * @param {number} pts @param {Shape[]} shapes
   */
  setRules(pts, shapes) {
    this._rules = this._rules.filter((entry) => entry.pts < pts);
    this._rules.push({ pts, shapes });
    if (this._rules.length > Store.PER_LAYER) this._rules.shift();
  }

  /**
   * What is drawn on the picture of this timestamp: the records bound to it; for layers without one the last before it.
   * @param {number} pts
   * @returns {Binding}
   */
  lookup(pts) {
    /** @type {Binding} */
    const binding = { state: 'none', bound: [], held: [], rules: this.rulesAt(pts) };
    for (const layer of this._layers.values()) this._lookupLayer(layer, pts, binding);
    if (binding.bound.some((message) => message.exact)) binding.state = 'exact';
    else if (binding.bound.length) binding.state = 'approximate';
    else if (binding.held.length) binding.state = 'held';
    return binding;
  }

  /**
   * @param {number} pts
   * @returns {Shape[]}
   */
  rulesAt(pts) {
    for (let i = this._rules.length - 1; i >= 0; i--) if (this._rules[i].pts <= pts) return this._rules[i].shapes;
    return this._rules.length ? this._rules[0].shapes : [];
  }

  /**
   * @param {Shapes[]} layer @param {number} pts @param {Binding} binding
   */
  _lookupLayer(layer, pts, binding) {
    const own = layer.filter((message) => this._belongs(message, pts));
    if (own.length) {
      const nearest = own.reduce((a, b) => (Math.abs(b.pts - pts) < Math.abs(a.pts - pts) ? b : a)).pts;
      binding.bound.push(...own.filter((message) => message.pts === nearest));
      return;
    }
    const last = layer.findLast((message) => message.pts < pts);
    if (!last) return;
    for (const message of layer) {
      const age = (pts - message.pts) / TICKS_PER_MS;
      if (message.pts === last.pts && age <= (message.hold_ms ?? 500)) binding.held.push({ message, age });
    }
  }

  /** Exact records name their picture; others belong to the picture that they are nearest to.
   * @param {Shapes} message @param {number} pts */
  _belongs(message, pts) {
    const distance = message.pts - pts;
    if (message.exact) return distance === 0;
    return distance > -this.duration / 2 && distance <= this.duration / 2;
  }
}

/**
 * Pictures that wait for their time. `close` of what is passed over is called.
 * @template {{pts: number, close: () => void}} Picture
 */
export class Waiting {
  constructor() {
    /** @type {Picture[]} */
    this._pictures = [];
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
      if (newest) {
        newest.close();
        this.dropped += 1;
      }
      newest = this._pictures.shift() ?? null;
    }
    return newest;
  }

  clear() {
    for (const picture of this._pictures) picture.close();
    this._pictures = [];
  }
}

/** The share of picture states among the last ones shown. */
export class Tally {
  static WINDOW = 250;

  constructor() {
    /** @type {Record<'exact'|'approximate'|'held'|'none', number>} */
    this.total = { exact: 0, approximate: 0, held: 0, none: 0 };
    /** @type {('exact'|'approximate'|'held'|'none')[]} */
    this._recent = [];
  }

  /** @param {'exact'|'approximate'|'held'|'none'} state */
  add(state) {
    this.total[state] += 1;
    this._recent.push(state);
    if (this._recent.length > Tally.WINDOW) this._recent.shift();
  }

  /** Recent pictures by state. */
  recent() {
    const counts = { exact: 0, approximate: 0, held: 0, none: 0 };
    for (const state of this._recent) counts[state] += 1;
    return counts;
  }

  /** Of the recent pictures that show targets, the share that shows them on their own picture; NaN without any. */
  exactShare() {
    const { exact, approximate, held } = this.recent();
    return exact / (exact + approximate + held);
  }
}
