// @ts-check
/** Pictures to keep: the whole one with all that is drawn on it, and a small one of what an event is about. */

import { Painter } from './paint.js';
import { privateAreas } from './view.js';

/** @typedef {import('./store.js').Drawn} Drawn */
/** @typedef {import('./view.js').Area} Area */
/** @typedef {{x: number, y: number, w: number, h: number}} Rect in 0..1 of the picture */

const WIDTH = 1280; // CSS pixels; the lines of a larger picture grow with it
const SMALL = { width: 160, height: 90 };
const LEAST = 0.22; // of the picture's width and height: less shows nothing of the surroundings
const ROOM = 1.6; // times the target
const BLOCKS = 5; // across what is private, in a small picture
/** @type {Rect} */
const WHOLE = { x: 0, y: 0, w: 1, h: 1 };

/**
 * @param {CanvasImageSource|null} image null: the grid @param {{width: number, height: number}} size in pixels
 * @param {{drawn: Drawn[], areas: Area[]}} content @param {string} selected
 * @returns {Promise<Blob>} PNG
 */
export async function snapshot(image, size, { drawn, areas }, selected) {
  const painter = new Painter(document.createElement('canvas'));
  const ratio = Math.max(1, size.width / WIDTH);
  painter.resize(size.width / ratio, size.height / ratio, ratio);
  // The picture that is shown may be closed before all that lies on it is decoded.
  const kept = image ? copyOf(image, size) : null;
  painter.paint(kept, drawn, { areas, selected, now: performance.now() });
  const maps = drawn.filter((one) => one.shape.t === 'heatmap');
  if (maps.length) {
    await Promise.all(maps.map((one) => decoded(one.shape)));
    painter.paint(kept, drawn, { areas, selected, now: performance.now() });
  }
  const blob = await new Promise((/** @type {(blob: Blob|null) => void} */ resolve) => painter.canvas.toBlob(resolve, 'image/png'));
  if (!blob) throw new Error('this browser made no PNG of the picture');
  return blob;
}

/** @param {CanvasImageSource} image @param {{width: number, height: number}} size */
function copyOf(image, { width, height }) {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d')?.drawImage(image, 0, 0, width, height);
  return canvas;
}

/** Until the painter has decoded the same. @param {import('./wire.js').Shape} shape */
async function decoded(shape) {
  const bytes = Uint8Array.from(atob(shape.data), (character) => character.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: shape.media_type })).catch(() => null);
  bitmap?.close();
  await new Promise((resolve) => setTimeout(resolve));
}

/**
 * What an event is about, with some of its surroundings. What is private is not to be recognised.
 * @param {CanvasImageSource} image @param {Drawn[]} drawn on this picture @param {import('./wire.js').Event} event
 * @param {import('./view.js').View} view
 * @returns {Promise<ImageBitmap|null>}
 */
export async function thumbnail(image, drawn, event, view) {
  const size = sizeOf(image);
  if (!size) return null;
  const part = around(placeOf(drawn, event) ?? WHOLE, size);
  const canvas = new OffscreenCanvas(SMALL.width, SMALL.height);
  const g = canvas.getContext('2d');
  if (!g) return null;
  const [x, y] = [part.x * size.width, part.y * size.height];
  g.drawImage(image, x, y, part.w * size.width, part.h * size.height, 0, 0, SMALL.width, SMALL.height);
  for (const area of privateAreas(drawn, view.privacy)) hide(g, area, part);
  return createImageBitmap(canvas).catch(() => null);
}

/** @param {CanvasImageSource} image */
function sizeOf(image) {
  const any = /** @type {any} */ (image);
  const [width, height] = [any.displayWidth ?? any.videoWidth ?? any.width, any.displayHeight ?? any.videoHeight ?? any.height];
  return width > 0 && height > 0 ? { width: Number(width), height: Number(height) } : null;
}

/** Where an event takes place: its target, its plate, or else what is in alarm by the same sort of document, or its rule;
 * null where it has no place in the picture, as of a radar. @param {Drawn[]} drawn
 * @param {import('./wire.js').Event} event @returns {Rect|null} */
export function placeOf(drawn, event) {
  const own = drawn.filter((one) => one.state !== 'rule');
  const plate = own.find(({ shape }) => shape.t === 'plate' && shape.text === event.title);
  const subject = plate?.shape.subject;
  const named = (/** @type {Drawn} */ { shape }) =>
    subject ? shape.subject === subject : Boolean(shape.subject) && (event.key === shape.subject || event.key.startsWith(`${shape.subject}/`));
  const about = own.find((one) => named(one) && rectOf(one.shape));
  if (about) return rectOf(about.shape);
  if (plate) return { x: plate.shape.x, y: plate.shape.y, w: 0, h: 0 };
  const sort = event.subject?.split('/')[0];
  const alarmed = own.find(({ shape }) => shape.alarm && shape.subject?.split('/')[0] === sort && rectOf(shape));
  const rule = drawn.find((one) => named(one) && rectOf(one.shape));
  return alarmed ? rectOf(alarmed.shape) : rule ? rectOf(rule.shape) : null;
}

/** @param {import('./wire.js').Shape} shape @returns {Rect|null} */
function rectOf(shape) {
  if (shape.t === 'box') return { x: shape.x, y: shape.y, w: shape.w, h: shape.h };
  const points = shape.t === 'skeleton' ? shape.joints : shape.points;
  if (shape.t === 'trail' || !points?.length) return null;
  const xs = points.map((/** @type {number[]} */ point) => point[0]);
  const ys = points.map((/** @type {number[]} */ point) => point[1]);
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, w: Math.max(...xs) - x, h: Math.max(...ys) - y };
}

/** A part of the picture around a place, in the shape of a small picture. @param {Rect} place
 * @param {{width: number, height: number}} size @returns {Rect} */
export function around(place, size) {
  const shape = (SMALL.width / SMALL.height) * (size.height / size.width); // w / h of the part, in 0..1
  let h = Math.max(LEAST, ROOM * place.h, (ROOM * place.w) / shape);
  h = Math.min(h, 1, 1 / shape);
  const w = h * shape;
  const x = Math.max(0, Math.min(1 - w, place.x + place.w / 2 - w / 2));
  const y = Math.max(0, Math.min(1 - h, place.y + place.h / 2 - h / 2));
  return { x, y, w, h };
}

/** A small picture needs but a few blocks; what is blurred in the large one is not less hidden here.
 * @param {OffscreenCanvasRenderingContext2D} g @param {Area} area @param {Rect} part */
function hide(g, area, part) {
  const [sx, sy] = [SMALL.width / part.w, SMALL.height / part.h];
  const left = Math.max(0, Math.floor((area.x - part.x) * sx));
  const top = Math.max(0, Math.floor((area.y - part.y) * sy));
  const w = Math.min(SMALL.width, Math.ceil((area.x + area.w - part.x) * sx)) - left;
  const h = Math.min(SMALL.height, Math.ceil((area.y + area.h - part.y) * sy)) - top;
  if (w <= 0 || h <= 0) return;
  if (area.how === 'fill') {
    g.fillStyle = '#101418';
    g.fillRect(left, top, w, h);
    return;
  }
  const few = new OffscreenCanvas(BLOCKS, BLOCKS);
  few.getContext('2d')?.drawImage(g.canvas, left, top, w, h, 0, 0, BLOCKS, BLOCKS);
  g.imageSmoothingEnabled = false;
  g.drawImage(few, 0, 0, BLOCKS, BLOCKS, left, top, w, h);
  g.imageSmoothingEnabled = true;
}
