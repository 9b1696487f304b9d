// @ts-check
/** The radar inset: what it covers, its rules and targets from above, and where they go. */

import { ahead, away, barbs, crossingArrow, grown, holds, tinted } from './geometry.js';
import { Labels, SANS, rounded } from './labels.js';
import { PARTED } from './text.js';

/** @typedef {import('./wire.js').Shape} Shape */
/** @typedef {import('./wire.js').XY} XY */
/** @typedef {import('./store.js').Drawn} Drawn */

const SECONDS = 3; // that a speed vector looks ahead: one second of a walk would be too short to be seen
const CLOSEST = 3; // how much the inset is enlarged at most

/** All radar documents of one picture, in one inset at the lower left.
 * @param {Labels} labels @param {Drawn[]} parts @param {string|null} selected
 * @returns {(x: number, y: number) => Drawn|null} what lies at a place of the inset */
export function drawRadar(labels, parts, selected) {
  if (!parts.length) return () => null;
  const inset = new Inset(labels, selected);
  inset.draw(parts);
  return (x, y) => inset.hit(x, y);
}

class Inset {
  /** @param {Labels} labels @param {string|null} selected */
  constructor(labels, selected) {
    const { bounds, unit } = labels;
    this.labels = labels;
    this.g = labels.g;
    this.unit = unit;
    this.selected = selected;
    this.reach = Math.min(170 * unit, bounds.h * (labels.brief ? 0.5 : 0.36), bounds.w * (labels.brief ? 0.28 : 0.22));
    const pad = 14 * unit;
    const margin = 10 * unit;
    const [w, h] = [2 * this.reach + 2 * pad, this.reach + 2 * pad + 8 * unit];
    this.card = { x: bounds.x + margin, y: bounds.y + bounds.h - margin - h, w, h };
    this.x = this.card.x + w / 2;
    this.y = this.card.y + h - pad;
    this.inner = new Labels(this.g, 0.84 * unit, grown(this.card, -3 * unit), labels.brief, labels.memory, labels.now);
    this._captions = 0;
    /** @type {{drawn: Drawn, test: (x: number, y: number) => boolean}[]} */
    this._hits = [];
    /** @type {Drawn|null} */
    this._whole = null;
  }

  /** @param {Drawn[]} parts */
  draw(parts) {
    const { g } = this;
    this._whole = parts[parts.length - 1];
    g.save();
    g.fillStyle = 'rgba(8, 16, 18, 0.82)';
    rounded(g, this.card, 9 * this.unit);
    g.fill();
    g.strokeStyle = 'rgba(94, 234, 212, 0.25)';
    g.lineWidth = this.unit;
    g.stroke();
    g.clip();
    this.reach *= zoom(parts.map((part) => part.shape));
    this._rings(parts[0].shape.rings ?? []);
    this._each(parts, 'wedges', (wedge) => this._wedge(wedge));
    this._each(parts, 'paths', (path, drawn) => this._path(path, drawn));
    this._each(parts, 'blips', (blip, drawn) => this._blip(blip, drawn));
    this.inner.draw();
    g.restore();
    this.labels.taken.push(this.card);
  }

  /** What lies there: a blip or path as a shape of its own subject, or the whole. @param {number} x @param {number} y */
  hit(x, y) {
    if (!holds(this.card, x, y)) return null;
    for (const { rect, drawn } of this.inner.placed) if (holds(rect, x, y)) return drawn;
    for (let i = this._hits.length - 1; i >= 0; i--) if (this._hits[i].test(x, y)) return this._hits[i].drawn;
    return this._whole;
  }

  /** @param {Drawn[]} parts @param {string} field @param {(inner: any, drawn: Drawn) => void} draw */
  _each(parts, field, draw) {
    for (const part of parts) for (const inner of part.shape[field] ?? []) draw(inner, part);
  }

  /** @param {number} x @param {number} y @returns {XY} */
  _at(x, y) {
    return [this.x + x * this.reach, this.y - y * this.reach];
  }

  /** @param {[number, string][]} rings */
  _rings(rings) {
    const { g, unit } = this;
    let above = Infinity;
    for (const [radius, text] of rings.filter(([radius]) => radius * this.reach <= this.y - this.card.y)) {
      g.lineWidth = unit;
      g.strokeStyle = 'rgba(94, 234, 212, 0.28)';
      g.beginPath();
      g.arc(this.x, this.y, radius * this.reach, Math.PI, 2 * Math.PI);
      g.stroke();
      const [x, y] = [this.x + 4 * unit, this.y - radius * this.reach - 6 * unit];
      if (above - y < 12 * unit) continue; // where rings are close, not each of them is named
      above = y;
      const w = this._text(text, x, y, 'rgba(148, 233, 218, 0.7)');
      this.inner.spared.push({ x, y: y - 6 * unit, w, h: 12 * unit });
    }
    g.lineWidth = unit;
    g.beginPath();
    for (const degrees of [-75, -45, 0, 45, 75]) {
      const turn = ((degrees - 90) * Math.PI) / 180;
      g.moveTo(this.x, this.y);
      g.lineTo(this.x + Math.cos(turn) * this.reach, this.y + Math.sin(turn) * this.reach);
    }
    g.strokeStyle = 'rgba(94, 234, 212, 0.14)';
    g.stroke();
  }

  /** @param {[number, number, number, string, string]} wedge */
  _wedge([start, end, reach, color, text]) {
    const { g, unit } = this;
    const [a, b] = [((start - 90) * Math.PI) / 180, ((end - 90) * Math.PI) / 180];
    g.beginPath();
    g.moveTo(this.x, this.y);
    g.arc(this.x, this.y, Math.max(reach * this.reach, 2 * unit), a, b);
    g.closePath();
    g.fillStyle = tinted(color, 0.149);
    g.fill();
    g.strokeStyle = tinted(color, 0.667);
    g.lineWidth = 1.2 * unit;
    g.stroke();
    this._captions += 1;
    const y = this.card.y + (this._captions * 14 - 3) * unit;
    const w = this._text(text, this.card.x + 9 * unit, y, color);
    this.inner.taken.push({ x: this.card.x, y: y - 7 * unit, w: w + 14 * unit, h: 14 * unit });
  }

  /** @param {Shape} path @param {Drawn} drawn */
  _path(path, drawn) {
    const { g, unit } = this;
    const points = (path.points ?? []).map(([x, y]) => this._at(x, y));
    if (path.kind === 'trail') return this._trail(points, String(path.color));
    const closed = path.t === 'polygon';
    trace(g, points, closed);
    if (this._isSelected(path)) this._glow();
    g.strokeStyle = String(path.color);
    g.lineWidth = (path.alarm ? 3 : 1.8) * unit;
    g.stroke();
    if (closed) {
      g.fillStyle = tinted(String(path.color), 0.133);
      g.fill();
    }
    this._crossing(path, points);
    const [x, y] = points[points.length >> 1] ?? [this.x, this.y];
    this._label(path, x, y, path.alarm ? 1 : 2, drawn);
    this._hits.push({ drawn: own(drawn, path), test: (px, py) => away(points, px, py, closed) < 6 * unit });
  }

  /** @param {Shape} path @param {XY[]} points */
  _crossing(path, points) {
    if (!path.crossing || points.length < 2) return;
    const { from, to } = crossingArrow(points, 22 * this.unit);
    if (path.crossing !== 'right-to-left') this._arrow(from, to, String(path.color));
    if (path.crossing !== 'left-to-right') this._arrow(to, from, String(path.color));
  }

  /** @param {XY[]} points @param {string} color */
  _trail(points, color) {
    const { g, unit } = this;
    for (let i = 1; i < points.length; i++) {
      trace(g, [points[i - 1], points[i]], false);
      g.strokeStyle = tinted(color, 0.1 + (0.5 * i) / (points.length - 1));
      g.lineWidth = 1.6 * unit;
      g.stroke();
    }
  }

  /** @param {Shape} blip @param {Drawn} drawn */
  _blip(blip, drawn) {
    const { g, unit } = this;
    const [x, y] = this._at(blip.x, blip.y);
    g.fillStyle = this._isSelected(blip) ? 'rgba(255, 255, 255, 0.45)' : tinted(String(blip.color), 0.25);
    g.beginPath();
    g.arc(x, y, (blip.alarm || this._isSelected(blip) ? 11 : 8) * unit, 0, 2 * Math.PI);
    g.fill();
    if (blip.vector) this._vector([x, y], blip.vector, String(blip.color));
    g.fillStyle = String(blip.color);
    g.beginPath();
    g.arc(x, y, 4 * unit, 0, 2 * Math.PI);
    g.fill();
    this._label(blip, x, y, 1, drawn);
    this._hits.push({ drawn: own(drawn, blip), test: (px, py) => Math.hypot(px - x, py - y) < 12 * unit });
  }

  /** @param {XY} from @param {XY} step @param {string} color */
  _vector(from, [dx, dy], color) {
    const to = ahead(from, [dx * this.reach, -dy * this.reach], SECONDS, 14 * this.unit);
    if (to) this._arrow(from, to, color);
  }

  /** @param {XY} from @param {XY} to @param {string} color */
  _arrow(from, to, color) {
    const { g, unit } = this;
    const [left, right] = barbs(from, to, 6 * unit);
    trace(g, [from, to], false);
    g.moveTo(...left);
    g.lineTo(...to);
    g.lineTo(...right);
    g.lineWidth = 2 * unit;
    g.strokeStyle = color;
    g.stroke();
  }

  _glow() {
    this.g.strokeStyle = 'rgba(255, 255, 255, 0.45)';
    this.g.lineWidth = 8 * this.unit;
    this.g.stroke();
  }

  /** @param {Shape} inner */
  _isSelected(inner) {
    return Boolean(this.selected) && inner.subject === this.selected;
  }

  /** @param {Shape} inner @param {number} x @param {number} y @param {number} rank @param {Drawn} drawn */
  _label(inner, x, y, rank, drawn) {
    const r = 6 * this.unit;
    const anchor = { x: x - r, y: y - r, w: 2 * r, h: 2 * r };
    this.inner.spared.push(anchor);
    if (!inner.labels?.length) return;
    const [first, ...more] = /** @type {string[]} */ (inner.labels);
    const [whole, short] = [first, first.split(PARTED, 1)[0]].map((head) => [head, ...more].join(PARTED));
    const lines = more.length ? [whole, short, first] : [first];
    const [color, alarm, selected] = [String(inner.color), Boolean(inner.alarm), this._isSelected(inner)];
    const key = inner.subject ? `radar ${inner.subject}` : '';
    this.inner.line({ anchor, lines, color, alarm, selected, rank, alpha: 1, key, drawn: own(drawn, inner) });
  }

  /** Kept within the card. @param {string} text @param {number} x @param {number} y @param {string} color */
  _text(text, x, y, color) {
    const { g, unit, card } = this;
    const font = `600 ${10 * unit}px ${SANS}`;
    const shown = this.inner.ruler.cut(font, text, card.w - 14 * unit);
    const w = this.inner.ruler.width(font, shown);
    g.font = font;
    g.textAlign = 'left';
    g.textBaseline = 'middle';
    const left = Math.max(card.x + 5 * unit, Math.min(x, card.x + card.w - w - 6 * unit));
    const top = Math.max(card.y + 8 * unit, Math.min(y, card.y + card.h - 8 * unit));
    g.lineWidth = 3 * unit;
    g.strokeStyle = 'rgba(8, 16, 18, 0.85)';
    g.lineJoin = 'round';
    g.strokeText(shown, left, top);
    g.fillStyle = color;
    g.fillText(shown, left, top);
    return w;
  }
}

/** A part of the inset as a shape that can be selected. @param {Drawn} drawn @param {Shape} inner @returns {Drawn} */
function own(drawn, inner) {
  return { ...drawn, shape: { ...inner, t: inner.t ?? 'blip', kind: 'radar', subject: inner.subject ?? '' } };
}

/** @param {CanvasRenderingContext2D} g @param {XY[]} points @param {boolean} closed */
function trace(g, points, closed) {
  g.beginPath();
  points.forEach(([x, y], i) => (i ? g.lineTo(x, y) : g.moveTo(x, y)));
  if (closed) g.closePath();
}

/** Where the radar sees less than its inset could show, that fills it. @param {Shape[]} parts */
function zoom(parts) {
  const reaches = parts.flatMap((part) => [
    ...(part.wedges ?? []).map((/** @type {[number, number, number]} */ wedge) => (wedge[2] < 1 ? wedge[2] : 0)),
    ...(part.blips ?? []).map((/** @type {Shape} */ blip) => Math.hypot(blip.x, blip.y)),
  ]);
  const farthest = Math.max(0, ...reaches);
  return farthest ? Math.max(1, Math.min(CLOSEST, 1 / (farthest * 1.04))) : 1;
}
