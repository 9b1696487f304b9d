// @ts-check
/** What stands at the picture's edges: panels, notices and the radar inset. */

import { CARD, INK, Labels, SANS, cardSize, drawCard, rounded } from './labels.js';

/** @typedef {import('./wire.js').Shape} Shape */

/** Panels stacked at their corners. @param {Labels} labels @param {Shape[]} panels of different titles */
export function drawPanels(labels, panels) {
  const { bounds, unit } = labels;
  const margin = 10 * unit;
  /** @type {Record<string, number>} */
  const used = {};
  for (const panel of panels) {
    const corner = panel.corner ?? 'top-right';
    const card = { title: panel.title, rows: panel.rows, color: String(panel.color), alarm: panel.alarm };
    const size = cardSize(labels, card);
    const offset = used[corner] ?? margin;
    const x = corner.endsWith('left') ? bounds.x + margin : bounds.x + bounds.w - margin - size.w;
    const y = corner.startsWith('top') ? bounds.y + offset : bounds.y + bounds.h - offset - size.h;
    drawCard(labels, card, { x, y, ...size });
    used[corner] = offset + size.h + 6 * unit;
  }
}

/** Sentences at the lower edge. @param {Labels} labels @param {Shape[]} notices */
export function drawNotices(labels, notices) {
  const { g, bounds, unit } = labels;
  unique(notices, (shape) => shape.text).slice(0, 3).forEach((notice, i) => {
    g.font = `500 ${12.5 * unit}px ${SANS}`;
    const w = Math.min(g.measureText(notice.text).width + 34 * unit, bounds.w - 16 * unit);
    const rect = { x: bounds.x + (bounds.w - w) / 2, y: bounds.y + bounds.h - (38 + i * 32) * unit, w, h: 27 * unit };
    g.fillStyle = CARD;
    rounded(g, rect, rect.h / 2);
    g.fill();
    g.fillStyle = String(notice.color);
    g.beginPath();
    g.arc(rect.x + 14 * unit, rect.y + rect.h / 2, 3.5 * unit, 0, 2 * Math.PI);
    g.fill();
    g.fillStyle = INK;
    g.textAlign = 'left';
    g.textBaseline = 'middle';
    g.fillText(notice.text, rect.x + 24 * unit, rect.y + rect.h / 2 + unit * 0.5, rect.w - 32 * unit);
    labels.taken.push(rect);
  });
}

/** The last shape of each key. @param {Shape[]} shapes @param {(shape: Shape) => string} key */
export function unique(shapes, key) {
  return [...new Map(shapes.map((shape) => [key(shape), shape])).values()];
}

/** All radar documents of one picture, in one inset at the lower left. @param {Labels} labels @param {Shape[]} parts */
export function drawRadar(labels, parts) {
  if (!parts.length) return;
  new Inset(labels).draw(parts);
}

class Inset {
  /** @param {Labels} labels */
  constructor(labels) {
    const { bounds, unit } = labels;
    this.labels = labels;
    this.g = labels.g;
    this.unit = unit;
    this.reach = Math.min(170 * unit, bounds.h * 0.36, bounds.w * 0.22);
    const pad = 14 * unit;
    const margin = 10 * unit;
    const [w, h] = [2 * this.reach + 2 * pad, this.reach + 2 * pad + 8 * unit];
    this.card = { x: bounds.x + margin, y: bounds.y + bounds.h - margin - h, w, h };
    this.x = this.card.x + w / 2;
    this.y = this.card.y + h - pad;
    this.inner = new Labels(this.g, 0.84 * unit, this.card, labels.brief);
    this._wedges = 0;
  }

  /** @param {Shape[]} parts */
  draw(parts) {
    const { g } = this;
    g.save();
    g.fillStyle = 'rgba(8, 16, 18, 0.82)';
    rounded(g, this.card, 9 * this.unit);
    g.fill();
    g.strokeStyle = 'rgba(94, 234, 212, 0.25)';
    g.lineWidth = this.unit;
    g.stroke();
    g.clip();
    this.reach *= zoom(parts);
    this._rings(parts[0].rings ?? []);
    for (const part of parts) for (const wedge of part.wedges ?? []) this._wedge(wedge);
    for (const part of parts) for (const path of part.paths ?? []) this._path(path);
    for (const part of parts) for (const blip of part.blips ?? []) this._blip(blip);
    this.inner.draw();
    g.restore();
    this.labels.taken.push(this.card);
  }

  /** @param {number} x @param {number} y @returns {[number, number]} */
  _at(x, y) {
    return [this.x + x * this.reach, this.y - y * this.reach];
  }

  /** @param {[number, string][]} rings */
  _rings(rings) {
    const { g, unit } = this;
    for (const [radius, text] of rings.filter(([radius]) => radius * this.reach <= this.y - this.card.y)) {
      g.lineWidth = unit;
      g.strokeStyle = 'rgba(94, 234, 212, 0.28)';
      g.beginPath();
      g.arc(this.x, this.y, radius * this.reach, Math.PI, 2 * Math.PI);
      g.stroke();
      this._text(text, this.x + 4 * unit, this.y - radius * this.reach - 6 * unit, 'rgba(148, 233, 218, 0.7)', 10);
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
    g.fillStyle = tinted(color, '26');
    g.fill();
    g.strokeStyle = tinted(color, 'aa');
    g.lineWidth = 1.2 * unit;
    g.stroke();
    this._wedges += 1;
    this._text(text, this.card.x + 9 * unit, this.card.y + (this._wedges * 14 - 1) * unit, color, 10);
  }

  /** @param {Shape} path */
  _path(path) {
    const { g, unit } = this;
    const points = (path.points ?? []).map(([x, y]) => this._at(x, y));
    g.beginPath();
    points.forEach(([x, y], i) => (i ? g.lineTo(x, y) : g.moveTo(x, y)));
    if (path.t === 'polygon') g.closePath();
    g.strokeStyle = String(path.color);
    g.lineWidth = (path.alarm ? 3 : 1.8) * unit;
    g.stroke();
    if (path.t === 'polygon') {
      g.fillStyle = tinted(String(path.color), '22');
      g.fill();
    }
    const [x, y] = points[points.length >> 1] ?? [this.x, this.y];
    this._label(path, x, y, 3);
  }

  /** @param {Shape} blip */
  _blip(blip) {
    const { g, unit } = this;
    const [x, y] = this._at(blip.x, blip.y);
    g.fillStyle = tinted(String(blip.color), '40');
    g.beginPath();
    g.arc(x, y, (blip.alarm ? 11 : 8) * unit, 0, 2 * Math.PI);
    g.fill();
    g.fillStyle = String(blip.color);
    g.beginPath();
    g.arc(x, y, 4 * unit, 0, 2 * Math.PI);
    g.fill();
    this._label(blip, x, y, 1);
  }

  /** @param {Shape} shape @param {number} x @param {number} y @param {number} rank */
  _label(shape, x, y, rank) {
    const r = 6 * this.unit;
    const anchor = { x: x - r, y: y - r, w: 2 * r, h: 2 * r };
    const lines = rank > 1 ? (shape.labels ?? []) : [(shape.labels ?? []).join(' · ')];
    this.inner.spared.push(anchor);
    this.inner.add({ anchor, lines, color: String(shape.color), alarm: Boolean(shape.alarm), rank, alpha: 1 });
  }

  /** Kept within the card. @param {string} text @param {number} x @param {number} y @param {string} color @param {number} size */
  _text(text, x, y, color, size) {
    const { g, unit, card } = this;
    g.font = `600 ${size * unit}px ${SANS}`;
    g.textAlign = 'left';
    g.textBaseline = 'middle';
    const w = g.measureText(text).width;
    const left = Math.max(card.x + 5 * unit, Math.min(x, card.x + card.w - w - 6 * unit));
    const top = Math.max(card.y + 8 * unit, Math.min(y, card.y + card.h - 8 * unit));
    g.lineWidth = 3 * unit;
    g.strokeStyle = 'rgba(8, 16, 18, 0.85)';
    g.lineJoin = 'round';
    g.strokeText(text, left, top);
    g.fillStyle = color;
    g.fillText(text, left, top);
  }
}

/** Where the radar sees less than its inset could show, that fills it. @param {Shape[]} parts */
function zoom(parts) {
  const reaches = parts.flatMap((part) => [
    ...(part.wedges ?? []).map((/** @type {[number, number, number]} */ wedge) => (wedge[2] < 1 ? wedge[2] : 0)),
    ...(part.blips ?? []).map((/** @type {Shape} */ blip) => Math.hypot(blip.x, blip.y)),
  ]);
  const farthest = Math.max(0, ...reaches);
  return farthest ? Math.max(1, Math.min(3, 1 / (farthest * 1.04))) : 1;
}

/** A colour with opacity. @param {string} color `#rrggbb` @param {string} alpha two hex digits */
export function tinted(color, alpha) {
  return /^#[0-9a-f]{6}$/i.test(color) ? color + alpha : color;
}
