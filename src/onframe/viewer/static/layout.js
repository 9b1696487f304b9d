// @ts-check
/**
 * Where texts go, so that none lies on another. Pure: no DOM.
 *
 * The more important is placed first: near its anchor, in a shorter form where the long one finds no room, then farther
 * away; what finds no room at all is left out, unless it must be shown.
 */

import { distance, inside, overlap } from './geometry.js';

/** @typedef {import('./geometry.js').Rect} Rect */
/** @typedef {{w: number, h: number}} Size */
/** @typedef {'above'|'below'|'beside'|'on'} Side */
/**
 * `forms` are its sizes, the fullest first; `key` is the same from picture to picture.
 * @typedef {{anchor: Rect, forms: Size[], side: Side, rank: number, keep: boolean, gap: number, key: string}} Item
 * @typedef {{rect: Rect, form: number, far: boolean}} Placed
 * @typedef {{bounds: Rect, taken: Rect[], spared: Rect[], memory?: Memory, now?: number}} Room
 */

const PATIENCE = 600; // ms: so long a better place must be free before a text moves back to it
const MOST_REMEMBERED = 512;
const REACH = 5; // heights of a text: farther from its anchor only what must be shown is put
/** In place of a time: there is no better place. */
export const SETTLED = -1;
const SAME = 0.5; // pixels² in which two places do not differ: fractions of a pixel are no reason for the less liked one

/** Where texts stood on the last picture, so that they do not jump. */
export class Memory {
  constructor() {
    /** @type {Map<string, {place: number, form: number, since: number}>} */
    this._known = new Map();
  }

  /** @param {string} key */
  of(key) {
    return key ? this._known.get(key) : undefined;
  }

  /** @param {string} key @param {number} place @param {number} form @param {number} since a better one has been free */
  keep(key, place, form, since) {
    if (!key) return;
    this._known.delete(key);
    this._known.set(key, { place, form, since });
    if (this._known.size > MOST_REMEMBERED) this._known.delete([...this._known.keys()][0]);
  }
}

/**
 * A place for each item, or null; what is placed is added to `room.taken`.
 * @param {Item[]} items @param {Room} room @returns {(Placed|null)[]}
 */
export function arrange(items, room) {
  /** @type {(Placed|null)[]} */
  const found = items.map(() => null);
  const order = items.map((_, i) => i).sort((a, b) => items[a].rank - items[b].rank || a - b);
  for (const i of order) {
    const placed = placeOf(items[i], room);
    found[i] = placed;
    if (placed) room.taken.push(placed.rect);
  }
  return found;
}

/** @param {Item} item @param {Room} room @returns {Placed|null} */
function placeOf(item, room) {
  for (let form = 0; form < item.forms.length; form++) {
    const rect = nearPlace(item, form, room);
    if (rect) return { rect, form, far: false };
  }
  const forms = item.keep ? item.forms.map((_, i) => i) : [item.forms.length - 1];
  for (const form of forms) {
    const rect = farPlace(item, form, room);
    if (rect) return { rect, form, far: true };
  }
  return item.keep ? { rect: leastHidden(item, room), form: item.forms.length - 1, far: false } : null;
}

/** A free place beside the anchor: the one of the last picture, else the one that hides least of what is to be spared.
 * @param {Item} item @param {number} form @param {Room} room @returns {Rect|null} */
function nearPlace(item, form, room) {
  const size = item.forms[form];
  const candidates = candidatesOf(item, size);
  const [free, cost] = [/** @type {(Rect|null)[]} */ ([]), /** @type {number[]} */ ([])];
  let best = -1;
  for (let i = 0; i < candidates.length; i++) {
    const [x, y] = candidates[i];
    const rect = inside({ x, y, ...size }, room.bounds);
    free[i] = fits(rect, room) ? rect : null;
    cost[i] = Infinity;
    if (!free[i]) continue;
    const moved = Math.abs(rect.x - x) + Math.abs(rect.y - y);
    cost[i] = room.spared.reduce((sum, other) => sum + overlap(rect, other), 0) / 4 + moved * 4;
    if (best < 0 || cost[i] < cost[best] - SAME) best = i;
    if (best === i && cost[i] === 0 && !room.memory) break;
  }
  if (best < 0) return null;
  return free[settled(item, form, best, free, room)];
}

/** The place of the last picture for a while yet, where it is free and as good in kind.
 * @param {Item} item @param {number} form @param {number} best @param {(Rect|null)[]} free @param {Room} room */
function settled(item, form, best, free, room) {
  const now = room.now ?? 0;
  const last = room.memory?.of(item.key);
  let [place, since] = [best, SETTLED];
  if (last && last.form === form && last.place !== best && free[last.place]) {
    since = last.since === SETTLED ? now : last.since;
    if (now - since < PATIENCE) place = last.place;
    else since = SETTLED;
  }
  room.memory?.keep(item.key, place, form, since);
  return place;
}

/** @param {Rect} rect @param {Room} room */
function fits(rect, room) {
  const { bounds } = room;
  if (rect.x < bounds.x || rect.y < bounds.y) return false; // larger than the bounds
  if (rect.x + rect.w > bounds.x + bounds.w + 0.01 || rect.y + rect.h > bounds.y + bounds.h + 0.01) return false;
  for (const other of room.taken) if (overlap(rect, other) > 0) return false;
  return true;
}

/** The nearest free place of a grid; for what may be left out not far away.
 * @param {Item} item @param {number} form @param {Room} room @returns {Rect|null} */
function farPlace(item, form, room) {
  const { w, h } = item.forms[form];
  const { bounds } = room;
  const reach = item.keep ? bounds.w + bounds.h : REACH * h;
  const around = { x: item.anchor.x - reach - w, y: item.anchor.y - reach - h };
  const [right, bottom] = [item.anchor.x + item.anchor.w + reach, item.anchor.y + item.anchor.h + reach];
  /** @type {Rect|null} */
  let best = null;
  let least = reach;
  const [dx, dy] = [Math.max(8, w / 3), Math.max(4, h / 2)];
  for (let y = Math.max(bounds.y, around.y); y + h <= bounds.y + bounds.h && y < bottom; y += dy) {
    for (let x = Math.max(bounds.x, around.x); x + w <= bounds.x + bounds.w && x < right; x += dx) {
      const rect = { x, y, w, h };
      const off = distance(rect, item.anchor);
      if (off < least && fits(rect, room)) [best, least] = [rect, off];
    }
  }
  return best;
}

/** @param {Item} item @param {Room} room @returns {Rect} */
function leastHidden(item, room) {
  const size = item.forms[item.forms.length - 1];
  let best = inside({ x: item.anchor.x, y: item.anchor.y - size.h - item.gap, ...size }, room.bounds);
  let least = Infinity;
  for (const [x, y] of candidatesOf(item, size)) {
    const rect = inside({ x, y, ...size }, room.bounds);
    const hidden = room.taken.reduce((sum, other) => sum + overlap(rect, other), 0);
    if (hidden < least) [best, least] = [rect, hidden];
  }
  return best;
}

/** Places in the order in which they are liked. @param {Item} item @param {Size} size @returns {[number, number][]} */
function candidatesOf({ anchor, side, gap }, size) {
  const { x, y, w, h } = anchor;
  const [above, below, left, right] = [y - size.h - gap, y + h + gap, x - size.w - gap, x + w + gap];
  const [middle, centre] = [x + (w - size.w) / 2, y + (h - size.h) / 2];
  const end = x + w - size.w;
  if (side === 'on') {
    const [up, down] = [centre - size.h - gap, centre + size.h + gap];
    return [[middle, centre], [middle, down], [middle, up], [middle - size.w - gap, centre], [middle + size.w + gap, centre],
      [middle, down + size.h + gap], [middle, up - size.h - gap]];
  }
  if (side === 'below') {
    return [[middle, below], [middle, below + size.h / 2], [middle, y - gap - size.h], [right, centre], [left, centre],
      [middle, below + size.h + gap], [x, below], [end, below], [right, below], [left, below]];
  }
  if (side === 'beside') {
    return [[right, y], [left, y], [right, y + h - size.h], [left, y + h - size.h], [x, below], [end, below],
      [x, above], [end, above]];
  }
  return [[x, above], [x, below], [x + gap, y + gap], [right, y], [left, y], [middle, above], [end, above],
    [x, above - size.h - gap], [x, below + size.h + gap], [end, below], [right, y + h - size.h], [left, y + h - size.h],
    [right, above], [left, above], [right, below], [left, below]];
}
