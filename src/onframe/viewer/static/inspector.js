// @ts-check
/** One target: what it is, what the camera said of it, where it has been, and the document that it came from. */

import { button, clockTime, make, pairs, put, safeColor, set, shownId } from './dom.js';
import { icon } from './icons.js';
import { clockName } from './status.js';

/** @typedef {import('./wire.js').Shape} Shape */
/** @typedef {import('./store.js').Drawn} Drawn */

const SVG = 'http://www.w3.org/2000/svg';
const MOST_STEPS = 40; // lines of the history
const MOST_POINTS = 400; // of the path on the map
const LONGEST_RAW = 60_000; // characters of a document in the page
const LONGEST_LINE = 500;
/** @type {Record<string, string>} */
const STATES = {
  rule: 'standing rule',
  exact: 'on its own picture',
  approximate: 'on the nearest picture',
  interpolated: 'between two records',
  held: 'held from the last record',
};

/** What a Shape is called. @param {Shape} shape */
export function nameOf(shape) {
  const labels = shape.labels ?? [];
  const name = labels[0] || shape.text || shape.title;
  return shownId(name || [shape.cls, shape.subject?.split('/').pop()].filter(Boolean).join(' ') || shape.kind || 'target');
}

/** The names of targets, with the sort of document where two have the same. @param {Drawn[]} targets @returns {string[]} */
function namesOf(targets) {
  const names = targets.map((one) => nameOf(one.shape));
  return names.map((name, i) => {
    const sort = shownId(targets[i].message?.layer.split('/')[0] ?? '');
    return sort && names.indexOf(name) !== names.lastIndexOf(name) ? `${name} · ${sort}` : name;
  });
}

export class Inspector {
  /** @param {{choose: (drawn: Drawn) => void, close: () => void}} act */
  constructor(act) {
    this._act = act;
    this.subject = '';
    this._asked = 0;
    /** The document with all of its long lines. */
    this._whole = '';
    this.title = make('h2', '', { id: 'target-title', tabindex: -1 });
    this.swatch = make('i', 'swatch');
    const close = button({ icon: 'close', title: 'Close the target (Esc)', className: 'plain' }, () => act.close());
    this.head = make('header', '', {}, this.swatch, this.title, close);
    this.facts = make('dl', 'rows', { id: 'target-facts' });
    this.properties = make('dl', 'rows', { id: 'target-properties' });
    this.propertyGroup = make('section', 'group', {}, make('h3', '', {}, 'Properties'), this.properties);
    this.history = make('ol', 'history', { id: 'target-history' });
    this.map = document.createElementNS(SVG, 'svg');
    this.map.setAttribute('viewBox', '0 0 160 90');
    this.map.setAttribute('class', 'map');
    this.map.setAttribute('role', 'img');
    this.map.setAttribute('aria-label', 'Where it has been in the picture');
    this.historyGroup = make('section', 'group', {}, make('h3', '', {}, 'Last minute'), /** @type {any} */ (this.map), this.history);
    this.raw = make('pre', 'raw', { id: 'target-raw', tabindex: 0, 'aria-label': 'Document as the camera sent it' });
    this.copy = button({ icon: 'copy', text: 'Copy', className: 'small' }, () => void this._copy());
    this.format = make('span', 'quiet');
    const documentHead = make('div', 'group-head', {}, make('h3', '', {}, 'Document'), this.format, this.copy);
    this.documentGroup = make('section', 'group', {}, documentHead, this.raw);
    this.body = make('div', 'target', { hidden: true }, this.head, this.facts, this.propertyGroup, this.historyGroup, this.documentGroup);
    this.around = make('ul', 'around', { id: 'targets' });
    this.choices = make(
      'div', '', {}, make('p', 'quiet', {}, 'Click a target in the picture, or choose one of those that it shows.'), this.around,
    );
    this.element = make('div', 'inspector', {}, this.choices, this.body);
  }

  /** The targets of the picture, to choose from. @param {Drawn[]} drawn */
  offer(drawn) {
    /** @type {Map<string, Drawn>} */
    const found = new Map();
    for (const one of drawn) {
      if (one.shape.subject && one.state !== 'rule' && !found.has(one.shape.subject)) found.set(one.shape.subject, one);
    }
    const items = [...found.values()].slice(0, 60);
    const names = namesOf(items);
    if (this.around.dataset.names === names.join('\n')) return;
    this.around.dataset.names = names.join('\n');
    const focused = [...this.around.children].findIndex((item) => item.contains(document.activeElement));
    this.around.replaceChildren(
      ...items.map((one, i) => {
        const swatch = make('i', 'swatch');
        swatch.style.background = safeColor(one.shape.color);
        const open = button({ className: 'row' }, () => this._act.choose(one));
        open.append(swatch, names[i]);
        return make('li', '', {}, open);
      }),
    );
    if (focused >= 0) /** @type {HTMLElement|null} */ (this.around.children[focused]?.firstElementChild)?.focus();
  }

  /**
   * @param {Drawn} drawn @param {import('./player.js').Player} player
   */
  async open(drawn, player) {
    const asked = ++this._asked;
    const { shape, message } = drawn;
    this.subject = shape.subject ?? '';
    const chosenHere = this.choices.contains(document.activeElement);
    this.choices.hidden = true;
    this.body.hidden = false;
    if (chosenHere) this.title.focus();
    put(this.title, nameOf(shape));
    this.swatch.style.background = safeColor(shape.color);
    pairs(this.facts, this._facts(drawn));
    pairs(this.properties, []);
    this.propertyGroup.hidden = true;
    this.track(player);
    this._document('', '', message ? 'Asking the server…' : 'A rule stands in the picture by itself; click a target for its document.');
    if (!message) return;
    const answer = await player.inspect(message, this.subject).catch(() => null);
    if (asked !== this._asked) return;
    if (!answer || answer.found === false) return this._document('', '', 'The server does not remember this document any more.');
    pairs(this.properties, (answer.properties ?? []).map(([name, value]) => /** @type {[string, string]} */ ([name, value])));
    this.propertyGroup.hidden = !answer.properties?.length;
    const format = answer.format ?? 'xml';
    this._document(pretty(answer.raw ?? '', format), format.toUpperCase(), answer.cut ? 'It is long; this is its beginning.' : '');
  }

  /** @param {Drawn} drawn @returns {[string, string][]} */
  _facts({ shape, state, age, message }) {
    /** @type {[string, string][]} */
    const facts = [['class', shape.cls || '–']];
    if (shape.rule) facts.push(['rule', String(shape.rule)]);
    const more = (shape.labels ?? []).slice(1).join(' · ');
    if (more) facts.push(['says', more]);
    facts.push(['drawn', state === 'held' ? `${STATES.held}, ${Math.round(age)} ms ago` : (STATES[state] ?? state)]);
    if (message) {
      facts.push(['sort', shownId(message.layer)]);
      if (typeof message.captured_at === 'number') facts.push(['captured', clockTime(message.captured_at * 1000, true)]);
      const about = typeof message.uncertainty === 'number' && !message.exact ? ` ±${Math.max(1, Math.round(message.uncertainty * 1000))} ms` : '';
      facts.push(['clock', `${clockName(message.clock)}${about}${message.exact ? ', exact' : ''}`]);
      if (typeof message.lag_ms === 'number') facts.push(['came', `${Math.round(message.lag_ms)} ms after its picture`]);
    }
    return facts;
  }

  /** Where it has been and what stood at it. @param {import('./player.js').Player} player */
  track(player) {
    const steps = this.subject ? player.historyOf(this.subject) : [];
    this.historyGroup.hidden = steps.length < 2;
    if (steps.length < 2) return;
    this._map(steps);
    const [first, last] = [steps[0], steps[steps.length - 1]];
    const at = (/** @type {any} */ step) => (typeof step.capturedAt === 'number' ? step.capturedAt * 1000 : NaN);
    /** @type {[string, string][]} */
    const lines = [[clockTime(at(last)), `last seen${placeOf(last.shape)}`]];
    let said = (first.labels ?? []).join(' · ');
    /** @type {[string, string][]} */
    const changes = [];
    for (const step of steps) {
      const says = (step.labels ?? []).join(' · ');
      if (says && says !== said) changes.push([clockTime(at(step)), says]);
      said = says || said;
    }
    lines.push(...changes.reverse().slice(0, MOST_STEPS), [clockTime(at(first)), `first seen${placeOf(first.shape)}`]);
    while (this.history.children.length > lines.length) this.history.lastElementChild?.remove();
    while (this.history.children.length < lines.length) this.history.append(make('li', '', {}, make('time'), make('span')));
    lines.forEach(([time, text], i) => {
      put(this.history.children[i].children[0], time);
      put(this.history.children[i].children[1], text);
    });
  }

  /** @param {{shape: Shape}[]} steps */
  _map(steps) {
    const every = Math.max(1, Math.ceil(steps.length / MOST_POINTS));
    const points = steps.filter((_, i) => i % every === 0 || i === steps.length - 1).map(({ shape }) => middle(shape)).filter((point) => point !== null);
    const frame = document.createElementNS(SVG, 'rect');
    for (const [name, value] of Object.entries({ x: 0.5, y: 0.5, width: 159, height: 89, rx: 3 })) set(frame, name, String(value));
    const line = document.createElementNS(SVG, 'polyline');
    set(line, 'points', points.map(([x, y]) => `${(x * 160).toFixed(1)},${(y * 90).toFixed(1)}`).join(' '));
    const end = document.createElementNS(SVG, 'circle');
    const [x, y] = points[points.length - 1] ?? [0, 0];
    for (const [name, value] of Object.entries({ cx: (x * 160).toFixed(1), cy: (y * 90).toFixed(1), r: 3 })) set(end, name, String(value));
    this.map.style.color = this.swatch.style.background;
    this.map.replaceChildren(frame, line, end);
  }

  /** @param {string} text @param {string} format @param {string} remark */
  _document(text, format, remark) {
    this._whole = text;
    put(this.raw, text.slice(0, LONGEST_RAW).split('\n').map(cutLine).join('\n'));
    this.raw.hidden = !text;
    this.copy.hidden = !text;
    put(this.format, [format, remark].filter(Boolean).join(' · '));
  }

  async _copy() {
    const done = await copied(this._whole, this.raw);
    put(this.copy.querySelector('span'), done ? 'Copied' : 'Selected: Ctrl+C');
    this.copy.querySelector('svg')?.replaceWith(icon(done ? 'done' : 'copy'));
    setTimeout(() => {
      put(this.copy.querySelector('span'), 'Copy');
      this.copy.querySelector('svg')?.replaceWith(icon('copy'));
    }, 2000);
  }

  clear() {
    this._asked += 1;
    this.subject = '';
    this.body.hidden = true;
    this.choices.hidden = false;
  }
}

/** @param {string} line */
function cutLine(line) {
  return line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}… (${line.length} characters)` : line;
}

/** On plain http there is no clipboard for pages: the text is selected instead. @param {string} text @param {Node} node */
async function copied(text, node) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection()?.selectAllChildren(node);
    return false;
  }
}

/** The middle of a Shape, 0..1 of the picture. @param {Shape} shape @returns {[number, number]|null} */
function middle(shape) {
  const number = (/** @type {any} */ value) => (typeof value === 'number' && Number.isFinite(value) ? value : NaN);
  let [x, y] = [number(shape.x) + (number(shape.w) || 0) / 2, number(shape.y) + (number(shape.h) || 0) / 2];
  const points = shape.points ?? (shape.joints ?? []).map((/** @type {number[]} */ joint) => [joint[0], joint[1]]);
  if (Number.isNaN(x) && points.length) {
    x = points.reduce((/** @type {number} */ sum, /** @type {number[]} */ point) => sum + point[0], 0) / points.length;
    y = points.reduce((/** @type {number} */ sum, /** @type {number[]} */ point) => sum + point[1], 0) / points.length;
  }
  return Number.isFinite(x) && Number.isFinite(y) ? [x, y] : null;
}

/** @param {Shape} shape */
function placeOf(shape) {
  const place = middle(shape);
  return place ? ` at ${Math.round(place[0] * 100)} % × ${Math.round(place[1] * 100)} %` : '';
}

/**
 * A document with its lines indented; as it came where it cannot be read.
 * @param {string} text @param {string} format
 */
export function pretty(text, format) {
  if (format === 'json') {
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return text;
    }
  }
  const apart = text.match(/>\s*\n\s*</g)?.length ?? 0;
  if (apart >= (text.match(/></g)?.length ?? 0)) return text.trim();
  let depth = 0;
  const lines = text.trim().replace(/>\s*</g, '>\n<').split('\n').map((line) => {
    if (/^<\//.test(line)) depth = Math.max(0, depth - 1);
    const indented = '  '.repeat(Math.min(depth, 40)) + line;
    if (/^<[^!?/][^>]*[^/]>$|^<[^!?/]>$/.test(line) && !/<\//.test(line)) depth += 1;
    return indented;
  });
  return lines.join('\n');
}
