// @ts-check
/**
 * One camera's picture with its metadata on one canvas: asks the server for it, chooses the way that this browser can
 * go, shows each picture when it is due with the Shapes that belong to it, and remembers the last minute.
 *
 * Events, all CustomEvents: welcome, hello, status, path, notice {text}, stats {values}, frame,
 * record-event {event, pts, capturedAt, again, thumbnail}. Instants `capturedAt` are Unix seconds of the camera's clock or null.
 */

import { Feed } from './feed.js';
import { further, nearest } from './history.js';
import { Inquiries } from './inquiries.js';
import { Negotiation } from './negotiation.js';
import { Occurrences } from './occurrences.js';
import { Screen } from './screen.js';
import { capabilities } from './source.js';
import { hasNone, sourceOf } from './sources.js';
import { Status, countersOf } from './state.js';
import { Stream, alike } from './stream.js';
import { Hold } from './sync.js';
import { DEFAULT_VIEW } from './view.js';
import * as wire from './wire.js';

/** @typedef {import('./source.js').Way} Way */
/** @typedef {import('./source.js').Picture} Picture */
/** @typedef {import('./store.js').Drawn} Drawn */
/** @typedef {import('./sync.js').Mode} Mode */
/** @typedef {import('./wire.js').Inspected} Inspected */

const AHEAD = 4; // ms: what is due within this task's picture on the screen
const STALL = 100; // ms between two looks for a due picture: something has kept the page from its work
const NEAR = 90_000; // 90 kHz; a picture further off than this is not the one that was asked for
/** @type {wire.Hello} */
const NOTHING = { type: 'hello', camera: '', channel: 1, stream: 0, epoch: -1, width: 1280, height: 720, codec: null };

/**
 * @typedef {{url: string, camera?: string, stream?: number, path?: 'auto'|Way, mode?: Mode, hold?: number, view?: import('./view.js').View,
 *   test?: boolean, shift?: 0|1}} PlayerOptions
 * `url`: the address of a page of the server, with its token where one is needed. `stream` 0 is the one set for it.
 * `hold` in ms, for the mode "fixed". `test` draws the number of each picture's Record; with it, `shift` 1 binds one off.
 */

export class Player extends EventTarget {
  /** @param {HTMLCanvasElement} canvas @param {PlayerOptions} options */
  constructor(canvas, options) {
    super();
    const test = options.test ?? false;
    this._screen = new Screen(canvas, options.view ?? DEFAULT_VIEW, test, test ? (options.shift ?? 0) : 0);
    /** What a test reads; kept always, it costs nothing. */
    this.counters = countersOf(Hold.START);
    /** @type {wire.Welcome|null} */
    this.welcome = null;
    /** @type {wire.Hello|null} */
    this.hello = null;
    /** @type {Way} */
    this.path = 'none';
    this.why = '';
    /** Whether a picture is looked at that was shown before. */
    this.frozen = false;
    this._status = new Status();
    this._mode = options.mode ?? 'synced';
    this._fixed = options.hold ?? Hold.START;
    /** The connection was lost or the page was paused: what comes may be of another time line. */
    this._interrupted = true;
    /** Counts connections, and jumps of timestamps within an epoch. */
    this._lines = 0;
    this._paused = document.hidden;
    this._closed = false;
    /** A stream that is over, and whose picture is still looked at. @type {Stream|null} */
    this._past = null;
    /** The stream of the picture on the screen. @type {Stream|null} */
    this._painted = null;
    /** The timestamp that was asked for last, while it is on its way. @type {number|null} */
    this._wanted = null;
    this._tickedAt = 0;
    this._waited = false;
    const asked = { camera: options.camera ?? '', stream: options.stream ?? 0, path: options.path ?? 'auto' };
    this._negotiation = new Negotiation(capabilities(), asked);
    this._inquiries = new Inquiries((text) => this._feed.send(text));
    this._occurrences = new Occurrences((occurrence) => this._tell('record-event', occurrence));
    this.stream = this._newStream(NOTHING, null);
    this._onVisibility = () => this.pause(document.hidden);
    document.addEventListener('visibilitychange', this._onVisibility);
    this._feed = new Feed(options.url, {
      onMessage: (message) => this._message(message),
      onUnit: (unit) => this._unit(unit),
      onConnection: (connected, why) => this._connection(connected, why),
      onError: (text) => this.failed(text),
    });
    requestAnimationFrame(() => this._tick());
  }

  /** @returns {{state: string, reason: string, since: number, hint: string}} since: ms since 1970 */
  get status() {
    return { ...this._status };
  }

  get view() {
    return this._screen.view;
  }

  set view(view) {
    this._screen.view = view;
    this._screen.dirty = true;
  }

  /** Says whether there is little room, and which panels found none. */
  get painter() {
    return this._screen.painter;
  }

  /** What is wanted, whatever is shown instead. */
  get asked() {
    return this._negotiation.asked;
  }

  /** @param {Mode} mode @param {number} [hold] ms, for "fixed" */
  setMode(mode, hold = this._fixed) {
    this._mode = mode;
    this._fixed = hold;
    this.stream.hold.setMode(mode, hold);
  }

  /** Show something else. @param {{camera?: string, stream?: number, path?: 'auto'|Way}} wish */
  watch(wish) {
    this._negotiation.ask(wish);
    this._interrupted = true;
    this.resume();
    this._choose(true);
  }

  /** For all pages, until the server ends. @param {wire.Space} space @param {wire.Origin} origin */
  coordinates(space, origin) {
    this._feed.send(wire.coordinates(space, origin));
  }

  /** The server sends nothing meanwhile; afterwards the picture begins anew. @param {boolean} paused */
  pause(paused) {
    if (paused === this._paused) return;
    this._paused = paused;
    this._interrupted = true;
    this._feed.send(wire.pause(paused));
  }

  /** The canvas's size in CSS pixels, and how many of its own each has. @param {number} width @param {number} height
   * @param {number} ratio */
  resize(width, height, ratio) {
    this._screen.resize(width, height, ratio);
  }

  close() {
    this._closed = true;
    document.removeEventListener('visibilitychange', this._onVisibility);
    this._feed.close();
    this._leavePast();
    this.stream.close();
    this._screen.put(null);
    this._inquiries.giveUp();
  }

  /** The picture on the screen, or null. @returns {{pts: number, capturedAt: number|null}|null} */
  get shown() {
    const pts = this._screen.picture?.pts ?? (this.grid ? this.stream.newest : NaN);
    return Number.isFinite(pts) ? { pts, capturedAt: this._looked.capturedAt(pts) } : null;
  }

  /** There are no pictures, and the metadata is drawn on a grid. */
  get grid() {
    return hasNone(this._looked.hello);
  }

  /** Keep the picture that is on the screen; what comes is remembered meanwhile. */
  freeze() {
    if (this.frozen || !this.shown) return;
    this.frozen = true;
    this.stream.source.frozen = true;
    if (this.grid) {
      this._painted = this.stream;
      this._screen.put(this._drawing(this.stream.newest));
    }
  }

  /** Back to what comes. */
  resume() {
    if (!this.frozen) return;
    this.frozen = false;
    this._wanted = null;
    if (this.grid) this._screen.put(null);
    this._leavePast();
    this.stream.source.frozen = false;
    this.stream.resumed();
  }

  /** The stream that was over and looked at is not looked at any more. */
  _leavePast() {
    this._past?.close();
    this._past = null;
  }

  /** The timestamps that can be shown again, ascending. @returns {number[]} */
  times() {
    return this._looked.times();
  }

  /** `n` pictures further, negative: back; freezes. False where there is none. @param {number} n @returns {Promise<boolean>} */
  async step(n) {
    const from = this._wanted ?? this.shown?.pts;
    if (from === undefined) return false;
    const times = this.times();
    const to = further(times, from, n);
    return to >= 0 && this._recall(times[to], this._looked);
  }

  /** The picture of this time, or the nearest to it; freezes. False where none is remembered. A timestamp that an event
   * was told with is of that event's time line, whatever others it is in. @param {number} pts @returns {Promise<boolean>} */
  async showAt(pts) {
    const line = this._occurrences.lineOf(pts);
    const stream = [this._looked, this.stream].find((one) => line === undefined || one.line === line);
    const found = stream ? nearest(stream.times(), pts, NEAR) : null;
    return stream !== undefined && found !== null && this._recall(found, stream);
  }

  /** The picture as it is shown, in its own size. @returns {Promise<Blob>} PNG */
  async snapshot() {
    return this._screen.snapshot(this._looked, this.grid);
  }

  /** What lies there, the topmost first. @param {number} x in CSS pixels @param {number} y @returns {Drawn[]} */
  hit(x, y) {
    return this._screen.hit(x, y);
  }

  /** Set one target or rule off; null: none. @param {string|null} subject */
  select(subject) {
    this._screen.selected = subject ?? '';
    this._screen.dirty = true;
  }

  /** The document that a Shape came from; not found where the server does not answer. @param {wire.Shapes} message
   * @param {string} subject @returns {Promise<Inspected>} */
  inspect(message, subject) {
    return this._inquiries.ask(message.n ?? 0, subject);
  }

  /** What was told of a target or rule, oldest first. @param {string} subject
   * @returns {{pts: number, capturedAt: number|null, shape: wire.Shape, labels: string[]}[]} */
  historyOf(subject) {
    return this._looked.historyOf(subject);
  }

  /** How well pictures and metadata go together. `hold`, `p98` and `delay` in ms, `uncertainty` and `standing` in s. */
  get sync() {
    return { ...this.stream.report(performance.now()), mode: this._mode, ...(this.frozen ? { standing: 0 } : {}) };
  }

  /** Something went wrong that a test should know of. @param {string} text */
  failed(text) {
    if (this.counters.errors.length < 50) this.counters.errors.push(text);
  }

  /** @param {wire.ServerMessage} message */
  _message(message) {
    if (message.type === 'welcome') this._welcome(message);
    else if (message.type === 'hello') this._hello(message);
    else if (message.type === 'shapes') this._shapes(message);
    else if (message.type === 'rules') this._rules(message);
    else if (message.type === 'coordinates') this._coordinates(message);
    else if (message.type === 'state') this._state(message.state, message.reason, '', message.since);
    else if (message.type === 'stats') this._tell('stats', { values: { ...this.stream.about(), ...message.values } });
    else if (message.type === 'error') this._error(message);
    else if (message.type === 'inspected') this._inquiries.answer(message);
  }

  /** @param {wire.Welcome} welcome */
  _welcome(welcome) {
    this.welcome = welcome;
    this._interrupted = true;
    this._lines += 1;
    this._choose(true);
    if (this._paused) this._feed.send(wire.pause(true));
    this._tell('welcome', welcome);
  }

  /** Take the best way that is open; `again`: tell the server in any case. @param {boolean} [again] */
  _choose(again = false) {
    const changed = this._negotiation.choose(this.welcome);
    const { choice, asked } = this._negotiation;
    if (!choice) return;
    if (again || changed) this._feed.send(wire.watch(asked.camera, choice.stream, choice.form, choice.why));
    if (!again && choice.way === this.path && choice.why === this.why) return;
    this.path = this.counters.path = choice.way;
    this.why = choice.why;
    this._tell('path', { path: this.path, why: this.why });
  }

  /** @param {wire.Hello} hello */
  _hello(hello) {
    const former = this.stream.hello;
    const form = hello.path ?? 'annexb';
    this.hello = hello;
    this._negotiation.heard(hello);
    const same = !this._interrupted && alike(hello, former, 'key', 'channel', 'stream', 'epoch');
    this._interrupted = false;
    const jumped = same && Boolean(former.base && hello.base && former.base !== hello.base);
    this._lines += Number(jumped);
    if (same && !jumped && (former.path ?? 'annexb') === form && !hasNone(former) && !hasNone(hello)) {
      this.stream.hello = hello;
      this.stream.source.start(hello);
    } else {
      this._begin(this._newStream(hello, same && !jumped ? this.stream.store : null));
    }
    this.stream.store.setRules(-Infinity, hello.rules ?? []);
    this._screen.resize(hello.width, hello.height, 1, true);
    this._choose();
    this._tell('hello', hello);
    this._tell('notice', { text: this._negotiation.notice(hello.channel) });
  }

  /** @param {wire.Hello} hello @param {import('./store.js').Store|null} store @returns {Stream} */
  _newStream(hello, store) {
    const listener = {
      onRefused: (/** @type {string} */ codec, /** @type {string} */ why) => source === this.stream.source && this._refused(codec, why),
      onError: (/** @type {string} */ text) => this.failed(text),
    };
    const source = sourceOf(hello, listener);
    const stream = new Stream(hello, source, store, this._mode, this._fixed);
    stream.line = [this._lines, hello.key, hello.channel, hello.stream, hello.epoch].join(' ');
    if (this.stream && alike(hello, this.stream.hello, 'key', 'channel', 'stream')) stream.startFrom(this.stream);
    return stream;
  }

  /** All that was before is forgotten, but for the picture that is looked at. @param {Stream} stream */
  _begin(stream) {
    if (this.frozen && this.stream === this._looked) this._past = this.stream;
    else this.stream.close();
    this.stream = stream;
    stream.source.frozen = this.frozen;
    stream.source.start(stream.hello);
    if (!this.frozen && hasNone(stream.hello)) this._screen.put(null);
    this._screen.dirty = true;
  }

  /** This way leads nowhere: take the next one. @param {string} codec @param {string} why */
  _refused(codec, why) {
    const { hello } = this.stream;
    this.failed(`unsupported ${codec}: ${why}`);
    this._negotiation.refused(hello, why);
    this._choose();
    this._tell('notice', { text: this._negotiation.notice(hello.channel) });
  }

  /** @param {wire.Unit} unit */
  _unit(unit) {
    if (unit.stream !== this.stream.hello.stream || hasNone(this.stream.hello)) return;
    if (unit.kind !== wire.FMP4_START) {
      this.counters.frames += 1;
      if (this.stream.jumps(unit)) {
        this._lines += 1;
        this._begin(this._newStream(this.stream.hello, null));
      }
      this.stream.arrived(unit, performance.now());
    }
    this.stream.source.push(unit);
  }

  /** @param {wire.Shapes} message */
  _shapes(message) {
    const before = this.stream.late;
    this.stream.told(message, performance.now(), !hasNone(this.stream.hello));
    this.counters.late += this.stream.late - before;
    this._screen.dirty = true;
  }

  /** @param {wire.Rules} message */
  _rules(message) {
    this.stream.store.setRules(message.pts, message.shapes);
    this._screen.dirty = true;
  }

  /** @param {wire.Coordinates} message */
  _coordinates({ coordinates, space, origin }) {
    if (!this.hello) return;
    this.hello = { ...this.hello, coordinates, space, origin };
    this.stream.hello = { ...this.stream.hello, coordinates, space, origin };
    this._tell('hello', this.hello);
  }

  /** @param {string} state @param {string} reason @param {string} hint @param {string} [since] ISO 8601 */
  _state(state, reason, hint, since) {
    this._status.hint = hint;
    this._status.set(state, reason, since);
    this._tell('status', this.status);
  }

  /** What ended the stream belongs to the state that it led to; all else stands above the picture.
   * @param {wire.ErrorMessage} message */
  _error(message) {
    this.failed(message.message);
    if (message.code === 'camera') this._state(this._status.state, message.message, message.hint ?? '');
    else this._tell('notice', { text: [message.message, message.hint].filter(Boolean).join(' ') });
  }

  /** @param {boolean} connected @param {string} why */
  _connection(connected, why) {
    const { state, reason } = this._status;
    if (connected) return this._state('connecting', '', '');
    this._state('offline', why || (state === 'offline' ? reason : 'the connection was closed'), '');
    this._inquiries.giveUp();
  }

  /** @param {string} name @param {any} detail */
  _tell(name, detail) {
    if (!this._closed) this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** The stream of the picture that is looked at. */
  get _looked() {
    return (this._screen.picture && this._painted) || this.stream;
  }

  _tick() {
    if (this._closed) return;
    requestAnimationFrame(() => this._tick());
    const now = performance.now();
    const stalled = now - this._tickedAt > STALL && !this._waited;
    this._tickedAt = now;
    this._waited = stalled;
    if (stalled) return; // once: Records that came meanwhile are read before a picture is shown without them
    const { stream } = this;
    const due = (/** @type {number} */ pts) => stream.due(pts);
    stream.source.pump(due, now);
    const picture = stream.source.take(due, now + AHEAD);
    if (hasNone(stream.hello)) this._announce((pts) => pts <= stream.newest, null);
    if (this.frozen) this._pass(picture, now);
    else if (picture) this._show(picture, now);
    else if (this._screen.dirty) this._paint();
  }

  /** A picture that would be shown now, if another one were not looked at. @param {Picture|null} picture @param {number} now */
  _pass(picture, now) {
    const { stream } = this;
    if (picture) stream.newest = Math.max(stream.newest, picture.pts);
    this._announce((pts) => (picture ? pts <= picture.pts : stream.due(pts) <= now), picture);
    picture?.close();
    if (this._screen.dirty) this._paint();
  }

  /** @param {Picture} picture @param {number} now */
  _show(picture, now) {
    const { counters, stream } = this;
    this._painted = stream;
    this._screen.put(picture);
    const state = this._paint();
    stream.painted(picture.pts, state, now);
    counters[state] += 1;
    counters.composited += 1;
    counters.dropped = stream.source.dropped;
    counters.hold = stream.hold.value;
    counters.codec = stream.source.configured;
    this._announce((pts) => pts <= picture.pts, picture);
    this._tell('frame', { pts: picture.pts, state });
  }

  _paint() {
    return this._screen.paint(this._looked, this.grid);
  }

  /** @param {number} pts @param {Stream} stream that it is of */
  async _recall(pts, stream) {
    this.freeze();
    if (!this.frozen) return false;
    this._wanted = pts;
    const looked = this._looked;
    const picture = hasNone(stream.hello) ? this._drawing(pts) : await stream.source.recall(pts).catch(() => null);
    const current = this.frozen && this._wanted === pts && this._looked === looked && !this._closed;
    if (!current || !picture) {
      picture?.close();
      if (current) this._wanted = null;
      return false;
    }
    this._wanted = null;
    this._painted = stream;
    this._screen.put(picture);
    if (stream === this.stream) this._leavePast();
    this._paint();
    this._tell('frame', { pts, state: 'frozen' });
    return true;
  }

  /** On the grid there is no picture, but a time. @param {number} pts @returns {Picture} */
  _drawing(pts) {
    return { pts, image: this._screen.canvas, close: () => undefined };
  }

  /** Events are told when their picture is shown. @param {(pts: number) => boolean} reached @param {Picture|null} picture */
  _announce(reached, picture) {
    const events = this.stream.reached(reached);
    if (events.length) this._occurrences.happened(events, this.stream, picture, this._screen.view, performance.now());
  }
}
