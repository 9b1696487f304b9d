// @ts-check
/**
 * The page's options, read from its address and written back into it, so that a link shows what the page shows. Pure.
 *
 *     theme=auto|dark|light    grid=1|4|9          camera=KEY (shown large)    panel=0 (the pictures alone)
 *     mode=synced|live|fixed   hold=0..1500 (ms)   stream=1..9                 path=webcodecs|mse|jpeg|none
 *     test=1  shift=1          and what is shown of the metadata: view.js
 *
 * `t` is the token of an embedded page (else it is a cookie): it is read, and never written. What is not known is not
 * carried on.
 */

import { parseView, viewQuery } from './view.js';

/** @typedef {'auto'|'dark'|'light'} Theme */
/** @typedef {'synced'|'live'|'fixed'} Mode */
/** @typedef {'auto'|'webcodecs'|'mse'|'jpeg'|'none'} Path */
/**
 * `grid` 0: as many as there are cameras; `stream` 0: the one that the server has set; `hold` in ms, null: the measured.
 * @typedef {{theme: Theme, grid: 0|1|4|9, camera: string, stream: number, path: Path, mode: Mode, hold: number|null,
 *   panel: boolean, token: string, test: boolean, shift: 0|1, view: import('./view.js').View}} Options
 */

const LONGEST_HOLD = 1500;
const LONGEST_KEY = 200;

/**
 * The options of an address; what makes no sense counts as not said.
 * @param {string} search the address's query
 * @returns {Options}
 */
export function parseOptions(search) {
  const query = new URLSearchParams(search);
  const test = query.get('test') === '1';
  const hold = whole(query.get('hold'), LONGEST_HOLD);
  const mode = /** @type {Mode} */ (one(query.get('mode'), ['synced', 'live', 'fixed']));
  return {
    theme: /** @type {Theme} */ (one(query.get('theme'), ['auto', 'dark', 'light'])),
    grid: /** @type {0|1|4|9} */ (Number(one(query.get('grid'), ['0', '1', '4', '9']))),
    camera: (query.get('camera') ?? '').slice(0, LONGEST_KEY),
    stream: whole(query.get('stream'), 9) ?? 0,
    path: /** @type {Path} */ (one(query.get('path'), ['auto', 'webcodecs', 'mse', 'jpeg', 'none'])),
    mode: mode === 'synced' && hold !== null && !query.has('mode') ? 'fixed' : mode,
    hold,
    panel: query.get('panel') !== '0',
    token: query.get('t') ?? '',
    test,
    shift: test && query.get('shift') === '1' ? 1 : 0,
    view: parseView(query),
  };
}

/**
 * The shortest query that says the same: what is as by default is left out.
 * @param {Options} options
 * @returns {string} empty, or with its "?"
 */
export function writeOptions(options) {
  const query = new URLSearchParams();
  if (options.test) query.set('test', '1');
  if (options.shift) query.set('shift', '1');
  if (options.camera) query.set('camera', options.camera);
  if (options.grid) query.set('grid', String(options.grid));
  if (options.stream) query.set('stream', String(options.stream));
  if (options.path !== 'auto') query.set('path', options.path);
  if (options.mode !== 'synced') query.set('mode', options.mode);
  if (options.mode === 'fixed' && options.hold !== null) query.set('hold', String(Math.round(options.hold)));
  if (options.theme !== 'auto') query.set('theme', options.theme);
  if (!options.panel) query.set('panel', '0');
  for (const [name, value] of viewQuery(options.view)) query.set(name, value);
  // a comma and a colon need no escape in a query, and links are read by people
  const text = query.toString().replaceAll('%2C', ',').replaceAll('%3A', ':');
  return text && `?${text}`;
}

/** How many tiles a grid has for so many cameras. @param {number} grid @param {number} cameras @returns {1|4|9} */
export function cells(grid, cameras) {
  if (grid === 1 || grid === 4 || grid === 9) return grid;
  return cameras <= 1 ? 1 : cameras <= 4 ? 4 : 9;
}

/** One of the known words; the first where it is none. @param {string|null} value @param {string[]} known */
function one(value, known) {
  return value !== null && known.includes(value) ? value : known[0];
}

/** @param {string|null} value @param {number} most @returns {number|null} */
function whole(value, most) {
  if (value === null || !/^\d{1,6}$/.test(value)) return null;
  return Math.min(Number(value), most);
}
