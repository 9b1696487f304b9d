// @ts-check
/**
 * Parts of the picture made unrecognisable on the canvas itself, before anything is drawn on it: a snapshot has them too.
 * What is left of such a part is a few averages, so that nothing can be brought back.
 */

/** @typedef {import('./view.js').Area} Area */

const BLOCKS = 12; // along the longer side
const SMALLEST = 8; // pixels of a block
const BLUR = 8; // averages along the longer side of what is blurred
export const FILL = '#0b0f14';

/** @type {HTMLCanvasElement[]} */
const SCRATCH = [];

/** @param {CanvasRenderingContext2D} g @param {readonly Area[]} areas in 0..1 */
export function hidePrivate(g, areas) {
  const { width, height } = g.canvas;
  for (const { x, y, w, h, how } of areas) {
    const left = Math.max(0, Math.floor(x * width));
    const top = Math.max(0, Math.floor(y * height));
    const right = Math.min(width, Math.ceil((x + w) * width));
    const bottom = Math.min(height, Math.ceil((y + h) * height));
    if (!(right > left && bottom > top)) continue;
    const part = { x: left, y: top, w: right - left, h: bottom - top };
    g.save();
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.globalAlpha = 1;
    if (how === 'blur') blur(g, part);
    else if (how === 'pixelate') pixelate(g, part);
    else {
      g.fillStyle = FILL;
      g.fillRect(part.x, part.y, part.w, part.h);
    }
    g.restore();
  }
}

/** @param {number} w @param {number} h in pixels @returns {{columns: number, rows: number}} of the mosaic */
export function mosaic(w, h) {
  const block = Math.max(SMALLEST, Math.max(w, h) / BLOCKS);
  return { columns: Math.max(1, Math.round(w / block)), rows: Math.max(1, Math.round(h / block)) };
}

/** @param {CanvasRenderingContext2D} g @param {import('./geometry.js').Rect} part */
function pixelate(g, part) {
  const { columns, rows } = mosaic(part.w, part.h);
  const small = averaged(g.canvas, part, columns, rows);
  g.imageSmoothingEnabled = false;
  g.drawImage(small, 0, 0, columns, rows, part.x, part.y, part.w, part.h);
}

/** @param {CanvasRenderingContext2D} g @param {import('./geometry.js').Rect} part */
function blur(g, part) {
  const longer = Math.max(part.w, part.h);
  const columns = Math.max(1, Math.round((BLUR * part.w) / longer));
  const rows = Math.max(1, Math.round((BLUR * part.h) / longer));
  const small = averaged(g.canvas, part, columns, rows);
  const [w, h] = [Math.min(part.w, columns * 4), Math.min(part.h, rows * 4)];
  const smoother = scratch(2, w, h); // enlarged in two steps, so that the grid of the averages does not show
  smoother.drawImage(small, 0, 0, columns, rows, 0, 0, w, h);
  g.imageSmoothingEnabled = true;
  g.imageSmoothingQuality = 'high';
  g.drawImage(smoother.canvas, 0, 0, w, h, part.x, part.y, part.w, part.h);
}

/** The part in so few pixels: halved again and again, since browsers look at few pixels of a picture that they shrink.
 * @param {HTMLCanvasElement} source @param {import('./geometry.js').Rect} part @param {number} columns @param {number} rows */
function averaged(source, part, columns, rows) {
  let [from, x, y, w, h] = [source, part.x, part.y, part.w, part.h];
  for (let step = 0; ; step = 1 - step) {
    const [nextW, nextH] = [w >= 2 * columns ? Math.ceil(w / 2) : columns, h >= 2 * rows ? Math.ceil(h / 2) : rows];
    const g = scratch(step, nextW, nextH);
    g.drawImage(from, x, y, w, h, 0, 0, nextW, nextH);
    [from, x, y, w, h] = [g.canvas, 0, 0, nextW, nextH];
    if (w === columns && h === rows) return from;
  }
}

/** One of a few canvases that are used again. @param {number} i @param {number} w @param {number} h @returns {CanvasRenderingContext2D} */
function scratch(i, w, h) {
  const canvas = (SCRATCH[i] ??= document.createElement('canvas'));
  if (canvas.width < w) canvas.width = w;
  if (canvas.height < h) canvas.height = h;
  const g = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  g.imageSmoothingEnabled = true;
  g.imageSmoothingQuality = 'medium';
  g.globalCompositeOperation = 'copy';
  return g;
}
