// Where texts go: never on each other while there is room, the more important first, alarms always.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { overlap } from '../../../src/onframe/viewer/static/geometry.js';
import { Memory, arrange } from '../../../src/onframe/viewer/static/layout.js';

const BOUNDS = { x: 0, y: 0, w: 400, h: 300 };

const item = (anchor, more = {}) => ({
  anchor, forms: [{ w: 60, h: 20 }], side: 'above', rank: 30, keep: false, gap: 3, key: '', ...more,
});
const room = (more = {}) => ({ bounds: BOUNDS, taken: [], spared: [], ...more });

/** Reproducible numbers in 0..1 (mulberry32). */
function dice(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Boxes with labels of one or two lines, plates, cards and counters in a picture of this size. */
function crowd(random, count, bounds) {
  const sides = ['above', 'above', 'above', 'below', 'beside', 'on'];
  return Array.from({ length: count }, (_, i) => {
    const w = 20 + random() * 120;
    const h = 20 + random() * 160;
    const anchor = { x: random() * (bounds.w - w), y: random() * (bounds.h - h), w, h };
    const long = { w: 60 + random() * 140, h: 38 };
    const alarm = random() < 0.1;
    return { anchor, forms: [long, { w: long.w, h: 22 }], side: sides[i % 6], rank: alarm ? 0 : 30, keep: alarm, gap: 3, key: `${i}` };
  });
}

function overlapping(rects) {
  let found = 0;
  for (let i = 0; i < rects.length; i++) for (let j = 0; j < i; j++) if (overlap(rects[i], rects[j]) > 0) found += 1;
  return found;
}

const within = (rect, bounds) =>
  rect.x >= bounds.x && rect.y >= bounds.y && rect.x + rect.w <= bounds.x + bounds.w + 0.02 && rect.y + rect.h <= bounds.y + bounds.h + 0.02;

test('a text stands above its anchor', () => {
  const [placed] = arrange([item({ x: 100, y: 100, w: 50, h: 50 })], room());
  assert.deepEqual(placed, { rect: { x: 100, y: 77, w: 60, h: 20 }, form: 0, far: false }); // 100 - 20 - 3
});

test('a text gives way to what is there already', () => {
  const taken = [{ x: 90, y: 70, w: 90, h: 29 }];
  const [placed] = arrange([item({ x: 100, y: 100, w: 50, h: 50 })], room({ taken }));
  assert.deepEqual(placed.rect, { x: 100, y: 153, w: 60, h: 20 }); // below: 100 + 50 + 3
});

test('a text stays in the picture', () => {
  const [placed] = arrange([item({ x: 380, y: 2, w: 30, h: 290 })], room());
  assert.ok(within(placed.rect, BOUNDS));
});

test('a plate stands below its place, a card beside its rectangle, a count on its place', () => {
  const place = { x: 200, y: 100, w: 0, h: 0 };
  const at = (side, anchor) => arrange([item(anchor, { side })], room())[0].rect;
  assert.deepEqual(at('below', place), { x: 170, y: 103, w: 60, h: 20 });
  assert.deepEqual(at('on', place), { x: 170, y: 90, w: 60, h: 20 });
  assert.deepEqual(at('beside', { x: 100, y: 50, w: 80, h: 80 }), { x: 183, y: 50, w: 60, h: 20 });
});

test('what is to be spared is covered only where there is nothing better', () => {
  const spared = [{ x: 90, y: 70, w: 90, h: 29 }];
  assert.equal(arrange([item({ x: 100, y: 100, w: 50, h: 50 })], room({ spared }))[0].rect.y, 153);
});

test('where the long form finds no room the short one is taken', () => {
  const bounds = { x: 0, y: 0, w: 100, h: 30 };
  const forms = [{ w: 90, h: 38 }, { w: 90, h: 20 }];
  const [placed] = arrange([item({ x: 5, y: 25, w: 10, h: 2 }, { forms })], room({ bounds }));
  assert.equal(placed.form, 1);
});

test('of two for one place the more important gets it and the other is left out', () => {
  const bounds = { x: 0, y: 0, w: 70, h: 25 };
  const anchor = { x: 5, y: 24, w: 10, h: 1 };
  const [low, high] = arrange([item(anchor, { rank: 33 }), item(anchor, { rank: 31 })], room({ bounds }));
  assert.equal(low, null);
  assert.ok(high);
});

test('what must be shown is shown far away, or over others where the picture is full', () => {
  const anchor = { x: 5, y: 5, w: 10, h: 10 };
  const taken = [{ x: 0, y: 0, w: 400, h: 150 }];
  const alarm = item(anchor, { keep: true, rank: 0 });
  const [far] = arrange([alarm], room({ taken: [...taken] }));
  assert.ok(far.far && within(far.rect, BOUNDS) && overlap(far.rect, taken[0]) === 0);
  assert.equal(arrange([item(anchor)], room({ taken: [...taken] }))[0], null);
  const [forced] = arrange([alarm], room({ taken: [BOUNDS] }));
  assert.ok(within(forced.rect, BOUNDS));
});

test('a text does not jump back and forth, but returns to a better place that stays free', () => {
  const memory = new Memory();
  const anchor = { x: 100, y: 100, w: 50, h: 50 };
  const above = { x: 90, y: 70, w: 90, h: 29 };
  const y = (taken, now) => arrange([item(anchor, { key: 'a' })], room({ taken, memory, now }))[0].rect.y;
  assert.equal(y([above], 0), 153);
  assert.equal(y([], 40), 153); // free again, but only now
  assert.equal(y([], 600), 153);
  assert.equal(y([], 680), 77);
  assert.equal(y([], 720), 77);
});

for (const [name, bounds] of Object.entries({
  'a phone': { x: 0, y: 0, w: 320, h: 180 },
  'a desk': { x: 0, y: 0, w: 1280, h: 720 },
  '4K': { x: 0, y: 0, w: 3840, h: 2160 },
})) {
  test(`on ${name} no two texts overlap, none leaves the picture, and alarms are never left out`, () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = dice(seed);
      const count = 1 + Math.floor(random() * (bounds.w < 400 ? 6 : 40));
      const items = crowd(random, count, bounds);
      const taken = [{ x: bounds.w - 130, y: 10, w: 120, h: 70 }];
      const placed = arrange(items, room({ bounds, taken: [...taken] }));
      const rects = placed.filter(Boolean).map((one) => one.rect);
      assert.equal(overlapping([...rects, ...taken]), 0, `seed ${seed}`);
      assert.ok(rects.every((rect) => within(rect, bounds)), `seed ${seed}`);
      items.forEach((one, i) => one.keep && assert.ok(placed[i], `seed ${seed}: alarm ${i}`));
    }
  });
}

test('where there is plenty of room nothing is left out', () => {
  const bounds = { x: 0, y: 0, w: 3840, h: 2160 };
  for (let seed = 1; seed <= 40; seed++) {
    const placed = arrange(crowd(dice(seed), 20, bounds), room({ bounds }));
    assert.ok(placed.every(Boolean), `seed ${seed}`);
  }
});

test('in a full picture alarms lie on no other text while a place is free', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const items = crowd(dice(seed), 120, BOUNDS);
    items.forEach((one, i) => Object.assign(one, { keep: i < 4, rank: i < 4 ? 0 : 30 }));
    const placed = arrange(items, room());
    const rects = placed.filter(Boolean).map((one) => one.rect);
    assert.equal(overlapping(rects), 0, `seed ${seed}`);
    assert.ok(placed.slice(0, 4).every(Boolean));
    assert.ok(rects.length < 120, 'this picture was meant to be full');
  }
});

test('150 texts are placed in little time', () => {
  const bounds = { x: 0, y: 0, w: 1280, h: 720 };
  const items = crowd(dice(7), 150, bounds);
  const spared = items.map((one) => one.anchor);
  const times = Array.from({ length: 5 }, () => {
    const start = process.cpuUsage().user;
    arrange(items, room({ bounds, spared }));
    return (process.cpuUsage().user - start) / 1000;
  });
  assert.ok(Math.min(...times) < 60, `${times} ms`);
});
