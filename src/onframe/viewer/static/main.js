// @ts-check
/**
 * The page. Options in its address: `test=1` draws the number that a picture's record carries and keeps
 * `window.onframe`; `shift=1` (with it) binds records one picture off, so that a test can show that it notices.
 */

import { isH265 } from './codec.js';
import { Decoder } from './decoder.js';
import { Feed } from './feed.js';
import { fit } from './geometry.js';
import { Painter } from './paint.js';
import { Panel } from './panel.js';
import { Clock, Hold, Store, Tally, Waiting } from './playout.js';
import { Status } from './status.js';
import { unsupported } from './wire.js';

const options = new URLSearchParams(location.search);
const TEST = options.get('test') === '1';
const SHIFT = TEST && options.get('shift') === '1' ? 1 : 0;
const AHEAD = 4; // ms: what is due within this task's picture on the screen
const STALL = 100; // ms between two looks for a due picture: something has kept the page from its work
const MOST_EVENTS = 400; // that wait for their picture: in a tab in the background no picture is shown
/** What to do about a camera that sends nothing that this browser decodes. */
const WITH_H265 =
  'To see it: choose a stream that the camera sends as H.264 (onframe view with --stream 1 for the main stream, ' +
  '--stream 2 for the sub-stream), set the camera to H.264, or open this page in a browser that decodes H.265.';
const STANDING = 2; // s without a new picture, after which nothing is said of its synchrony
const EVERY = 500; // ms between two looks at the panel

/** What a test reads; kept always, it costs nothing. */
const counters = {
  frames: 0,
  composited: 0,
  exact: 0,
  approximate: 0,
  held: 0,
  none: 0,
  late: 0,
  dropped: 0,
  hold: Hold.START,
  codec: '',
  /** @type {string[]} */
  errors: [],
};
Object.assign(window, { onframe: counters });

/** @param {string} text */
function failed(text) {
  if (counters.errors.length < 50) counters.errors.push(text);
}

/** All that belongs to one stream of one connection to the camera: with the next one it is forgotten. */
class Stream {
  /** @param {number} duration of one picture, 90 kHz */
  constructor(duration) {
    this.duration = duration;
    this.clock = new Clock();
    this.hold = new Hold(duration / 90);
    this.store = new Store(duration);
    this.tally = new Tally();
    /** @type {Waiting<import('./decoder.js').Picture>} */
    this.waiting = new Waiting();
    /** @type {Decoder|null} */
    this.decoder = null;
    /** The record that came last. @type {import('./wire.js').Shapes|null} */
    this.last = null;
    /** The timestamp of the picture that was painted last. */
    this.newest = -Infinity;
    /** @type {{pts: number, event: import('./wire.js').Event}[]} */
    this.events = [];
    /** @type {Map<number, number>} */
    this.sentAt = new Map();
    this.delay = NaN;
    /** @type {number[]} */
    this.paintedAt = [];
  }

  close() {
    this.waiting.clear();
    this.decoder?.close();
  }
}

class Viewer {
  constructor() {
    this.canvas = /** @type {HTMLCanvasElement} */ (document.getElementById('picture'));
    this.stage = /** @type {HTMLElement} */ (document.getElementById('stage'));
    this.painter = new Painter(this.canvas);
    if (TEST) this.painter.reserved = [{ x: 0, y: 0, w: 432, h: 80 }];
    this.panel = new Panel();
    this.status = new Status();
    this.size = { width: 1280, height: 720 };
    /** @type {import('./wire.js').Hello|null} */
    this.hello = null;
    /** Why the main stream is not what is shown. */
    this.refused = '';
    /** @type {import('./decoder.js').Picture|null} */
    this.shown = null;
    this.grid = false;
    this.dirty = false;
    this.tickedAt = 0;
    this.waited = false;
    this.stream = new Stream(3600);
    this._resize();
    new ResizeObserver(() => this._resize()).observe(this.stage);
    this.feed = new Feed(this._address(), {
      onMessage: (message) => this._message(message),
      onAccessUnit: (unit) => this._accessUnit(unit),
      onConnection: (connected, why) => this._connection(connected, why),
      onError: failed,
    });
    requestAnimationFrame(() => this._tick());
    setInterval(() => this._report(), EVERY);
  }

  _address() {
    const address = new URL('ws', document.baseURI);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    address.search = location.search;
    return address.href;
  }

  /** @param {import('./wire.js').ServerMessage} message */
  _message(message) {
    if (message.type === 'hello') this._hello(message);
    else if (message.type === 'shapes') this._shapes(message);
    else if (message.type === 'rules') this.stream.store.setRules(message.pts, message.shapes);
    else if (message.type === 'state') this._state(message);
    else if (message.type === 'stats') this.panel.details({ ...this._own(), ...message.values });
    else if (message.type === 'error') this._error(message);
    this.dirty = true;
  }

  /** @param {import('./wire.js').Hello} hello */
  _hello(hello) {
    const sameStream = this.hello?.codec === hello.codec && this.hello?.stream === hello.stream;
    this.hello = hello;
    this.stream.close();
    this.stream = new Stream(hello.duration ?? 3600);
    this.size = { width: hello.width || 1280, height: hello.height || 720 };
    this.stream.store.setRules(-Infinity, hello.rules ?? []);
    this.panel.hello(hello);
    this._resize();
    if (!hello.codec) this._useGrid();
    else if (!(sameStream && this.grid)) this._usePictures(hello.codec);
  }

  /** @param {string} codec */
  _usePictures(codec) {
    const stream = this.stream;
    this.grid = false;
    stream.decoder = new Decoder(codec, {
      onPicture: (picture) => stream.waiting.add(picture),
      onUnsupported: (codecString, why) => this._unsupported(codecString, why),
      onError: failed,
    });
    this.panel.notice(this.hello?.stream === 1 ? '' : this.refused);
  }

  _useGrid() {
    this.grid = true;
    this.shown?.close();
    this.shown = null;
    this.dirty = true;
  }

  /** Say why, ask the server for something else, and draw on a grid until then. @param {string} codec @param {string} why */
  _unsupported(codec, why) {
    const hevc = isH265(this.hello?.codec ?? '');
    const stream = (this.hello?.channel ?? 1) * 100 + (this.hello?.stream ?? 1);
    const picture = `The picture of stream ${stream} (${hevc ? 'H.265' : 'H.264'}, ${codec}) cannot be shown: ${why}.`;
    this.refused = `${picture} Shown instead is the sub-stream.`;
    this.panel.notice([picture, 'The metadata is drawn on a grid.', hevc ? WITH_H265 : ''].join(' ').trim());
    failed(`unsupported ${codec}: ${why}`);
    this._useGrid();
    this.feed.send(unsupported(codec, why, this.hello?.stream ?? 1));
  }

  /** @param {import('./wire.js').AccessUnit} unit */
  _accessUnit(unit) {
    if (!this.stream.decoder || unit.stream !== this.hello?.stream) return;
    counters.frames += 1;
    this.stream.clock.arrived(unit.pts, performance.now());
    this.stream.sentAt.set(unit.pts, unit.sentAt);
    if (this.stream.sentAt.size > 600) this.stream.sentAt.delete([...this.stream.sentAt.keys()][0]);
    this.stream.decoder.push(unit);
  }

  /** @param {import('./wire.js').Shapes} message */
  _shapes(message) {
    const now = performance.now();
    this.stream.last = message;
    this.stream.store.add(message);
    for (const event of message.events ?? []) this.stream.events.push({ pts: message.pts, event });
    if (this.stream.events.length > MOST_EVENTS) this.stream.events.splice(0, this.stream.events.length - MOST_EVENTS);
    if (this.grid) {
      this.stream.newest = Math.max(this.stream.newest, message.pts);
      return;
    }
    const lag = now - this.stream.clock.at(message.pts);
    this.stream.hold.measured(Number.isFinite(lag) ? lag : Number(message.lag_ms ?? NaN));
    if (message.pts <= this.stream.newest) counters.late += 1;
  }

  /** @param {import('./wire.js').State} message */
  _state(message) {
    this.status.hint = '';
    this.status.set(message.state, message.reason, message.since);
  }

  /** What ended the stream belongs to the state that it led to; all else stands above the picture.
   * @param {import('./wire.js').ErrorMessage} message */
  _error(message) {
    failed(message.message);
    if (message.code === 'camera') {
      this.status.hint = message.hint ?? '';
      this.status.set(this.status.state, message.message);
    } else {
      this.panel.notice([message.message, message.hint].filter(Boolean).join(' '));
    }
  }

  /** @param {boolean} connected @param {string} why */
  _connection(connected, why) {
    this.status.hint = '';
    const known = this.status.state === 'offline' ? this.status.reason : 'the connection was closed';
    if (connected) this.status.set('connecting', '');
    else this.status.set('offline', why || known);
  }

  _tick() {
    requestAnimationFrame(() => this._tick());
    const now = performance.now();
    const stalled = now - this.tickedAt > STALL && !this.waited;
    this.tickedAt = now;
    this.waited = stalled;
    if (stalled) return; // once: records that came meanwhile are read before a picture is shown without them
    if (this.grid) return this._tickGrid(now);
    const due = (/** @type {number} */ pts) => this.stream.clock.at(pts) + this.stream.hold.value;
    this.stream.decoder?.pump(due, now);
    const picture = this.stream.waiting.take(due, now + AHEAD);
    if (picture) this._show(picture, now);
    else if (this.dirty && this.shown) this._paint(this.shown);
  }

  /** @param {number} now */
  _tickGrid(now) {
    if (!this.dirty) return;
    this.dirty = false;
    this.painter.paint(null, this.stream.store.lookup(this.stream.newest));
    this._announce(this.stream.newest, now);
  }

  /** @param {import('./decoder.js').Picture} picture @param {number} now */
  _show(picture, now) {
    this.shown?.close();
    this.shown = picture;
    this.stream.newest = picture.pts;
    const state = this._paint(picture);
    this.stream.tally.add(state);
    counters[state] += 1;
    counters.composited += 1;
    counters.dropped = this.stream.waiting.dropped + (this.stream.decoder?.skipped ?? 0);
    this.stream.hold.step();
    counters.hold = this.stream.hold.value;
    this.stream.delay = performance.timeOrigin + now - (this.stream.sentAt.get(picture.pts) ?? NaN);
    this.stream.paintedAt.push(now);
    if (this.stream.paintedAt.length > 50) this.stream.paintedAt.shift();
    this._announce(picture.pts, now);
  }

  /** Picture, Shapes and, in test mode, the number: one task, one canvas. @param {import('./decoder.js').Picture} picture */
  _paint(picture) {
    this.dirty = false;
    const binding = this.stream.store.lookup(picture.pts - SHIFT * this.stream.duration);
    this.painter.paint(picture.image, binding);
    const numbered = binding.bound.find((message) => typeof message.frame_number === 'number');
    if (TEST && numbered) this.painter.paintNumber(Number(numbered.frame_number));
    return binding.state;
  }

  /** Events enter the list when their picture is shown. @param {number} pts @param {number} now */
  _announce(pts, now) {
    if (!this.stream.events.length) return;
    for (const entry of this.stream.events) if (entry.pts <= pts) this.panel.event(entry.event, now);
    this.stream.events = this.stream.events.filter((entry) => entry.pts > pts).slice(-200);
  }

  _resize() {
    const { width, height } = this.size;
    if (TEST) return this._place(width, height, 1);
    const narrow = matchMedia('(max-width: 860px)').matches;
    const space = narrow ? Infinity : Math.max(120, this.stage.clientHeight);
    const size = fit(width, height, Math.max(160, this.stage.clientWidth), space);
    this._place(size.width, size.height, Math.min(devicePixelRatio || 1, 3));
  }

  /** @param {number} width @param {number} height @param {number} ratio */
  _place(width, height, ratio) {
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.painter.resize(width, height, ratio);
    this.dirty = true;
  }

  /** Pictures per second, of the last ones shown. */
  _rate() {
    const times = this.stream.paintedAt;
    if (times.length < 2 || this._standing()) return 0;
    return ((times.length - 1) * 1000) / (times[times.length - 1] - times[0]);
  }

  /** Seconds since the last picture was painted, where that is long ago; else 0. */
  _standing() {
    const last = this.stream.paintedAt[this.stream.paintedAt.length - 1] ?? Infinity;
    const seconds = (performance.now() - last) / 1000;
    return seconds > STANDING ? seconds : 0;
  }

  _own() {
    return {
      coordinates: this.hello?.coordinates || '–',
      picture: this.grid ? 'none' : `${this.size.width} × ${this.size.height}, ${this.stream.decoder?.configured || '–'}`,
      'pictures skipped': counters.dropped,
    };
  }

  _report() {
    this.status.show();
    this.panel.readouts(this.painter.brief ? this.painter.panels : []);
    counters.codec = this.stream.decoder?.configured ?? '';
    this.panel.sync({
      share: this.stream.tally.exactShare(),
      recent: this.stream.tally.recent(),
      total: this.stream.tally.total,
      hold: this.stream.hold.value,
      clock: this.stream.last?.clock ?? '',
      uncertainty: this.stream.last?.uncertainty ?? null,
      exact: this.stream.last ? this.stream.last.exact : null,
      picture: !this.grid,
      standing: this._standing(),
      rate: this._rate(),
      delay: this.stream.delay,
      late: counters.late,
    });
  }
}

addEventListener('error', (event) => failed(String(event.message)));
addEventListener('unhandledrejection', (event) => failed(String(event.reason)));
document.body.classList.toggle('test', TEST);
new Viewer();
