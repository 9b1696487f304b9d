// @ts-check
/** Texts on the canvas: chips that do not collide, cards of rows, number plates. */

import { inside, overlap, placeLabel } from './geometry.js';

/** @typedef {import('./geometry.js').Rect} Rect */
/** @typedef {CanvasRenderingContext2D} Context */
/** @typedef {{anchor: Rect, lines: string[], color: string, alarm: boolean, rank: number, alpha: number}} LabelRequest */

export const SANS = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", "Liberation Sans", sans-serif';
export const INK = '#f4f7fb';
export const CARD = 'rgba(10, 14, 20, 0.80)';
const DIM = 'rgba(226, 232, 240, 0.72)';

/** @param {Context} g @param {Rect} rect @param {number} radius */
export function rounded(g, rect, radius) {
  g.beginPath();
  g.roundRect(rect.x, rect.y, rect.w, rect.h, Math.min(radius, rect.w / 2, rect.h / 2));
}

const MOST_LABELS = 150; // finding places takes time that grows with their square

/** Label requests of one picture, drawn when all of them are known. */
export class Labels {
  /** @param {Context} g @param {number} unit pixels of the canvas per unit of text size @param {Rect} bounds @param {boolean} brief */
  constructor(g, unit, bounds, brief) {
    this.g = g;
    this.unit = unit;
    this.bounds = bounds;
    this.brief = brief;
    /** @type {Rect[]} */
    this.taken = [];
    /** What a label covers only where it must: targets. @type {Rect[]} */
    this.spared = [];
    /** @type {LabelRequest[]} */
    this._requests = [];
  }

  /** @param {LabelRequest} request */
  add(request) {
    const lines = this.brief ? request.lines.slice(0, 1) : request.lines;
    if (this.brief && request.rank > 2 && !request.alarm) return;
    if (lines.length) this._requests.push({ ...request, lines });
  }

  /** Draw all; alarms find their place first. */
  draw() {
    this._requests.sort((a, b) => Number(b.alarm) - Number(a.alarm) || a.rank - b.rank);
    for (const request of this._requests.slice(0, MOST_LABELS)) this._draw(request);
  }

  /** @param {LabelRequest} request */
  _draw(request) {
    const { g, unit } = this;
    const size = this._measure(request.lines);
    const rect = placeLabel(request.anchor, size, this.taken, this.bounds, 3 * unit, this.spared);
    if (this.brief && !request.alarm && this._hides(rect)) return;
    this.taken.push(rect);
    g.save();
    g.globalAlpha = request.alpha;
    g.fillStyle = request.alarm ? request.color : CARD;
    rounded(g, rect, 4 * unit);
    g.fill();
    if (!request.alarm) this._edge(rect, request.color);
    this._write(request, rect);
    g.restore();
  }

  /** It would lie on other texts; where there is little room, such a label is left out. @param {Rect} rect */
  _hides(rect) {
    const covered = this.taken.reduce((sum, other) => sum + overlap(rect, other), 0);
    return covered > 0.15 * rect.w * rect.h;
  }

  /** @param {Rect} rect @param {string} color */
  _edge(rect, color) {
    const { g, unit } = this;
    g.fillStyle = color;
    rounded(g, { x: rect.x, y: rect.y, w: 3 * unit, h: rect.h }, 1.5 * unit);
    g.fill();
  }

  /** @param {LabelRequest} request @param {Rect} rect */
  _write(request, rect) {
    const { g, unit } = this;
    g.textBaseline = 'middle';
    g.textAlign = 'left';
    request.lines.forEach((line, i) => {
      g.font = this._font(i);
      g.fillStyle = request.alarm ? '#1a0205' : i ? DIM : INK;
      g.fillText(line, rect.x + 8 * unit, rect.y + (2.5 + 8.5 + i * 16) * unit);
    });
  }

  /** @param {string[]} lines */
  _measure(lines) {
    const { g, unit } = this;
    let w = 0;
    lines.forEach((line, i) => {
      g.font = this._font(i);
      w = Math.max(w, g.measureText(line).width);
    });
    return { w: w + 15 * unit, h: (lines.length * 16 + 6) * unit };
  }

  /** @param {number} line */
  _font(line) {
    return `${line ? 500 : 600} ${(line ? 11.5 : 12.5) * this.unit}px ${SANS}`;
  }
}

/**
 * A number plate: its chip, and the caption under it.
 * @param {Labels} labels @param {import('./wire.js').Shape} plate @param {number} x @param {number} y centre of its upper edge
 */
export function drawPlate(labels, plate, x, y) {
  const { g, unit } = labels;
  const caption = labels.brief ? '' : (plate.caption ?? '');
  g.font = `700 ${16 * unit}px ${SANS}`;
  const chip = { w: g.measureText(plate.text).width + 18 * unit, h: 24 * unit };
  g.font = `500 ${11 * unit}px ${SANS}`;
  const w = Math.max(chip.w, caption ? g.measureText(caption).width + 12 * unit : 0);
  const size = { w, h: chip.h + (caption ? 19 * unit : 0) };
  const anchor = { x: x - w / 2, y: y - 2 * size.h, w, h: 2 * size.h };
  const below = inside({ x: x - w / 2, y: y + 5 * unit, ...size }, labels.bounds);
  const free = labels.taken.every((other) => overlap(other, below) === 0);
  const place = free ? below : placeLabel(anchor, size, labels.taken, labels.bounds, 5 * unit);
  labels.taken.push(place);
  paintPlate(g, unit, plate, { x: place.x + (w - chip.w) / 2, y: place.y, ...chip });
  if (caption) paintCaption(g, unit, caption, { ...place, y: place.y + chip.h + 2 * unit, h: 17 * unit });
}

/** @param {Context} g @param {number} unit @param {string} caption @param {Rect} rect */
function paintCaption(g, unit, caption, rect) {
  g.fillStyle = CARD;
  rounded(g, rect, 4 * unit);
  g.fill();
  g.fillStyle = DIM;
  g.font = `500 ${11 * unit}px ${SANS}`;
  g.textAlign = 'center';
  g.textBaseline = 'middle';
  g.fillText(caption, rect.x + rect.w / 2, rect.y + rect.h / 2 + 0.5 * unit);
}

/** @param {Context} g @param {number} unit @param {import('./wire.js').Shape} plate @param {Rect} rect */
function paintPlate(g, unit, plate, rect) {
  g.fillStyle = String(plate.color);
  rounded(g, rect, 4 * unit);
  g.fill();
  g.lineWidth = 1.5 * unit;
  g.strokeStyle = plate.ink;
  const inner = { x: rect.x + 2 * unit, y: rect.y + 2 * unit, w: rect.w - 4 * unit, h: rect.h - 4 * unit };
  rounded(g, inner, 3 * unit);
  g.stroke();
  g.fillStyle = plate.ink;
  g.font = `700 ${16 * unit}px ${SANS}`;
  g.textAlign = 'center';
  g.textBaseline = 'middle';
  g.fillText(plate.text, rect.x + rect.w / 2, rect.y + rect.h / 2 + unit);
}

/** @typedef {{title: string, rows: [string, string, (string|null)?][], color: string, alarm?: boolean}} CardContent */

/** The size of a card. @param {Labels} labels @param {CardContent} card */
export function cardSize(labels, card) {
  const { g, unit } = labels;
  g.font = `600 ${11 * unit}px ${SANS}`;
  let w = g.measureText(card.title.toUpperCase()).width * 1.08;
  for (const [name, value] of card.rows) {
    g.font = `500 ${12 * unit}px ${SANS}`;
    const left = g.measureText(name).width;
    g.font = `650 ${14 * unit}px ${SANS}`;
    w = Math.max(w, left + g.measureText(value).width + 20 * unit);
  }
  return { w: Math.max(w + 24 * unit, 110 * unit), h: (30 + card.rows.length * 20) * unit };
}

/** Title and rows in a rounded card. @param {Labels} labels @param {CardContent} card @param {Rect} rect */
export function drawCard(labels, card, rect) {
  const { g, unit } = labels;
  g.fillStyle = CARD;
  rounded(g, rect, 7 * unit);
  g.fill();
  g.strokeStyle = card.alarm ? card.color : 'rgba(255, 255, 255, 0.10)';
  g.lineWidth = (card.alarm ? 2 : 1) * unit;
  g.stroke();
  g.textBaseline = 'middle';
  g.textAlign = 'left';
  g.fillStyle = card.color;
  g.font = `600 ${11 * unit}px ${SANS}`;
  g.fillText(card.title.toUpperCase(), rect.x + 12 * unit, rect.y + 14 * unit);
  card.rows.forEach((row, i) => drawRow(labels, row, rect, rect.y + (35 + i * 20) * unit));
  labels.taken.push(rect);
}

/** @param {Labels} labels @param {[string, string, (string|null)?]} row @param {Rect} rect @param {number} y */
function drawRow(labels, [name, value, color], rect, y) {
  const { g, unit } = labels;
  g.textAlign = 'left';
  g.font = `500 ${12 * unit}px ${SANS}`;
  g.fillStyle = DIM;
  g.fillText(name, rect.x + 12 * unit, y);
  g.textAlign = 'right';
  g.font = `650 ${14 * unit}px ${SANS}`;
  g.fillStyle = color ?? INK;
  g.fillText(value, rect.x + rect.w - 12 * unit, y);
}
