// @ts-check
/**
 * The messages between the page and its server; the Python side is `viewer/wire.py`.
 *
 * Binary, server → page: one picture or a part of its container each, little endian, 24 bytes of header, then its bytes:
 *
 *     0 u8 kind | 1 u8 flags (1 key, 2 lost before) | 2 u16 stream | 4 u32 n | 8 i64 pts 90 kHz | 16 i64 sent at, Unix µs
 *
 * Text: JSON objects told apart by `type`, fields at their default left out. Server → page: welcome, hello, shapes,
 * rules, coordinates, state, stats, error, inspected. Page → server: watch, inspect, coordinates, pause.
 *
 * @typedef {{kind: number, key: boolean, lostBefore: boolean, stream: number, n: number, pts: number, sentAt: number,
 *   data: Uint8Array<ArrayBuffer>}} Unit
 * @typedef {'annexb'|'fmp4'|'jpeg'|'none'} Form in which the pictures come; "none" is metadata alone
 * @typedef {'0..1000'|'unit'|'pixels'} Space
 * @typedef {'top-left'|'bottom-left'} Origin
 * @typedef {[number, number]} XY
 * @typedef {{t: string, subject?: string, kind?: string, cls?: string, rule?: string, flash?: number, color?: string,
 *   labels?: string[], alarm?: boolean, points?: XY[], [field: string]: any}} Shape
 * @typedef {{key: string, level: 'alarm'|'info', title: string, text: string, color: string, ink?: string, subject?: string,
 *   kind?: string, rule?: string}} Event
 * @typedef {{key: string, name: string, channel?: number, stream?: number}} Seen
 * @typedef {{type: 'welcome', cameras: Seen[], jpeg?: boolean, privacy?: string[], version?: string}} Welcome
 * @typedef {{type: 'hello', camera: string, channel: number, stream: number, epoch: number, width: number,
 *   height: number, codec?: string|null, duration?: number, coordinates?: string, rules?: Shape[],
 *   legend?: [string, string][], key?: string, path?: Form, base?: number, space?: Space, origin?: Origin}} Hello
 * @typedef {{type: 'shapes', pts: number, layer: string, exact: boolean, clock: string, uncertainty?: number|null,
 *   lag_ms?: number|null, frame_number?: number|null, hold_ms?: number, shapes?: Shape[], events?: Event[],
 *   n?: number, captured_at?: number|null}} Shapes
 * @typedef {{type: 'rules', pts: number, shapes: Shape[]}} Rules
 * @typedef {{type: 'coordinates', coordinates: string, space: Space, origin: Origin}} Coordinates
 * @typedef {{type: 'state', state: string, reason: string, since: string}} State
 * @typedef {{type: 'stats', values: Record<string, number|string>}} Stats
 * @typedef {{type: 'error', code: string, message: string, hint?: string|null}} ErrorMessage
 * @typedef {{type: 'inspected', n: number, subject: string, found?: boolean, format?: string, raw?: string,
 *   cut?: boolean, facts?: Record<string, any>, properties?: [string, string][]}} Inspected
 * @typedef {Welcome|Hello|Shapes|Rules|Coordinates|State|Stats|ErrorMessage|Inspected} ServerMessage
 */

export const HEADER_BYTES = 24;
/** Bytes of a message from the page; the server closes the connection on longer ones. */
export const MOST_ASKED = 4096;
export const ACCESS_UNIT = 1;
export const FMP4_START = 2;
export const FMP4_FRAGMENT = 3;
export const JPEG = 4;
const LONGEST = 120; // characters of a text on the picture or in the list
const LONGEST_WHY = 500;
const SENTENCES = new Set(['message', 'hint', 'reason']);
const NO_TEXT = new Set(['data', 'layer', 'key', 'color', 'ink', 'subject', 'codec', 'raw']);
/** Control characters, those that turn the direction of writing, and those that take no room. */
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/**
 * Read a binary message; null where it is none that this page knows.
 * @param {ArrayBuffer} buffer
 * @returns {Unit|null}
 */
export function parseUnit(buffer) {
  if (buffer.byteLength < HEADER_BYTES) return null;
  const view = new DataView(buffer);
  const kind = view.getUint8(0);
  const flags = view.getUint8(1);
  if (kind < ACCESS_UNIT || kind > JPEG) return null;
  return {
    kind,
    key: (flags & 1) !== 0,
    lostBefore: (flags & 2) !== 0,
    stream: view.getUint16(2, true),
    n: view.getUint32(4, true),
    pts: Number(view.getBigInt64(8, true)),
    sentAt: Number(view.getBigInt64(16, true)) / 1000,
    data: new Uint8Array(buffer, HEADER_BYTES),
  };
}

/**
 * A text message, with its texts made fit to be shown: a device may have sent anything.
 * @param {string} text
 * @returns {ServerMessage}
 */
export function parseMessage(text) {
  const message = JSON.parse(text, (name, value) =>
    typeof value === 'string' && !NO_TEXT.has(name) ? legible(name, value) : value,
  );
  if (typeof message.raw === 'string') message.raw = visible(message.raw);
  return message;
}

/** What is invisible is made visible, what is long is cut. @param {string} name @param {string} text */
function legible(name, text) {
  const longest = SENTENCES.has(name) ? 5 * LONGEST : LONGEST;
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return cut.replace(INVISIBLE, '\ufffd');
}

/** A document, whole: it keeps its lines. @param {string} text */
function visible(text) {
  return text.replace(/\r\n/g, '\n').replace(INVISIBLE, (found) => (found === '\n' || found === '\t' ? found : '\ufffd'));
}

/** What to show. @param {string} camera its key, '' for the first @param {number} stream 0 for the one set for it
 * @param {Form} path @param {string} why in words, it is no better one @returns {string} */
export function watch(camera, stream, path, why) {
  return JSON.stringify({ type: 'watch', camera, stream, path, why: why.slice(0, LONGEST_WHY) });
}

/** What was Record `n`, and in it this subject? @param {number} n @param {string} subject @returns {string} */
export function inspect(n, subject) {
  return JSON.stringify({ type: 'inspect', n, subject });
}

/** @param {Space} space @param {Origin} origin @returns {string} */
export function coordinates(space, origin) {
  return JSON.stringify({ type: 'coordinates', space, origin });
}

/** @param {boolean} paused @returns {string} */
export function pause(paused) {
  return JSON.stringify({ type: 'pause', paused });
}
