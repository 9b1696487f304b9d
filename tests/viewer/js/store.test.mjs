// @ts-check
/** What is drawn on which picture: the golden cases that pytest runs too, and what only the page has. */

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';

import { Store, between } from '../../../src/onframe/viewer/static/store.js';
import { assertNear } from './near.mjs';

const GOLDEN = new URL('../../golden/binding/', import.meta.url);

/** @param {any} message */
const numberOf = (message) => (message === null ? null : message.n ?? 0);

let cases = 0;
for (const name of readdirSync(GOLDEN).filter((file) => file.endsWith('.json'))) {
  for (const scene of JSON.parse(readFileSync(new URL(name, GOLDEN), 'utf8'))) {
    cases += 1;
    test(`${name}: ${scene.title}`, () => {
      const store = new Store(scene.duration ?? 3600);
      for (const message of scene.given) {
        if (message.type === 'rules') store.setRules(message.pts ?? -Infinity, message.shapes);
        else store.add(message);
      }
      for (const expected of scene.pictures) {
        const { state, drawn, bound } = store.lookup(expected.pts);
        const found = drawn.map((one) => ({ shape: one.shape, state: one.state, age: one.age, n: numberOf(one.message) }));
        const seen = { pts: expected.pts, state, bound: bound.map(numberOf), drawn: found };
        assertNear(seen, expected, `picture ${expected.pts}`);
      }
    });
  }
}
test('there are golden cases', () => assert.ok(cases >= 25, String(cases)));

/** @param {number} pts @param {object} [more] @returns {any} */
function record(pts, more = {}) {
  return { type: 'shapes', layer: 'a', exact: true, clock: 'rtp_info', pts, ...more };
}

/** @param {number} x @param {string} subject @returns {any} */
function point(x, subject = 's') {
  return { t: 'point', subject, x, y: 0, color: '#111111' };
}

test('what is looked up does not change what is kept', () => {
  const store = new Store();
  const given = [record(0, { n: 1, shapes: [point(0)] }), record(7200, { n: 2, shapes: [point(1)] })];
  const before = JSON.stringify(given);
  given.forEach((message) => store.add(message));
  const once = store.lookup(3600);
  assert.deepEqual(store.lookup(3600), once);
  assert.equal(JSON.stringify(given), before);
  assert.notEqual(once.drawn[0].shape, given[0].shapes[0]);
});

test('the last 90 s can be looked up, and what was held then', () => {
  const store = new Store();
  for (let second = 0; second <= 200; second++) store.add(record(second * 90_000, { shapes: [point(0)] }));
  const times = store.times();
  assert.deepEqual([times[0], times[times.length - 1], times.length], [110 * 90_000, 200 * 90_000, 91]);
  assert.equal(store.lookup(110 * 90_000 + 3600).state, 'interpolated');
});

test('what came last before those 90 s is kept for what is held long', () => {
  const store = new Store();
  store.add(record(0, { hold_ms: 600_000, shapes: [point(0)] }));
  store.add(record(120 * 90_000, { hold_ms: 600_000, shapes: [point(1)] }));
  assert.equal(store.lookup(60 * 90_000).drawn[0].shape.x, 0);
});

test('of two Records of one picture both are kept for it', () => {
  const store = new Store();
  for (const n of [1, 2]) store.add(record(0, { n, hold_ms: 600_000, shapes: [point(n)] }));
  store.add(record(120 * 90_000, { n: 3 }));
  assert.deepEqual(store.lookup(60 * 90_000).drawn.map((one) => one.shape.x), [1, 2]);
});

test('a layer keeps 4096 Records, the newest, and forgets the numbers of the others', () => {
  const store = new Store();
  for (let i = 1; i <= 5000; i++) store.add(record(i * 300, { n: i }));
  assert.deepEqual([store.times().length, store.times()[0]], [4096, 905 * 300]);
  store.add(record(5001 * 300, { n: 1 }));
  assert.deepEqual([store.times().length, store.times()[0]], [4096, 906 * 300]);
});

test('time stamps that start anew replace what was kept of their layer', () => {
  const store = new Store();
  for (let i = 0; i < 10; i++) store.add(record(2 ** 40 + i * 3600));
  store.add(record(3600, { shapes: [point(0)] }));
  assert.deepEqual(store.times(), [3600]);
  assert.equal(store.lookup(3600).state, 'exact');
});

test('there are at most 64 layers and 256 sets of rules', () => {
  const store = new Store();
  for (let i = 0; i < 100; i++) store.add(record(i, { layer: `layer ${i}` }));
  assert.deepEqual([store.times().length, store.times()[0]], [64, 36]);
  for (let i = 0; i < 300; i++) store.setRules(i * 10, [point(i)]);
  assert.equal(store.lookup(0).drawn[0].shape.x, 44);
  assert.equal(store.lookup(2990).drawn[0].shape.x, 299);
});

test('the times of all layers, each once', () => {
  const store = new Store();
  for (const [pts, layer] of [[7200, 'a'], [3600, 'b'], [7200, 'b'], [0, 'a']]) store.add(record(Number(pts), { layer }));
  assert.deepEqual(store.times(), [0, 3600, 7200]);
});

test('the history of a subject, oldest first, over layers', () => {
  const store = new Store();
  store.add(record(7200, { n: 2, shapes: [point(0.5, 'other'), point(0.2), point(0.3)] }));
  store.add(record(3600, { n: 1, shapes: [point(0.1)] }));
  store.add(record(5400, { n: 3, layer: 'radar', shapes: [{ t: 'radar', blips: [{ x: 0.9, y: 0, subject: 's' }] }] }));
  store.add(record(9000, { n: 4, shapes: [point(0.5, 'other')] }));
  const found = store.messagesOf('s').map(({ message, shape }) => [message.n, shape.t, shape.x]);
  assert.deepEqual(found, [[1, 'point', 0.1], [3, 'blip', 0.9], [2, 'point', 0.2]]);
  assert.deepEqual(store.messagesOf(''), []);
});

test('Shapes of two sorts have nothing between them', () => {
  assert.equal(between(point(0), { t: 'box', x: 0, y: 0, w: 1, h: 1 }, 0.5), null);
  assert.equal(between({ t: 'trail', points: [[0, 0]] }, { t: 'trail', points: [[1, 1]] }, 0.5), null);
});

test('how long a look-up takes in a full store', (context) => {
  const store = new Store();
  const layers = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  for (let i = 0; i < 2250; i++) {
    for (const layer of layers) {
      const shapes = Array.from({ length: 10 }, (_, k) => point(i / 2250, `${layer} ${k}`));
      if (i % 5 === 0) store.add(record(i * 3600, { n: i + 1, layer, shapes }));
    }
  }
  const begun = performance.now();
  let drawn = 0;
  for (let i = 0; i < 2000; i++) drawn += store.lookup(i * 3600).drawn.length;
  const each = (performance.now() - begun) / 2000;
  context.diagnostic(`a look-up among 8 layers of 90 s, 80 Shapes drawn: ${(each * 1000).toFixed(1)} µs`);
  assert.equal(drawn, 2000 * 80);
});
