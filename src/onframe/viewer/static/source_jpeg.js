// @ts-check
/** Pictures that the server sends as JPEG: any browser shows them, of any codec. */

import { History } from './history.js';
import { Source } from './source.js';
import { JPEG } from './wire.js';

/** @typedef {import('./source.js').Picture} Picture */
/** @typedef {import('./wire.js').Unit} Unit */

const IN_FLIGHT = 3;
const LEAD = 120; // ms before it is due, a picture is decoded
const MOST_WAITING = 200;
const MOST_ERRORS = 10;

export class JpegSource extends Source {
  /** @param {import('./source.js').SourceListener} listener */
  constructor(listener) {
    super(listener);
    this.history = new History();
    /** @type {Unit[]} */
    this._coded = [];
    this._inFlight = 0;
    this._errors = 0;
    this._closed = false;
    this.configured = 'jpeg';
  }

  /** @param {Unit} unit */
  push(unit) {
    if (unit.kind !== JPEG) return;
    this.history.add({ ...unit, key: true });
    this._coded.push(unit);
    if (this._coded.length > MOST_WAITING) this._skip(1);
  }

  /** @param {import('./source.js').Due} due @param {number} now */
  pump(due, now) {
    const passed = this._coded.findLastIndex((unit) => due(unit.pts) < now);
    if (this.frozen) this._coded.splice(0, passed + 1);
    else if (passed > 0) this._skip(passed);
    while (!this.frozen && this._inFlight < IN_FLIGHT && this._coded.length && due(this._coded[0].pts) - LEAD <= now) {
      const unit = this._coded.shift();
      if (unit) this._decode(unit);
    }
  }

  times() {
    return this.history.times();
  }

  /** @param {number} pts @returns {Promise<Picture|null>} */
  async recall(pts) {
    const [unit] = this.history.run(pts) ?? [];
    return unit ? decoded(unit) : null;
  }

  close() {
    super.close();
    this._closed = true;
    this._coded = [];
    this.history.clear();
  }

  /** @param {number} count */
  _skip(count) {
    this.skipped += count;
    this._coded.splice(0, count);
  }

  /** @param {Unit} unit */
  async _decode(unit) {
    this._inFlight += 1;
    try {
      const picture = await decoded(unit);
      this._errors = 0;
      if (this._closed) picture.close();
      else this.waiting.add(picture);
    } catch (error) {
      this._failed(String(error));
    } finally {
      this._inFlight -= 1;
    }
  }

  /** @param {string} why */
  _failed(why) {
    this._errors += 1;
    this.listener.onError(`a JPEG could not be decoded: ${why}`);
    if (this._errors === MOST_ERRORS) this.listener.onRefused('jpeg', 'decoding failed again and again');
  }
}

/** @param {Unit} unit @returns {Promise<Picture>} */
async function decoded(unit) {
  const image = await createImageBitmap(new Blob([unit.data], { type: 'image/jpeg' }));
  return { pts: unit.pts, image, close: () => image.close() };
}
