// @ts-check
/** One canvas with one picture on it, and all that lies on the picture: painted in one task, so that it belongs together. */

import { Painter } from './paint.js';
import { snapshot } from './snapshot.js';
import { privateAreas, viewed } from './view.js';

/** @typedef {import('./source.js').Picture} Picture */
/** @typedef {import('./store.js').State} State */
/** @typedef {import('./stream.js').Stream} Stream */
/** @typedef {import('./view.js').View} View */

export class Screen {
  /** @param {HTMLCanvasElement} canvas @param {View} view @param {boolean} test @param {number} shift pictures */
  constructor(canvas, view, test, shift) {
    this.canvas = canvas;
    this.painter = new Painter(canvas);
    this.painter.onready = () => {
      this.dirty = true;
    };
    this.view = view;
    this.test = test;
    this.shift = shift;
    this.selected = '';
    /** Something else is to be drawn on the same picture. */
    this.dirty = false;
    /** @type {Picture|null} */
    this.picture = null;
    this._css = { width: 1280, height: 720, ratio: 1 };
    if (test) this.painter.reserved = [{ x: 0, y: 0, w: 432, h: 80 }];
  }

  /** In test mode a picture keeps its own size. @param {number} width CSS pixels @param {number} height
   * @param {number} ratio the canvas's own pixels of each @param {boolean} [own] the picture's size */
  resize(width, height, ratio, own = false) {
    if (!this.test || own) this._css = { width, height, ratio };
    this.canvas.style.width = `${this._css.width}px`;
    this.canvas.style.height = `${this._css.height}px`;
    this.painter.resize(this._css.width, this._css.height, this._css.ratio);
    this.dirty = true;
  }

  /** What lies there, the topmost first. @param {number} x CSS pixels @param {number} y */
  hit(x, y) {
    return this.painter.hit(x * this._css.ratio, y * this._css.ratio);
  }

  /** From now on this picture; null: none. @param {Picture|null} picture */
  put(picture) {
    this.picture?.close();
    this.picture = picture;
    this.dirty = true;
  }

  /** Picture, Shapes and, in test mode, the number. @param {Stream} stream @param {boolean} grid @returns {State} */
  paint(stream, grid) {
    this.dirty = false;
    if (!this.picture && !grid) return 'none';
    const pts = this.picture?.pts ?? stream.newest;
    const { binding, drawn, areas } = this.content(stream, pts);
    const image = grid ? null : (this.picture?.image ?? null);
    this.painter.paint(image, drawn, { areas, selected: this.selected, now: performance.now() });
    const numbered = binding.bound.find((message) => typeof message.frame_number === 'number');
    const whole = !binding.drawn.some(({ state }) => state === 'held' || state === 'interpolated');
    if (this.test && numbered) this.painter.paintNumber(Number(numbered.frame_number), whole);
    return binding.state;
  }

  /** What lies on the picture of this time. @param {Stream} stream @param {number} pts */
  content(stream, pts) {
    const binding = stream.store.lookup(pts - this.shift * stream.duration);
    const areas = privateAreas(binding.drawn, this.view.privacy);
    return { binding, areas, drawn: viewed(binding.drawn, this.view) };
  }

  /** The picture with what lies on it, in its own size. @param {Stream} stream @param {boolean} grid @returns {Promise<Blob>} PNG */
  snapshot(stream, grid) {
    const image = grid ? null : /** @type {any} */ (this.picture?.image ?? null);
    // a picture that is looked at may be of before another size
    const width = Number(image?.displayWidth ?? image?.width ?? stream.hello.width);
    const height = Number(image?.displayHeight ?? image?.height ?? stream.hello.height);
    const content = this.content(stream, this.picture?.pts ?? stream.newest);
    return snapshot(image, { width, height }, content, this.selected);
  }
}
