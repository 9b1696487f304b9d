// @ts-check
/** One text for a target of which several documents tell, each with a box of its own (tracking and ANPR do). Pure. */

import { overlap } from './geometry.js';

/** @typedef {import('./labels.js').LabelRequest} LabelRequest */

const SAME = 0.7; // of what two boxes cover together: that much they share when they are about one target
const MOST = 16; // texts of one ID that are compared

/** The texts of one picture by the ID of what they are about. @template T */
export class Twins {
  constructor() {
    /** @type {Map<string, {request: LabelRequest, made: T}[]>} */
    this._known = new Map();
  }

  /** What was kept of the same target, if anything was. @param {LabelRequest} request */
  find(request) {
    return this._known.get(idOf(request))?.find((known) => areTwins(known.request, request));
  }

  /** @param {LabelRequest} request @param {T} made */
  keep(request, made) {
    const id = idOf(request);
    if (!id) return;
    const alike = this._known.get(id) ?? [];
    if (alike.push({ request, made }) === 1) this._known.set(id, alike);
    if (alike.length > MOST) alike.shift();
  }
}

/** The fuller first line, then what else either says, an alarm's first. @param {LabelRequest} a @param {LabelRequest} b
 * @returns {LabelRequest} */
export function together(a, b) {
  const fuller = b.lines[0].length > a.lines[0].length ? b : a;
  const [first, second] = a.alarm === b.alarm ? [fuller, fuller === a ? b : a] : a.alarm ? [a, b] : [b, a];
  return {
    ...first,
    anchor: b.rank < a.rank ? b.anchor : a.anchor,
    lines: [...new Set([fuller.lines[0], ...first.lines.slice(1), ...second.lines.slice(1)])],
    selected: Boolean(a.selected || b.selected),
    rank: Math.min(a.rank, b.rank),
    alpha: Math.max(a.alpha, b.alpha),
    key: [a.key ?? '', b.key ?? ''].sort()[0],
  };
}

/** @param {LabelRequest} a @param {LabelRequest} b */
function areTwins(a, b) {
  if (!a.lines[0].startsWith(b.lines[0]) && !b.lines[0].startsWith(a.lines[0])) return false;
  const shared = overlap(a.anchor, b.anchor);
  return shared > 0 && shared >= SAME * (a.anchor.w * a.anchor.h + b.anchor.w * b.anchor.h - shared);
}

/** The end of its key: "12 box", whatever sort of document tells of it. @param {LabelRequest} request */
function idOf({ key }) {
  return key ? key.slice(key.lastIndexOf('/') + 1) : '';
}
