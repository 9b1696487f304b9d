// @ts-check
/**
 * One camera: its picture, its name, how it stands and how well it is synchronised. Used by the page and by the
 * element that other pages embed.
 */

import { clockTime, make, put, set } from './dom.js';
import { fit } from './geometry.js';
import { Player } from './player.js';
import { grade, inWords } from './status.js';

/** @typedef {import('./options.js').Options} Options */

const WIDEST_RATIO = 3;
const NARROW = 230; // CSS pixels of a tile whose name needs all the room
const KEPT = 10_000; // ms that a saved picture may take to be written

export class Tile extends EventTarget {
  /**
   * @param {string} url of the WebSocket
   * @param {Pick<Options, 'stream'|'path'|'mode'|'hold'|'view'|'test'|'shift'> & {camera: string}} options
   * @param {{name?: string, ids?: boolean, width?: boolean}} [shown] ids: its elements have the identifiers that the page's
   *   first tile has; width: it is as high as its width asks for
   */
  constructor(url, options, shown = {}) {
    super();
    this.key = options.camera;
    this.name = shown.name ?? '';
    this.test = options.test;
    this.byWidth = shown.width ?? false;
    const parts = build(Boolean(shown.ids));
    this.canvas = parts.canvas;
    this.head = parts.head;
    this.frame = parts.frame;
    this.element = parts.element;
    this._parts = parts;
    this.player = new Player(this.canvas, {
      url,
      camera: options.camera,
      stream: options.stream,
      path: options.path,
      mode: options.mode,
      hold: options.hold ?? undefined,
      view: options.view,
      test: options.test,
      shift: options.shift,
    });
    this._listen();
    this._observer = new ResizeObserver(() => this.layout());
    this._observer.observe(this.element);
    this.layout();
  }

  _listen() {
    this.player.addEventListener('hello', () => {
      const hello = this.player.hello;
      if (hello) this.name = hello.camera;
      this.layout();
      this.report();
    });
    this.player.addEventListener('status', () => this.report());
    this.player.addEventListener('notice', (event) => {
      this.say(/** @type {CustomEvent<{text: string}>} */ (event).detail.text);
    });
  }

  /** Whether the width alone decides, as on a phone: what is under the picture moves down. */
  get tall() {
    const narrow = matchMedia('(max-width: 860px) and (orientation: portrait)').matches;
    return (narrow || this.byWidth) && !this.element.matches(':fullscreen');
  }

  /** A sentence above the picture; empty takes it away. @param {string} text */
  say(text) {
    put(this._parts.notice, text);
    this._parts.notice.hidden = !text;
  }

  /** The picture as large as there is room, in its own proportions; on a phone it may be as high as it likes. */
  layout() {
    if (!this.player) return;
    const width = this.player.hello?.width || 1280;
    const height = this.player.hello?.height || 720;
    if (this.test) return this._place(width, height, 1);
    const [w, h] = [this.element.clientWidth, this.element.clientHeight];
    if (!w || (!h && !this.tall)) return;
    const room = this.tall ? Infinity : Math.max(68, h - this.head.offsetHeight);
    const size = fit(width, height, Math.max(120, w), room);
    this._place(size.width, size.height, Math.min(devicePixelRatio || 1, WIDEST_RATIO));
  }

  /** @param {number} width @param {number} height @param {number} ratio */
  _place(width, height, ratio) {
    this.frame.style.width = `${width}px`;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.player.resize(width, height, ratio);
  }

  /** What stands around the picture; call it now and then. */
  report() {
    const words = inWords(this.player.status, Date.now());
    const { text, quality } = grade(this.player.sync, this.player.frozen);
    put(this._parts.label, this.name || 'Camera');
    set(this.element, 'aria-label', `Camera ${this.name}: ${words.name}, ${text}`);
    const short = this.frame.clientWidth < NARROW ? text.replace(' exact', '') : text;
    put(this._parts.grade, words.well ? short : words.name);
    set(this._parts.grade, 'data-grade', words.well ? quality : 'bad');
    set(this._parts.dot, 'data-state', this.player.status.state);
    this._parts.trouble.hidden = words.well;
    put(this._parts.troubleTitle, words.title);
    put(this._parts.troubleText, words.reason);
    put(this._parts.troubleHint, words.hint);
    this.element.classList.toggle('standing', !words.well);
    this.element.classList.toggle('frozen', this.player.frozen);
  }

  /** What is under a place of the window. @param {MouseEvent} event */
  hit(event) {
    const bounds = this.canvas.getBoundingClientRect();
    return this.player.hit(event.clientX - bounds.left, event.clientY - bounds.top);
  }

  /** All that belongs on the picture that is shown, also what is not drawn. @returns {import('./store.js').Drawn[]} */
  get drawn() {
    const pts = this.player.shown?.pts;
    return pts === undefined ? [] : this.player.stream.store.lookup(pts).drawn;
  }

  /** The instant of the picture that is shown, Unix ms; NaN where it is not known. */
  get at() {
    const at = this.player.shown?.capturedAt;
    return typeof at === 'number' ? at * 1000 : NaN;
  }

  close() {
    this._observer.disconnect();
    this.player.close();
    this.element.remove();
  }
}

/** @param {boolean} ids */
function build(ids) {
  const id = (/** @type {string} */ name) => ({ id: ids ? name : null });
  const canvas = /** @type {HTMLCanvasElement} */ (
    make('canvas', '', { ...id('picture'), width: 1280, height: 720, role: 'img', 'aria-label': 'Picture with its metadata' })
  );
  const [dot, label, grade] = [make('i', 'dot'), make('span', 'tile-name'), make('span', 'tile-grade')];
  const head = make('div', 'tile-head', {}, dot, label, grade);
  const notice = make('p', 'notice', { ...id('notice'), role: 'status', hidden: true });
  const troubleTitle = make('b', '', id('trouble-title'));
  const troubleText = make('p', '', id('trouble-text'));
  const troubleHint = make('p', 'hint', id('trouble-hint'));
  const texts = [troubleTitle, troubleText, troubleHint];
  const trouble = make('div', 'trouble', { ...id('trouble'), role: 'status', hidden: true }, ...texts);
  const frame = make('div', 'frame', {}, head, make('div', 'stage', {}, canvas, notice, trouble));
  const element = make('section', 'tile', { tabindex: -1, 'aria-label': 'Camera' }, frame);
  return { canvas, dot, label, grade, head, notice, troubleTitle, troubleText, troubleHint, trouble, frame, element };
}

/** @param {Blob} blob @param {string} name of the file */
export function saveAs(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT);
}

/** The name of a saved picture: "gate_2026-11-23T14-03-05.240.png". @param {string} camera @param {number} at ms */
export function pictureName(camera, at) {
  const name = camera.replace(/[^\p{L}\p{N}.-]+/gu, '-').replace(/^[-.]+|[-.]+$/g, '').slice(0, 80) || 'camera';
  const date = new Date(Number.isFinite(at) ? at : Date.now());
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, '0')).join('-');
  return `${name}_${day}T${clockTime(date.getTime(), true).replaceAll(':', '-')}.png`;
}

