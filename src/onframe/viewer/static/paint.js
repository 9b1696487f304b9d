// @ts-check
/** Paints one picture and its Shapes on one canvas, all in one task: what the compositor shows belongs together. */

import { barbs, grown, holds, tinted } from './geometry.js';
import { drawNotices, drawPanels, unique } from './inset.js';
import { Labels, SANS } from './labels.js';
import { Memory } from './layout.js';
import { DRAWERS, ORDER } from './marks.js';
import { hidePrivate } from './private.js';
import { drawRadar } from './radar.js';

/** @typedef {import('./wire.js').Shape} Shape */
/** @typedef {import('./wire.js').XY} XY */
/** @typedef {import('./store.js').Drawn} Drawn */
/** @typedef {import('./geometry.js').Rect} Rect */

const DASHED_AFTER = 120; // ms a held shape is drawn firmly: one or two pictures without a record of their own
const MOVING = 500; // ms; what is held longer does not move, and stays as it is
const FLASH = 1500; // ms until an alarm's flash has decayed
const HEAT_MAPS = 4;
const LONGEST_SIDE = 4096; // of a heat map's picture
const MOST_PIXELS = 16_000_000;
const MOST_SHAPES = 1000; // of one picture; the first ones are left out, since the picture's own come last
const HINT = 'notice'; // each document may say of its own value that it does not fit: one of them is enough
const REGION = 0.25; // of the picture: in a box larger than that, as of a heat map, there is room for texts
const [SMALLEST, LARGEST] = [0.92, 1.25]; // units of text in CSS pixels
const WALL = 1900; // CSS pixels: of a picture wider than that by a quarter, as on a wall, the texts grow with it
const DASH = [7, 6]; // units
const UNREADABLE = "the heat map's picture cannot be read";
const PEOPLE = '#c4b5fd';

/**
 * How a shape is drawn: its firmness, whether dashed, whether thin. Texts of the lower rank find their place first.
 * @typedef {{alpha: number, dashed: boolean, thin: boolean, rank: number}} Manner
 */

/** @type {Manner} */
const FIRM = { alpha: 1, dashed: false, thin: false, rank: 1 };
/** From what lies lowest to what lies on top. @type {Drawn['state'][]} */
const LAYERS = ['rule', 'held', 'interpolated', 'approximate', 'exact'];

export class Painter {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    const context = canvas.getContext('2d', { alpha: false });
    if (!context) throw new Error('this browser gives no canvas to draw on');
    this.g = context;
    this.unit = 1;
    this.brief = false;
    /** Where no label goes. @type {Rect[]} */
    this.reserved = [];
    /** The panels of the picture painted last: where there is little room, they stand beside it. @type {Shape[]} */
    this.panels = [];
    /** Called when a heat map has been decoded: what was painted lacks it. */
    this.onready = () => {};
    this.labels = new Labels(this.g, 1, { x: 0, y: 0, w: 1, h: 1 }, false);
    this.manner = FIRM;
    /** The shape that is being drawn is selected. */
    this.lit = false;
    this._flash = 0;
    /** @type {Drawn|null} */
    this._drawn = null;
    this._memory = new Memory();
    /** @type {{drawn: Drawn, area: number, test: (x: number, y: number) => boolean}[]} */
    this._hits = [];
    /** @type {(x: number, y: number) => Drawn|null} */
    this._onRadar = () => null;
    /** Null while it is being decoded. @type {Map<string, ImageBitmap|'broken'|null>} */
    this._heatMaps = new Map();
  }

  /**
   * The canvas's size in CSS pixels, and how many of its own pixels each has.
   * @param {number} width @param {number} height @param {number} ratio
   */
  resize(width, height, ratio) {
    const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
    if (this.canvas.width !== w) this.canvas.width = w;
    if (this.canvas.height !== h) this.canvas.height = h;
    this.brief = width < 560;
    const unit = Math.min(LARGEST, width / 1180);
    this.unit = ratio * Math.max(this.brief ? 0.86 : SMALLEST, unit, Math.min(2, width / WALL));
  }

  /**
   * Picture (null: a grid instead), then what makes parts of it unrecognisable, then all that lies on it.
   * @param {CanvasImageSource|null} image @param {readonly Drawn[]} drawn
   * @param {{areas?: readonly import('./view.js').Area[], selected?: string|null, now?: number}} [how] `selected` is a
   *   subject, `now` is in ms: texts that find a better place wait a while before they move there
   */
  paint(image, drawn, { areas = [], selected = null, now = 0 } = {}) {
    const { width, height } = this.canvas;
    this.labels = new Labels(this.g, this.unit, { x: 0, y: 0, w: width, h: height }, this.brief, this._memory, now);
    this.labels.taken.push(...this.reserved);
    this._hits = [];
    if (image) {
      this.g.drawImage(image, 0, 0, width, height);
      hidePrivate(this.g, areas);
    } else this._grid();
    const sorted = drawn.slice(-MOST_SHAPES).sort((a, b) => layerOf(a) - layerOf(b));
    for (const t of ORDER) for (const one of sorted) if (one.shape.t === t) this._draw(one, selected);
    const of = (/** @type {string} */ t) => sorted.filter((one) => one.shape.t === t);
    this._onRadar = drawRadar(this.labels, of('radar'), selected);
    const panels = inOrder(unique(of('panel'), (shape) => shape.title));
    this.panels = panels.map((one) => one.shape);
    if (!this.brief) drawPanels(this.labels, panels);
    const notices = [...of('notice'), ...of('heatmap').flatMap((one) => this._unreadable(one))];
    drawNotices(this.labels, unique(notices, (shape) => (shape.kind === HINT ? HINT : shape.text)));
    this.labels.draw();
  }

  /** What lies at this place of the picture painted last, in pixels of the canvas: the topmost first, of regions the smallest.
   * @param {number} x @param {number} y @returns {Drawn[]} */
  hit(x, y) {
    const texts = this.labels.placed.filter(({ rect }) => holds(rect, x, y)).map((one) => one.drawn);
    const radar = this._onRadar(x, y);
    if (radar) return [...texts, radar];
    const marks = this._hits.filter((one) => one.test(x, y)).sort((a, b) => a.area - b.area);
    return [...new Set([...texts, ...marks.map((one) => one.drawn)])];
  }

  /**
   * The value as 16 squares, least significant first, and one that says that there is a number: magenta, or redder where
   * some of what is drawn is not of this very picture.
   * @param {number} value @param {boolean} [whole]
   */
  paintNumber(value, whole = true) {
    const { g } = this;
    for (let bit = 0; bit < 16; bit++) {
      g.fillStyle = (value >> bit) & 1 ? '#ffffff' : '#000000';
      g.fillRect(16 + 24 * bit, 48, 24, 24);
    }
    g.fillStyle = whole ? '#ff00ff' : '#ff0080';
    g.fillRect(16 + 24 * 16, 48, 24, 24);
  }

  /** @param {Drawn} drawn @param {string|null} selected */
  _draw(drawn, selected) {
    const { g, unit } = this;
    const { shape } = drawn;
    this._drawn = drawn;
    this.manner = mannerOf(drawn);
    this.lit = Boolean(selected) && shape.subject === selected;
    this._flash = shape.alarm ? Math.max(0, (shape.flash ?? 0) - (drawn.state === 'rule' ? 0 : drawn.age / FLASH)) : 0;
    g.save();
    g.globalAlpha = this.lit ? 1 : this.manner.alpha;
    g.lineJoin = 'round';
    g.lineCap = this.manner.dashed ? 'butt' : 'round';
    if (this.manner.dashed) g.setLineDash(DASH.map((length) => length * unit));
    DRAWERS[shape.t](this, shape);
    g.restore();
  }

  /** @param {number} x @param {number} y @returns {XY} */
  at(x, y) {
    return [x * this.canvas.width, y * this.canvas.height];
  }

  /** @param {Shape} shape @returns {XY[]} */
  pointsOf(shape) {
    return (shape.points ?? []).map(([x, y]) => this.at(x, y));
  }

  /** Stroke the path: a dark seam makes it legible on any picture. @param {string} color @param {number} width */
  stroke(color, width) {
    const { g, unit } = this;
    const w = (this.manner.thin ? width * 0.75 : width) * unit;
    if (this.lit) this.glow(width);
    if (this._flash > 0) {
      g.lineWidth = w + (2 + 14 * this._flash) * unit;
      g.strokeStyle = tinted(color, 0.45 * this._flash);
      g.stroke();
    }
    g.lineWidth = w + 2 * unit;
    g.strokeStyle = 'rgba(4, 8, 14, 0.5)';
    g.stroke();
    g.lineWidth = w;
    g.strokeStyle = color;
    g.stroke();
  }

  /** Around the path of what is selected. @param {number} width of its line */
  glow(width) {
    const { g, unit } = this;
    const dashes = g.getLineDash();
    g.setLineDash([]);
    for (const [more, opacity] of [[14, 0.28], [8, 0.5]]) {
      g.lineWidth = (width + more) * unit;
      g.strokeStyle = `rgba(255, 255, 255, ${opacity})`;
      g.stroke();
    }
    g.setLineDash(dashes);
  }

  /** @param {XY[]} points @param {boolean} closed */
  path(points, closed) {
    this.g.beginPath();
    points.forEach(([x, y], i) => (i ? this.g.lineTo(x, y) : this.g.moveTo(x, y)));
    if (closed) this.g.closePath();
  }

  /** @param {XY} from @param {XY} to @param {string} color */
  arrow(from, to, color) {
    const [left, right] = barbs(from, to, 9 * this.unit);
    this.g.setLineDash([]);
    this.g.lineCap = 'round';
    this.g.beginPath();
    this.g.moveTo(...from);
    this.g.lineTo(...to);
    this.g.moveTo(...left);
    this.g.lineTo(...to);
    this.g.lineTo(...right);
    this.stroke(color, 2.2);
  }

  /** @param {Shape} shape @param {Rect} anchor */
  label(shape, anchor) {
    const { width, height } = this.canvas;
    const isTarget = shape.t === 'skeleton' || (shape.t === 'box' && anchor.w * anchor.h < REGION * width * height);
    if (isTarget) this.spare(anchor);
    if (!shape.labels?.length) return;
    const [color, alarm, selected] = [String(shape.color), Boolean(shape.alarm), this.lit];
    this.labels.add({ anchor, lines: shape.labels, color, alarm, selected, rank: this.manner.rank, ...this.said(shape) });
  }

  /** Where texts are put only when there is nothing better. @param {Rect} rect */
  spare(rect) {
    this.labels.spared.push(rect);
  }

  /** What a text of the shape that is being drawn carries with it. @param {Shape} shape */
  said(shape) {
    const key = shape.subject ? `${shape.subject} ${shape.t}` : '';
    return { alpha: this.lit ? 1 : this.manner.alpha, drawn: this._drawn, key };
  }

  /** The shape that is being drawn lies in this rectangle. @param {Rect} rect */
  region(rect) {
    const reach = grown(rect, 4 * this.unit);
    this.hittable(rect.w * rect.h, (x, y) => holds(reach, x, y));
  }

  /** The shape that is being drawn is about a single place. @param {number} x @param {number} y */
  place(x, y) {
    const reach = 13 * this.unit;
    this.hittable(reach, (px, py) => Math.hypot(px - x, py - y) < reach);
  }

  /** @param {number} area @param {(x: number, y: number) => boolean} test */
  hittable(area, test) {
    if (this._drawn) this._hits.push({ drawn: this._drawn, area, test });
  }

  /** The decoded picture of a heat map, or null while there is none. @param {Shape} shape */
  heatMap(shape) {
    const known = this._heatMaps.get(shape.data);
    if (known !== undefined) return known === 'broken' ? null : known;
    this._heatMaps.set(shape.data, null);
    if (this._heatMaps.size > HEAT_MAPS) this._forgetHeatMap();
    decodePicture(shape.media_type, shape.data).then(
      (bitmap) => {
        if (!this._heatMaps.has(shape.data)) return bitmap.close();
        this._heatMaps.set(shape.data, bitmap);
        this.onready();
      },
      () => {
        if (!this._heatMaps.has(shape.data)) return;
        this._heatMaps.set(shape.data, 'broken');
        this.onready();
      },
    );
    return null;
  }

  /** What is said of a heat map that cannot be drawn. @param {Drawn} drawn @returns {Drawn[]} */
  _unreadable(drawn) {
    if (this._heatMaps.get(drawn.shape.data) !== 'broken') return [];
    return [{ ...drawn, shape: { t: 'notice', text: UNREADABLE, color: PEOPLE, kind: 'heatmap' } }];
  }

  _forgetHeatMap() {
    const [oldest] = this._heatMaps.keys();
    const known = this._heatMaps.get(oldest);
    if (known && known !== 'broken') known.close();
    this._heatMaps.delete(oldest);
  }

  _grid() {
    const { g, unit } = this;
    const { width, height } = this.canvas;
    g.fillStyle = '#0d1219';
    g.fillRect(0, 0, width, height);
    g.lineWidth = unit;
    for (let i = 0; i <= 10; i++) {
      g.strokeStyle = i === 5 ? 'rgba(148, 170, 200, 0.22)' : 'rgba(148, 170, 200, 0.10)';
      this.path([this.at(i / 10, 0), this.at(i / 10, 1)], false);
      g.stroke();
      this.path([this.at(0, i / 10), this.at(1, i / 10)], false);
      g.stroke();
    }
    g.fillStyle = 'rgba(148, 170, 200, 0.5)';
    g.font = `500 ${11 * unit}px ${SANS}`;
    g.textAlign = 'left';
    g.textBaseline = 'top';
    g.fillText('no picture: metadata on a grid', 10 * unit, 9 * unit);
  }
}

/** By title: which of them has a Record of this very picture changes from one to the next. @param {Drawn[]} panels */
function inOrder(panels) {
  return panels.sort((a, b) => (a.shape.title < b.shape.title ? -1 : 1));
}

/** @param {Drawn} drawn */
function layerOf({ shape, state }) {
  return 2 * LAYERS.indexOf(state) + (shape.alarm ? 1 : 0);
}

/** What lies between two records is as firm as what has one of its own, but thinner; what is held fades.
 * @param {Drawn} drawn @returns {Manner} */
function mannerOf({ state, age, message }) {
  if (state === 'rule') return { ...FIRM, rank: 3 };
  if (state === 'interpolated') return { ...FIRM, thin: true };
  if (state !== 'held') return FIRM;
  const hold = message?.hold_ms ?? MOVING;
  if (hold > MOVING) return { ...FIRM, rank: 2 };
  return { alpha: 1 - (0.5 * Math.min(age, hold)) / hold, dashed: age > DASHED_AFTER, thin: true, rank: 2 };
}

/** @param {string} mediaType @param {string} data base64 @returns {Promise<ImageBitmap>} */
async function decodePicture(mediaType, data) {
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  const address = URL.createObjectURL(new Blob([bytes], { type: mediaType }));
  try {
    const picture = new Image();
    await new Promise((resolve, reject) => {
      picture.onload = resolve;
      picture.onerror = reject;
      picture.src = address;
    });
    // Its size is known before its pixels are: a few bytes may stand for gigabytes of them.
    const { naturalWidth: width, naturalHeight: height } = picture;
    if (Math.max(width, height) > LONGEST_SIDE || width * height > MOST_PIXELS) throw new RangeError(`${width} × ${height}`);
    return await createImageBitmap(picture);
  } finally {
    URL.revokeObjectURL(address);
  }
}
