// @ts-check
/**
 * What is drawn on which picture: the Records that have come, and the rules in force. Pure: no DOM, no clock.
 *
 * A layer that has a Record for the very picture is drawn from it. Otherwise its Shapes lie between the Record before
 * and the one after, where both are known exactly, or those of the last one are held for a while.
 * The Python side is `overlay/playout.py`; both are tested by the same cases.
 */

/** @typedef {import('./wire.js').Shapes} Shapes */
/** @typedef {import('./wire.js').Shape} Shape */
/** @typedef {import('./wire.js').XY} XY */
/** @typedef {'exact'|'approximate'|'interpolated'|'held'|'none'} State of a picture: the best that it has */

/**
 * One Shape to be drawn. `age` is in ms: 0 for standing Shapes and the picture's own, for held ones since their Record,
 * for interpolated ones to the nearer of both Records. `message` is that Record; null for standing Shapes.
 * @typedef {{shape: Shape, state: 'rule'|'exact'|'approximate'|'interpolated'|'held', age: number,
 *   message: Shapes|null}} Drawn
 */

/**
 * What belongs on one picture: `bound` are the Records of this very picture; `drawn` has the standing Shapes first,
 * then held, then interpolated, then the picture's own.
 * @typedef {{state: State, drawn: Drawn[], bound: Shapes[]}} Binding
 */

const TICKS_PER_MS = 90;
const KEPT = 90_000 * TICKS_PER_MS;
const HOLD = 500; // ms, where a message says nothing
const MOVING = 1000; // ms; what is held longer does not move
const GAP = 1000 * TICKS_PER_MS; // between two Records that something lies between

/** Which numbers of a Shape are positions: all else is taken over. @type {Record<string, string[]>} */
const POSITIONS = {
  box: ['x', 'y', 'w', 'h'],
  card: ['x', 'y', 'w', 'h'],
  point: ['x', 'y'],
  plate: ['x', 'y'],
  temperature: ['x', 'y'],
  counter: ['x', 'y'],
  polygon: ['points'],
  line: ['points'],
  fire: ['points'],
  skeleton: ['joints'],
};

/**
 * The Shape at `share` (0..1) of the way from one to the other, or null where there is none. What is no position is the
 * nearer one's.
 * @param {Shape} from @param {Shape} to @param {number} share
 * @returns {Shape|null}
 */
export function between(from, to, share) {
  const names = POSITIONS[from.t];
  if (!names || from.t !== to.t) return null;
  const moved = { ...(share <= 0.5 ? from : to) };
  for (const name of names) {
    const value = mixed(from[name], to[name], moved[name], share);
    if (value === null) return null;
    moved[name] = value;
  }
  return moved;
}

/** @param {any} from @param {any} to @param {any} nearer @param {number} share */
function mixed(from, to, nearer, share) {
  if (typeof from === 'number') return from + (to - from) * share;
  if (from.length !== to.length) return null;
  return from.map((/** @type {number[]} */ [x, y], /** @type {number} */ i) => [
    x + (to[i][0] - x) * share,
    y + (to[i][1] - y) * share,
    ...nearer[i].slice(2),
  ]);
}

/**
 * The first place of a sorted list whose timestamp is not before `pts`.
 * @param {{pts: number}[]} list @param {number} pts
 */
function place(list, pts) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle].pts < pts) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The Records of one layer, by timestamp; of the same timestamp, in the order in which they came. */
class Layer {
  constructor() {
    /** @type {Shapes[]} */
    this.messages = [];
    /** @type {Map<number, Shapes>} */
    this._numbered = new Map();
  }

  /** @param {Shapes} message @param {number} most */
  add(message, most) {
    const former = message.n ? this._numbered.get(message.n) : undefined;
    if (message.n) this._numbered.set(message.n, message);
    const at = former ? this.messages.indexOf(former) : -1;
    if (former?.pts === message.pts) {
      this.messages[at] = message;
      return;
    }
    if (former) this.messages.splice(at, 1);
    this.messages.splice(place(this.messages, message.pts + 1), 0, message);
    this._forget(message.pts, most);
  }

  /** Keep what lies within 90 s of this time, and the last one before. @param {number} pts @param {number} most */
  _forget(pts, most) {
    const { messages } = this;
    let first = Math.max(0, place(messages, pts - KEPT + 1) - 1);
    while (first > 0 && messages[first - 1].pts === messages[first].pts) first -= 1;
    const end = place(messages, pts + KEPT + 1);
    const gone = [...messages.splice(end), ...messages.splice(0, Math.max(first, end - most))];
    for (const message of gone) if (message.n) this._numbered.delete(message.n);
  }

  /** All of the same timestamp as the one at this place. @param {number} at */
  group(at) {
    if (at < 0 || at >= this.messages.length) return [];
    const { pts } = this.messages[at];
    const first = place(this.messages, pts);
    return this.messages.slice(first, place(this.messages, pts + 1));
  }

  /**
   * The Records of this picture: exact ones name it, others belong to the picture that they are nearest to.
   * @param {number} pts @param {number} duration
   */
  own(pts, duration) {
    let nearest = Infinity;
    /** @type {Shapes[]} */
    let found = [];
    for (let i = place(this.messages, pts - duration / 2); i < this.messages.length; i++) {
      const message = this.messages[i];
      const distance = message.pts - pts;
      if (distance > duration / 2) break;
      if (message.exact ? distance !== 0 : distance <= -duration / 2) continue;
      if (Math.abs(distance) < nearest) [nearest, found] = [Math.abs(distance), []];
      if (Math.abs(distance) === nearest && (!found.length || found[0].pts === message.pts)) found.push(message);
    }
    return found;
  }
}

/** The Records of the last 90 s, by layer, and the rules in force. */
export class Store {
  static PER_LAYER = 4096;
  static LAYERS = 64;
  static RULES = 256;

  /** @param {number} [duration] of one picture, 90 kHz */
  constructor(duration = 3600) {
    this.duration = duration;
    /** @type {Map<string, Layer>} */
    this._layers = new Map();
    /** @type {{pts: number, shapes: Shape[]}[]} */
    this._rules = [];
  }

  /**
   * Keep a Record; one of the same layer and n is replaced. n 0 or none is no number.
   * @param {Shapes} message
   */
  add(message) {
    let layer = this._layers.get(message.layer);
    if (!layer) {
      if (this._layers.size >= Store.LAYERS) this._layers.delete([...this._layers.keys()][0]);
      this._layers.set(message.layer, (layer = new Layer()));
    }
    layer.add(message, Store.PER_LAYER);
  }

  /**
   * All standing Shapes from this picture on (-Infinity: from the beginning); what was set for later pictures is void.
   * @param {number} pts @param {Shape[]} shapes
   */
  setRules(pts, shapes) {
    this._rules.splice(place(this._rules, pts));
    this._rules.push({ pts, shapes });
    if (this._rules.length > Store.RULES) this._rules.shift();
  }

  /**
   * What is drawn on the picture of this timestamp.
   * @param {number} pts
   * @returns {Binding}
   */
  lookup(pts) {
    /** @type {Shapes[]} */
    const bound = [];
    const [held, moving, own] = [/** @type {Drawn[]} */ ([]), /** @type {Drawn[]} */ ([]), /** @type {Drawn[]} */ ([])];
    for (const layer of this._layers.values()) {
      const messages = layer.own(pts, this.duration);
      if (!messages.length) lookBetween(layer, pts, held, moving);
      for (const message of messages) {
        bound.push(message);
        const state = message.exact ? 'exact' : 'approximate';
        for (const shape of message.shapes ?? []) own.push({ shape, state, age: 0, message });
      }
    }
    /** @type {Drawn[]} */
    const standing = this._rulesAt(pts).map((shape) => ({ shape, state: 'rule', age: 0, message: null }));
    return { state: stateOf(bound, moving, held), drawn: [...standing, ...held, ...moving, ...own], bound };
  }

  /** The timestamps of all Records, ascending, each once. @returns {number[]} */
  times() {
    const times = new Set([...this._layers.values()].flatMap((layer) => layer.messages.map((message) => message.pts)));
    return [...times].sort((a, b) => a - b);
  }

  /**
   * The Records that show this target or rule, oldest first, each with the first Shape that is about it; a blip of a
   * radar counts as a Shape with t "blip".
   * @param {string} subject
   * @returns {{message: Shapes, shape: Shape}[]}
   */
  messagesOf(subject) {
    if (!subject) return [];
    const found = [];
    for (const layer of this._layers.values()) {
      for (const message of layer.messages) {
        const shape = shapeOf(message, subject);
        if (shape) found.push({ message, shape });
      }
    }
    return found.sort((a, b) => a.message.pts - b.message.pts);
  }

  /** @param {number} pts @returns {Shape[]} */
  _rulesAt(pts) {
    const at = place(this._rules, pts + 1) - 1;
    return this._rules[Math.max(0, at)]?.shapes ?? [];
  }
}

/** @param {Shapes[]} bound @param {Drawn[]} moving @param {Drawn[]} held @returns {State} */
function stateOf(bound, moving, held) {
  if (bound.length) return bound.some((message) => message.exact) ? 'exact' : 'approximate';
  if (moving.length) return 'interpolated';
  return held.length ? 'held' : 'none';
}

/**
 * The picture has no Record of this layer: what lies between its neighbours, and what is held of the former.
 * @param {Layer} layer @param {number} pts @param {Drawn[]} held @param {Drawn[]} moving
 */
function lookBetween(layer, pts, held, moving) {
  const at = place(layer.messages, pts);
  const former = layer.group(at - 1);
  if (!former.length) return;
  const later = layer.group(at);
  const joined = later.length > 0 && later[0].pts - former[0].pts <= GAP && [...former, ...later].every(moves);
  const partners = joined ? bySubject(later) : new Map();
  for (const message of former) {
    const age = (pts - message.pts) / TICKS_PER_MS;
    for (const shape of message.shapes ?? []) {
      const partner = partners.get(keyOf(shape))?.shift();
      const drawn = partner && drawnBetween({ shape, message }, partner, pts);
      if (drawn) moving.push(drawn);
      else if (age <= (message.hold_ms ?? HOLD)) held.push({ shape, state: 'held', age, message });
    }
  }
}

/** @param {Shapes} message */
function moves(message) {
  return message.exact && (message.hold_ms ?? HOLD) <= MOVING;
}

/** @param {Shape} shape */
function keyOf(shape) {
  return shape.subject ? `${shape.t} ${shape.subject}` : '';
}

/** Shapes that say whom they are about, in their order. @param {Shapes[]} messages */
function bySubject(messages) {
  /** @type {Map<string, {shape: Shape, message: Shapes}[]>} */
  const found = new Map();
  for (const message of messages) {
    for (const shape of message.shapes ?? []) {
      if (!shape.subject) continue;
      const known = found.get(keyOf(shape));
      if (known) known.push({ shape, message });
      else found.set(keyOf(shape), [{ shape, message }]);
    }
  }
  return found;
}

/**
 * @param {{shape: Shape, message: Shapes}} from @param {{shape: Shape, message: Shapes}} to @param {number} pts
 * @returns {Drawn|null}
 */
function drawnBetween(from, to, pts) {
  const share = (pts - from.message.pts) / (to.message.pts - from.message.pts);
  const shape = between(from.shape, to.shape, share);
  if (!shape) return null;
  const { message } = share <= 0.5 ? from : to;
  return { shape, state: 'interpolated', age: Math.abs(pts - message.pts) / TICKS_PER_MS, message };
}

/** @param {Shapes} message @param {string} subject @returns {Shape|null} */
function shapeOf(message, subject) {
  for (const shape of message.shapes ?? []) {
    if (shape.subject === subject) return shape;
    const blip = shape.t === 'radar' ? shape.blips?.find((/** @type {Shape} */ one) => one.subject === subject) : null;
    if (blip) return { ...blip, t: 'blip' };
  }
  return null;
}
