// @ts-check
/** What is asked for, what came of it, and what is taken instead. Pure. */

import { isH265 } from './codec.js';
import { nextPath } from './source.js';

/** @typedef {import('./source.js').Way} Way */
/** @typedef {import('./source.js').Choice} Choice */
/** @typedef {{camera: string, stream: number, path: 'auto'|Way}} Asked */

/** What to do about a camera that sends nothing that this browser decodes. */
const WITH_H265 =
  'To see it: choose a stream that the camera sends as H.264 (onframe view with --stream 1 for the main stream, ' +
  '--stream 2 for the sub-stream), set the camera to H.264, or open this page in a browser that decodes H.265.';
/** @type {Record<import('./wire.js').Form, Way>} */
const WAYS = { annexb: 'webcodecs', fmp4: 'mse', jpeg: 'jpeg', none: 'none' };

export class Negotiation {
  /** @param {import('./source.js').Capabilities} can @param {Asked} asked */
  constructor(can, asked) {
    this.can = can;
    this.asked = asked;
    /** @type {Choice|null} */
    this.choice = null;
    /** @type {import('./source.js').Tried[]} */
    this._tried = [];
    /** The codec of each stream, as the server says. @type {Map<number, string>} */
    this._codecs = new Map();
  }

  /** Something else is asked for. @param {Partial<Asked>} wish */
  ask(wish) {
    this.asked = { ...this.asked, ...wish };
    if ('camera' in wish) this._codecs.clear();
    if ('camera' in wish || 'path' in wish) this._tried = [];
    this.choice = null;
  }

  /** Take the best way that is open. @param {import('./wire.js').Welcome|null} welcome
   * @returns {boolean} whether the server must be told */
  choose(welcome) {
    const { stream, path } = this.asked;
    const former = this.choice;
    const wish = { forced: path, stream, codec: this._codecs.get(stream) ?? '' };
    this.choice = nextPath(this.can, welcome ?? {}, this._tried, wish);
    return former?.form !== this.choice.form || former.stream !== this.choice.stream;
  }

  /** What the server shows: stream 0 is now known by its number. @param {import('./wire.js').Hello} hello */
  heard(hello) {
    if (this.choice?.stream === 0) this.choice.stream = hello.stream;
    if (this.asked.stream === 0) this.asked.stream = hello.stream;
    if (hello.codec) this._codecs.set(hello.stream, hello.codec);
  }

  /** This way led nowhere. @param {import('./wire.js').Hello} hello @param {string} why */
  refused(hello, why) {
    this._tried.push({ way: WAYS[hello.path ?? 'annexb'], stream: hello.stream, codec: hello.codec ?? '', why });
  }

  /** What to say above the picture: why another one is shown than was asked for, or none; '' where all is as asked.
   * @param {number} channel @returns {string} */
  notice(channel) {
    const { choice, asked } = this;
    const instead = choice && choice.stream !== asked.stream && choice.way !== 'none';
    const grid = choice?.way === 'none' && asked.path !== 'none';
    if (!choice || !(instead || grid)) return '';
    const codec = this._codecs.get(asked.stream) ?? '';
    const what = `The picture of stream ${channel * 100 + asked.stream}${codec ? ` (${isH265(codec) ? 'H.265' : 'H.264'}, ${codec})` : ''}`;
    const shown = instead ? 'Shown instead is the sub-stream.' : 'The metadata is drawn on a grid.';
    const help = !instead && isH265(codec) ? ` ${WITH_H265}` : '';
    return `${what} cannot be shown: ${choice.why}. ${shown}${help}`;
  }
}
