// @ts-check
/**
 * The messages between the page and its server; the Python side is `viewer/wire.py`.
 *
 * One WebSocket at `ws` (relative to the page, with the page's query string).
 *
 * Binary, server → page: one access unit, little endian, 24 bytes of header, then Annex B:
 *
 *     0 u8 kind (1) | 1 u8 flags (1 key, 2 lost before) | 2 u16 stream | 4 u32 n | 8 i64 pts 90 kHz | 16 i64 sent at, Unix µs
 *
 * Text, server → page: JSON objects told apart by `type`: hello, shapes, rules, state, stats, error.
 * Text, page → server: `unsupported`.
 *
 * @typedef {{kind: number, key: boolean, lostBefore: boolean, stream: number, n: number, pts: number, sentAt: number,
 *   data: Uint8Array}} AccessUnit
 * @typedef {[number, number]} XY
 * @typedef {{t: string, color?: string, labels?: string[], alarm?: boolean, points?: XY[], [field: string]: any}} Shape
 * @typedef {{key: string, level: 'alarm'|'info', title: string, text: string, color: string, ink?: string}} Event
 * @typedef {{type: 'hello', camera: string, channel: number, stream: number, epoch: number, width: number,
 *   height: number, codec?: string|null, duration?: number, coordinates?: string, rules?: Shape[],
 *   legend?: [string, string][]}} Hello
 * @typedef {{type: 'shapes', pts: number, layer: string, exact: boolean, clock: string, uncertainty?: number|null,
 *   lag_ms?: number|null, frame_number?: number|null, hold_ms?: number, shapes?: Shape[], events?: Event[]}} Shapes
 * @typedef {{type: 'rules', pts: number, shapes: Shape[]}} Rules
 * @typedef {{type: 'state', state: string, reason: string, since: string}} State
 * @typedef {{type: 'stats', values: Record<string, number|string>}} Stats
 * @typedef {{type: 'error', code: string, message: string, hint?: string|null}} ErrorMessage
 * @typedef {Hello|Shapes|Rules|State|Stats|ErrorMessage} ServerMessage
 */

export const HEADER_BYTES = 24;
const LONGEST = 120; // characters of a text on the picture or in the list
const SENTENCES = new Set(['message', 'hint', 'reason']);
const NO_TEXT = new Set(['data', 'layer', 'key', 'color', 'ink']);
/** Control characters, those that turn the direction of writing, and those that take no room. */
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;
export const ACCESS_UNIT = 1;

/**
 * Read a binary message; null where it is none that this page knows.
 * @param {ArrayBuffer} buffer
 * @returns {AccessUnit|null}
 */
export function parseAccessUnit(buffer) {
  if (buffer.byteLength < HEADER_BYTES) return null;
  const view = new DataView(buffer);
  const flags = view.getUint8(1);
  if (view.getUint8(0) !== ACCESS_UNIT) return null;
  return {
    kind: ACCESS_UNIT,
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
  return JSON.parse(text, (name, value) => (typeof value === 'string' && !NO_TEXT.has(name) ? legible(name, value) : value));
}

/** What is invisible is made visible, what is long is cut. @param {string} name @param {string} text */
function legible(name, text) {
  const longest = SENTENCES.has(name) ? 5 * LONGEST : LONGEST;
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return cut.replace(INVISIBLE, '\ufffd');
}

/**
 * @param {string} codec @param {string} why @param {number} stream
 * @returns {string}
 */
export function unsupported(codec, why, stream) {
  return JSON.stringify({ type: 'unsupported', codec, why: why.slice(0, 500), stream });
}
