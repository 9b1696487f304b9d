// @ts-check
/**
 * Access units to pictures, by WebCodecs. Units wait coded and are decoded shortly before they are due: decoded
 * pictures are few and large, and hardware has a handful of them.
 */

import { codecString } from './codec.js';

const LEAD = 160; // ms before it is due, a unit is decoded
const MOST_WAITING = 1500;
const MOST_ERRORS = 3;

/** @typedef {import('./wire.js').AccessUnit} AccessUnit */
/** @typedef {{pts: number, image: VideoFrame, close: () => void}} Picture */

/**
 * @typedef {object} DecoderListener
 * @property {(picture: Picture) => void} onPicture
 * @property {(codec: string, why: string) => void} onUnsupported
 * @property {(error: string) => void} onError
 */

export class Decoder {
  /** @param {string} codec "h264" or "h265" @param {DecoderListener} listener */
  constructor(codec, listener) {
    this.codec = codec;
    this.listener = listener;
    /** @type {AccessUnit[]} */
    this._waiting = [];
    /** @type {VideoDecoder|null} */
    this._decoder = null;
    /** @type {'idle'|'asking'|'ready'|'refused'} */
    this._state = 'idle';
    this._needsKey = true;
    this._errors = 0;
    this.skipped = 0;
    this.configured = '';
  }

  /** Why this page has no decoder at all, or null. */
  static missing() {
    if (typeof VideoDecoder !== 'undefined') return null;
    if (!isSecureContext) {
      return 'browsers decode video for pages on https or localhost only, and this page is on neither';
    }
    return 'this browser has no WebCodecs video decoder';
  }

  /** @param {AccessUnit} unit */
  push(unit) {
    if (this._state === 'refused') return;
    const missing = Decoder.missing();
    if (missing) return this._refuse(this.codec, missing);
    if (this._state === 'idle' && unit.key) this._ask(unit);
    if (this._state === 'idle') return;
    this._waiting.push(unit);
    if (this._waiting.length > MOST_WAITING) this._skipTo(this._waiting.findLastIndex((waiting) => waiting.key));
  }

  /**
   * Decode what is due soon. Where a later key picture is due already, what lies before it is passed over.
   * @param {(pts: number) => number} due @param {number} now
   */
  pump(due, now) {
    if (this._state !== 'ready') return;
    const late = this._waiting.findLastIndex((unit) => unit.key && due(unit.pts) < now);
    if (late > 0) this._skipTo(late);
    while (this._waiting.length && due(this._waiting[0].pts) - LEAD <= now) {
      const unit = this._waiting.shift();
      if (unit) this._decode(unit);
    }
  }

  close() {
    this._state = 'refused';
    this._waiting = [];
    if (this._decoder && this._decoder.state !== 'closed') this._decoder.close();
  }

  /** @param {number} index */
  _skipTo(index) {
    const count = index < 0 ? this._waiting.length : index;
    this.skipped += count;
    this._waiting.splice(0, count);
    this._needsKey = true;
  }

  /** @param {AccessUnit} unit */
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
    this._decoder = new VideoDecoder({
      output: (image) => {
        this._errors = 0;
        this.listener.onPicture({ pts: Math.round(image.timestamp * 0.09), image, close: () => image.close() });
      },
      error: (error) => this._failed(config.codec, error.message),
    });
    this._decoder.configure(config);
    this.configured = config.codec;
    this._needsKey = true;
    this._state = 'ready';
  }

  /** @param {AccessUnit} unit */
  _decode(unit) {
    if (this._decoder?.state !== 'configured') return;
    if (this._needsKey && !unit.key) {
      this.skipped += 1;
      return;
    }
    this._needsKey = false;
    const type = unit.key ? 'key' : 'delta';
    this._decoder.decode(new EncodedVideoChunk({ type, timestamp: Math.round(unit.pts / 0.09), data: unit.data }));
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
