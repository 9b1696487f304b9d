// @ts-check
/** All that belongs to one time line: one stream of one connection to the camera. With the next one it is forgotten. */

import { Clock, Hold, Orphans, Tally } from './sync.js';
import { hasNone } from './sources.js';
import { Store } from './store.js';
import { FMP4_FRAGMENT } from './wire.js';

/** @typedef {import('./wire.js').Hello} Hello */
/** @typedef {import('./wire.js').Shapes} Shapes */
/** @typedef {import('./wire.js').Unit} Unit */
/** @typedef {import('./source.js').Source} Source */

const FRAME = 3600; // 90 kHz; a picture, where nothing is known of it
const MOST_EVENTS = 400; // that wait for their picture: in a tab in the background no picture is shown
const MOST_SENT = 600;
const MOST_TOLD = 8192;
const LEARNT = 17; // pictures after which their usual distance is known; whoever comes first cannot be told it
const STANDING = 2; // s without a new picture, after which nothing is said of its synchrony
const JUMP = 2 * 90_000; // pictures that are so far before the last one are of another time line; B pictures are not

export class Stream {
  /** @param {Hello} hello @param {Source} source @param {Store|null} store what is known of this time line already
   * @param {import('./sync.js').Mode} mode @param {number} hold ms, for "fixed" */
  constructor(hello, source, store, mode, hold) {
    this.hello = hello;
    this.duration = hello.duration || FRAME;
    this.source = source;
    this.store = store ?? new Store(this.duration);
    /** Of streams with the same one, a timestamp means the same picture. */
    this.line = '';
    this.clock = new Clock();
    this.hold = new Hold(this.duration / 90);
    this.hold.setMode(mode, hold);
    this.tally = new Tally();
    this.orphans = new Orphans(this.duration);
    /** The Record that came last. @type {Shapes|null} */
    this.last = null;
    /** The timestamp of the picture that was due last. */
    this.newest = -Infinity;
    /** What the last picture shows. @type {import('./store.js').State} */
    this.state = 'none';
    this.late = 0;
    this.delay = NaN;
    /** @type {import('./occurrences.js').Told[]} */
    this._events = [];
    /** Records by layer and n: what is told again says nothing of lags. @type {Set<string>} */
    this._told = new Set();
    /** @type {Map<number, number>} */
    this._sentAt = new Map();
    /** @type {number[]} */
    this._paintedAt = [];
    /** @type {number|null} */
    this._arrived = null;
    /** The timestamp of the picture that came first. */
    this._first = -Infinity;
    /** Timestamps of the first pictures. @type {number[]} */
    this._begun = [];
  }

  /** When a picture is shown. @param {number} pts */
  due(pts) {
    return this.clock.at(pts) + this.hold.value;
  }

  /** The camera is as late as before, and what was counted goes on. @param {Stream} former */
  startFrom(former) {
    this.hold.startFrom(former.hold);
    this.late = former.late;
    this.orphans.count = former.orphans.count;
  }

  /** Whether this picture cannot be of the same time line as those before; of fMP4 hello tells that. @param {Unit} unit */
  jumps(unit) {
    return unit.kind !== FMP4_FRAGMENT && this._arrived !== null && unit.pts < this._arrived - JUMP;
  }

  /** @param {Unit} unit @param {number} now */
  arrived(unit, now) {
    if (this._arrived === null) this._first = unit.pts;
    this._arrived = unit.pts;
    this.clock.arrived(unit.pts, now);
    this._sentAt.set(unit.pts, unit.sentAt);
    if (this._sentAt.size > MOST_SENT) this._sentAt.delete(this._sentAt.keys().next().value ?? 0);
    if (this._begun.length < LEARNT && this._begun.push(unit.pts) === LEARNT) this._learn();
  }

  /** How far pictures are apart. */
  _learn() {
    const times = [...this._begun].sort((a, b) => a - b);
    const apart = times.slice(1).map((time, i) => time - times[i]).sort((a, b) => a - b)[LEARNT >> 1];
    if (!apart) return;
    this.duration = this.store.duration = this.orphans.duration = apart;
    this.hold.picture = apart / 90;
  }

  /** A Record; `pictures`: there are pictures that it can be late for. @param {Shapes} message @param {number} now
   * @param {boolean} pictures */
  told(message, now, pictures) {
    this.store.add(message);
    if (this._isToldAgain(message)) return;
    // another page chose other coordinates: the Records of pictures that never were here are told too
    const past = pictures && message.pts < this._first;
    if (!past) this.last = message;
    for (const event of message.events ?? []) {
      this._events.push({ pts: message.pts, n: message.n ?? 0, capturedAt: message.captured_at ?? null, event });
    }
    if (this._events.length > MOST_EVENTS) this._events.splice(0, this._events.length - MOST_EVENTS);
    if (!pictures) {
      this.newest = Math.max(this.newest, message.pts);
      return;
    }
    if (past) return;
    const lag = now - this.clock.at(message.pts);
    this.hold.measured(Number.isFinite(lag) ? lag : Number(message.lag_ms ?? NaN));
    this.orphans.add(message);
    if (message.pts <= this.newest) this.late += 1;
  }

  /** @param {Shapes} message */
  _isToldAgain(message) {
    const name = `${message.n} ${message.layer}`;
    if (!message.n || !this._told.has(name)) {
      this._told.add(name);
      if (this._told.size > MOST_TOLD) this._told.delete(this._told.keys().next().value ?? '');
      return false;
    }
    return true;
  }

  /** A picture with this binding is on the screen. @param {number} pts @param {import('./store.js').State} state
   * @param {number} now */
  painted(pts, state, now) {
    this.newest = pts;
    this.state = state;
    this.tally.add(state);
    this.orphans.shown(pts, this.hold.value);
    this.hold.step();
    this.delay = performance.timeOrigin + now - (this._sentAt.get(pts) ?? NaN);
    this._paintedAt.push(now);
    if (this._paintedAt.length > 50) this._paintedAt.shift();
  }

  /** Pictures are shown again: what was not is neither orphaned nor slow. */
  resumed() {
    this.orphans.begin();
    this._paintedAt = [];
  }

  /** The events whose picture is reached, each once. @param {(pts: number) => boolean} reached */
  reached(reached) {
    if (!this._events.length) return [];
    const found = this._events.filter((entry) => reached(entry.pts));
    if (found.length) this._events = this._events.filter((entry) => !reached(entry.pts));
    return found;
  }

  /** Pictures per second, of the last ones shown. @param {number} now */
  rate(now) {
    const times = this._paintedAt;
    if (times.length < 2 || this.standing(now)) return 0;
    return ((times.length - 1) * 1000) / (times[times.length - 1] - times[0]);
  }

  /** Seconds since the last picture was painted, where that is long ago; else 0. @param {number} now */
  standing(now) {
    const last = this._paintedAt[this._paintedAt.length - 1] ?? Infinity;
    const seconds = (now - last) / 1000;
    return seconds > STANDING ? seconds : 0;
  }

  /** When a picture was taken, Unix seconds of the camera's clock: as the Record nearest to it says; null without any.
   * @param {number} pts */
  capturedAt(pts) {
    const { drawn, bound } = this.store.lookup(pts);
    const known = [...bound, ...drawn.map((one) => one.message)].find((message) => message?.captured_at);
    return known?.captured_at ? known.captured_at + (pts - known.pts) / 90_000 : null;
  }

  /** What was told of a target or rule, oldest first. @param {string} subject */
  historyOf(subject) {
    return this.store.messagesOf(subject).map(({ message, shape }) => ({
      pts: message.pts,
      capturedAt: message.captured_at ?? null,
      shape,
      labels: shape.labels ?? [],
    }));
  }

  /** How well pictures and metadata go together. @param {number} now */
  report(now) {
    const { last, tally, hold } = this;
    return {
      state: this.state,
      recent: tally.recent(),
      total: tally.total,
      share: tally.exactShare(),
      hold: hold.value,
      p98: hold.p98,
      clock: last?.clock ?? '',
      uncertainty: last?.uncertainty ?? null,
      exact: last ? last.exact : null,
      picture: !hasNone(this.hello),
      standing: this.standing(now),
      rate: this.rate(now),
      delay: this.delay,
      late: this.late,
      orphaned: this.orphans.count,
    };
  }

  /** The timestamps that can be shown again, ascending. @returns {number[]} */
  times() {
    return hasNone(this.hello) ? this.store.times() : this.source.times();
  }

  /** What the page itself knows, by names for people. @returns {Record<string, string|number>} */
  about() {
    const { hello, source } = this;
    const picture = hasNone(hello) ? 'none' : `${hello.width} × ${hello.height}, ${source.configured || '–'}`;
    return { coordinates: hello.coordinates || '–', picture, 'pictures skipped': source.dropped };
  }

  close() {
    this.source.close();
  }
}

/** @param {Hello} a @param {Hello} b @param {(keyof Hello)[]} names */
export function alike(a, b, ...names) {
  return names.every((name) => a[name] === b[name]);
}
