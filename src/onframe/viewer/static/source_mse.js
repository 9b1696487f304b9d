// @ts-check
/**
 * Pictures from fragmented MP4, by a video element that nobody sees: pages on plain http have no other decoder. Which
 * picture the element shows is told by the picture itself; it waits for its time like any other, and is drawn on the
 * same canvas as its Shapes.
 */

import { Source, mediaSource, mediaType } from './source.js';
import { FMP4_FRAGMENT, FMP4_START } from './wire.js';

/** @typedef {import('./source.js').Picture} Picture */
/** @typedef {import('./wire.js').Unit} Unit */
/** @typedef {import('./wire.js').Hello} Hello */

const TICKS = 90_000; // a second
const KEPT = 85; // s
const KEPT_BYTES = 64 * 1024 * 1024;
const CLEAN_AT = 91; // s; removing costs, so not for each picture
const AHEAD = 0.06; // s that the element is ahead of what is due: its pictures wait here and not there
const EDGE = 0.08; // s that it stays behind the newest: nearer to it, it stands still again and again
const FAR = 0.5; // s; further off than this it is not steered but set
const STEADY = 0.015; // s
const EARLY = 0.06; // s; further ahead than this it waits
const MOST_HELD = 8; // decoded pictures; hardware has not many of them
const MOST_STRANGE = 12; // pictures whose timestamp is none of those that were sent
const TRUSTED = 3; // pictures in a row that told their time right: one may do so by chance
const MOST_QUEUED = 1500;
const SOUGHT = 700; // ms; a place that is not found by then is left for another
const SEEKING = 1500; // ms that the element may take to show another picture
const MOST_ERRORS = 3; // without a picture between them

export class MseSource extends Source {
  /** @param {import('./source.js').SourceListener} listener */
  constructor(listener) {
    super(listener);
    this._video = document.createElement('video');
    this._video.muted = true;
    this._video.playsInline = true;
    this._video.disableRemotePlayback = true;
    this._video.onerror = () => this._broken(this._video.error?.message ?? 'the video element gave up');
    /** @type {MediaSource|null} */
    this._media = null;
    /** @type {SourceBuffer|null} */
    this._buffer = null;
    /** What waits to be appended. @type {Unit[]} */
    this._queue = [];
    /** What was appended or waits for it: (pts, bytes), in the order they are decoded in. @type {{pts: number, bytes: number}[]} */
    this._known = [];
    /** @type {Set<number>} */
    this._pts = new Set();
    /** @type {number[]|null} */
    this._times = null;
    this._bytes = 0;
    this._codec = '';
    this._base = 0;
    this._url = '';
    this._lastTaken = NaN;
    this._strange = 0;
    this._right = 0;
    this._callback = 0;
    this._recalled = 0;
    /** What the element shows is of another time than what is due: it was sent there to see a picture again. */
    this._astray = false;
    this._soughtAt = -Infinity;
    this._closed = false;
    this._refused = false;
    this._errors = 0;
    /** The beginning of the track: after an error the element is given it again, and goes on at a key picture. @type {Unit|null} */
    this._first = null;
    this._needsKey = false;
  }

  /** @param {Hello} hello */
  start(hello) {
    const codec = hello.codec ?? '';
    const type = mediaType(codec);
    const media = mediaSource();
    if (!media?.isTypeSupported(type)) return this._refuse(codec, `this browser does not play ${codec}`);
    const base = hello.base ?? 0;
    if (this._media && base === this._base) {
      if (codec !== this._codec) this._queue.push(change(codec));
      this._codec = this.configured = codec;
      return;
    }
    this._reset();
    this._first = null;
    this._needsKey = false;
    this._base = base;
    this._codec = this.configured = codec;
    this._open(new media(), type);
  }

  /** @param {Unit} unit */
  push(unit) {
    if (this._refused || (unit.kind !== FMP4_START && unit.kind !== FMP4_FRAGMENT)) return;
    if (unit.kind === FMP4_START) this._first = unit;
    else if (this._needsKey && !unit.key) {
      this.skipped += 1;
      return;
    } else this._needsKey = false;
    this._queue.push(unit);
    if (unit.kind === FMP4_FRAGMENT) {
      const bytes = unit.data.byteLength;
      this._known.push({ pts: unit.pts, bytes });
      this._pts.add(unit.pts);
      this._bytes += bytes;
      this._times = null;
    }
    if (this._queue.length > MOST_QUEUED) return this._broken('the video element takes nothing any more');
    this._append();
  }

  /** @param {import('./source.js').Due} due @param {number} now */
  pump(due, now) {
    if (this._refused || !this._buffer) return;
    this._append();
    if (this.frozen) return;
    this._steer((now - due(this._base)) / 1000);
    this._grab();
  }

  /** Pictures of the past, or on the way back from there, are none that are due. */
  get _away() {
    return this.frozen || this._astray || this._video.seeking;
  }

  times() {
    if (!this._times) {
      const first = this._start() * TICKS + this._base - 1;
      const appended = this._known.filter((one) => one.pts >= first);
      this._times = appended.map((one) => one.pts).sort((a, b) => a - b);
    }
    return this._times;
  }

  /** @param {number} pts @returns {Promise<Picture|null>} */
  async recall(pts) {
    const mine = ++this._recalled;
    if (!this._pts.has(pts)) return null;
    this._astray = true;
    this._video.pause();
    // a little after its beginning: rounding must not lead to the picture before
    this._video.currentTime = (pts - this._base) / TICKS + 0.002;
    const until = performance.now() + SEEKING;
    while (performance.now() < until && mine === this._recalled && !this._closed) {
      await new Promise((resolve) => setTimeout(resolve, 15));
      if (this._video.seeking || this._video.readyState < 2) continue;
      const picture = this._frame();
      if (picture?.pts === pts) return picture;
      picture?.close();
    }
    return null;
  }

  close() {
    super.close();
    this._closed = true;
    this._reset();
  }

  _reset() {
    this.waiting.clear();
    if (this._callback) this._video.cancelVideoFrameCallback(this._callback);
    this._callback = 0;
    this._video.pause();
    this._video.removeAttribute('src');
    this._video.load();
    if (this._url) URL.revokeObjectURL(this._url);
    this._url = '';
    this._media = this._buffer = this._times = null;
    this._queue = [];
    this._known = [];
    this._pts.clear();
    this._bytes = 0;
    this._lastTaken = NaN;
  }

  /** @param {MediaSource} media @param {string} type */
  _open(media, type) {
    this._media = media;
    media.addEventListener(
      'sourceopen',
      () => {
        if (media !== this._media) return;
        media.duration = Infinity;
        const buffer = media.addSourceBuffer(type);
        buffer.mode = 'segments';
        buffer.addEventListener('updateend', () => {
          this._times = null;
          this._append();
        });
        this._buffer = buffer;
        this._append();
      },
      { once: true },
    );
    this._url = URL.createObjectURL(media);
    this._video.src = this._url;
    this._listen();
  }

  /** Tells the browser that somebody looks at the element's pictures; what the callback says of them is one off at times. */
  _listen() {
    if (!('requestVideoFrameCallback' in this._video)) return;
    this._callback = this._video.requestVideoFrameCallback(() => {
      this._listen();
      if (!this._closed) this._grab();
    });
  }

  /** Append what waits, or make room. @returns {void} */
  _append() {
    const buffer = this._buffer;
    if (!buffer || buffer.updating || this._media?.readyState !== 'open' || this._video.error) return;
    if (this._clean()) return;
    const first = this._queue[0];
    if (!first) return;
    try {
      if (first.kind === 0) {
        this._queue.shift();
        buffer.changeType(mediaType(new TextDecoder().decode(first.data)));
      }
      const end = this._queue.findIndex((unit) => unit.kind === 0);
      const units = this._queue.slice(0, end < 0 ? undefined : end);
      if (!units.length) return;
      buffer.appendBuffer(joined(units));
      this._queue.splice(0, units.length);
    } catch (error) {
      if (/** @type {Error} */ (error).name !== 'QuotaExceededError') return this._broken(String(error));
      this._forget(Math.max(0.5, this._start() + (this._end() - this._start()) / 3));
    }
  }

  /** Keep what can be looked at again. @returns {boolean} whether the buffer is busy with it */
  _clean() {
    const [start, end] = [this._start(), this._end()];
    if (this._bytes > KEPT_BYTES) return this._forget(start + (end - start) / 4);
    return end - start > CLEAN_AT && this._forget(end - KEPT);
  }

  /** @param {number} before s @returns {boolean} */
  _forget(before) {
    const playing = this.frozen ? Infinity : this._video.currentTime - 1;
    const limit = Math.min(before, playing, this._end() - 1);
    if (!this._buffer || this._buffer.updating || limit <= this._start()) return false;
    this._buffer.remove(0, limit);
    const first = limit * TICKS + this._base;
    for (const { pts, bytes } of this._known.filter((one) => one.pts < first)) {
      this._pts.delete(pts);
      this._bytes -= bytes;
    }
    this._known = this._known.filter((one) => one.pts >= first);
    return true;
  }

  _start() {
    const buffered = this._buffer?.buffered;
    return buffered?.length ? buffered.start(0) : 0;
  }

  _end() {
    const buffered = this._buffer?.buffered;
    return buffered?.length ? buffered.end(buffered.length - 1) : 0;
  }

  /** Bring the element to where the picture that is due is about to be shown. @param {number} due s of its time line */
  _steer(due) {
    const video = this._video;
    const end = this._end();
    if (!end || !Number.isFinite(due)) return;
    const target = this._within(Math.min(due + AHEAD, end - EDGE));
    const off = target - video.currentTime;
    const now = performance.now();
    if ((this._astray || Math.abs(off) > FAR) && (!video.seeking || now - this._soughtAt > SOUGHT)) {
      video.currentTime = target;
      this._soughtAt = now;
      this._astray = false;
    }
    const rate = Math.abs(off) < STEADY ? 1 : Math.max(0.95, Math.min(1.1, 1 + off));
    if (Math.abs(rate - video.playbackRate) > 0.01 || (rate === 1 && video.playbackRate !== 1)) video.playbackRate = rate;
    if (off < -EARLY) video.pause();
    else if (video.paused && (off > 0 || !video.currentTime)) video.play().catch((error) => this._stopped(error));
  }

  /** Where nothing was sent nothing can be shown: the element would wait there for ever. @param {number} target s
   * @returns {number} the same, or where it goes on */
  _within(target) {
    const buffered = this._buffer?.buffered;
    for (let i = 0; buffered && i < buffered.length; i++) {
      if (target < buffered.end(i)) return Math.max(target, buffered.start(i));
    }
    return target;
  }

  /** @param {Error} error */
  _stopped(error) {
    if (error.name === 'NotAllowedError') this._refuse(this._codec, 'this browser does not let a page play a video by itself');
  }

  /** Keep the picture that the element shows, unless it is the one that was taken last. */
  _grab() {
    const picture = this._away ? null : this._frame();
    if (!picture) return;
    const old = picture.pts === this._lastTaken || this.waiting.size >= MOST_HELD;
    if (old) return picture.close();
    this._lastTaken = picture.pts;
    if (this._right < TRUSTED) return picture.close();
    this.waiting.add(picture);
  }

  /** The picture that the element shows, by its own word; null where there is none or its word is not ours. @returns {Picture|null} */
  _frame() {
    if (this._video.readyState < 2 || !this._video.videoWidth) return null;
    /** @type {VideoFrame} */
    let image;
    try {
      image = new VideoFrame(this._video);
    } catch {
      return this._doubtful(false); // no picture yet, or a browser that makes none of a video
    }
    const pts = Math.round(image.timestamp * 0.09) + this._base;
    const known = this._known_(pts);
    if (!Number.isNaN(known)) {
      this._strange = this._errors = 0;
      this._right += Number(known !== this._lastTaken);
      return { pts: known, image, close: () => image.close() };
    }
    image.close();
    return this._doubtful(true);
  }

  /** A few times is no matter. Some browsers give a picture the time of asking: then it is not known which one it is.
   * @param {boolean} lied it told a time that is none of ours @returns {null} */
  _doubtful(lied) {
    this._strange += 1;
    if (lied) this._right = 0;
    if (this._strange > MOST_STRANGE && this._video.currentTime) {
      this._refuse(this._codec, 'this browser does not tell which picture of a video it shows');
    }
    return null;
  }

  /** The timestamp that was sent, which this one is but for rounding; NaN where there is none. @param {number} pts */
  _known_(pts) {
    for (const off of [0, -1, 1]) if (this._pts.has(pts + off)) return pts + off;
    return NaN;
  }

  /** The element gave up: begin anew at the next key picture, a few times. @param {string} why */
  _broken(why) {
    const media = mediaSource();
    if (this._closed || this._refused || !media) return;
    this.listener.onError(`the video element stopped: ${why}`);
    this._errors += 1;
    if (this._errors > MOST_ERRORS) return this._refuse(this._codec, `playing failed again and again: ${why}`);
    this._reset();
    this._needsKey = true;
    if (this._first) this._queue.push(this._first);
    this._open(new media(), mediaType(this._codec));
  }

  /** @param {string} codec @param {string} why */
  _refuse(codec, why) {
    if (this._refused) return;
    this._refused = true;
    this._reset();
    this.listener.onRefused(codec, why);
  }
}

/** In the queue, a mark: from here on the codec is another one. @param {string} codec @returns {Unit} */
function change(codec) {
  const data = new TextEncoder().encode(codec);
  return { kind: 0, key: false, lostBefore: false, stream: 0, n: 0, pts: 0, sentAt: 0, data };
}

/** @param {Unit[]} units @returns {Uint8Array<ArrayBuffer>} */
function joined(units) {
  if (units.length === 1) return units[0].data;
  const whole = new Uint8Array(units.reduce((sum, unit) => sum + unit.data.byteLength, 0));
  let at = 0;
  for (const unit of units) {
    whole.set(unit.data, at);
    at += unit.data.byteLength;
  }
  return whole;
}
