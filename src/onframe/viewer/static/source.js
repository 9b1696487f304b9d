// @ts-check
/**
 * Where pictures come from, and which way is taken. Pure but for `capabilities`.
 *
 * A source takes what the server sends of one stream and gives pictures with the timestamps that they were sent with. It
 * remembers the last ones coded, so that they can be seen again.
 */

import { isH265 } from './codec.js';
import { Waiting } from './sync.js';

/** @typedef {import('./wire.js').Hello} Hello */
/** @typedef {import('./wire.js').Unit} Unit */
/** @typedef {import('./wire.js').Form} Form */
/** @typedef {'webcodecs'|'mse'|'jpeg'|'none'} Way */
/** @typedef {{pts: number, image: CanvasImageSource, close: () => void}} Picture */
/** @typedef {(pts: number) => number} Due when a picture is shown, ms as performance.now() has it */

/**
 * @typedef {object} SourceListener
 * @property {(codec: string, why: string) => void} onRefused this way leads nowhere; once
 * @property {(error: string) => void} onError
 */

export class Source {
  /** @param {SourceListener} listener */
  constructor(listener) {
    this.listener = listener;
    /** Pictures that are decoded and not yet due. @type {Waiting<Picture>} */
    this.waiting = new Waiting();
    /** The codec as the browser was told, once it was. */
    this.configured = '';
    /** Pictures that were never decoded. */
    this.skipped = 0;
    /** While a picture is looked at that was shown before, what comes is remembered and not shown. */
    this.frozen = false;
  }

  /** What comes from now on; again when codec or size change within the same time line. @param {Hello} hello */
  start(hello) {
    void hello;
  }

  /** Something of this stream has come. @param {Unit} unit */
  push(unit) {
    void unit;
  }

  /** Once for each picture of the screen: see to it that what is due soon is there. @param {Due} due @param {number} now */
  pump(due, now) {
    void [due, now];
  }

  /** The newest picture that is due, or null; the taker closes it. @param {Due} due @param {number} now @returns {Picture|null} */
  take(due, now) {
    return this.waiting.take(due, now);
  }

  /** Pictures that came and were never shown. */
  get dropped() {
    return this.waiting.dropped + this.skipped;
  }

  /** The timestamps that can be recalled, ascending. @returns {number[]} */
  times() {
    return [];
  }

  /** A remembered picture; null where it cannot be had. The taker closes it. @param {number} pts @returns {Promise<Picture|null>} */
  async recall(pts) {
    void pts;
    return null;
  }

  close() {
    this.waiting.clear();
  }
}

/**
 * What this browser can do. `playable`: whether MediaSource takes this codec.
 * @typedef {{secure: boolean, decoder: boolean, mediaSource: boolean, videoFrame: boolean, bitmap: boolean,
 *   playable: (codec: string) => boolean}} Capabilities
 */

/** @returns {Capabilities} */
export function capabilities() {
  const media = mediaSource();
  return {
    secure: isSecureContext,
    decoder: typeof VideoDecoder !== 'undefined',
    mediaSource: media !== null,
    videoFrame: typeof VideoFrame !== 'undefined',
    bitmap: typeof createImageBitmap !== 'undefined',
    playable: (codec) => media?.isTypeSupported(mediaType(codec)) ?? false,
  };
}

/** MediaSource, or what an iPhone has instead; null where there is neither. @returns {typeof MediaSource|null} */
export function mediaSource() {
  const own = /** @type {any} */ (globalThis);
  return own.MediaSource ?? own.ManagedMediaSource ?? null;
}

/** @param {string} codec */
export function mediaType(codec) {
  return `video/mp4; codecs="${codec}"`;
}

/** A way that was gone in vain: for this stream and this codec, or '' where the codec had nothing to do with it.
 * @typedef {{way: Way, stream: number, codec: string, why: string}} Tried */

/**
 * What is asked for: `forced` is the way to begin with, `codec` that of the stream, '' while it is not known.
 * @typedef {{forced?: 'auto'|Way, stream?: number, codec?: string}} Wish
 */

/**
 * The way to take: `form` is what the server is asked for, of `stream`; `why` says in words why it is no better one.
 * @typedef {{way: Way, form: Form, stream: number, why: string}} Choice
 */

/** @type {Record<Way, Form>} */
export const FORMS = { webcodecs: 'annexb', mse: 'fmp4', jpeg: 'jpeg', none: 'none' };
const SUB_STREAM = 2;

/**
 * The best way that has not been tried in vain.
 * @param {Capabilities} capabilities @param {{jpeg?: boolean, privacy?: string[]}} welcome @param {Tried[]} tried
 * @param {Wish} [wish]
 * @returns {Choice}
 */
export function nextPath(capabilities, welcome, tried, wish = {}) {
  const { forced = 'auto', stream = 0, codec = '' } = wish;
  if (forced === 'none') return choice('none', stream, ['the address asks for metadata alone']);
  if (welcome.privacy?.length) return private_(capabilities, welcome, tried, stream);
  /** @type {string[]} */
  const reasons = [];
  for (const way of ordered(forced)) {
    const failed = tried.find((one) => one.way === way && one.stream === stream && (!one.codec || !codec || one.codec === codec));
    const obstacle = failed?.why ?? obstacleTo(way, capabilities, welcome, codec);
    if (obstacle === '') {
      const asked = forced === way && way !== 'webcodecs' ? ['the address asks for it'] : reasons;
      return choice(way, stream, asked);
    }
    if (!reasons.includes(obstacle)) reasons.push(obstacle);
  }
  // Another stream may have another codec: cameras that send H.265 often have a sub-stream of H.264.
  if (stream !== SUB_STREAM && codec) {
    const other = nextPath(capabilities, welcome, tried, { forced, stream: SUB_STREAM });
    if (other.way !== 'none') return { ...other, why: sentence([...reasons, other.why]) };
  }
  return choice('none', stream, reasons);
}

/** @param {Way} way @param {number} stream @param {string[]} reasons @returns {Choice} */
function choice(way, stream, reasons) {
  return { way, form: FORMS[way], stream, why: sentence(reasons) };
}

/** @param {string[]} reasons */
function sentence(reasons) {
  return reasons.filter(Boolean).join('; ');
}

/** The best first, but what is asked for before all. @param {'auto'|Way} forced @returns {Way[]} */
function ordered(forced) {
  /** @type {Way[]} */
  const all = ['webcodecs', 'mse', 'jpeg'];
  return forced === 'auto' || forced === 'none' ? all : [forced, ...all.filter((way) => way !== forced)];
}

/** Pictures in which nobody can be recognised are made by the server, which sends them as JPEG alone.
 * @param {Capabilities} capabilities @param {{jpeg?: boolean, privacy?: string[]}} welcome @param {Tried[]} tried @param {number} stream */
function private_(capabilities, welcome, tried, stream) {
  const why = `this server hides ${(welcome.privacy ?? []).join(', ')} by itself, and sends such pictures as JPEG alone`;
  const failed = tried.find((one) => one.way === 'jpeg' && one.stream === stream);
  const obstacle = failed?.why ?? obstacleTo('jpeg', capabilities, { jpeg: true }, '');
  return obstacle === '' ? choice('jpeg', stream, [why]) : choice('none', stream, [why, obstacle]);
}

/** Why this way is closed, or ''. @param {Way} way @param {Capabilities} can @param {{jpeg?: boolean}} welcome @param {string} codec */
function obstacleTo(way, can, welcome, codec) {
  if (way === 'webcodecs') {
    if (can.decoder) return '';
    return can.secure
      ? 'this browser has no WebCodecs video decoder'
      : 'browsers decode video by WebCodecs for pages on https or localhost only, and this page is on neither';
  }
  if (way === 'mse') {
    if (!can.mediaSource) return 'this browser has no MediaSource';
    if (!can.videoFrame) return 'this browser does not tell which picture of a video it shows';
    return codec && !can.playable(codec) ? `this browser does not play ${named(codec)}` : '';
  }
  if (!welcome.jpeg) return 'this server sends no JPEG';
  return can.bitmap ? '' : 'this browser decodes no JPEG in a script';
}

/** For people. @param {string} codec */
export function named(codec) {
  return isH265(codec) ? `H.265 (${codec})` : `H.264 (${codec})`;
}
