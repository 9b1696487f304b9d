// @ts-check
/**
 * <onframe-view>: a camera's picture with its metadata, for other pages.
 *
 *     <script type="module" src="https://SERVER/element.js"></script>
 *     <onframe-view src="https://SERVER/" token="…" camera="gate" controls></onframe-view>
 *
 * `src` is the server's address (by default where this module came from), `token` what its printed address carries; the
 * server must be told which origins may embed it. `camera`, `stream`, `path`, `mode`, `hold` and `theme`, and what is
 * shown of the metadata (`hide classes rules color temperature score heat privacy`) are as in the page's address.
 * `controls` adds buttons, `fit` fits the picture into the element's own height, `nohead` leaves out the strip above it.
 * It may stand on a page many times, and lets go of everything when it is taken away. `player` is its Player.
 */

import { Tile, pictureName, saveAs } from './app-tile.js';
import { tileStyle } from './app-tile-style.js';
import { button, clockTime, make, put, set } from './dom.js';
import { swapIcon } from './icons.js';
import { parseOptions } from './options.js';

const EVERY = 500; // ms between two looks at what stands around the picture
const VIEW = ['hide', 'classes', 'rules', 'color', 'temperature', 'score', 'heat', 'privacy'];
const CONNECTION = ['src', 'token', 'camera', 'stream', 'path'];
const LOOK = ['theme', 'controls', 'fit', 'nohead'];

const CSS = `
:host {
  display: block; position: relative; min-width: 0; color-scheme: light dark; overflow: hidden; border-radius: 9px; contain: content;
  --ground: light-dark(#e9edf2, #0a0e14); --raised: light-dark(#ffffff, #121821); --sunken: light-dark(#f0f3f7, #0c1118);
  --edge: light-dark(#d3dae4, #202a38); --ink: light-dark(#141c28, #e8eef6); --dim: light-dark(#4d5b70, #9babc0);
  --good: light-dark(#0a6e3d, #5fe39a); --fair: light-dark(#7d5200, #ffc857); --bad: light-dark(#b81d2d, #ff7a85);
  --accent: light-dark(#0b5f9e, #7dd3fc); --key-exact: light-dark(#1f9d61, #5fe39a);
  font: 14px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", "Liberation Sans", sans-serif;
  color: var(--ink); background: var(--raised);
}
:host([theme="dark"]) { color-scheme: dark; }
:host([theme="light"]) { color-scheme: light; }
:host([hidden]) { display: none; }
*, ::before, ::after { box-sizing: border-box; }
.around { display: flex; flex-direction: column; height: 100%; }
.tile { flex: 1 1 auto; height: auto; }
:host(:not([fit])) .tile { flex: none; }
.frame { border-radius: 0; }
.bar { display: flex; align-items: center; gap: 4px; flex: none; padding: 4px 6px; border-top: 1px solid var(--edge); }
.bar button {
  display: inline-flex; align-items: center; justify-content: center; min-width: 34px; min-height: 32px; padding: 0 6px; font: inherit; color: inherit;
  border: 1px solid transparent; border-radius: 7px; background: none; cursor: pointer;
}
.bar button:hover { background: var(--sunken); border-color: var(--edge); }
.bar time { flex: 1; min-width: 0; padding: 0 8px; line-height: 1.15; font-variant-numeric: tabular-nums; }
.bar.frozen time { color: var(--fair); font-weight: 600; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px; }
.icon { width: 18px; height: 18px; fill: none; stroke: currentColor; stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round; }
`;

/** @type {CSSStyleSheet|null} */
let sheet = null;

/** One sheet for all. */
function elementStyle() {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}

export class OnframeView extends HTMLElement {
  static observedAttributes = [...CONNECTION, 'mode', 'hold', ...VIEW, ...LOOK];

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = [tileStyle(), elementStyle()];
    this._around = make('div', 'around');
    root.append(this._around);
    /** @type {Tile|null} */
    this._tile = null;
    this._timer = 0;
    /** What has changed since the last look. @type {Set<string>} */
    this._changed = new Set();
    this._freeze = button({ icon: 'freeze', title: 'Freeze' }, () => this._toggle());
    this._time = make('time', '', {}, '–');
    const full = button({ icon: 'full', title: 'Full screen' }, () => this._fullScreen());
    this._bar = make(
      'div', 'bar', { role: 'toolbar', 'aria-label': 'Picture' },
      this._freeze,
      button({ icon: 'back', title: 'One picture back' }, () => void this._step(-1)),
      button({ icon: 'forward', title: 'One picture forward' }, () => void this._step(1)),
      this._time,
      button({ icon: 'snapshot', title: 'Save the picture as PNG' }, () => void this._save()),
      full,
    );
  }

  /** The Player of what is shown; null while the element is not in a document. */
  get player() {
    return this._tile?.player ?? null;
  }

  connectedCallback() {
    this._open();
    this._timer = setInterval(() => this._report(), EVERY);
  }

  disconnectedCallback() {
    clearInterval(this._timer);
    this._tile?.close();
    this._tile = null;
  }

  /** @param {string} name */
  attributeChangedCallback(name) {
    if (!this._tile) return;
    if (!this._changed.size) queueMicrotask(() => this._apply());
    this._changed.add(name);
  }

  /** The attributes as the page's options. */
  _options() {
    const query = new URLSearchParams();
    for (const name of ['camera', 'stream', 'path', 'mode', 'hold', ...VIEW]) {
      const value = this.getAttribute(name);
      if (value !== null) query.set(name, value);
    }
    return parseOptions(query.toString());
  }

  _address() {
    const address = new URL('ws', new URL(this.getAttribute('src') || './', this.getAttribute('src') ? document.baseURI : import.meta.url));
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    const token = this.getAttribute('token');
    if (token) address.searchParams.set('t', token);
    return address.href;
  }

  _open() {
    this._tile?.close();
    const tile = new Tile(this._address(), this._options(), { width: true });
    this._tile = tile;
    tile.player.addEventListener('welcome', () => {
      const { welcome, asked } = tile.player;
      tile.name = (welcome?.cameras.find(({ key }) => key === asked.camera) ?? welcome?.cameras[0])?.name ?? '';
      this._report();
    });
    this._look();
  }

  _look() {
    const tile = this._tile;
    if (!tile) return;
    this._around.classList.toggle('headed', !this.hasAttribute('nohead'));
    this._around.replaceChildren(tile.element, ...(this.hasAttribute('controls') ? [this._bar] : []));
    tile.byWidth = !this.hasAttribute('fit');
    tile.layout();
    this._report();
  }

  /** What has changed, in one go. */
  _apply() {
    const changed = [...this._changed];
    this._changed.clear();
    const tile = this._tile;
    if (!tile) return;
    if (changed.some((name) => CONNECTION.includes(name))) return this._open();
    const options = this._options();
    if (changed.some((name) => VIEW.includes(name))) tile.player.view = options.view;
    if (changed.includes('mode') || changed.includes('hold')) tile.player.setMode(options.mode, options.hold ?? undefined);
    if (changed.some((name) => LOOK.includes(name))) this._look();
  }

  _report() {
    const tile = this._tile;
    if (!tile) return;
    tile.report();
    const { frozen } = tile.player;
    this._bar.classList.toggle('frozen', frozen);
    put(this._time, frozen ? `Frozen ${clockTime(tile.at, true)}` : clockTime(tile.at));
    swapIcon(this._freeze, frozen ? 'play' : 'freeze');
    set(this._freeze, 'title', frozen ? 'Back to live' : 'Freeze');
    set(this._freeze, 'aria-label', frozen ? 'Back to live' : 'Freeze');
  }

  _toggle() {
    if (this.player?.frozen) this.player.resume();
    else this.player?.freeze();
    this._report();
  }

  /** @param {number} pictures */
  async _step(pictures) {
    await this.player?.step(pictures);
    this._report();
  }

  async _save() {
    const tile = this._tile;
    const blob = await tile?.player.snapshot().catch(() => null);
    if (tile && blob) saveAs(blob, pictureName(tile.name, tile.at));
  }

  _fullScreen() {
    if (document.fullscreenElement) void document.exitFullscreen();
    else this._tile?.element.requestFullscreen?.().catch(() => undefined);
  }
}

if (!customElements.get('onframe-view')) customElements.define('onframe-view', OnframeView);
