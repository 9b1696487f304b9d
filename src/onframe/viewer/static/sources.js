// @ts-check
/** Which source a stream's pictures come from. */

import { Source } from './source.js';
import { JpegSource } from './source_jpeg.js';
import { MseSource } from './source_mse.js';
import { WebCodecsSource } from './source_webcodecs.js';

/** @typedef {import('./wire.js').Hello} Hello */

const KINDS = { annexb: WebCodecsSource, fmp4: MseSource, jpeg: JpegSource, none: Source };

/** Whether there are no pictures, but metadata alone. @param {Hello} hello */
export function hasNone(hello) {
  return !hello.codec || hello.path === 'none';
}

/** @param {Hello} hello @param {import('./source.js').SourceListener} listener @returns {Source} */
export function sourceOf(hello, listener) {
  return new (hasNone(hello) ? Source : KINDS[hello.path ?? 'annexb'])(listener);
}
