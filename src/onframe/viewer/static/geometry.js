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

/** @param {Rect} rect @param {number} margin @returns {Rect} */
export function grown(rect, margin) {
  return { x: rect.x - margin, y: rect.y - margin, w: rect.w + 2 * margin, h: rect.h + 2 * margin };
}

/** @param {Rect} rect @param {number} x @param {number} y */
export function holds(rect, x, y) {
  return x >= rect.x && x <= rect.x + rect.w && y >= rect.y && y <= rect.y + rect.h;
}

/** The upright rectangle around points.
 * @param {XY[]} points @returns {Rect} */
export function around(points) {
  if (!points.length) return { x: 0, y: 0, w: 0, h: 0 };
  const xs = points.map((point) => point[0]);
  const ys = points.map((point) => point[1]);
  const x = Math.min(...xs);
  const y = Math.min(...ys);
  return { x, y, w: Math.max(...xs) - x, h: Math.max(...ys) - y };
}

/** The point of the rectangle that is nearest to (x, y). @param {Rect} rect @param {number} x @param {number} y @returns {XY} */
export function nearest(rect, x, y) {
  return [Math.max(rect.x, Math.min(x, rect.x + rect.w)), Math.max(rect.y, Math.min(y, rect.y + rect.h))];
}

/** Between two rectangles, 0 where they touch. @param {Rect} a @param {Rect} b */
export function distance(a, b) {
  const dx = Math.max(0, a.x - (b.x + b.w), b.x - (a.x + a.w));
  const dy = Math.max(0, a.y - (b.y + b.h), b.y - (a.y + a.h));
  return Math.hypot(dx, dy);
}

/** From (x, y) to the line through the points; to its last side too where it is closed.
 * @param {XY[]} points @param {number} x @param {number} y @param {boolean} [closed] */
export function away(points, x, y, closed = false) {
  if (points.length === 1) return Math.hypot(points[0][0] - x, points[0][1] - y);
  let least = Infinity;
  for (let i = closed ? 0 : 1; i < points.length; i++) {
    const [ax, ay] = points[(i || points.length) - 1];
    const [dx, dy] = [points[i][0] - ax, points[i][1] - ay];
    const share = Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1)));
    least = Math.min(least, Math.hypot(ax + share * dx - x, ay + share * dy - y));
  }
  return least;
}

/** Whether (x, y) lies within the polygon. @param {XY[]} points @param {number} x @param {number} y */
export function within(points, x, y) {
  let odd = false;
  for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
    const [[ax, ay], [bx, by]] = [points[i], points[j]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
  }
  return odd;
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

/** Where a speed vector ends: seconds ahead, and far enough to be seen.
 * @param {XY} from @param {XY} step of one second @param {number} seconds @param {number} least @returns {XY|null} */
export function ahead(from, step, seconds, least) {
  const length = Math.hypot(...step);
  if (!(length > 0)) return null;
  const scale = Math.max(seconds, least / length);
  return [from[0] + step[0] * scale, from[1] + step[1] * scale];
}

/** The largest rectangle of this proportion within the space, in whole pixels.
 * @param {number} width @param {number} height @param {number} spaceWidth @param {number} spaceHeight */
export function fit(width, height, spaceWidth, spaceHeight) {
  const scale = Math.min(spaceWidth / width, spaceHeight / height);
  return { width: Math.max(1, Math.floor(width * scale)), height: Math.max(1, Math.floor(height * scale)) };
}

/** A colour with opacity. @param {string} color `#rrggbb` @param {number} opacity 0..1 */
export function tinted(color, opacity) {
  if (!/^#[0-9a-f]{6}$/i.test(color)) return color;
  return color + Math.round(Math.max(0, Math.min(1, opacity)) * 255).toString(16).padStart(2, '0');
}
