// @ts-check
/**
 * What the onlooker wants to see: filters, colours, units, privacy. Pure: no DOM.
 *
 * One grammar for the addresses of the page, of /mjpeg and of /snapshot.jpg, and for `annotate`:
 *
 *     hide=trail,label     kinds of Shapes that are not drawn; "label" is the texts of targets
 *     classes=human,other  targets of these classes alone; "other" is those without a class
 *     rules=1,2            these rules and their targets alone
 *     color=class|rule|target|alarm
 *     temperature=sent|celsius|fahrenheit|kelvin
 *     score=0..1           joints of skeletons below it are not drawn
 *     heat=0..1            opacity of heat maps
 *     privacy=face:blur,human:pixelate,vehicle:fill,plate
 *
 * The Python side is `overlay/view.py`; both are tested by the same cases.
 */

/** @typedef {import('./wire.js').Shape} Shape */
/** @typedef {import('./store.js').Drawn} Drawn */
/** @typedef {'blur'|'pixelate'|'fill'} How */
/** @typedef {{x: number, y: number, w: number, h: number, how: How}} Area in 0..1 of the picture */

/**
 * @typedef {{hide: readonly string[], classes: readonly string[], rules: readonly string[],
 *   color: 'class'|'rule'|'target'|'alarm', temperature: 'sent'|'celsius'|'fahrenheit'|'kelvin', score: number,
 *   heat: number|null, privacy: Readonly<Record<string, How>>}} View
 */

export const KINDS = [
  'target', 'rule', 'trail', 'plate', 'face', 'temperature', 'fire', 'ship', 'queue', 'people', 'heatmap', 'radar',
  'ptz', 'skeleton', 'suspicion', 'notice',
];
/** @type {View['color'][]} */
export const COLORS = ['class', 'rule', 'target', 'alarm'];
/** @type {View['temperature'][]} */
export const TEMPERATURES = ['sent', 'celsius', 'fahrenheit', 'kelvin'];
/** From the weakest on. @type {How[]} */
export const HOWS = ['blur', 'pixelate', 'fill'];
/** As in overlay/style.py. */
export const PALETTE = [
  '#5fe39a', '#f462d8', '#f0943a', '#5ea8f9', '#f9d0ed', '#f7f34a',
  '#b794f6', '#7bd9f9', '#9ab140', '#e9c57d', '#4db9ae', '#ccf8db',
];
export const ALARM = '#ff5a67';
export const PLAIN = '#e2e8f0';
export const MASK = '•••';

/** @type {View} */
export const DEFAULT_VIEW = Object.freeze({
  hide: [],
  classes: [],
  rules: [],
  color: 'class',
  temperature: 'sent',
  score: 0,
  heat: null,
  privacy: {},
});

/** Not about a target: no filter of classes or rules takes them away. */
const GENERAL = new Set(['rule', 'queue', 'people', 'heatmap', 'radar', 'ptz', 'suspicion', 'notice']);
/** What is coloured by whom it is about; other colours say something by themselves. */
const OUTLINES = new Set(['box', 'polygon', 'line', 'point', 'trail', 'card', 'skeleton']);
const GROWN = 0.08; // of its width and height, on each side
const ABSURD = 1e6; // °C

/**
 * Read a page's query; what makes no sense stays at its default.
 * @param {URLSearchParams} query
 * @returns {View}
 */
export function parseView(query) {
  const of = (/** @type {string} */ name) => query.get(name) ?? '';
  return {
    hide: list(of('hide').toLowerCase()).filter((name) => name === 'label' || KINDS.includes(name)),
    classes: list(of('classes').toLowerCase()),
    rules: list(of('rules')),
    color: oneOf(COLORS, of('color').trim().toLowerCase()),
    temperature: oneOf(TEMPERATURES, of('temperature').trim().toLowerCase()),
    score: share(of('score')) ?? DEFAULT_VIEW.score,
    heat: share(of('heat')),
    privacy: privacy(of('privacy').toLowerCase()),
  };
}

/** @param {string} text comma-separated @returns {string[]} each once */
function list(text) {
  const names = text.split(',').map((name) => name.trim());
  return [...new Set(names.filter((name) => name))];
}

/** @template {string} T @param {T[]} known the default first @param {string} text @returns {T} */
function oneOf(known, text) {
  return known.find((name) => name === text) ?? known[0];
}

/** @param {string} text @returns {number|null} */
function share(text) {
  const value = /^\s*[+]?(\d+\.?\d*|\.\d+)\s*$/.test(text) ? Number(text) : NaN;
  return value >= 0 && value <= 1 ? value : null;
}

/** @param {string} text @returns {Record<string, How>} */
function privacy(text) {
  /** @type {Record<string, How>} */
  const found = {};
  for (const entry of list(text)) {
    const [cls, how = 'pixelate', ...rest] = entry.split(':').map((part) => part.trim());
    const known = HOWS.find((name) => name === how);
    if (cls && known && !rest.length && stronger(known, found[cls])) found[cls] = known;
  }
  return found;
}

/** @param {How} a @param {How|undefined} b */
function stronger(a, b) {
  return b === undefined || HOWS.indexOf(a) > HOWS.indexOf(b);
}

/**
 * The query that `parseView` reads this View from; what is at its default is left out.
 * @param {View} view
 * @returns {URLSearchParams}
 */
export function viewQuery(view) {
  const query = new URLSearchParams();
  for (const name of /** @type {('hide'|'classes'|'rules')[]} */ (['hide', 'classes', 'rules'])) {
    if (view[name].length) query.set(name, view[name].join(','));
  }
  if (view.color !== DEFAULT_VIEW.color) query.set('color', view.color);
  if (view.temperature !== DEFAULT_VIEW.temperature) query.set('temperature', view.temperature);
  if (view.score !== DEFAULT_VIEW.score) query.set('score', String(view.score));
  if (view.heat !== null) query.set('heat', String(view.heat));
  const masked = Object.entries(view.privacy).map(([cls, how]) => (how === 'pixelate' ? cls : `${cls}:${how}`));
  if (masked.length) query.set('privacy', masked.join(','));
  return query;
}

/**
 * 32 bit FNV-1a of the text's UTF-8.
 * @param {string} text
 */
export function fnv1a(text) {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value;
}

/** The same colour for the same ID, here and in what the server paints. @param {string} id */
export function paletteColor(id) {
  return PALETTE[fnv1a(id) % PALETTE.length];
}

/**
 * What is drawn of all that could be.
 * @param {readonly Drawn[]} drawn @param {View} view
 * @returns {Drawn[]}
 */
export function viewed(drawn, view) {
  const found = [];
  for (const one of drawn) {
    if (!isWanted(one.shape, view)) continue;
    const shape = changed(one.shape, view);
    if (shape === one.shape) found.push(one);
    else if (shape) found.push({ ...one, shape });
  }
  return found;
}

/** @param {Shape} shape */
function kindOf(shape) {
  return shape.kind || 'target';
}

/** The class as filters name it. @param {Shape} shape */
function classOf(shape) {
  return shape.cls === 'person' ? 'human' : shape.cls || 'other';
}

/** @param {readonly string[]} classes @param {string} cls */
function isNamed(classes, cls) {
  return classes.includes(cls) || (cls === 'human' && classes.includes('person'));
}

/** @param {Shape} shape @param {View} view */
function isWanted(shape, view) {
  const kind = kindOf(shape);
  if (view.hide.includes(kind)) return false;
  if (shape.t === 'card' && view.hide.includes('label')) return false;
  const general = GENERAL.has(kind);
  if (view.classes.length && !(general && !shape.cls) && !isNamed(view.classes, classOf(shape))) return false;
  const aboutRule = kind === 'rule' || !general || shape.rule;
  return !view.rules.length || !aboutRule || view.rules.includes(shape.rule ?? '');
}

/** The Shape as it is to be drawn, itself where nothing changes, null where nothing of it is left.
 * @param {Shape} shape @param {View} view @returns {Shape|null} */
function changed(shape, view) {
  /** @type {Record<string, any>} */
  const change = {};
  if (view.hide.includes('label') && kindOf(shape) !== 'rule' && shape.labels?.length) change.labels = [];
  const color = colorOf(shape, view);
  if (color !== shape.color) change.color = color;
  if (shape.t === 'temperature') Object.assign(change, reading(shape, view.temperature));
  if (shape.t === 'heatmap' && view.heat !== null) change.opacity = view.heat;
  if (shape.t === 'plate' && Object.hasOwn(view.privacy, 'plate')) Object.assign(change, { text: MASK, caption: null });
  if (shape.t === 'skeleton' && view.score > 0) {
    const left = skeleton(shape, view.score);
    if (!left) return null;
    Object.assign(change, left);
  }
  if (shape.t === 'radar') Object.assign(change, radar(shape, view));
  return Object.keys(change).length ? { ...shape, ...change } : shape;
}

/** @param {Shape} shape @param {View} view @returns {string|undefined} */
function colorOf(shape, view) {
  const kind = kindOf(shape);
  if (view.color === 'class' || !OUTLINES.has(shape.t) || (GENERAL.has(kind) && kind !== 'rule')) return shape.color;
  if (view.color === 'rule') return shape.rule ? paletteColor(shape.rule) : kind === 'rule' ? shape.color : PLAIN;
  if (kind === 'rule') return shape.color;
  if (view.color === 'alarm') return shape.alarm ? ALARM : PLAIN;
  return shape.subject ? paletteColor(shape.subject) : PLAIN;
}

/** @param {Shape} shape @param {View['temperature']} unit @returns {{text?: string}} */
function reading(shape, unit) {
  const { celsius } = shape;
  if (unit === 'sent' || typeof celsius !== 'number' || !(Math.abs(celsius) < ABSURD)) return {};
  if (unit === 'fahrenheit') return { text: `${tenths((celsius * 9) / 5 + 32)} °F` };
  if (unit === 'kelvin') return { text: `${tenths(celsius + 273.15)} K` };
  return { text: `${tenths(celsius)} °C` };
}

/** One decimal, halves upwards. @param {number} value */
function tenths(value) {
  return (Math.floor(value * 10 + 0.5) / 10).toFixed(1);
}

/** Without the joints below the score; null where none is left. @param {Shape} shape @param {number} score */
function skeleton(shape, score) {
  const places = new Map();
  const joints = shape.joints.filter((/** @type {number[]} */ joint, /** @type {number} */ i) => {
    if (joint[2] >= score) places.set(i, places.size);
    return joint[2] >= score;
  });
  if (!joints.length) return null;
  const edges = shape.edges.filter((/** @type {number[]} */ [a, b]) => places.has(a) && places.has(b));
  return { joints, edges: edges.map((/** @type {number[]} */ [a, b]) => [places.get(a), places.get(b)]) };
}

/** A radar's blips are targets too. @param {Shape} shape @param {View} view */
function radar(shape, view) {
  const hidden = view.hide.includes('label');
  const same = view.color === 'class' || view.color === 'rule';
  if (!shape.blips?.length || (same && !hidden)) return {};
  const blips = shape.blips.map((/** @type {Shape} */ blip) => {
    const change = hidden && blip.labels?.length ? { ...blip, labels: [] } : { ...blip };
    if (view.color === 'alarm') change.color = blip.alarm ? ALARM : PLAIN;
    if (view.color === 'target') change.color = blip.subject ? paletteColor(blip.subject) : PLAIN;
    return change;
  });
  return { blips };
}

/**
 * The areas of the picture that nobody is to recognise; ask with everything that is known of the picture, also with
 * what is not shown.
 * @param {readonly Drawn[]} drawn @param {Readonly<Record<string, How>>} privacy
 * @returns {Area[]}
 */
export function privateAreas(drawn, privacy) {
  /** @type {Map<string, Area>} */
  const found = new Map();
  const isPrivate = Object.hasOwn(privacy, 'plate');
  const plated = new Set(drawn.flatMap(({ shape }) => (isPrivate && shape.t === 'plate' ? [targetOf(shape)] : [])));
  for (const { shape } of drawn) {
    const how = howOf(shape, privacy, plated);
    const area = how && areaOf(shape, how);
    if (!area) continue;
    const key = `${area.x} ${area.y} ${area.w} ${area.h}`;
    if (stronger(area.how, found.get(key)?.how)) found.set(key, area);
  }
  return [...found.values()];
}

/** The strongest that applies. A head is as good as a face, and where a plate was read it is somewhere within.
 * @param {Shape} shape @param {Readonly<Record<string, How>>} privacy @param {Set<string>} plated whose plates are told
 * @returns {How|null} */
function howOf(shape, privacy, plated) {
  const kind = kindOf(shape);
  const names = [classOf(shape)];
  if (names[0] === 'human') names.push('person');
  if (kind === 'face' || kind === 'plate') names.push(kind);
  if (shape.t === 'box' && shape.look === 'head') names.push('face');
  const ofTarget = shape.subject || kind === 'target';
  if ((shape.subject ?? '').toLowerCase().startsWith('anpr/') || (ofTarget && plated.has(targetOf(shape)))) names.push('plate');
  if (kind === 'rule') return null;
  const hows = names.filter((name) => Object.hasOwn(privacy, name)).map((name) => privacy[name]);
  return hows.sort((a, b) => HOWS.indexOf(b) - HOWS.indexOf(a))[0] ?? null;
}

/** Subject and class. @param {Shape} shape */
function targetOf(shape) {
  return `${shape.subject ?? ''} ${shape.cls ?? ''}`;
}

/** @param {Shape} shape @param {How} how @returns {Area|null} */
function areaOf(shape, how) {
  const edges = edgesOf(shape);
  if (!edges) return null;
  const [left, top, right, bottom] = edges;
  const [dx, dy] = [GROWN * (right - left), GROWN * (bottom - top)];
  const [x, y] = [Math.max(0, left - dx), Math.max(0, top - dy)];
  const [w, h] = [Math.min(1, right + dx) - x, Math.min(1, bottom + dy) - y];
  return w > 0 && h > 0 ? { x, y, w, h, how } : null;
}

/** Left, top, right and bottom of what covers a region. @param {Shape} shape @returns {number[]|null} */
function edgesOf(shape) {
  if (shape.t === 'box' || shape.t === 'card') return [shape.x, shape.y, shape.x + shape.w, shape.y + shape.h];
  const points = shape.t === 'polygon' ? shape.points : shape.t === 'skeleton' ? shape.joints : null;
  if (!points?.length) return null;
  const xs = points.map((/** @type {number[]} */ point) => point[0]);
  const ys = points.map((/** @type {number[]} */ point) => point[1]);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}
