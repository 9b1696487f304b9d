// @ts-check
/** What stands at the picture's edges: panels and notices. */

import { overlap } from './geometry.js';
import { CARD, INK, Labels, SANS, cardSize, drawCard, rounded } from './labels.js';
import { SETTLED } from './layout.js';

/** @typedef {import('./wire.js').Shape} Shape */
/** @typedef {import('./store.js').Drawn} Drawn */
/** @typedef {import('./geometry.js').Rect} Rect */
/** @typedef {import('./layout.js').Size} Size */

const CORNERS = ['top-right', 'top-left', 'bottom-right', 'bottom-left']; // as they are liked: targets are seldom in the sky
const KEY = 'panels';
const TOLERATED = 0.05; // of the panels' area: so much of it may lie on targets
const PATIENCE = 2000; // ms: so long there must be a better corner before panels move there
const MOST_NOTICES = 3;
const NOTICE_LINES = 3;

/** Panels stacked at a corner, in further columns where one is full; those that find no room are left out.
 * @param {Labels} labels @param {Drawn[]} panels of different titles */
export function drawPanels(labels, panels) {
  if (!panels.length) return;
  const cards = panels.map(({ shape }) => ({ title: shape.title, rows: shape.rows, color: String(shape.color), alarm: shape.alarm }));
  stackOf(labels, cards.map((card) => cardSize(labels, card))).forEach((rect, i) => {
    if (!rect) return;
    drawCard(labels, cards[i], rect);
    labels.taken.push(rect);
    labels.placed.push({ rect, drawn: panels[i] });
  });
}

/** Where panels stand: where they stood, until they have hidden targets there for a while; then where they hide least.
 * @param {Labels} labels @param {Size[]} sizes @returns {(Rect|null)[]} */
function stackOf(labels, sizes) {
  const { memory, now } = labels;
  const last = memory?.of(KEY);
  const current = last?.place ?? 0;
  const stay = (/** @type {number} */ since) => (memory?.keep(KEY, current, 0, since), places);
  const places = stackAt(labels, CORNERS[current], sizes);
  const harm = harmOf(labels, places);
  if (harm <= TOLERATED) return stay(SETTLED);
  const stacks = CORNERS.map((corner, i) => (i === current ? places : stackAt(labels, corner, sizes)));
  const harms = stacks.map((stack) => harmOf(labels, stack));
  const best = harms.indexOf(Math.min(...harms));
  if (harms[best] >= harm) return stay(SETTLED);
  if (last) {
    const since = last.since === SETTLED ? now : last.since;
    if (now - since < PATIENCE) return stay(since);
  }
  memory?.keep(KEY, best, 0, SETTLED);
  return stacks[best];
}

/** @param {Labels} labels @param {string} corner @param {Size[]} sizes @returns {(Rect|null)[]} */
function stackAt(labels, corner, sizes) {
  const taken = [...labels.taken];
  return sizes.map((size) => {
    const rect = cornerPlace(labels, taken, corner, size);
    if (rect) taken.push(rect);
    return rect;
  });
}

/** The share of the panels that lies on targets; far more where some are left out. @param {Labels} labels @param {(Rect|null)[]} places */
function harmOf({ spared }, places) {
  let [hidden, area, missing] = [0, 0, 0];
  for (const rect of places) {
    if (!rect) missing += 1;
    else {
      area += rect.w * rect.h;
      hidden += spared.reduce((sum, other) => sum + overlap(rect, other), 0);
    }
  }
  return 1000 * missing + (area ? hidden / area : 0);
}

/** @param {Labels} labels @param {Rect[]} taken @param {string} corner @param {Size} size @returns {Rect|null} */
function cornerPlace({ bounds, unit }, taken, corner, { w, h }) {
  const [margin, gap] = [10 * unit, 6 * unit];
  const [left, top] = [corner.endsWith('left'), corner.startsWith('top')];
  for (let x = left ? bounds.x + margin : bounds.x + bounds.w - margin - w; x >= bounds.x && x + w <= bounds.x + bounds.w; ) {
    let y = top ? bounds.y + margin : bounds.y + bounds.h - margin - h;
    while (y >= bounds.y && y + h <= bounds.y + bounds.h) {
      const rect = { x, y, w, h };
      const inTheWay = taken.filter((other) => overlap(rect, other) > 0);
      if (!inTheWay.length) return rect;
      y = top
        ? Math.max(...inTheWay.map((other) => other.y + other.h)) + gap
        : Math.min(...inTheWay.map((other) => other.y)) - gap - h;
    }
    x += left ? w + gap : -(w + gap);
  }
  return null;
}

/** Sentences at the lower edge. @param {Labels} labels @param {Drawn[]} notices of different texts */
export function drawNotices(labels, notices) {
  const font = `500 ${12.5 * labels.unit}px ${SANS}`;
  for (const drawn of notices.slice(0, MOST_NOTICES)) {
    const { lines, rect } = noticePlace(labels, drawn.shape.text, font);
    drawNotice(labels, drawn.shape, lines, font, rect);
    labels.taken.push(rect);
    labels.placed.push({ rect, drawn });
  }
}

/** In one line where there is room for it, else narrower, else at the upper edge. @param {Labels} labels @param {string} text @param {string} font */
function noticePlace(labels, text, font) {
  const { unit, bounds, ruler } = labels;
  const sizeOf = (/** @type {string[]} */ lines) => ({
    w: Math.max(...lines.map((line) => ruler.width(font, line))) + 34 * unit,
    h: (27 + 16 * (lines.length - 1)) * unit,
  });
  for (const share of [1, 0.65, 0.45]) {
    const lines = ruler.wrap(font, text, share * bounds.w - 50 * unit, NOTICE_LINES);
    const rect = lowerPlace(labels, sizeOf(lines));
    if (rect) return { lines, rect };
  }
  for (let most = NOTICE_LINES; ; most--) {
    const lines = ruler.wrap(font, text, bounds.w - 50 * unit, most);
    const size = sizeOf(lines);
    const rect = { x: bounds.x + (bounds.w - size.w) / 2, y: bounds.y + 8 * unit, ...size };
    if (most === 1 || labels.taken.every((other) => overlap(rect, other) === 0)) return { lines, rect };
  }
}

/** In the middle, or as far to a side as something is in the way; else above it. @param {Labels} labels @param {{w: number, h: number}} size
 * @returns {Rect|null} */
function lowerPlace({ bounds, unit, taken }, { w, h }) {
  const margin = 8 * unit;
  const free = (/** @type {Rect} */ rect) => taken.every((other) => overlap(rect, other) === 0);
  const middle = bounds.x + (bounds.w - w) / 2;
  const lowest = bounds.y + bounds.h - 11 * unit - h;
  for (let y = lowest; y > bounds.y + bounds.h / 2; y -= 5 * unit) {
    const beside = taken.flatMap((other) => [other.x + other.w + margin, other.x - margin - w]);
    const sides = beside.filter((x) => x >= bounds.x + margin && x + w <= bounds.x + bounds.w - margin);
    sides.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
    for (const x of [middle, ...sides]) if (free({ x, y, w, h })) return { x, y, w, h };
  }
  return null;
}

/** @param {Labels} labels @param {Shape} notice @param {string[]} lines @param {string} font @param {Rect} rect */
function drawNotice({ g, unit }, notice, lines, font, rect) {
  g.fillStyle = CARD;
  rounded(g, rect, 13.5 * unit);
  g.fill();
  g.fillStyle = String(notice.color);
  g.beginPath();
  g.arc(rect.x + 14 * unit, rect.y + 13.5 * unit, 3.5 * unit, 0, 2 * Math.PI);
  g.fill();
  g.fillStyle = INK;
  g.font = font;
  g.textAlign = 'left';
  g.textBaseline = 'middle';
  lines.forEach((line, i) => g.fillText(line, rect.x + 24 * unit, rect.y + (14 + 16 * i) * unit));
}

/** The last one of each key. @param {Drawn[]} drawn @param {(shape: Shape) => string} key @returns {Drawn[]} */
export function unique(drawn, key) {
  return [...new Map(drawn.map((one) => [key(one.shape), one])).values()];
}
