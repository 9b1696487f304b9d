// @ts-check
/** Pictures from access units, by WebCodecs. What was shown is decoded again, from its key picture on. */

import { codecString, hasSlice } from './codec.js';
import { Decoder, missing } from './decoder.js';
import { decodeSome } from './recall.js';
import { History } from './history.js';
import { Source } from './source.js';
import { ACCESS_UNIT } from './wire.js';

/** @typedef {import('./source.js').Picture} Picture */

const NEIGHBOURS = 6; // pictures on either side that are kept too: for the next step
const NEIGHBOURS_BYTES = 48 * 1024 * 1024;

export class WebCodecsSource extends Source {
  /** @param {import('./source.js').SourceListener} listener */
  constructor(listener) {
    super(listener);
    this.history = new History();
    /** @type {Decoder|null} */
    this._decoder = null;
    this._codec = '';
    /** Pictures that were recalled lately, by timestamp. @type {Map<number, ImageBitmap>} */
    this._near = new Map();
    /** @type {Promise<any>} */
    this._recalling = Promise.resolve();
    this._size = { width: 1280, height: 720 };
    this._closed = false;
  }

  /** @param {import('./wire.js').Hello} hello */
  start(hello) {
    const codec = hello.codec ?? '';
    this._size = { width: hello.width, height: hello.height };
    this._forget();
    if (this._decoder && codec === this._codec) return; // another size: the stream says so itself
    this._codec = codec;
    this._decoder?.finish();
    const why = missing();
    if (why) return this.listener.onRefused(codec, why);
    this._decoder = new Decoder(codec, {
      onPicture: (picture) => (this._closed ? picture.close() : this.waiting.add(picture)),
      onUnsupported: (codecString, reason) => this.listener.onRefused(codecString, reason),
      onError: this.listener.onError,
    });
  }

  /** @param {import('./wire.js').Unit} unit */
  push(unit) {
    if (unit.kind !== ACCESS_UNIT || !hasSlice(this._codec, unit.data)) return;
    this.history.add(unit);
    this._decoder?.push(unit);
  }

  /** @param {import('./source.js').Due} due @param {number} now */
  pump(due, now) {
    this._decoder?.pump(due, now);
    this.configured = this._decoder?.configured ?? '';
    this.skipped = this._decoder?.skipped ?? 0;
  }

  times() {
    return this.history.times();
  }

  /** @param {number} pts @returns {Promise<Picture|null>} */
  recall(pts) {
    const recalled = this._recalling.then(() => this._recall(pts));
    this._recalling = recalled.catch(() => null);
    return recalled;
  }

  close() {
    super.close();
    this._closed = true;
    this._decoder?.close();
    this.history.clear();
    this._forget();
  }

  /** @param {number} pts @returns {Promise<Picture|null>} */
  async _recall(pts) {
    if (this._closed) return null;
    if (!this._near.has(pts)) await this._decode(pts);
    const image = this._near.get(pts);
    if (!image) return null;
    // The taker closes what it gets, and may ask for the same one again.
    const copy = await createImageBitmap(image);
    return { pts, image: copy, close: () => copy.close() };
  }

  /** @param {number} pts */
  async _decode(pts) {
    const run = this.history.run(pts, NEIGHBOURS);
    const codec = run ? codecString(this._codec, run[0].data) : null; // what it was then
    if (!run || !codec) return;
    const most = Math.floor(NEIGHBOURS_BYTES / (4 * this._size.width * this._size.height || 1));
    const times = run.map((unit) => unit.pts).sort((a, b) => a - b);
    const at = times.indexOf(pts);
    const reach = Math.max(0, Math.min(NEIGHBOURS, Math.floor((most - 1) / 2)));
    const wanted = new Set(times.slice(Math.max(0, at - reach), at + reach + 1));
    const found = await decodeSome(codec, run, wanted);
    this._forget();
    if (this._closed) for (const image of found.values()) image.close();
    else this._near = found;
  }

  _forget() {
    for (const image of this._near.values()) image.close();
    this._near = new Map();
  }
}
