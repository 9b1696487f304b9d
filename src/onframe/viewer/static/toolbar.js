// @ts-check
/** Under the picture: what is done with it, and the time of what is shown. */

import { button, choice, clockTime, make, put, set } from './dom.js';
import { swapIcon } from './icons.js';

const ANSWER = 1500; // ms in which the server says what it was told
/** @type {[string, string][]} */
const SPACES = [['0..1000', '0…1000'], ['unit', '0…1'], ['pixels', 'Pixels']];
/** @type {[string, string][]} */
const ORIGINS = [['top-left', 'Top left'], ['bottom-left', 'Bottom left']];

/**
 * @typedef {object} Actions
 * @property {() => void} freeze and, when frozen, resume
 * @property {(pictures: number) => void} step
 * @property {() => void} snapshot
 * @property {() => void} hideFaces
 * @property {() => void} layers
 * @property {() => void} fullScreen
 * @property {(space: string, origin: string) => void} coordinates
 */

export class Toolbar {
  /** @param {Actions} act */
  constructor(act) {
    this._act = act;
    this.freeze = button({ id: 'freeze', icon: 'freeze', text: 'Freeze', title: 'Freeze the picture (space)' }, act.freeze);
    this.back = button({ id: 'back', icon: 'back', title: 'One picture back (←)' }, () => act.step(-1));
    this.forward = button({ id: 'forward', icon: 'forward', title: 'One picture forward (→)' }, () => act.step(1));
    this.time = make('time', 'shown-at', { id: 'shown-at' }, '–');
    this.word = make('span', 'shown-word', { id: 'shown-word' }, 'Live');
    this.remarked = make('span', 'remark', { id: 'remark', role: 'status' });
    this.clock = make('div', 'shown', {}, this.word, this.time);
    this.save = button({ id: 'snapshot', icon: 'snapshot', text: 'Save picture', title: 'Save the picture as PNG (S)' }, act.snapshot);
    this.faces = button(
      { id: 'hide-faces', icon: 'hidden', text: 'Hide faces', title: 'Make faces unrecognisable (P)', pressed: false },
      act.hideFaces,
    );
    this.axes = button(
      { id: 'coordinates', icon: 'axes', text: 'Coordinates', title: 'In which space the camera sends its points (C)' },
      () => this.openCoordinates(this.menu.hidden),
    );
    set(this.axes, 'aria-expanded', 'false');
    set(this.axes, 'aria-controls', 'coordinates-menu');
    this.layers = button({ id: 'layers', icon: 'layers', text: 'Layers', title: 'What is drawn (L)' }, act.layers);
    this.full = button({ id: 'full-screen', icon: 'full', title: 'Full screen (F)' }, act.fullScreen);
    this._set = { space: '0..1000', origin: 'top-left' };
    this._chosenAt = -Infinity;
    this._space = choice('Space of the points', SPACES, (space) => this._choose({ space }));
    this._origin = choice('Origin', ORIGINS, (origin) => this._choose({ origin }));
    this.misfit = make('p', 'misfit', { id: 'misfit', hidden: true });
    this.said = make('p', 'quiet', { id: 'coordinates-said' });
    this.menu = make(
      'div', 'menu', { id: 'coordinates-menu', role: 'group', 'aria-label': 'Coordinates', hidden: true },
      make('h3', '', {}, 'Values of x and y'), this._space.element,
      make('h3', '', {}, 'Origin'), this._origin.element,
      this.misfit, this.said,
    );
    this.menu.addEventListener('keydown', (event) => this._menuKey(event));
    this._outside = (/** @type {Event} */ event) => {
      const path = event.composedPath();
      if (!path.includes(this.menu) && !path.includes(this.axes)) this.openCoordinates(false);
    };
    this.element = make(
      'div', 'toolbar', { role: 'toolbar', 'aria-label': 'Picture' },
      make('div', 'tools', {}, this.freeze, this.back, this.forward),
      this.clock,
      make('div', 'tools end', {}, this.save, this.faces, this.axes, this.layers, this.full),
      this.remarked,
      this.menu,
    );
  }

  /** @param {{space?: string, origin?: string}} change */
  _choose(change) {
    this._set = { ...this._set, ...change };
    this._chosenAt = performance.now();
    this._space.set(this._set.space);
    this._origin.set(this._set.origin);
    this._act.coordinates(this._set.space, this._set.origin);
  }

  /** @param {KeyboardEvent} event */
  _menuKey(event) {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    this.leaveCoordinates();
  }

  leaveCoordinates() {
    this.openCoordinates(false);
    this.axes.focus();
  }

  /** @param {boolean} open */
  openCoordinates(open) {
    this.menu.hidden = !open;
    set(this.axes, 'aria-expanded', String(open));
    document.removeEventListener('pointerdown', this._outside);
    if (!open) return;
    document.addEventListener('pointerdown', this._outside);
    /** @type {HTMLElement|null} */ (this.menu.querySelector('[tabindex="0"]'))?.focus();
  }

  /** What the server says of the space, and where values do not fit it.
   * @param {import('./wire.js').Hello|null} hello @param {string} misfit */
  coordinates(hello, misfit) {
    if (performance.now() - this._chosenAt > ANSWER) {
      this._set = { space: hello?.space ?? '0..1000', origin: hello?.origin ?? 'top-left' };
      this._space.set(this._set.space);
      this._origin.set(this._set.origin);
    }
    put(this.misfit, misfit);
    this.misfit.hidden = !misfit;
    this.axes.classList.toggle('warns', Boolean(misfit));
    put(this.said, `Set: ${hello?.coordinates || '–'}. It holds for all who look at this camera, until the server ends.`);
  }

  /** @param {boolean} frozen @param {number} at Unix ms of the picture that is shown @param {boolean} live whether it goes on */
  show(frozen, at, live) {
    swapIcon(this.freeze, frozen ? 'play' : 'freeze');
    put(this.freeze.querySelector('span'), frozen ? 'Live' : 'Freeze');
    set(this.freeze, 'title', frozen ? 'Back to what happens now (space)' : 'Freeze the picture (space)');
    this.element.classList.toggle('frozen', frozen);
    put(this.word, frozen ? 'Frozen' : live ? 'Live' : 'Still');
    set(this.word, 'data-state', frozen ? 'frozen' : live ? 'live' : 'still');
    put(this.time, clockTime(at, frozen));
  }

  /** A sentence over the toolbar; empty takes it away. @param {string} text */
  remark(text) {
    put(this.remarked, text);
  }

  /** @param {boolean} on */
  facesHidden(on) {
    set(this.faces, 'aria-pressed', String(on));
    put(this.faces.querySelector('span'), on ? 'Faces hidden' : 'Hide faces');
  }
}
