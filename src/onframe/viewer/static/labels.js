// @ts-check
/** Texts on the canvas: chips, cards of rows, number plates. All are placed together, none on another. */

import { nearest, tinted } from './geometry.js';
import { arrange } from './layout.js';
import { PARTED, Ruler } from './text.js';
import { Twins, together } from './twins.js';

/** @typedef {import('./geometry.js').Rect} Rect */
/** @typedef {import('./store.js').Drawn} Drawn */
/** @typedef {import('./wire.js').Shape} Shape */
/** @typedef {CanvasRenderingContext2D} Context */
/** @typedef {{anchor: Rect, lines: string[], color: string, alarm: boolean, rank: number, alpha: number, drawn?: Drawn|null,
 *   key?: string, selected?: boolean}} LabelRequest */
/** @typedef {{title: string, rows: [string, string, (string|null)?][], color: string, alarm?: boolean}} CardContent */
/** @typedef {{w: number, h: number, draw: (rect: Rect) => void}} Form */
/** @typedef {{item: import('./layout.js').Item, forms: Form[], color: string, alpha: number, drawn: Drawn|null}} Request */

export const SANS = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", "Liberation Sans", sans-serif';
export const INK = '#f4f7fb';
export const CARD = 'rgba(10, 14, 20, 0.80)';
const DIM = 'rgba(226, 232, 240, 0.72)';
const DARK = '#1a0205';
const MOST_LABELS = 150; // finding places takes time that grows with their square
const WIDEST = 340; // units of a label
const TINY = 300; // units of the room's width: in less, as in a tile on a phone, an alarm too is told in one line
const [WIDE, NARROW] = [0.62, 0.3]; // of the picture's width, for what else would find no room
/** Which text is placed first. */
const RANK = { alarm: 0, plate: 10, counter: 20, card: 35, label: 30 };

/** @param {Context} g @param {Rect} rect @param {number} radius */
export function rounded(g, rect, radius) {
  g.beginPath();
  g.roundRect(rect.x, rect.y, rect.w, rect.h, Math.max(0, Math.min(radius, rect.w / 2, rect.h / 2)));
}

/** @type {WeakMap<Context, Ruler>} */
const RULERS = new WeakMap();

/** @param {Context} g @returns {Ruler} */
export function rulerOf(g) {
  let ruler = RULERS.get(g);
  if (!ruler) {
    ruler = new Ruler((font, text) => {
      if (g.font !== font) g.font = font;
      return g.measureText(text).width;
    });
    RULERS.set(g, ruler);
  }
  return ruler;
}

/** Texts of one picture, drawn when all of them are known. */
export class Labels {
  /** @param {Context} g @param {number} unit pixels of the canvas per unit of text size @param {Rect} bounds
   * @param {boolean} brief @param {import('./layout.js').Memory} [memory] @param {number} [now] ms */
  constructor(g, unit, bounds, brief, memory, now = 0) {
    this.g = g;
    this.unit = unit;
    this.bounds = bounds;
    this.brief = brief;
    this.memory = memory;
    this.now = now;
    this.ruler = rulerOf(g);
    /** @type {Rect[]} */
    this.taken = [];
    /** What a text covers only where it must: targets. @type {Rect[]} */
    this.spared = [];
    /** Where each text of a shape stands, once drawn. @type {{rect: Rect, drawn: Drawn}[]} */
    this.placed = [];
    /** @type {Request[]} */
    this._requests = [];
    /** @type {Twins<Request>} */
    this._twins = new Twins();
    /** How many texts were left out. */
    this.dropped = 0;
  }

  /** A chip of lines; those of several documents about one target are told in one. @param {LabelRequest} request */
  add(request) {
    if (!request.lines.length || (this.brief && request.rank > 2 && !request.alarm)) return;
    const twin = this._twins.find(request);
    if (twin) {
      twin.request = together(twin.request, request);
      Object.assign(twin.made, this._told(twin.request));
      return;
    }
    const made = this._told(request);
    this._requests.push(made);
    this._twins.keep(request, made);
  }

  /** @param {LabelRequest} request */
  _told(request) {
    let { lines } = request;
    if (this.brief) lines = lines.slice(0, request.alarm && this.bounds.w >= TINY * this.unit ? 2 : 1);
    const counts = new Set([lines.length, Math.min(2, lines.length), 1]);
    const forms = [...counts].map((count) => this._chip(request, lines.slice(0, count)));
    return this._chips(request, lines[0], forms);
  }

  /** A chip of one line: the first of these that finds room. @param {LabelRequest} request */
  line(request) {
    const last = request.lines[request.lines.length - 1];
    const lines = request.lines.filter((line) => line === last || this.ruler.width(this._font(0), line) <= this._room(WIDE));
    this._requests.push(this._chips(request, last, lines.map((line) => this._chip(request, [line]))));
  }

  /** What must be shown takes little room where there is no more. @param {LabelRequest} request @param {string} shortest
   * @param {Form[]} forms */
  _chips(request, shortest, forms) {
    const keep = request.alarm || Boolean(request.selected);
    if (keep) forms.push(this._chip(request, [shortest], NARROW));
    return this._made(forms, request, 'above', keep ? RANK.alarm : RANK.label + request.rank, keep, 3);
  }

  /** A number plate below (x, y), centred, its caption under it. @param {Shape} plate @param {number} x @param {number} y
   * @param {{alpha?: number, drawn?: Drawn|null, key?: string}} [more] */
  plate(plate, x, y, more = {}) {
    const caption = this.brief ? '' : (plate.caption ?? '');
    const forms = [this._plate(plate, caption)];
    if (caption) forms.push(this._plate(plate, ''));
    const request = { anchor: { x, y, w: 0, h: 0 }, color: String(plate.color), alpha: 1, ...more };
    this._requests.push(this._made(forms, request, 'below', RANK.plate, false, 5));
  }

  /** A card in the middle of its place. @param {CardContent} card @param {number} x @param {number} y
   * @param {{alpha?: number, drawn?: Drawn|null, key?: string}} [more] */
  counter(card, x, y, more = {}) {
    const request = { anchor: { x, y, w: 0, h: 0 }, color: card.color, alpha: 1, ...more };
    const alarm = Boolean(card.alarm);
    const chip = this._chip({ color: card.color, alarm }, [`${card.title}${PARTED}${card.rows[0]?.[1] ?? ''}`]);
    const forms = this.brief ? [chip] : [this._card(card), chip];
    this._requests.push(this._made(forms, request, 'on', alarm ? RANK.alarm : RANK.counter, alarm, 4));
  }

  /** A card beside a rectangle; where it finds no room, its title and first value. @param {CardContent} card @param {Rect} anchor
   * @param {{alpha?: number, drawn?: Drawn|null, key?: string}} [more] */
  card(card, anchor, more = {}) {
    const request = { anchor, color: card.color, alpha: 1, ...more };
    const first = card.rows.map((row) => row[1]).slice(0, 2);
    const chip = { color: card.color, alarm: false };
    const chips = [[card.title, ...first].join(PARTED), card.title].map((line) => this._chip(chip, [line]));
    const forms = this.brief ? chips : [this._card(card), ...chips];
    this._requests.push(this._made(forms, request, 'beside', RANK.card, false, 6));
  }

  /** Draw all; the more important find their place first, and are drawn last. */
  draw() {
    this._requests.sort((a, b) => a.item.rank - b.item.rank);
    const most = this._requests.slice(0, MOST_LABELS);
    const room = { bounds: this.bounds, taken: this.taken, spared: this.spared, memory: this.memory, now: this.now };
    const places = arrange(most.map((request) => request.item), room);
    this.dropped = this._requests.length - places.filter(Boolean).length;
    places.forEach((place, i) => place?.far && this._leader(place.rect, most[i]));
    for (let i = most.length - 1; i >= 0; i--) {
      const [place, request] = [places[i], most[i]];
      if (!place) continue;
      this.g.save();
      this.g.globalAlpha = request.alpha;
      request.forms[place.form].draw(place.rect);
      this.g.restore();
      if (request.drawn) this.placed.push({ rect: place.rect, drawn: request.drawn });
    }
  }

  /** @param {Form[]} forms @param {{anchor: Rect, color: string, alpha?: number, drawn?: Drawn|null, key?: string}} request
   * @param {import('./layout.js').Side} side @param {number} rank @param {boolean} keep @param {number} gap units
   * @returns {Request} */
  _made(forms, { anchor, color, alpha = 1, drawn = null, key = '' }, side, rank, keep, gap) {
    const item = { anchor, forms, side, rank, keep, gap: gap * this.unit, key };
    return { item, forms, color, alpha, drawn };
  }

  /** From a text that stands far away to what it is about. @param {Rect} rect @param {Request} request */
  _leader(rect, request) {
    const { g, unit } = this;
    const { anchor } = request.item;
    const from = nearest(rect, anchor.x + anchor.w / 2, anchor.y + anchor.h / 2);
    const to = nearest(anchor, ...from);
    g.beginPath();
    g.moveTo(...from);
    g.lineTo(...to);
    g.lineWidth = 1.2 * unit;
    g.strokeStyle = tinted(request.color, 0.8 * request.alpha);
    g.stroke();
  }

  /** @param {{color: string, alarm: boolean, selected?: boolean}} request @param {string[]} lines
   * @param {number} [share] of the room's width that it may take @returns {Form} */
  _chip(request, lines, share = WIDE) {
    const { unit, ruler } = this;
    const most = this._room(share);
    const texts = lines.map((line, i) => ruler.shortened(this._font(i), line, most));
    const widths = texts.map((text, i) => ruler.width(this._font(i), text));
    const size = { w: Math.max(...widths) + 15 * unit, h: (texts.length * 16 + 6) * unit };
    return { ...size, draw: (rect) => this._drawChip(request, texts, rect) };
  }

  /** For the text of a chip. @param {number} share */
  _room(share) {
    const { unit, bounds } = this;
    return Math.max(24 * unit, Math.min(WIDEST * unit, share * bounds.w) - 15 * unit);
  }

  /** @param {{color: string, alarm: boolean, selected?: boolean}} request @param {string[]} texts @param {Rect} rect */
  _drawChip(request, texts, rect) {
    const { g, unit } = this;
    g.fillStyle = request.alarm ? request.color : CARD;
    rounded(g, rect, 4 * unit);
    g.fill();
    if (request.selected) {
      g.strokeStyle = '#ffffff';
      g.lineWidth = 1.5 * unit;
      g.stroke();
    }
    if (!request.alarm) {
      g.fillStyle = request.color;
      rounded(g, { x: rect.x, y: rect.y, w: 3 * unit, h: rect.h }, 1.5 * unit);
      g.fill();
    }
    g.textBaseline = 'middle';
    g.textAlign = 'left';
    texts.forEach((line, i) => {
      g.font = this._font(i);
      g.fillStyle = request.alarm ? DARK : i ? DIM : INK;
      g.fillText(line, rect.x + 8 * unit, rect.y + (2.5 + 8.5 + i * 16) * unit);
    });
  }

  /** @param {number} line */
  _font(line) {
    return `${line ? 500 : 600} ${(line ? 11.5 : 12.5) * this.unit}px ${SANS}`;
  }

  /** @param {CardContent} card @returns {Form} */
  _card(card) {
    return { ...cardSize(this, card), draw: (rect) => drawCard(this, card, rect) };
  }

  /** @param {Shape} plate @param {string} caption @returns {Form} */
  _plate(plate, caption) {
    const { unit, ruler, bounds } = this;
    const [large, small] = [`700 ${16 * unit}px ${SANS}`, `500 ${11 * unit}px ${SANS}`];
    const text = ruler.cut(large, plate.text, 0.6 * bounds.w);
    const under = ruler.cut(small, caption, 0.6 * bounds.w);
    const chip = { w: ruler.width(large, text) + 18 * unit, h: 24 * unit };
    const w = Math.max(chip.w, under ? ruler.width(small, under) + 12 * unit : 0);
    const draw = (/** @type {Rect} */ rect) => {
      paintPlate(this.g, unit, plate, text, { x: rect.x + (w - chip.w) / 2, y: rect.y, ...chip });
      if (under) paintCaption(this.g, unit, under, { ...rect, y: rect.y + chip.h + 2 * unit, h: 17 * unit });
    };
    return { w, h: chip.h + (under ? 19 * unit : 0), draw };
  }
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

/** @param {Context} g @param {number} unit @param {Shape} plate @param {string} text @param {Rect} rect */
function paintPlate(g, unit, plate, text, rect) {
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
  g.fillText(text, rect.x + rect.w / 2, rect.y + rect.h / 2 + unit);
}

/** @param {Labels} labels */
function cardFonts({ unit }) {
  return { title: `600 ${11 * unit}px ${SANS}`, name: `500 ${12 * unit}px ${SANS}`, value: `650 ${14 * unit}px ${SANS}` };
}

/** The size of a card: as wide as its rows, but never more than half of the room. @param {Labels} labels @param {CardContent} card */
export function cardSize(labels, card) {
  const { unit, ruler, bounds } = labels;
  const fonts = cardFonts(labels);
  let w = ruler.width(fonts.title, card.title.toUpperCase());
  for (const [name, value] of card.rows) w = Math.max(w, ruler.width(fonts.name, name) + ruler.width(fonts.value, value) + 20 * unit);
  const most = Math.max(110 * unit, Math.min(WIDEST * unit, 0.5 * bounds.w));
  return { w: Math.min(most, Math.max(Math.ceil(w + 24 * unit) + 1, 110 * unit)), h: (30 + card.rows.length * 20) * unit };
}

/** Title and rows in a rounded card. @param {Labels} labels @param {CardContent} card @param {Rect} rect */
export function drawCard(labels, card, rect) {
  const { g, unit, ruler } = labels;
  g.fillStyle = CARD;
  rounded(g, rect, 7 * unit);
  g.fill();
  g.strokeStyle = card.alarm ? card.color : 'rgba(255, 255, 255, 0.10)';
  g.lineWidth = (card.alarm ? 2 : 1) * unit;
  g.stroke();
  g.textBaseline = 'middle';
  g.textAlign = 'left';
  g.fillStyle = card.color;
  const { title } = cardFonts(labels);
  const text = ruler.cut(title, card.title.toUpperCase(), rect.w - 24 * unit);
  g.font = title;
  g.fillText(text, rect.x + 12 * unit, rect.y + 14 * unit);
  card.rows.forEach((row, i) => drawRow(labels, row, rect, rect.y + (35 + i * 20) * unit));
}

/** @param {Labels} labels @param {[string, string, (string|null)?]} row @param {Rect} rect @param {number} y */
function drawRow(labels, [name, value, color], rect, y) {
  const { g, unit, ruler } = labels;
  const fonts = cardFonts(labels);
  const room = rect.w - 24 * unit;
  const shown = ruler.cut(fonts.value, value, 0.7 * room);
  const left = room - ruler.width(fonts.value, shown) - 10 * unit;
  const told = ruler.cut(fonts.name, name, left);
  g.textAlign = 'left';
  g.font = fonts.name;
  g.fillStyle = DIM;
  g.fillText(told, rect.x + 12 * unit, y);
  g.textAlign = 'right';
  g.font = fonts.value;
  g.fillStyle = color ?? INK;
  g.fillText(shown, rect.x + rect.w - 12 * unit, y);
}
