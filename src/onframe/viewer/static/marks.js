// @ts-check
/** How each kind of Shape is drawn on the picture; texts are handed to the Labels. */

import { around, away, crossingArrow, grown, holds, tinted, within } from './geometry.js';

/** @typedef {import('./wire.js').Shape} Shape */
/** @typedef {import('./wire.js').XY} XY */
/** @typedef {import('./paint.js').Painter} Painter */

/** Which lie on which, the lowest first. */
export const ORDER = ['heatmap', 'polygon', 'line', 'trail', 'fire', 'box', 'point', 'skeleton', 'temperature', 'card', 'counter', 'plate'];
const ORANGE = ['rgba(255, 95, 35, 0.10)', 'rgba(255, 95, 35, 0.38)'];
const MARKS = { high: '▲ ', low: '▼ ', average: 'avg ' };

/** @type {Record<string, (painter: Painter, shape: Shape) => void>} */
export const DRAWERS = {
  box: drawBox,
  polygon: drawPolygon,
  line: drawLine,
  point: drawPoint,
  trail: drawTrail,
  fire: drawFire,
  temperature: drawTemperature,
  card: drawCard,
  counter: drawCounter,
  plate: drawPlate,
  skeleton: drawSkeleton,
  heatmap: drawHeatMap,
};

/** @param {Painter} painter @param {Shape} shape */
function drawBox(painter, shape) {
  const { g, unit } = painter;
  const [x, y] = painter.at(shape.x, shape.y);
  const [w, h] = painter.at(shape.w, shape.h);
  const color = String(shape.color);
  if (shape.alarm) {
    g.fillStyle = tinted(color, 0.141);
    g.fillRect(x, y, w, h);
  }
  if (shape.look === 'corners') cornerPath(g, x, y, w, h);
  else {
    g.beginPath();
    if (shape.look === 'head') g.roundRect(x, y, w, h, Math.min(w, h) * 0.35);
    else g.rect(x, y, w, h);
  }
  painter.stroke(color, shape.alarm ? 3 : shape.look === 'head' ? 1.6 : 2);
  if (shape.heading) {
    const [from, to] = inPicture(painter, headingArrow(shape.heading, x, y, w, h, 26 * unit));
    painter.arrow(from, to, color);
    painter.spare(grown(around([from, to]), 5 * unit));
  }
  painter.label(shape, { x, y, w, h });
  painter.region({ x, y, w, h });
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

/** The arrow moved into the picture as far as its tip would be outside, where its target is not.
 * @param {Painter} painter @param {[XY, XY]} arrow @returns {[XY, XY]} */
function inPicture({ canvas: { width, height }, unit }, [[x0, y0], [x1, y1]]) {
  const margin = 5 * unit;
  if (!holds({ x: -1, y: -1, w: width + 2, h: height + 2 }, x0, y0)) return [[x0, y0], [x1, y1]];
  const [dx, dy] = [between(margin, x1, width - margin) - x1, between(margin, y1, height - margin) - y1];
  return [[x0 + dx, y0 + dy], [x1 + dx, y1 + dy]];
}

/** @param {number} least @param {number} value @param {number} most */
function between(least, value, most) {
  return Math.max(least, Math.min(value, most));
}

/** @param {Painter} painter @param {Shape} shape */
function drawPolygon(painter, shape) {
  const points = painter.pointsOf(shape);
  painter.path(points, true);
  if (shape.fill) {
    painter.g.fillStyle = tinted(String(shape.color), shape.fill);
    painter.g.fill();
  }
  painter.stroke(String(shape.color), shape.alarm ? 3 : 1.8);
  const box = around(points);
  painter.label(shape, { x: box.x, y: box.y, w: box.w, h: 0 });
  const margin = 5 * painter.unit;
  painter.hittable(box.w * box.h, (x, y) => within(points, x, y) || away(points, x, y, true) < margin);
}

/** @param {Painter} painter @param {Shape} shape */
function drawLine(painter, shape) {
  const points = painter.pointsOf(shape);
  if (!points.length) return;
  const color = String(shape.color);
  painter.path(points, false);
  painter.stroke(color, shape.alarm ? 4 : 2.4);
  const { from, to } = crossingArrow(points, 46 * painter.unit);
  if (shape.crossing === 'left-to-right' || shape.crossing === 'both') painter.arrow(from, to, color);
  if (shape.crossing === 'right-to-left' || shape.crossing === 'both') painter.arrow(to, from, color);
  const [x, y] = points[0];
  painter.label(shape, { x, y, w: 0, h: 0 });
  const margin = 9 * painter.unit;
  painter.hittable(margin * margin, (px, py) => away(points, px, py) < margin);
}

/** @param {Painter} painter @param {Shape} shape */
function drawPoint(painter, shape) {
  const [x, y] = painter.at(shape.x, shape.y);
  const r = 5 * painter.unit;
  painter.g.beginPath();
  painter.g.arc(x, y, r, 0, 2 * Math.PI);
  painter.stroke(String(shape.color), shape.alarm ? 3.5 : 2.2);
  painter.label(shape, { x: x - r, y: y - r, w: 2 * r, h: 2 * r });
  painter.place(x, y);
}

/** @param {Painter} painter @param {Shape} shape */
function drawTrail(painter, shape) {
  const { g, unit } = painter;
  const points = painter.pointsOf(shape);
  g.setLineDash([]);
  g.lineCap = 'butt';
  if (painter.lit) {
    painter.path(points, false);
    painter.glow(3);
  }
  g.strokeStyle = String(shape.color);
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
  ORANGE.forEach((color, i) => glow.addColorStop(i, color));
  painter.path(points, true);
  g.fillStyle = glow;
  g.fill();
  painter.stroke(String(shape.color), 2.4);
  const [x, y] = footOf(painter, box);
  flame(g, x, y, 11 * unit);
  painter.spare({ x: x - 11 * unit, y: y - 24 * unit, w: 22 * unit, h: 24 * unit });
  const top = Math.min(box.y, y - 23 * unit);
  painter.label(shape, { x: box.x, y: top, w: box.w, h: box.y + box.h - top });
  painter.hittable(box.w * box.h, (px, py) => holds(grown(box, 4 * unit), px, py));
}

/** Where the flame stands: on the middle of the upper edge, and within the picture where its fire is.
 * @param {Painter} painter @param {import('./geometry.js').Rect} box @returns {XY} */
function footOf({ canvas: { width, height }, unit }, { x, y, w, h }) {
  const [middle, above] = [x + w / 2, y - 3 * unit];
  if (x > width || x + w < 0 || y > height || y + h < 0) return [middle, above];
  return [between(12 * unit, middle, width - 12 * unit), between(26 * unit, above, height - 2 * unit)];
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
  const mark = MARKS[/** @type {'high'|'low'|'average'} */ (shape.mark)] ?? '';
  const [above, beside] = [{ x: x + arm, y: y - arm, w: 0, h: 2 * arm }, { x: x - arm, y: y - arm, w: 2 * arm, h: 2 * arm }];
  painter.spare(beside);
  if (shape.text) painter.label({ ...shape, labels: [mark + shape.text] }, above);
  painter.place(x, y);
}

/** @param {Painter} painter @param {Shape} shape */
function drawCard(painter, shape) {
  const [x, y] = painter.at(shape.x, shape.y);
  const [w, h] = painter.at(shape.w, shape.h);
  const card = { title: shape.title, rows: shape.rows ?? [], color: String(shape.color) };
  painter.labels.card(card, { x, y, w, h }, painter.said(shape));
}

/** @param {Painter} painter @param {Shape} shape */
function drawCounter(painter, shape) {
  const card = { title: shape.title, rows: shape.rows ?? [], color: String(shape.color), alarm: shape.alarm };
  painter.labels.counter(card, ...painter.at(shape.x, shape.y), painter.said(shape));
}

/** @param {Painter} painter @param {Shape} shape */
function drawPlate(painter, shape) {
  if (shape.text) painter.labels.plate(shape, ...painter.at(shape.x, shape.y), painter.said(shape));
}

/** @param {Painter} painter @param {Shape} shape */
function drawSkeleton(painter, shape) {
  const { g, unit } = painter;
  const color = String(shape.color);
  /** @type {[number, number, number][]} */
  const joints = shape.joints.map((/** @type {[number, number, number]} */ [x, y, score]) => [...painter.at(x, y), score]);
  g.beginPath();
  for (const [a, b] of shape.edges) {
    if (!joints[a] || !joints[b]) continue;
    g.moveTo(joints[a][0], joints[a][1]);
    g.lineTo(joints[b][0], joints[b][1]);
  }
  painter.stroke(color, 3);
  g.setLineDash([]);
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
  const box = around(joints.map(([x, y]) => [x, y]));
  painter.label(shape, box);
  painter.region(grown(box, 6 * unit));
}

/** @param {Painter} painter @param {Shape} shape */
function drawHeatMap(painter, shape) {
  const bitmap = painter.heatMap(shape);
  if (!bitmap) return;
  painter.g.globalAlpha = shape.opacity;
  painter.g.drawImage(bitmap, 0, 0, painter.canvas.width, painter.canvas.height);
}
