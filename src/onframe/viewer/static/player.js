// @ts-check
/**
 * One camera's picture with its metadata on one canvas: asks the server for it, chooses the way that this browser can
 * go, shows each picture when it is due with the Shapes that belong to it, and remembers the last minute.
 *
 * Events, all CustomEvents: welcome, hello, status, path, notice {text}, stats {values}, frame,
 * record-event {event, pts, capturedAt, thumbnail}. Instants `capturedAt` are Unix seconds of the camera's clock or null.
 */

import { isH265 } from './codec.js';
import { Feed } from './feed.js';
import { further, nearest } from './history.js';
import { Painter } from './paint.js';
import { snapshot, thumbnail } from './snapshot.js';
import { Source, capabilities, named, nextPath } from './source.js';
import { JpegSource } from './source_jpeg.js';
import { MseSource } from './source_mse.js';
import { WebCodecsSource } from './source_webcodecs.js';
import { Status } from './state.js';
import { Stream } from './stream.js';
import { Hold } from './sync.js';
import { DEFAULT_VIEW, MASK, privateAreas, viewed } from './view.js';
import * as wire from './wire.js';

/** @typedef {import('./source.js').Way} Way */
/** @typedef {import('./source.js').Picture} Picture */
/** @typedef {import('./store.js').Drawn} Drawn */
/** @typedef {import('./sync.js').Mode} Mode */
/** @typedef {import('./view.js').View} View */
/** @typedef {import('./wire.js').Inspected} Inspected */

const AHEAD = 4; // ms: what is due within this task's picture on the screen
const STALL = 100; // ms between two looks for a due picture: something has kept the page from its work
const ANSWER = 8000; // ms that the server may take to find a document
const NEAR = 90_000; // 90 kHz; a picture further off than this is not the one that was asked for
const SAME_EVENT = 4000; // ms without a sign of it; after that, the same key is a new occurrence
/** What to do about a camera that sends nothing that this browser decodes. */
const WITH_H265 =
  'To see it: choose a stream that the camera sends as H.264 (onframe view with --stream 1 for the main stream, ' +
  '--stream 2 for the sub-stream), set the camera to H.264, or open this page in a browser that decodes H.265.';
/** @type {wire.Hello} */
const NOTHING = { type: 'hello', camera: '', channel: 1, stream: 0, epoch: -1, width: 1280, height: 720, codec: null };
/** @type {Record<wire.Form, Way>} */
const WAYS = { annexb: 'webcodecs', fmp4: 'mse', jpeg: 'jpeg', none: 'none' };

/**
 * @typedef {{url: string, camera?: string, stream?: number, path?: 'auto'|Way, mode?: Mode, hold?: number, view?: View,
 *   test?: boolean, shift?: 0|1}} PlayerOptions
 * `url`: the address of a page of the server, with its token where one is needed. `stream` 0 is the one set for it.
 * `hold` in ms, for the mode "fixed". `test` draws the number of each picture's Record; with it, `shift` 1 binds one off.
 */

export class Player extends EventTarget {
  /** @param {HTMLCanvasElement} canvas @param {PlayerOptions} options */
  constructor(canvas, options) {
    super();
    this.canvas = canvas;
    this.painter = new Painter(canvas);
    this.test = options.test ?? false;
    this._shift = this.test ? (options.shift ?? 0) : 0;
    if (this.test) this.painter.reserved = [{ x: 0, y: 0, w: 432, h: 80 }];
    /** What a test reads; kept always, it costs nothing. */
    this.counters = {
      frames: 0, composited: 0, exact: 0, approximate: 0, interpolated: 0, held: 0, none: 0, late: 0, dropped: 0,
      hold: Hold.START, codec: '', path: '', errors: /** @type {string[]} */ ([]),
    };
    /** @type {wire.Welcome|null} */
    this.welcome = null;
    /** @type {wire.Hello|null} */
    this.hello = null;
    /** What was asked for, whatever is shown instead. */
    this.asked = { camera: options.camera ?? '', stream: options.stream ?? 0, path: options.path ?? 'auto' };
    /** @type {Way} */
    this.path = 'none';
    this.why = '';
    /** Whether a picture is looked at that was shown before. */
    this.frozen = false;
    this._status = new Status();
    this._view = options.view ?? DEFAULT_VIEW;
    this._mode = options.mode ?? 'synced';
    this._fixed = options.hold ?? Hold.START;
    this._selected = '';
    this._css = { width: 1280, height: 720, ratio: 1 };
    /** @type {import('./source.js').Choice|null} */
    this._choice = null;
    /** @type {import('./source.js').Tried[]} */
    this._tried = [];
    /** The codec of each stream, as the server says. @type {Map<number, string>} */
    this._codecs = new Map();
    this._can = capabilities();
    /** The connection was lost or the page was paused: what comes may be of another time line. */
    this._interrupted = true;
    this._paused = document.hidden;
    this._closed = false;
    /** @type {Picture|null} */
    this._picture = null;
    /** The stream of the picture that is looked at, where that is not the one that comes. @type {Stream|null} */
    this._past = null;
    /** The timestamp that was asked for last, while it is on its way. @type {number|null} */
    this._wanted = null;
    this._dirty = false;
    this._tickedAt = 0;
    this._waited = false;
    /** @type {Map<string, number>} */
    this._seen = new Map();
    /** @type {Promise<void>} */
    this._telling = Promise.resolve();
    /** @type {{n: number, subject: string, done: (answer: Inspected) => void}[]} */
    this._inquiries = [];
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
    const { state, reason, since, hint } = this._status;
    return { state, reason, since, hint };
  }

  get view() {
    return this._view;
  }

  set view(view) {
    this._view = view;
    this._dirty = true;
  }

  /** @param {Mode} mode @param {number} [hold] ms, for "fixed" */
  setMode(mode, hold = this._fixed) {
    this._mode = mode;
    this._fixed = hold;
    this.stream.hold.setMode(mode, hold);
  }

  /** Show something else. @param {{camera?: string, stream?: number, path?: 'auto'|Way}} wish */
  watch(wish) {
    this.asked = { ...this.asked, ...wish };
    if ('camera' in wish) this._codecs.clear();
    this._tried = this._tried.filter((one) => !('camera' in wish) && !('path' in wish) && one.codec);
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
    if (!this.test) this._css = { width, height, ratio };
    this.canvas.style.width = `${this._css.width}px`;
    this.canvas.style.height = `${this._css.height}px`;
    this.painter.resize(this._css.width, this._css.height, this._css.ratio);
    this._dirty = true;
  }

  close() {
    this._closed = true;
    document.removeEventListener('visibilitychange', this._onVisibility);
    this._feed.close();
    this._past?.close();
    this.stream.close();
    this._picture?.close();
    this._picture = null;
    for (const inquiry of this._inquiries.splice(0)) inquiry.done(notFound(inquiry));
  }

  // What is looked at

  /** The picture on the screen, or null. @returns {{pts: number, capturedAt: number|null}|null} */
  get shown() {
    const pts = this._picture?.pts ?? (this.grid ? this.stream.newest : NaN);
    return Number.isFinite(pts) ? { pts, capturedAt: this._looked.capturedAt(pts) } : null;
  }

  /** There are no pictures, and the metadata is drawn on a grid. */
  get grid() {
    return this.path === 'none' || !this._looked.hello.codec;
  }

  /** Keep the picture that is on the screen; what comes is remembered meanwhile. */
  freeze() {
    if (this.frozen || !this.shown) return;
    this.frozen = true;
    this.stream.source.frozen = true;
    if (this.grid) this._picture = { pts: this.stream.newest, image: this.canvas, close: () => undefined };
    this._dirty = true;
  }

  /** Back to what comes. */
  resume() {
    if (!this.frozen) return;
    this.frozen = false;
    this._wanted = null;
    this._past?.close();
    this._past = null;
    this.stream.source.frozen = false;
    this.stream.orphans.begin();
    if (this.grid) this._picture = null;
    this._dirty = true;
  }

  /** The timestamps that can be shown again, ascending. @returns {number[]} */
  times() {
    return this.grid ? this._looked.store.times() : this._looked.source.times();
  }

  /** `n` pictures further, negative: back; freezes. False where there is none. @param {number} n @returns {Promise<boolean>} */
  async step(n) {
    const from = this._wanted ?? this.shown?.pts;
    if (from === undefined) return false;
    const times = this.times();
    const to = further(times, from, n);
    return to >= 0 && this._recall(times[to]);
  }

  /** The picture of this time, or the nearest to it; freezes. False where none is remembered. @param {number} pts
   * @returns {Promise<boolean>} */
  async showAt(pts) {
    const found = nearest(this.times(), pts, NEAR);
    return found !== null && this._recall(found);
  }

  /** The picture as it is shown, in its own size. @returns {Promise<Blob>} PNG */
  async snapshot() {
    const { width, height } = this._looked.hello;
    const pts = this.shown?.pts ?? this._looked.newest;
    const image = this.grid ? null : (this._picture?.image ?? null);
    return snapshot(image, { width, height }, this._drawn(pts), this._selected);
  }

  // What is known of it

  /** What lies there, the topmost first. @param {number} x in CSS pixels @param {number} y @returns {Drawn[]} */
  hit(x, y) {
    return this.painter.hit(x * this._css.ratio, y * this._css.ratio);
  }

  /** Set one target or rule off; null: none. @param {string|null} subject */
  select(subject) {
    this._selected = subject ?? '';
    this._dirty = true;
  }

  /** The document that a Shape came from; not found where the server does not answer. @param {wire.Shapes} message
   * @param {string} subject @returns {Promise<Inspected>} */
  inspect(message, subject) {
    return new Promise((resolve) => {
      const inquiry = { n: message.n ?? 0, subject, done: resolve };
      this._inquiries.push(inquiry);
      if (!this._feed.send(wire.inspect(inquiry.n, subject))) this._answer(notFound(inquiry));
      else setTimeout(() => this._answer(notFound(inquiry)), ANSWER);
    });
  }

  /** What was told of a target or rule, oldest first. @param {string} subject
   * @returns {{pts: number, capturedAt: number|null, shape: wire.Shape, labels: string[]}[]} */
  historyOf(subject) {
    return this._looked.store.messagesOf(subject).map(({ message, shape }) => ({
      pts: message.pts,
      capturedAt: message.captured_at ?? null,
      shape,
      labels: shape.labels ?? [],
    }));
  }

  /** How well pictures and metadata go together. `hold`, `p98` and `delay` in ms, `uncertainty` and `standing` in s. */
  get sync() {
    const { stream } = this;
    const { last, tally, hold } = stream;
    const now = performance.now();
    return {
      state: stream.state,
      recent: tally.recent(),
      total: tally.total,
      share: tally.exactShare(),
      hold: hold.value,
      p98: hold.p98,
      mode: this._mode,
      clock: last?.clock ?? '',
      uncertainty: last?.uncertainty ?? null,
      exact: last ? last.exact : null,
      picture: !(this.path === 'none' || !stream.hello.codec),
      standing: this.frozen ? 0 : stream.standing(now),
      rate: stream.rate(now),
      delay: stream.delay,
      late: stream.late,
      orphaned: stream.orphans.count,
    };
  }

  /** Something went wrong that a test should know of. @param {string} text */
  failed(text) {
    if (this.counters.errors.length < 50) this.counters.errors.push(text);
  }

  // What the server says

  /** @param {wire.ServerMessage} message */
  _message(message) {
    if (message.type === 'welcome') this._welcome(message);
    else if (message.type === 'hello') this._hello(message);
    else if (message.type === 'shapes') this._shapes(message);
    else if (message.type === 'rules') this._rules(message);
    else if (message.type === 'state') this._state(message.state, message.reason, '', message.since);
    else if (message.type === 'stats') this._tell('stats', { values: { ...this._own(), ...message.values } });
    else if (message.type === 'error') this._error(message);
    else if (message.type === 'inspected') this._answer(message);
  }

  /** @param {wire.Welcome} welcome */
  _welcome(welcome) {
    this.welcome = welcome;
    this._interrupted = true;
    this._choose(true);
    if (this._paused) this._feed.send(wire.pause(true));
    this._tell('welcome', welcome);
  }

  /** Take the best way that is open; `again`: tell the server in any case. @param {boolean} [again] */
  _choose(again = false) {
    const { camera, stream, path } = this.asked;
    const wish = { forced: path, stream, codec: this._codecs.get(stream) ?? '' };
    const former = this._choice;
    const choice = nextPath(this._can, this.welcome ?? {}, this._tried, wish);
    this._choice = choice;
    this.path = choice.way;
    this.why = choice.why;
    this.counters.path = choice.way;
    if (again || former?.form !== choice.form || former.stream !== choice.stream) {
      this._feed.send(wire.watch(camera, choice.stream, choice.form, choice.why));
    }
    this._tell('path', { path: choice.way, why: choice.why });
  }

  /** @param {wire.Hello} hello */
  _hello(hello) {
    const former = this.stream.hello;
    const form = hello.path ?? 'annexb';
    this.hello = hello;
    if (this._choice?.stream === 0) this._choice.stream = hello.stream;
    if (this.asked.stream === 0) this.asked.stream = hello.stream;
    if (hello.codec) this._codecs.set(hello.stream, hello.codec);
    const same = !this._interrupted && ['key', 'channel', 'stream', 'epoch'].every((name) => same_(hello, former, name));
    this._interrupted = false;
    if (same && (former.path ?? 'annexb') === form && former.codec && hello.codec) {
      this.stream.hello = hello;
      this.stream.source.start(hello);
    } else {
      this._begin(this._newStream(hello, same ? this.stream.store : null));
    }
    this.stream.store.setRules(-Infinity, hello.rules ?? []);
    if (this.test) this._css = { width: hello.width, height: hello.height, ratio: 1 };
    this.resize(this._css.width, this._css.height, this._css.ratio);
    if (this._choice) this._choose();
    this._tell('hello', hello);
    this._say();
  }

  /** @param {wire.Hello} hello @param {import('./store.js').Store|null} store @returns {Stream} */
  _newStream(hello, store) {
    const listener = {
      onRefused: (/** @type {string} */ codec, /** @type {string} */ why) => source === this.stream.source && this._refused(codec, why),
      onError: (/** @type {string} */ text) => this.failed(text),
    };
    const kinds = { annexb: WebCodecsSource, fmp4: MseSource, jpeg: JpegSource, none: Source };
    const source = new (hello.codec ? kinds[hello.path ?? 'annexb'] : Source)(listener);
    const stream = new Stream(hello, source, store);
    stream.hold.setMode(this._mode, this._fixed);
    return stream;
  }

  /** All that was before is forgotten, but for the picture that is looked at. @param {Stream} stream */
  _begin(stream) {
    if (this.frozen && !this._past) this._past = this.stream;
    else this.stream.close();
    this.stream = stream;
    stream.source.start(stream.hello);
    if (!this.frozen && !stream.hello.codec) {
      this._picture?.close();
      this._picture = null;
    }
    this._dirty = true;
  }

  /** This way leads nowhere: take the next one. @param {string} codec @param {string} why */
  _refused(codec, why) {
    const { hello } = this.stream;
    this.failed(`unsupported ${codec}: ${why}`);
    this._tried.push({ way: WAYS[hello.path ?? 'annexb'], stream: hello.stream, codec: hello.codec ?? '', why });
    this._choose();
    this._say();
  }

  /** Above the picture: why another one is shown than was asked for, or none. */
  _say() {
    const { stream } = this.asked;
    const choice = this._choice;
    const instead = choice && choice.stream !== stream && choice.way !== 'none';
    const grid = choice?.way === 'none' && this.asked.path !== 'none';
    if (!choice || !(instead || grid)) return this._tell('notice', { text: '' });
    const codec = this._codecs.get(stream) ?? '';
    const number = (this.hello?.channel ?? 1) * 100 + stream;
    const picture = `The picture of stream ${number}${codec ? ` (${named(codec).replace(' (', ', ')}` : ''} cannot be shown: ${choice.why}.`;
    const help = isH265(codec) ? WITH_H265 : '';
    const text = instead ? `${picture} Shown instead is the sub-stream.` : `${picture} The metadata is drawn on a grid. ${help}`;
    this._tell('notice', { text: text.trim() });
  }

  /** @param {wire.Unit} unit */
  _unit(unit) {
    if (unit.stream !== this.stream.hello.stream || !this.stream.hello.codec) return;
    if (unit.kind !== wire.FMP4_START) {
      this.counters.frames += 1;
      if (this.stream.jumps(unit)) this._begin(this._newStream(this.stream.hello, null));
      this.stream.arrived(unit, performance.now());
    }
    this.stream.source.push(unit);
  }

  /** @param {wire.Shapes} message */
  _shapes(message) {
    this.stream.told(message, performance.now(), Boolean(this.stream.hello.codec));
    this.counters.late = this.stream.late;
    this._dirty = true;
  }

  /** @param {wire.Rules} message */
  _rules(message) {
    this.stream.store.setRules(message.pts, message.shapes);
    this._dirty = true;
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
    for (const inquiry of this._inquiries.splice(0)) inquiry.done(notFound(inquiry));
  }

  /** @param {Inspected} answer */
  _answer(answer) {
    const of = (/** @type {{n: number, subject: string}} */ one) => one.n === answer.n && one.subject === (answer.subject ?? '');
    for (const inquiry of this._inquiries.filter(of)) inquiry.done({ ...answer, found: answer.found ?? true });
    this._inquiries = this._inquiries.filter((one) => !of(one));
  }

  /** @param {string} name @param {any} detail */
  _tell(name, detail) {
    if (!this._closed) this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  // What is on the screen

  /** The stream of the picture that is looked at. */
  get _looked() {
    return this._past ?? this.stream;
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
    if (!stream.hello.codec) this._announce((pts) => pts <= stream.newest, null);
    if (this.frozen) this._pass(picture, now);
    else if (picture) this._show(picture, now);
    else if (this._dirty) this._paint();
  }

  /** A picture that would be shown now, if another one were not looked at. @param {Picture|null} picture @param {number} now */
  _pass(picture, now) {
    const { stream } = this;
    if (picture) stream.newest = Math.max(stream.newest, picture.pts);
    this._announce((pts) => (picture ? pts <= picture.pts : stream.due(pts) <= now), picture);
    picture?.close();
    if (this._dirty) this._paint();
  }

  /** @param {Picture} picture @param {number} now */
  _show(picture, now) {
    const { counters, stream } = this;
    this._picture?.close();
    this._picture = picture;
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

  /** Picture, Shapes and, in test mode, the number: one task, one canvas. @returns {import('./store.js').State} */
  _paint() {
    this._dirty = false;
    if (!this._picture && !this.grid) return 'none';
    const pts = this._picture?.pts ?? this.stream.newest;
    const { binding, drawn, areas } = this._drawn(pts);
    const image = this.grid ? null : (this._picture?.image ?? null);
    this.painter.paint(image, drawn, { areas, selected: this._selected, now: performance.now() });
    const numbered = binding.bound.find((message) => typeof message.frame_number === 'number');
    if (this.test && numbered) this.painter.paintNumber(Number(numbered.frame_number));
    return binding.state;
  }

  /** What lies on the picture of this time. @param {number} pts */
  _drawn(pts) {
    const stream = this._looked;
    const binding = stream.store.lookup(pts - this._shift * stream.duration);
    const areas = privateAreas(binding.drawn, this._view.privacy);
    return { binding, areas, drawn: viewed(binding.drawn, this._view) };
  }

  /** @param {number} pts @returns {Promise<boolean>} */
  async _recall(pts) {
    this.freeze();
    if (!this.frozen) return false;
    this._wanted = pts;
    const stream = this._looked;
    const picture = this.grid
      ? { pts, image: this.canvas, close: () => undefined }
      : await stream.source.recall(pts).catch(() => null);
    const current = this.frozen && this._wanted === pts && this._looked === stream;
    if (!current || !picture) {
      picture?.close();
      if (current) this._wanted = null;
      return false;
    }
    this._wanted = null;
    this._picture?.close();
    this._picture = picture;
    this._paint();
    this._tell('frame', { pts, state: 'frozen' });
    return true;
  }

  /** Events are told when their picture is shown. @param {(pts: number) => boolean} reached @param {Picture|null} picture */
  _announce(reached, picture) {
    const { stream } = this;
    for (const { pts, capturedAt, event } of stream.reached(reached)) {
      const now = performance.now();
      const fresh = now - (this._seen.get(event.key) ?? -Infinity) > SAME_EVENT;
      this._seen.delete(event.key);
      this._seen.set(event.key, now);
      if (this._seen.size > 400) this._seen.delete(this._seen.keys().next().value ?? '');
      const masked = event.key.startsWith('plate/') && Object.hasOwn(this._view.privacy, 'plate');
      const image = picture && fresh ? thumbnail(picture.image, stream.store.lookup(picture.pts).drawn, event, this._view) : null;
      const detail = { event: masked ? { ...event, title: MASK } : event, pts, capturedAt };
      this._telling = this._telling.then(async () => this._tell('record-event', { ...detail, thumbnail: await image }));
    }
  }

  /** What the page itself knows. */
  _own() {
    const { hello, source } = this.stream;
    const { width, height } = hello;
    return {
      coordinates: hello.coordinates || '–',
      picture: this.grid ? 'none' : `${width} × ${height}, ${source.configured || '–'}`,
      'pictures skipped': this.counters.dropped,
    };
  }
}

/** @param {{n: number, subject: string}} inquiry @returns {Inspected} */
function notFound({ n, subject }) {
  return { type: 'inspected', n, subject, found: false };
}

/** @param {Record<string, any>} a @param {Record<string, any>} b @param {string} name */
function same_(a, b, name) {
  return a[name] === b[name];
}
