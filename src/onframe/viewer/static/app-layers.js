// @ts-check
/** What is drawn, in which colours and units, and whom nobody is to recognise. */

import { button, choice, make, put, safeColor, set } from './dom.js';
import { HOWS } from './view.js';

/** @typedef {import('./view.js').View} View */
/** @typedef {import('./store.js').Drawn} Drawn */

/** Kinds as people call them, in the order of the switches. @type {[string, string][]} */
const LAYERS = [
  ['target', 'Targets'], ['label', 'Labels'], ['trail', 'Trails'], ['rule', 'Rules'], ['plate', 'Plates'],
  ['face', 'Faces'], ['temperature', 'Temperature'], ['fire', 'Fire'], ['ship', 'Ships'], ['queue', 'Queues'],
  ['people', 'People counts'], ['heatmap', 'Heat map'], ['radar', 'Radar'], ['ptz', 'PTZ'], ['skeleton', 'Skeletons'],
  ['suspicion', 'Suspicions'], ['notice', 'Notices'],
];
/** @type {[string, string][]} */
const COLORS = [['class', 'Class'], ['rule', 'Rule'], ['target', 'Target'], ['alarm', 'Alarm']];
/** @type {[string, string][]} */
const UNITS = [['sent', 'As sent'], ['celsius', '°C'], ['fahrenheit', '°F'], ['kelvin', 'K']];
/** @type {[string, string][]} */
const PRIVACY = [['off', 'Off'], ['blur', 'Blur'], ['pixelate', 'Pixelate'], ['fill', 'Cover']];
const PRIVATE = ['face', 'human', 'vehicle', 'plate'];
const SERVER = 'Set by the server: what is hidden there never reaches this page.';
const MOST_NAMES = 40;
const HEAT = 0.45; // what the server sends

/** @param {View} view */
export function facesHidden(view) {
  return Object.hasOwn(view.privacy, 'face');
}

/** @param {View} view @param {boolean} hidden @returns {View} */
export function withFaces(view, hidden) {
  const { face: _, ...rest } = view.privacy;
  return { ...view, privacy: hidden ? { ...rest, face: 'pixelate' } : rest };
}

/** @param {readonly string[]} names @param {string} name @param {boolean} on @returns {string[]} */
function toggled(names, name, on) {
  return on ? [...names.filter((one) => one !== name), name] : names.filter((one) => one !== name);
}

export class LayersPanel {
  /** @param {View} view @param {(view: View) => void} changed */
  constructor(view, changed) {
    this.view = view;
    this._changed = changed;
    /** What has been seen of this camera. @type {Map<string, string>} */
    this._classes = new Map();
    /** @type {Set<string>} */
    this._rules = new Set();
    this.layers = make('div', 'switches', { role: 'group', 'aria-label': 'Layers', id: 'layer-switches' });
    for (const [kind, name] of LAYERS) {
      this.layers.append(this._switch(kind, name, (on) => this._change({ hide: toggled(this.view.hide, kind, !on) })));
    }
    this.classes = make('div', 'switches', { role: 'group', 'aria-label': 'Classes', id: 'class-switches' });
    this.rules = make('div', 'switches', { role: 'group', 'aria-label': 'Rules', id: 'rule-switches' });
    this.classGroup = group('Classes', this.classes);
    this.ruleGroup = group('Rules', this.rules);
    this._color = choice('Colour by', COLORS, (color) => this._change({ color: /** @type {View['color']} */ (color) }));
    this._unit = choice('Unit of temperature', UNITS, (unit) => this._change({ temperature: /** @type {View['temperature']} */ (unit) }));
    this._score = this._slider('score', 'Least score of a joint', (score) => this._change({ score }));
    this._heat = this._slider('heat', 'Opacity of the heat map', (heat) => this._change({ heat }));
    /** @type {Map<string, ReturnType<typeof choice>>} */
    this._private = new Map(PRIVATE.map((name) => [name, choice(`Privacy of ${name}`, PRIVACY, (how) => this._hide(name, how))]));
    const rows = [...this._private].flatMap(([name, one]) => [make('span', 'name', {}, `${name}s`), one.element]);
    this.served = make('p', 'quiet', { hidden: true });
    this.privacyGroup = group('Privacy', make('div', 'privacy', { id: 'privacy' }, ...rows), this.served);
    const all = button({ text: 'Show all', className: 'small', id: 'show-all' }, () => this._change({ hide: [], classes: [], rules: [] }));
    this.element = make(
      'div', 'layers', {},
      make('section', 'group', {}, make('div', 'group-head', {}, make('h3', '', {}, 'Layers'), all), this.layers),
      this.classGroup, this.ruleGroup, this.privacyGroup,
      group('Colour by', this._color.element), group('Temperature', this._unit.element),
      make('section', 'group', {}, this._score.element, this._heat.element),
    );
    this.set(view);
  }

  /** @param {string} name @param {string} how */
  _hide(name, how) {
    const { [name]: _, ...privacy } = this.view.privacy;
    const known = HOWS.find((one) => one === how);
    this._change({ privacy: known ? { ...privacy, [name]: known } : privacy });
  }

  /** @param {Partial<View>} change */
  _change(change) {
    this._changed({ ...this.view, ...change });
  }

  /** @param {string} value @param {string} name @param {(on: boolean) => void} act @param {string} [color] */
  _switch(value, name, act, color = '') {
    const made = button({ className: 'switch', text: name }, () => act(made.getAttribute('aria-pressed') !== 'true'));
    made.dataset.value = value;
    if (color) {
      const swatch = make('i', 'swatch');
      swatch.style.background = color;
      made.prepend(swatch);
    }
    return made;
  }

  /** @param {string} id @param {string} name @param {(value: number) => void} act */
  _slider(id, name, act) {
    const input = /** @type {HTMLInputElement} */ (make('input', '', { type: 'range', id, min: 0, max: 1, step: 0.05 }));
    const value = make('output', '', { for: id });
    input.addEventListener('input', () => act(Number(input.value)));
    return { input, value, element: make('label', 'slider', { for: id }, make('span', '', {}, name), input, value) };
  }

  /** @param {View} view */
  set(view) {
    this.view = view;
    press(this.layers, (kind) => !view.hide.includes(kind));
    press(this.classes, (name) => !view.classes.length || view.classes.includes(name));
    press(this.rules, (id) => !view.rules.length || view.rules.includes(id));
    this._color.set(view.color);
    this._unit.set(view.temperature);
    this._score.input.value = String(view.score);
    put(this._score.value, `${Math.round(view.score * 100)} %`);
    this._heat.input.value = String(view.heat ?? HEAT);
    put(this._heat.value, `${Math.round((view.heat ?? HEAT) * 100)} %`);
    for (const [name, one] of this._private) one.set(view.privacy[name] ?? 'off');
  }

  /** What the server hides by itself. @param {readonly string[]} classes */
  server(classes) {
    this.served.hidden = !classes.length;
    put(this.served, classes.length ? `${classes.join(', ')}: ${SERVER[0].toLowerCase()}${SERVER.slice(1)}` : '');
  }

  /** Another camera: its classes and rules are its own. What is chosen stays. */
  forget() {
    this._classes.clear();
    this._rules.clear();
    this.classes.replaceChildren();
    this.rules.replaceChildren();
    for (const name of this.view.classes) this._class(name, '');
    for (const id of this.view.rules) this._rule(id);
    this._groups();
  }

  /** Classes and rules are offered once they are seen. @param {readonly Drawn[]} drawn */
  seen(drawn) {
    for (const { shape, state } of drawn) {
      if (shape.rule) this._rule(shape.rule);
      if (state !== 'rule' && shape.cls) this._class(shape.cls === 'person' ? 'human' : shape.cls, shape.alarm ? '' : String(shape.color));
    }
    this._groups();
  }

  _groups() {
    this.classGroup.hidden = !this._classes.size;
    this.ruleGroup.hidden = !this._rules.size;
  }

  /** @param {string} name @param {string} color */
  _class(name, color) {
    if (this._classes.has(name) || this._classes.size >= MOST_NAMES) return;
    this._classes.set(name, color);
    const all = () => [...this._classes.keys()];
    this.classes.append(this._switch(name, name, (on) => this._change({ classes: narrowed(this.view.classes, name, on, all()) }), safeColor(color)));
    this.set(this.view);
  }

  /** @param {string} id */
  _rule(id) {
    if (this._rules.has(id) || this._rules.size >= MOST_NAMES) return;
    this._rules.add(id);
    this.rules.append(this._switch(id, `rule ${id}`, (on) => this._change({ rules: narrowed(this.view.rules, id, on, [...this._rules]) })));
    this.set(this.view);
  }
}

/**
 * None chosen means all. Switching one off chooses all others; when all are on, or none is, none is chosen.
 * @param {readonly string[]} chosen @param {string} name @param {boolean} on @param {string[]} all
 * @returns {string[]}
 */
export function narrowed(chosen, name, on, all) {
  const now = toggled(chosen.length ? chosen : all, name, on);
  return all.every((one) => now.includes(one)) ? [] : now;
}

/** @param {string} title @param {...Node} children */
function group(title, ...children) {
  return make('section', 'group', {}, make('h3', '', {}, title), ...children);
}

/** @param {Element} switches @param {(value: string) => boolean} on */
function press(switches, on) {
  for (const one of switches.children) set(one, 'aria-pressed', String(on(/** @type {HTMLElement} */ (one).dataset.value ?? '')));
}
