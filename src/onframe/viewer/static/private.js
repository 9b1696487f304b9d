// @ts-check
/**
 * Parts of the picture made unrecognisable on the canvas itself, before anything is drawn on it: a snapshot has them too.
 * What is left of such a part is a few averages, so that nothing can be brought back.
 */

/** @typedef {import('./view.js').Area} Area */
/** @typedef {{x: number, y: number, w: number, h: number, how: import('./view.js').How}} Part in pixels */
/** @typedef {{x: number, columns: number, rows: number}} Cell of the canvas of averages */

const BLOCKS = 12; // along the longer side
const SMALLEST = 8; // pixels of a block
const BLUR = 8; // averages along the longer side of what is blurred
const ATLAS = 2; // the scratch canvas on which the averages of all parts stand side by side
const CELL = 32; // pixels between two of them
export const FILL = '#0b0f14';

/** @type {HTMLCanvasElement[]} */
const SCRATCH = [];

/** @param {CanvasRenderingContext2D} g @param {readonly Area[]} areas in 0..1 */
export function hidePrivate(g, areas) {
  if (!areas.length) return;
  const parts = areas.flatMap((area) => partOf(g.canvas, area));
  // all are averaged before the first is drawn: to read what was just drawn would copy the whole canvas each time
  cleared(ATLAS, parts.length * CELL, CELL);
  const cells = parts.map((part, i) => (part.how === 'fill' ? null : averaged(g.canvas, part, i)));
  g.save();
  g.setTransform(1, 0, 0, 1, 0, 0);
  g.globalAlpha = 1;
  parts.forEach((part, i) => {
    const cell = cells[i];
    if (cell) drawCell(g, part, cell);
    else {
      g.fillStyle = FILL;
      g.fillRect(part.x, part.y, part.w, part.h);
    }
  });
  g.restore();
}

/** The area in whole pixels, cut at the picture's edge; nothing where it lies outside.
 * @param {HTMLCanvasElement} canvas @param {Area} area @returns {Part[]} */
function partOf({ width, height }, { x, y, w, h, how }) {
  const left = Math.max(0, Math.floor(x * width));
  const top = Math.max(0, Math.floor(y * height));
  const right = Math.min(width, Math.ceil((x + w) * width));
  const bottom = Math.min(height, Math.ceil((y + h) * height));
  return right > left && bottom > top ? [{ x: left, y: top, w: right - left, h: bottom - top, how }] : [];
}

/** @param {number} w @param {number} h in pixels @returns {{columns: number, rows: number}} of the mosaic */
export function mosaic(w, h) {
  const block = Math.max(SMALLEST, Math.max(w, h) / BLOCKS);
  return { columns: Math.max(1, Math.round(w / block)), rows: Math.max(1, Math.round(h / block)) };
}

/** @param {number} w @param {number} h in pixels @returns {{columns: number, rows: number}} of what is blurred */
function softness(w, h) {
  const longer = Math.max(w, h);
  return { columns: Math.max(1, Math.round((BLUR * w) / longer)), rows: Math.max(1, Math.round((BLUR * h) / longer)) };
}

/** @param {CanvasRenderingContext2D} g @param {Part} part @param {Cell} cell */
function drawCell(g, part, { x, columns, rows }) {
  const { canvas } = scratch(ATLAS);
  if (part.how === 'pixelate') {
    g.imageSmoothingEnabled = false;
    g.drawImage(canvas, x, 0, columns, rows, part.x, part.y, part.w, part.h);
    return;
  }
  const [w, h] = [Math.min(part.w, columns * 4), Math.min(part.h, rows * 4)];
  const smoother = cleared(0, w, h); // enlarged in two steps, so that the grid of the averages does not show
  smoother.drawImage(canvas, x, 0, columns, rows, 0, 0, w, h);
  g.imageSmoothingEnabled = true;
  g.imageSmoothingQuality = 'high';
  g.drawImage(smoother.canvas, 0, 0, w, h, part.x, part.y, part.w, part.h);
}

/** The part in few pixels, kept as the i-th cell: halved again and again, since browsers look at few pixels of a picture
 * that they shrink. @param {HTMLCanvasElement} source @param {Part} part @param {number} i @returns {Cell} */
function averaged(source, part, i) {
  const { columns, rows } = part.how === 'blur' ? softness(part.w, part.h) : mosaic(part.w, part.h);
  let [from, x, y, w, h] = [source, part.x, part.y, part.w, part.h];
  for (let step = 0; w >= 2 * columns || h >= 2 * rows; step = 1 - step) {
    const [nextW, nextH] = [w >= 2 * columns ? Math.ceil(w / 2) : w, h >= 2 * rows ? Math.ceil(h / 2) : h];
    const g = cleared(step, nextW, nextH);
    g.drawImage(from, x, y, w, h, 0, 0, nextW, nextH);
    [from, x, y, w, h] = [g.canvas, 0, 0, nextW, nextH];
  }
  scratch(ATLAS).drawImage(from, x, y, w, h, i * CELL, 0, columns, rows);
  return { x: i * CELL, columns, rows };
}

/** @param {number} i @param {number} w @param {number} h at least @returns {CanvasRenderingContext2D} */
function cleared(i, w, h) {
  const g = scratch(i);
  const { canvas } = g;
  if (canvas.width < w) canvas.width = w;
  if (canvas.height < h) canvas.height = h;
  g.clearRect(0, 0, canvas.width, canvas.height);
  g.imageSmoothingEnabled = true;
  g.imageSmoothingQuality = 'medium';
  return g;
}

/** One of three canvases that are used again. @param {number} i @returns {CanvasRenderingContext2D} */
function scratch(i) {
  const canvas = (SCRATCH[i] ??= document.createElement('canvas'));
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
}
