// @ts-check
/** Geometry of the drawing, in pixels of the canvas. Pure. */

/** @typedef {{x: number, y: number, w: number, h: number}} Rect */
/** @typedef {[number, number]} XY */

/** @param {Rect} a @param {Rect} b */
export function overlap(a, b) {
  const w = Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x);
  const h = Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y);
  return w > 0 && h > 0 ? w * h : 0;
}

/** The rectangle moved into the bounds; what is larger than they are begins at their upper left.
 * @param {Rect} rect @param {Rect} bounds @returns {Rect} */
export function inside(rect, bounds) {
  const x = Math.max(bounds.x, Math.min(rect.x, bounds.x + bounds.w - rect.w));
  const y = Math.max(bounds.y, Math.min(rect.y, bounds.y + bounds.h - rect.h));
  return { ...rect, x, y };
}

/** The upright rectangle around points.
 * @param {XY[]} points @returns {Rect} */
export function around(points) {
  const xs = points.map((point) => point[0]);
  const ys = points.map((point) => point[1]);
  const x = Math.min(...xs);
  const y = Math.min(...ys);
  return { x, y, w: Math.max(...xs) - x, h: Math.max(...ys) - y };
}

/**
 * Where a label of this size goes: above its anchor, below, within, beside: the first free place, or the one that
 * covers least of what is taken already. What is to be spared counts a quarter.
 * @param {Rect} anchor @param {{w: number, h: number}} size @param {Rect[]} taken @param {Rect} bounds
 * @param {number} [gap] @param {Rect[]} [spared]
 * @returns {Rect}
 */
export function placeLabel(anchor, size, taken, bounds, gap = 3, spared = []) {
  const { x, y, w, h } = anchor;
  const middle = x + (w - size.w) / 2;
  const candidates = [
    [x, y - size.h - gap],
    [x, y + h + gap],
    [x + gap, y + gap],
    [x + w + gap, y],
    [x - size.w - gap, y],
    [middle, y - size.h - gap],
    [x + w - size.w, y - size.h - gap],
    [x, y - 2 * size.h - 2 * gap],
    [x, y + h + size.h + 2 * gap],
  ];
  let best = inside({ x, y: y - size.h - gap, ...size }, bounds);
  let least = Infinity;
  for (const [cx, cy] of candidates) {
    const moved = inside({ x: cx, y: cy, ...size }, bounds);
    const away = Math.abs(moved.x - cx) + Math.abs(moved.y - cy);
    const hidden = taken.reduce((sum, other) => sum + overlap(moved, other), 0);
    const covered = hidden + spared.reduce((sum, other) => sum + overlap(moved, other), 0) / 4 + away * 4;
    if (covered < least) [best, least] = [moved, covered];
    if (covered === 0) break;
  }
  return best;
}

/**
 * An arrow across the middle of a line: from its left side to its right, as seen going from the first point on.
 * @param {XY[]} points @param {number} length of the arrow
 * @returns {{from: XY, to: XY}}
 */
export function crossingArrow(points, length) {
  const i = Math.max(0, Math.ceil(points.length / 2) - 1);
  const [x0, y0] = points[i];
  const [x1, y1] = points[Math.min(i + 1, points.length - 1)];
  const norm = Math.hypot(x1 - x0, y1 - y0) || 1;
  const [rx, ry] = [-(y1 - y0) / norm, (x1 - x0) / norm]; // to the right, where y points down
  const [mx, my] = [(x0 + x1) / 2, (y0 + y1) / 2];
  const half = length / 2;
  return { from: [mx - rx * half, my - ry * half], to: [mx + rx * half, my + ry * half] };
}

/** The two barbs of an arrow's head.
 * @param {XY} from @param {XY} to @param {number} size @returns {[XY, XY]} */
export function barbs(from, to, size) {
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
  /** @param {number} turn @returns {XY} */
  const barb = (turn) => [to[0] - size * Math.cos(angle + turn), to[1] - size * Math.sin(angle + turn)];
  return [barb(0.5), barb(-0.5)];
}

/** The largest rectangle of this proportion within the space, in whole pixels.
 * @param {number} width @param {number} height @param {number} spaceWidth @param {number} spaceHeight */
export function fit(width, height, spaceWidth, spaceHeight) {
  const scale = Math.min(spaceWidth / width, spaceHeight / height);
  return { width: Math.max(1, Math.floor(width * scale)), height: Math.max(1, Math.floor(height * scale)) };
}
