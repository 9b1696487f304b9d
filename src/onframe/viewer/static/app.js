// @ts-check
/** The page: tiles of cameras, a toolbar under them, and beside them what they tell. */

import { EventList } from './app-events.js';
import { element, ownFigures, showHeader } from './app-header.js';
import { Help } from './app-help.js';
import { actionOf } from './app-keys.js';
import { LayersPanel, facesHidden, withFaces } from './app-layers.js';
import { Side } from './app-side.js';
import { Tile, pictureName, saveAs } from './app-tile.js';
import { button, choice, make, put, set } from './dom.js';
import { swapIcon } from './icons.js';
import { Inspector } from './inspector.js';
import { cells, writeOptions } from './options.js';
import { Details, SyncCard } from './panel.js';
import { inWords } from './status.js';
import { Toolbar } from './toolbar.js';

/** @typedef {import('./options.js').Options} Options */
/** @typedef {import('./store.js').Drawn} Drawn */
/** @typedef {import('./events.js').Entry} Entry */

const EVERY = 400; // ms between two looks at what stands beside the picture
/** @type {[string, string, string][]} */
const GRIDS = [['1', 'One camera', 'grid1'], ['4', 'Four cameras', 'grid4'], ['9', 'Nine cameras', 'grid9']];
const SAID = 5000; // ms that a remark of the page itself stands
/** @type {Record<Options['theme'], Options['theme']>} */
const NEXT_THEME = { auto: 'dark', dark: 'light', light: 'auto' };
const THEMES = { auto: 'As the system', dark: 'Dark', light: 'Light' };

export class App {
  /** @param {Options} options */
  constructor(options) {
    this.options = options;
    /** @type {Tile[]} */
    this.tiles = [];
    /** @type {{key: string, name: string}[]} */
    this.cameras = [];
    this.page = 0;
    /** Whether one tile of several is shown large. */
    this.large = Boolean(options.camera);
    this.card = new SyncCard((mode, hold) => this._mode(mode, hold));
    this.card.setMode(options.mode, options.hold);
    this.events = new EventList((entry) => void this._showEvent(entry));
    this.inspector = new Inspector({ choose: (drawn) => this.select(drawn), close: () => this.deselect() });
    this.details = new Details();
    this.layers = new LayersPanel(options.view, (view) => this._view(view));
    this.toolbar = this._toolbar();
    this.help = new Help();
    this.grid = choice('Cameras at once', GRIDS, (value) => this._grid(/** @type {1|4|9} */ (Number(value))));
    this.pager = make('div', 'pager', { hidden: true },
      button({ icon: 'left', title: 'Cameras before', className: 'plain' }, () => this._turn(-1)),
      make('span', '', { id: 'cameras-shown' }),
      button({ icon: 'right', title: 'Cameras after', className: 'plain' }, () => this._turn(1)));
    this.theme = button({ id: 'theme', title: 'Theme', className: 'plain' }, () => this._nextTheme());
    /** The tile that the toolbar acts on. @type {Tile} */
    this.active = this._open(options.camera, '', true);
    this.side = this._side();
    this._place();
    this._theme();
    this._bare();
    this._arrange();
    this._listen();
    setInterval(() => this.report(), EVERY);
  }

  get player() {
    return this.active.player;
  }

  _toolbar() {
    const toolbar = new Toolbar({
      freeze: () => this.freeze(),
      step: (pictures) => void this.step(pictures),
      snapshot: () => void this.snapshot(),
      hideFaces: () => this._view(withFaces(this.options.view, !facesHidden(this.options.view))),
      layers: () => this._reveal('layers'),
      fullScreen: () => this.fullScreen(this.active.element),
      coordinates: (space, origin) =>
        this.player.coordinates(/** @type {import('./wire.js').Space} */ (space), /** @type {import('./wire.js').Origin} */ (origin)),
    });
    toolbar.facesHidden(facesHidden(this.options.view));
    return toolbar;
  }

  _side() {
    const tabs = [
      { id: 'events', name: 'Events', element: this.events.element },
      { id: 'layers', name: 'Layers', element: this.layers.element },
      { id: 'target', name: 'Target', element: this.inspector.element },
      { id: 'details', name: 'Details', element: this.details.element },
    ];
    return new Side(element('panel'), this.card.element, tabs, () => this.report());
  }

  /** Where things stand in the document. */
  _place() {
    const help = button({ id: 'help-button', icon: 'help', title: 'Keys (?)', className: 'plain' }, () => this.help.toggle());
    const bare = button({ id: 'bare', icon: 'panel', title: 'The pictures alone, and back (B)', className: 'plain' }, () => this._toggleBare());
    const whole = button({ id: 'full-page', icon: 'full', title: 'Full screen of the whole page (shift F)', className: 'plain' }, () =>
      this.fullScreen(document.documentElement));
    element('controls').append(this.pager, this.grid.element, this.theme, help, bare, whole);
    element('work').append(this.toolbar.element);
    const back = button({ id: 'controls-back', icon: 'panel', text: 'Controls', title: 'Show the controls again (B)' }, () => this._toggleBare());
    document.body.append(this.help.element, back);
  }

  _listen() {
    document.addEventListener('keydown', (event) => this._key(event));
    document.addEventListener('click', (event) => {
      // What was pressed with the mouse has done its work: space and arrows are the picture's again.
      const pressed = event.target instanceof Element ? event.target.closest('button, summary') : null;
      if (event.detail > 0 && pressed instanceof HTMLElement && pressed === document.activeElement) pressed.blur();
    });
    for (const name of ['resize', 'fullscreenchange']) {
      addEventListener(name, () => this.tiles.forEach((tile) => tile.layout()));
    }
  }

  /** A tile of a camera, and what it tells. @param {string} camera @param {string} name @param {boolean} [first] */
  _open(camera, name, first = false) {
    const { stream, path, mode, hold, view, test, shift } = this.options;
    const address = new URL('ws', document.baseURI);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    if (this.options.token) address.searchParams.set('t', this.options.token);
    const tile = new Tile(address.href, { camera, stream, path, mode, hold, view, test, shift }, { name, ids: first });
    this.tiles.push(tile);
    tile.canvas.addEventListener('click', (event) => this._click(tile, event));
    tile.canvas.addEventListener('pointermove', (event) => this._over(tile, event));
    tile.element.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && event.target === tile.element) this.enlarge(tile);
    });
    const { player } = tile;
    player.addEventListener('welcome', () => this._welcome(tile));
    player.addEventListener('hello', () => this._hello(tile));
    player.addEventListener('status', () => this.report());
    player.addEventListener('stats', (event) => {
      if (tile === this.active) this.details.stats(detail(event).values);
    });
    player.addEventListener('record-event', (event) => this._event(tile, detail(event)));
    return tile;
  }

  /** Which cameras there are: the first tile has its own, and the grid is filled. @param {Tile} tile */
  _welcome(tile) {
    const cameras = tile.player.welcome?.cameras ?? [];
    if (this.cameras.length || !cameras.length) return;
    this.cameras = cameras;
    const at = Math.max(0, cameras.findIndex((camera) => camera.key === this.options.camera));
    tile.key = cameras[at].key;
    tile.name = cameras[at].name;
    this.large = this.large && cameras.length > 1;
    this.page = Math.floor(at / this._cells);
    this.events.named(cameras.length > 1);
    this._arrange();
  }

  get _cells() {
    return cells(this.options.grid, this.cameras.length);
  }

  /** The tiles of this page of the grid, in the cameras' order. */
  _arrange() {
    const count = this._cells;
    const shown = this.cameras.slice(this.page * count, (this.page + 1) * count);
    if (shown.length) {
      for (const tile of this.tiles.filter((tile) => !shown.some(({ key }) => key === tile.key))) this._close(tile);
      for (const { key, name } of shown) if (!this.tiles.some((tile) => tile.key === key)) this._open(key, name);
      const order = shown.map(({ key }) => key);
      this.tiles.sort((a, b) => order.indexOf(a.key) - order.indexOf(b.key));
    }
    if (!this.tiles.includes(this.active)) this.active = this.tiles[0];
    const place = element('tiles');
    this.tiles.forEach((tile, i) => {
      if (place.children[i] !== tile.element) place.insertBefore(tile.element, place.children[i] ?? null);
    });
    this._layOut(count, shown.length);
    this._write();
    this.report();
  }

  /** @param {Tile} tile */
  _close(tile) {
    this.tiles = this.tiles.filter((one) => one !== tile);
    tile.close();
  }

  /** @param {number} count cells @param {number} shown cameras in them */
  _layOut(count, shown) {
    const place = element('tiles');
    const columns = this.options.grid ? Math.sqrt(count) : shown <= 1 ? 1 : shown <= 4 ? 2 : 3;
    const alone = this.tiles.length === 1 && this._cells === 1;
    place.dataset.columns = this.large ? '1' : String(columns);
    place.dataset.rows = String(this.large ? 1 : this.options.grid ? columns : Math.max(1, Math.ceil(shown / columns)));
    document.body.classList.toggle('several', !alone && !this.large);
    place.classList.toggle('headed', !alone && !this.large);
    for (const tile of this.tiles) {
      tile.element.hidden = this.large && tile !== this.active;
      tile.element.tabIndex = alone || this.large ? -1 : 0;
      tile.element.classList.toggle('active', tile === this.active && !alone && !this.large);
      tile.layout();
    }
    this.grid.set(String(count));
    this.grid.element.hidden = this.cameras.length < 2;
    this.pager.hidden = this.cameras.length <= count;
    const first = this.page * count;
    put(document.getElementById('cameras-shown'), `${first + 1}–${Math.min(first + count, this.cameras.length)} of ${this.cameras.length}`);
  }

  /** @param {1|4|9} grid */
  _grid(grid) {
    const at = Math.max(0, this.cameras.findIndex(({ key }) => key === this.active.key));
    this.options.grid = grid;
    this.large = false;
    this.page = Math.floor(at / grid);
    this._arrange();
  }

  /** @param {number} pages */
  _turn(pages) {
    const count = Math.ceil(this.cameras.length / this._cells);
    this.page = (this.page + pages + count) % count;
    this.large = false;
    this._arrange();
  }

  /** @param {Tile} tile */
  activate(tile) {
    if (this.active === tile) return;
    this.deselect();
    this.active = tile;
    this.details.hello(tile.player.hello);
    this._arrange();
  }

  /** @param {Tile} tile */
  enlarge(tile) {
    this.activate(tile);
    this.large = this.cameras.length > 1 && this._cells > 1;
    this._arrange();
  }

  /** Back to the grid. */
  reduce() {
    this.large = false;
    this._arrange();
    this.active.element.focus();
  }

  /** @param {Tile} tile @param {MouseEvent} event */
  _click(tile, event) {
    if (this._cells > 1 && this.tiles.length > 1 && !this.large) return this.enlarge(tile);
    const found = tile.hit(event).find(({ shape }) => shape.subject);
    if (found) this.select(found);
    else this.deselect();
  }

  /** @param {Tile} tile @param {MouseEvent} event */
  _over(tile, event) {
    const grid = this._cells > 1 && this.tiles.length > 1 && !this.large;
    const over = grid || tile.hit(event).some(({ shape }) => shape.subject);
    tile.canvas.style.cursor = over ? 'pointer' : '';
  }

  /** Its details beside the picture, and a mark on it. @param {Drawn} drawn */
  select(drawn) {
    this.player.select(drawn.shape.subject ?? null);
    void this.inspector.open(drawn, this.player);
    this._reveal('target');
  }

  deselect() {
    this.player.select(null);
    this.inspector.clear();
  }

  /** @param {Tile} tile @param {{event: import('./events.js').Event, pts: number, capturedAt: number|null, thumbnail: ImageBitmap|null}} told */
  _event(tile, { event, pts, capturedAt, thumbnail }) {
    const at = typeof capturedAt === 'number' && Number.isFinite(capturedAt) ? capturedAt * 1000 : Date.now();
    this.events.add({ event, camera: tile.key, name: tile.name, pts, at }, thumbnail);
  }

  /** The picture of an event, standing still, with its target chosen. @param {Entry} entry */
  async _showEvent(entry) {
    const at = this.cameras.findIndex(({ key }) => key === entry.camera);
    if (at >= 0 && !this.tiles.some((tile) => tile.key === entry.camera)) {
      this.page = Math.floor(at / this._cells);
      this._arrange();
    }
    const tile = this.tiles.find((one) => one.key === entry.camera);
    if (!tile) return;
    this.enlarge(tile);
    const shown = await tile.player.showAt(entry.pts);
    this.report();
    if (!shown) return this._remark('Its picture is not kept: they are for 85 s at most.');
    const drawn = tile.drawn.find((one) => tells(one, entry.event));
    if (!drawn) return;
    tile.player.select(drawn.shape.subject ?? null);
    void this.inspector.open(drawn, tile.player);
  }

  freeze() {
    if (this.player.frozen) {
      this.player.resume();
      this.events.choose(0);
    } else this.player.freeze();
    this.report();
  }

  /** @param {number} pictures */
  async step(pictures) {
    if (!this.player.frozen) this.player.freeze();
    const stepped = await this.player.step(pictures);
    if (!stepped) this._remark(pictures < 0 ? 'No earlier picture is kept.' : 'That is the newest picture.');
    this.report();
  }

  async snapshot() {
    const blob = await this.player.snapshot().catch(() => null);
    if (!blob) return this._remark('There is no picture to save yet.');
    const name = pictureName(this.active.name, this.active.at);
    saveAs(blob, name);
    this._remark(`Saved as ${name}`);
  }

  /** @param {Element} whole */
  fullScreen(whole) {
    if (document.fullscreenElement) document.exitFullscreen();
    else whole.requestFullscreen?.().catch(() => this._remark('This browser allows no full screen here.'));
  }

  /** A remark of the page itself, for a while. @param {string} text */
  _remark(text) {
    clearTimeout(this._remarked);
    this.toolbar.remark(text);
    this._remarked = setTimeout(() => this.toolbar.remark(''), SAID);
  }

  /** @param {import('./view.js').View} view */
  _view(view) {
    this.options.view = view;
    for (const tile of this.tiles) tile.player.view = view;
    this.layers.set(view);
    this.toolbar.facesHidden(facesHidden(view));
    this._write();
  }

  /** @param {string} mode @param {number|null} hold */
  _mode(mode, hold) {
    this.options.mode = /** @type {Options['mode']} */ (mode);
    this.options.hold = mode === 'fixed' ? (hold ?? Math.round(this.player.sync.hold)) : null;
    this.card.setMode(mode, this.options.hold);
    for (const tile of this.tiles) tile.player.setMode(this.options.mode, this.options.hold ?? undefined);
    this._write();
  }

  _nextTheme() {
    this.options.theme = NEXT_THEME[this.options.theme];
    this._theme();
    this._write();
  }

  _theme() {
    document.documentElement.dataset.theme = this.options.theme;
    swapIcon(this.theme, this.options.theme);
    const title = `Theme: ${THEMES[this.options.theme].toLowerCase()} (M)`;
    set(this.theme, 'title', title);
    set(this.theme, 'aria-label', title);
  }

  _toggleBare() {
    this.options.panel = !this.options.panel;
    this._bare();
    this._write();
  }

  _bare() {
    document.body.classList.toggle('bare', !this.options.panel);
    for (const tile of this.tiles) tile.layout();
  }

  /** @param {string} tab */
  _reveal(tab) {
    if (!this.options.panel) this._toggleBare();
    this.side?.open(tab);
  }

  /** The address says what is shown. */
  _write() {
    const one = this.cameras.length > 1 && (this.large || this._cells === 1);
    if (this.cameras.length) this.options.camera = one ? this.active.key : '';
    const address = location.pathname + writeOptions(this.options);
    if (address !== location.pathname + location.search) history.replaceState(null, '', address);
  }

  /** @param {Tile} tile */
  _hello(tile) {
    if (tile !== this.active) return;
    this.details.hello(tile.player.hello);
    this.layers.forget();
    this.report();
  }

  /** Everything that stands around the pictures. */
  report() {
    for (const tile of this.tiles) tile.report();
    const { player } = this.active;
    const drawn = this.active.drawn;
    showHeader(player);
    this.card.show(player);
    this.toolbar.show(player.frozen, this.active.at, inWords(player.status, Date.now()).well && !player.sync.standing);
    const misfit = drawn.find(({ shape }) => shape.t === 'notice' && /^Coordinates /.test(String(shape.text)));
    this.toolbar.coordinates(player.hello, misfit ? String(misfit.shape.text) : '');
    this.layers.seen(drawn);
    this.layers.server(player.welcome?.privacy ?? []);
    this.inspector.offer(drawn);
    if (this.inspector.subject && !player.frozen) this.inspector.track(player);
    this.details.read(player.painter.brief ? player.painter.panels : []);
    if (this.side?.current === 'details') this.details.show(ownFigures(player));
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    const focused = event.composedPath()[0];
    const typed = focused instanceof HTMLInputElement;
    const tag = focused instanceof HTMLElement ? focused.tagName : '';
    const action = actionOf(event, { tag, type: typed ? focused.type : undefined });
    if (!action || event.defaultPrevented || (this.help.element.open && action !== 'help')) return;
    if (action !== 'escape') event.preventDefault();
    if (action.startsWith('tile ')) return this._tileKey(Number(action.slice(5)));
    this._actions()[action]?.();
  }

  /** @param {number} n */
  _tileKey(n) {
    const count = this._cells;
    const key = this.cameras[(count === 1 ? 0 : this.page * count) + n]?.key;
    if (key === undefined) return;
    if (count === 1) {
      this.page = n;
      return this._arrange();
    }
    const tile = this.tiles.find((one) => one.key === key);
    if (tile && this.large && tile === this.active) this.reduce();
    else if (tile) this.enlarge(tile);
  }

  /** @returns {Record<string, () => void>} */
  _actions() {
    return {
      freeze: () => this.freeze(),
      back: () => void this.step(-1),
      forward: () => void this.step(1),
      snapshot: () => void this.snapshot(),
      fullScreen: () => this.fullScreen(this.active.element),
      fullScreenPage: () => this.fullScreen(document.documentElement),
      layers: () => this._reveal('layers'),
      events: () => this._reveal('events'),
      target: () => this._reveal('target'),
      details: () => this._reveal('details'),
      faces: () => this._view(withFaces(this.options.view, !facesHidden(this.options.view))),
      coordinates: () => this.toolbar.openCoordinates(Boolean(this.toolbar.menu.hidden)),
      panel: () => this._toggleBare(),
      theme: () => this._nextTheme(),
      help: () => this.help.toggle(),
      search: () => {
        this._reveal('events');
        this.events.search.focus();
      },
      escape: () => this._escape(),
    };
  }

  /** Out of one thing at a time. */
  _escape() {
    if (!this.toolbar.menu.hidden) this.toolbar.leaveCoordinates();
    else if (document.activeElement === this.events.search) this.events.search.blur();
    else if (this.inspector.subject) this.deselect();
    else if (this.player.frozen) this.freeze();
    else if (this.large) this.reduce();
  }
}

/** The payload of the player's events. @param {Event} event @returns {any} */
function detail(event) {
  return /** @type {CustomEvent} */ (event).detail;
}

/** Whether an event is about this Shape: a plate by its text, others by their subject, which their key begins with.
 * @param {Drawn} drawn @param {import('./events.js').Event} event */
function tells({ shape }, event) {
  if (!shape.subject) return false;
  if (event.ink) return shape.t === 'plate' && shape.text === event.title;
  return event.key === shape.subject || event.key.startsWith(`${shape.subject}/`);
}
