// @ts-check
/**
 * Access units to pictures, by WebCodecs. Units wait coded and are decoded shortly before they are due: decoded
 * pictures are few and large, and hardware has a handful of them.
 */

import { codecString } from './codec.js';

const LEAD = 160; // ms before it is due, a unit is decoded
const MOST_LEAD = 500;
const LATE = 160; // ms after it was due, a key picture is worth more than all before it
const SOON = 60; // ms; what is due then and still in the decoder waits for units that come after it
const MOST_WAITING = 1500;
const MOST_ERRORS = 3;
const MOST_QUEUED = 16; // units that the decoder has not begun with: those cannot be passed over any more
const MOST_INSIDE = 16; // pictures in the decoder that are waited for: it may have dropped some

/** @typedef {import('./wire.js').Unit} Unit */
/** @typedef {import('./source.js').Picture} Picture */

/**
 * @typedef {object} DecoderListener
 * @property {(picture: Picture) => void} onPicture
 * @property {(codec: string, why: string) => void} onUnsupported
 * @property {(error: string) => void} onError
 */

/** Why this page has no decoder at all, or null. */
export function missing() {
  if (typeof VideoDecoder !== 'undefined') return null;
  if (!isSecureContext) {
    return 'browsers decode video by WebCodecs for pages on https or localhost only, and this page is on neither';
  }
  return 'this browser has no WebCodecs video decoder';
}

/** Of a decoder that was closed. @type {DecoderListener} */
const DEAF = { onPicture: (picture) => picture.close(), onUnsupported: () => undefined, onError: () => undefined };

export class Decoder {
  /** @param {string} codec as hello has it @param {DecoderListener} listener */
  constructor(codec, listener) {
    this.codec = codec;
    this.listener = listener;
    /** In the order they are decoded in. @type {Unit[]} */
    this._waiting = [];
    /** Timestamps that were given to the decoder and have not come back. @type {number[]} */
    this._inside = [];
    /** @type {VideoDecoder|null} */
    this._decoder = null;
    /** @type {'idle'|'asking'|'ready'|'refused'} */
    this._state = 'idle';
    this._needsKey = true;
    this._errors = 0;
    /** ms; more where pictures come in another order than they are shown in: the decoder keeps some of them back. */
    this._lead = LEAD;
    this._newest = -Infinity;
    this.skipped = 0;
    this.configured = '';
  }

  /** @param {Unit} unit */
  push(unit) {
    if (this._state === 'refused') return;
    if (this._state === 'idle' && unit.key) this._ask(unit);
    if (this._state === 'idle') return;
    if (unit.pts < this._newest) this._lead = Math.max(this._lead, Math.min(MOST_LEAD, LEAD + (this._newest - unit.pts) / 45));
    this._newest = unit.pts > this._newest || unit.key ? unit.pts : this._newest;
    this._waiting.push(unit);
    if (this._waiting.length > MOST_WAITING) this._skipTo(this._waiting.findLastIndex((waiting) => waiting.key));
  }

  /**
   * Decode what is due soon, and all that comes before it: pictures are shown in another order than they are decoded in.
   * Where a later key picture was due a while ago, what lies before it is passed over.
   * @param {(pts: number) => number} due @param {number} now
   */
  pump(due, now) {
    if (this._state !== 'ready') return;
    const late = this._waiting.findLastIndex((unit) => unit.key && due(unit.pts) < now - LATE);
    if (late > 0) this._skipTo(late);
    let last = this._waiting.findLastIndex((unit) => due(unit.pts) - this._lead <= now);
    if (this._inside.some((pts) => due(pts) - SOON <= now)) last = Math.max(last, 0);
    last = Math.min(last, MOST_QUEUED - 1 - (this._decoder?.decodeQueueSize ?? 0));
    for (const unit of this._waiting.splice(0, last + 1)) this._decode(unit);
  }

  /** No more units come: what is in the decoder is still shown. */
  finish() {
    for (const unit of this._waiting) this._decode(unit);
    this._state = 'refused';
    this._waiting = [];
    const decoder = this._decoder;
    if (decoder?.state !== 'configured') return;
    decoder.flush().then(
      () => decoder.state !== 'closed' && decoder.close(),
      () => undefined,
    );
  }

  close() {
    this._state = 'refused';
    this._waiting = [];
    this.listener = DEAF;
    if (this._decoder && this._decoder.state !== 'closed') this._decoder.close();
  }

  /** @param {number} index */
  _skipTo(index) {
    const count = index < 0 ? this._waiting.length : index;
    this.skipped += count;
    this._waiting.splice(0, count);
    this._needsKey = true;
  }

  /** @param {Unit} unit */
  async _ask(unit) {
    const codec = codecString(this.codec, unit.data);
    if (!codec) return;
    this._state = 'asking';
    const config = { codec, optimizeForLatency: true };
    const answer = await VideoDecoder.isConfigSupported(config).catch(() => ({ supported: false }));
    if (this._state !== 'asking') return;
    if (!answer.supported) return this._refuse(codec, `this browser has no decoder for ${codec}`);
    this._open(config);
  }

  /** @param {VideoDecoderConfig} config */
  _open(config) {
    const decoder = new VideoDecoder({
      output: (image) => {
        this._errors = 0;
        const pts = Math.round(image.timestamp * 0.09);
        this._inside = this._inside.filter((inside) => inside > pts);
        this.listener.onPicture({ pts, image, close: () => image.close() });
      },
      error: (error) => decoder === this._decoder && this._failed(config.codec, error.message),
    });
    this._decoder = decoder;
    this._inside = [];
    decoder.configure(config);
    this.configured = config.codec;
    this._needsKey = true;
    this._state = 'ready';
  }

  /** @param {Unit} unit */
  _decode(unit) {
    if (this._decoder?.state !== 'configured') return;
    if (this._needsKey && !unit.key) {
      this.skipped += 1;
      return;
    }
    this._needsKey = false;
    if (unit.key) this._follow(unit);
    this._inside.push(unit.pts);
    if (this._inside.length > MOST_INSIDE) this._inside.shift();
    const type = unit.key ? 'key' : 'delta';
    this._decoder.decode(new EncodedVideoChunk({ type, timestamp: Math.round(unit.pts / 0.09), data: unit.data }));
  }

  /** The stream may have changed its profile: what is in the decoder comes out first. @param {Unit} unit */
  _follow(unit) {
    const codec = codecString(this.codec, unit.data);
    if (!codec || codec === this.configured || this._decoder?.state !== 'configured') return;
    this._decoder.flush().catch(() => undefined);
    this._decoder.configure({ codec, optimizeForLatency: true });
    this.configured = codec;
  }

  /** The decoder gave up: begin anew at the next key picture, a few times.
   * @param {string} codec @param {string} why */
  _failed(codec, why) {
    if (this._state === 'refused') return;
    this._errors += 1;
    this.listener.onError(`the video decoder stopped: ${why}`);
    if (this._errors > MOST_ERRORS) return this._refuse(codec, `decoding failed again and again: ${why}`);
    this._state = 'idle';
    this._waiting = [];
  }

  /** @param {string} codec @param {string} why */
  _refuse(codec, why) {
    this._state = 'refused';
    this._waiting = [];
    this.listener.onUnsupported(codec, why);
  }
}
