// @ts-check
/** Paints one picture and its Shapes on one canvas, all in one task: what the compositor shows belongs together. */

import { around, barbs, crossingArrow } from './geometry.js';
import { drawNotices, drawPanels, drawRadar, tinted, unique } from './inset.js';
import { Labels, SANS, cardSize, drawCard, drawPlate } from './labels.js';

/** @typedef {import('./wire.js').Shape} Shape */
/** @typedef {import('./wire.js').XY} XY */
/** @typedef {import('./playout.js').Binding} Binding */

const DASHED_AFTER = 120; // ms a held shape is drawn firmly: one or two pictures without a record of their own
const MOVING = 500; // ms; what is held longer does not move, and stays as it is
const HEAT_MAPS = 4;

/**
 * How a shape is drawn: the share of its firmness, and whether dashed.
 * @typedef {{alpha: number, dashed: boolean, thin: boolean, rank: number}} Manner
 */

/** @type {Manner} */
const FIRM = { alpha: 1, dashed: false, thin: false, rank: 1 };
/** @type {Manner} */
const STANDING = { alpha: 1, dashed: false, thin: false, rank: 3 };

export class Painter {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    const context = canvas.getContext('2d', { alpha: false });
    if (!context) throw new Error('this browser gives no canvas to draw on');
    this.g = context;
    this.unit = 1;
    this.brief = false;
    /** Where no label goes. @type {import('./geometry.js').Rect[]} */
    this.reserved = [];
    /** @type {Map<string, ImageBitmap|null>} */
    this._heatMaps = new Map();
    /** The panels of the picture painted last: where there is little room, they stand beside it. @type {Shape[]} */
    this.panels = [];
    this.labels = new Labels(this.g, 1, { x: 0, y: 0, w: 1, h: 1 }, false);
    this.manner = FIRM;
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
    this.unit = ratio * Math.max(this.brief ? 0.86 : 0.92, Math.min(1.25, width / 1180));
  }

  /**
   * Picture (null: a grid instead) and all that lies on it.
   * @param {CanvasImageSource|null} image @param {Binding} binding
   */
  paint(image, binding) {
    const { width, height } = this.canvas;
    this.labels = new Labels(this.g, this.unit, { x: 0, y: 0, w: width, h: height }, this.brief);
    this.labels.taken.push(...this.reserved);
    if (image) this.g.drawImage(image, 0, 0, width, height);
    else this._grid();
    const drawn = this._collect(binding);
    for (const t of ['heatmap', 'polygon', 'line', 'trail', 'fire', 'box', 'point', 'skeleton', 'temperature']) {
      for (const [shape, manner] of drawn) if (shape.t === t) this._draw(shape, manner);
    }
    const all = drawn.map(([shape]) => shape);
    drawRadar(this.labels, all.filter((shape) => shape.t === 'radar'));
    this.panels = unique(all.filter((shape) => shape.t === 'panel'), (shape) => shape.title);
    if (!this.brief) drawPanels(this.labels, this.panels);
    drawNotices(this.labels, all.filter((shape) => shape.t === 'notice'));
    for (const [shape, manner] of drawn) if (shape.t === 'counter' || shape.t === 'plate') this._draw(shape, manner);
    this.labels.draw();
  }

  /**
   * The value as 16 squares, least significant first, and a magenta one that says that there is a number.
   * @param {number} value
   */
  paintNumber(value) {
    const { g } = this;
    for (let bit = 0; bit < 16; bit++) {
      g.fillStyle = (value >> bit) & 1 ? '#ffffff' : '#000000';
      g.fillRect(16 + 24 * bit, 48, 24, 24);
    }
    g.fillStyle = '#ff00ff';
    g.fillRect(16 + 24 * 16, 48, 24, 24);
  }

  /** Standing shapes first, then held ones, then the picture's own. @param {Binding} binding @returns {[Shape, Manner][]} */
  _collect(binding) {
    /** @type {[Shape, Manner][]} */
    const drawn = binding.rules.map((shape) => [shape, STANDING]);
    for (const { message, age } of binding.held) {
      const manner = heldManner(age, message.hold_ms ?? MOVING);
      for (const shape of message.shapes ?? []) drawn.push([shape, manner]);
    }
    for (const message of binding.bound) for (const shape of message.shapes ?? []) drawn.push([shape, FIRM]);
    return drawn;
  }

  /** @param {Shape} shape @param {Manner} manner */
  _draw(shape, manner) {
    const { g, unit } = this;
    this.manner = manner;
    g.save();
    g.globalAlpha = manner.alpha;
    g.lineJoin = 'round';
    g.lineCap = 'round';
    if (manner.dashed) g.setLineDash([7 * unit, 6 * unit]);
    const draw = DRAWERS[shape.t];
    if (draw) draw(this, shape);
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
    g.lineWidth = w + 2 * unit;
    g.strokeStyle = 'rgba(4, 8, 14, 0.5)';
    g.stroke();
    g.lineWidth = w;
    g.strokeStyle = color;
    g.stroke();
  }

  /** @param {XY[]} points @param {boolean} closed */
  path(points, closed) {
    this.g.beginPath();
    points.forEach(([x, y], i) => (i ? this.g.lineTo(x, y) : this.g.moveTo(x, y)));
    if (closed) this.g.closePath();
  }

  /** @param {Shape} shape @param {import('./geometry.js').Rect} anchor */
  label(shape, anchor) {
    if (shape.t === 'box' || shape.t === 'skeleton') this.labels.spared.push(anchor);
    if (!shape.labels?.length) return;
    const { rank, alpha } = this.manner;
    const color = String(shape.color);
    this.labels.add({ anchor, lines: shape.labels, color, alarm: Boolean(shape.alarm), rank, alpha });
  }

  /** @param {XY} from @param {XY} to @param {string} color */
  arrow(from, to, color) {
    const [left, right] = barbs(from, to, 9 * this.unit);
    this.g.setLineDash([]);
    this.g.beginPath();
    this.g.moveTo(...from);
    this.g.lineTo(...to);
    this.g.moveTo(...left);
    this.g.lineTo(...to);
    this.g.lineTo(...right);
    this.stroke(color, 2.2);
  }

  /** The decoded picture of a heat map, or null while there is none. @param {Shape} shape */
  heatMap(shape) {
    const known = this._heatMaps.get(shape.data);
    if (known !== undefined) return known;
    this._heatMaps.set(shape.data, null);
    if (this._heatMaps.size > HEAT_MAPS) this._forgetHeatMap();
    decodePicture(shape.media_type, shape.data).then(
      (bitmap) => this._heatMaps.set(shape.data, bitmap),
      () => undefined,
    );
    return null;
  }

  _forgetHeatMap() {
    const [oldest] = this._heatMaps.keys();
    this._heatMaps.get(oldest)?.close();
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

/** Of moving targets the older is the fainter. @param {number} age ms @param {number} hold ms @returns {Manner} */
function heldManner(age, hold) {
  if (hold > MOVING) return { ...FIRM, rank: 2 };
  return { alpha: 1 - (0.5 * age) / hold, dashed: age > DASHED_AFTER, thin: true, rank: 2 };
}

/** @param {string} mediaType @param {string} data base64 @returns {Promise<ImageBitmap>} */
async function decodePicture(mediaType, data) {
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  return createImageBitmap(new Blob([bytes], { type: mediaType }));
}

/** @type {Record<string, (painter: Painter, shape: Shape) => void>} */
const DRAWERS = {
  box: drawBox,
  polygon: drawPolygon,
  line: drawLine,
  point: drawPoint,
  trail: drawTrail,
  fire: drawFire,
  temperature: drawTemperature,
  counter: drawCounter,
  skeleton: drawSkeleton,
  heatmap: drawHeatMap,
  plate: (painter, shape) => drawPlate(painter.labels, shape, ...painter.at(shape.x, shape.y)),
};

/** @param {Painter} painter @param {Shape} shape */
function drawBox(painter, shape) {
  const { g, unit } = painter;
  const [x, y] = painter.at(shape.x, shape.y);
  const [w, h] = painter.at(shape.w, shape.h);
  const color = String(shape.color);
  if (shape.alarm) {
    g.fillStyle = tinted(color, '24');
    g.fillRect(x, y, w, h);
  }
  if (shape.look === 'corners') cornerPath(g, x, y, w, h);
  else {
    g.beginPath();
    if (shape.look === 'head') g.roundRect(x, y, w, h, Math.min(w, h) * 0.35);
    else g.rect(x, y, w, h);
  }
  painter.stroke(color, shape.alarm ? 3 : shape.look === 'head' ? 1.6 : 2);
  if (shape.heading) painter.arrow(...headingArrow(shape.heading, x, y, w, h, 26 * unit), color);
  painter.label(shape, { x, y, w, h });
}

/** @param {CanvasRenderingContext2D} g @param {number} x @param {number} y @param {number} w @param {number} h */
function cornerPath(g, x, y, w, h) {
  const arm = Math.min(w, h) * 0.28;
  g.beginPath();
  for (const [cx, cy, sx, sy] of [[x, y, 1, 1], [x + w, y, -1, 1], [x + w, y + h, -1, -1], [x, y + h, 1, -1]]) {
    g.moveTo(cx + sx * arm, cy);
    g.lineTo(cx, cy);
    g.lineTo(cx, cy + sy * arm);
  }
}

/** Out of the side it goes to. @param {string} heading @param {number} x @param {number} y @param {number} w @param {number} h
 * @param {number} length @returns {[XY, XY]} */
function headingArrow(heading, x, y, w, h, length) {
  const [mx, my] = [x + w / 2, y + h / 2];
  if (heading === 'left') return [[x, my], [x - length, my]];
  if (heading === 'right') return [[x + w, my], [x + w + length, my]];
  if (heading === 'up') return [[mx, y], [mx, y - length]];
  return [[mx, y + h], [mx, y + h + length]];
}

/** @param {Painter} painter @param {Shape} shape */
function drawPolygon(painter, shape) {
  const points = painter.pointsOf(shape);
  painter.path(points, true);
  if (shape.fill) {
    painter.g.fillStyle = tinted(String(shape.color), hex(shape.fill));
    painter.g.fill();
  }
  painter.stroke(String(shape.color), shape.alarm ? 3 : 1.8);
  const box = around(points);
  painter.label(shape, { x: box.x, y: box.y, w: box.w, h: 0 });
}

/** @param {Painter} painter @param {Shape} shape */
function drawLine(painter, shape) {
  const points = painter.pointsOf(shape);
  const color = String(shape.color);
  painter.path(points, false);
  painter.stroke(color, shape.alarm ? 4 : 2.4);
  const { from, to } = crossingArrow(points, 46 * painter.unit);
  if (shape.crossing === 'left-to-right' || shape.crossing === 'both') painter.arrow(from, to, color);
  if (shape.crossing === 'right-to-left' || shape.crossing === 'both') painter.arrow(to, from, color);
  const [x, y] = points[0];
  painter.label(shape, { x, y, w: 0, h: 0 });
}

/** @param {Painter} painter @param {Shape} shape */
function drawPoint(painter, shape) {
  const [x, y] = painter.at(shape.x, shape.y);
  const r = 5 * painter.unit;
  painter.g.beginPath();
  painter.g.arc(x, y, r, 0, 2 * Math.PI);
  painter.stroke(String(shape.color), shape.alarm ? 3.5 : 2.2);
  painter.label(shape, { x: x - r, y: y - r, w: 2 * r, h: 2 * r });
}

/** @param {Painter} painter @param {Shape} shape */
function drawTrail(painter, shape) {
  const { g, unit } = painter;
  const points = painter.pointsOf(shape);
  g.strokeStyle = String(shape.color);
  g.lineCap = 'butt';
  for (let i = 1; i < points.length; i++) {
    const share = i / (points.length - 1);
    g.globalAlpha = painter.manner.alpha * (0.08 + 0.62 * share);
    g.lineWidth = (1 + 2.2 * share) * unit;
    painter.path([points[i - 1], points[i]], false);
    g.stroke();
  }
}

/** @param {Painter} painter @param {Shape} shape */
function drawFire(painter, shape) {
  const { g, unit } = painter;
  const points = painter.pointsOf(shape);
  const box = around(points);
  const glow = g.createLinearGradient(0, box.y, 0, box.y + box.h);
  glow.addColorStop(0, 'rgba(255, 120, 40, 0.10)');
  glow.addColorStop(1, 'rgba(255, 70, 30, 0.38)');
  painter.path(points, true);
  g.fillStyle = glow;
  g.fill();
  painter.stroke(String(shape.color), 2.4);
  flame(g, box.x + box.w / 2, box.y - 3 * unit, 11 * unit);
  painter.label(shape, { x: box.x, y: box.y - 26 * unit, w: box.w, h: box.h + 26 * unit });
}

/** @param {CanvasRenderingContext2D} g @param {number} x @param {number} y its foot @param {number} r */
function flame(g, x, y, r) {
  for (const [size, color] of /** @type {[number, string][]} */ ([[1, '#ff5a2a'], [0.55, '#ffd166']])) {
    const s = r * size;
    g.beginPath();
    g.moveTo(x, y - 2.2 * s);
    g.bezierCurveTo(x + 0.3 * s, y - 1.5 * s, x + s, y - 1.2 * s, x + 0.8 * s, y - 0.5 * s);
    g.bezierCurveTo(x + 0.7 * s, y, x - 0.7 * s, y, x - 0.8 * s, y - 0.5 * s);
    g.bezierCurveTo(x - 0.9 * s, y - 1.1 * s, x - 0.2 * s, y - 1.3 * s, x, y - 2.2 * s);
    g.fillStyle = color;
    g.fill();
  }
}

/** @param {Painter} painter @param {Shape} shape */
function drawTemperature(painter, shape) {
  const { g, unit } = painter;
  const [x, y] = painter.at(shape.x, shape.y);
  const [arm, r] = [11 * unit, 4 * unit];
  g.setLineDash([]);
  g.beginPath();
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    g.moveTo(x + dx * r, y + dy * r);
    g.lineTo(x + dx * arm, y + dy * arm);
  }
  painter.stroke(String(shape.color), 2);
  const marks = { high: '▲ ', low: '▼ ', average: 'avg ' };
  const mark = marks[/** @type {'high'|'low'|'average'} */ (shape.mark)] ?? '';
  const labelled = { ...shape, labels: [mark + shape.text] };
  painter.label(labelled, { x: x + arm, y: y - arm, w: 0, h: 2 * arm });
}

/** @param {Painter} painter @param {Shape} shape */
function drawCounter(painter, shape) {
  const card = { title: shape.title, rows: shape.rows, color: String(shape.color), alarm: shape.alarm };
  if (painter.brief) return drawCounterBriefly(painter, shape);
  const size = cardSize(painter.labels, card);
  const [x, y] = painter.at(shape.x, shape.y);
  drawCard(painter.labels, card, { x: x - size.w / 2, y: y - size.h / 2, ...size });
}

/** Its first number alone. @param {Painter} painter @param {Shape} shape */
function drawCounterBriefly(painter, shape) {
  const [x, y] = painter.at(shape.x, shape.y);
  const labels = [`${shape.title} · ${shape.rows[0]?.[1] ?? ''}`];
  painter.label({ ...shape, labels }, { x, y, w: 0, h: 0 });
}

/** @param {Painter} painter @param {Shape} shape */
function drawSkeleton(painter, shape) {
  const { g, unit } = painter;
  const color = String(shape.color);
  /** @type {[number, number, number][]} */
  const joints = shape.joints.map((/** @type {[number, number, number]} */ [x, y, score]) => [...painter.at(x, y), score]);
  g.beginPath();
  for (const [a, b] of shape.edges) {
    g.moveTo(joints[a][0], joints[a][1]);
    g.lineTo(joints[b][0], joints[b][1]);
  }
  painter.stroke(color, 3);
  for (const [x, y, score] of joints) {
    g.globalAlpha = painter.manner.alpha * (0.35 + 0.65 * score);
    g.fillStyle = '#ffffff';
    g.beginPath();
    g.arc(x, y, 4 * unit, 0, 2 * Math.PI);
    g.fill();
    g.lineWidth = 1.5 * unit;
    g.strokeStyle = color;
    g.stroke();
  }
  painter.label(shape, around(joints.map(([x, y]) => [x, y])));
}

/** @param {Painter} painter @param {Shape} shape */
function drawHeatMap(painter, shape) {
  const bitmap = painter.heatMap(shape);
  if (!bitmap) return;
  painter.g.globalAlpha = shape.opacity;
  painter.g.drawImage(bitmap, 0, 0, painter.canvas.width, painter.canvas.height);
}

/** @param {number} opacity 0..1 */
function hex(opacity) {
  return Math.round(Math.max(0, Math.min(1, opacity)) * 255).toString(16).padStart(2, '0');
}
