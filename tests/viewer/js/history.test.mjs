// @ts-check
/** The coded pictures of the last minute: what is kept, what must be decoded to see one, and which is the next. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { History, further, nearest } from '../../../src/onframe/viewer/static/history.js';

const FRAME = 3600;
/** @param {number} n of the picture, as it is shown @param {boolean} [key] @param {number} [bytes] */
const unit = (n, key = false, bytes = 10) => ({
  kind: 1, key, lostBefore: false, stream: 1, n, pts: n * FRAME, sentAt: 0, data: new Uint8Array(bytes),
});
const numbers = (/** @type {{pts: number}[]|null} */ run) => run?.map(({ pts }) => pts / FRAME);

test('nothing is kept before the first key picture', () => {
  const history = new History();
  history.add(unit(1));
  assert.deepEqual(history.times(), []);
  history.add(unit(2, true));
  history.add(unit(3));
  assert.deepEqual(history.times(), [2 * FRAME, 3 * FRAME]);
});

test('to see a picture, all from its key picture on is decoded', () => {
  const history = new History();
  for (let n = 0; n < 10; n++) history.add(unit(n, n % 4 === 0));
  assert.deepEqual(numbers(history.run(6 * FRAME)), [4, 5, 6]);
  assert.deepEqual(numbers(history.run(8 * FRAME)), [8]);
  assert.deepEqual(numbers(history.run(6 * FRAME, 3)), [4, 5, 6, 7, 8, 9]);
  assert.equal(history.run(6 * FRAME + 1), null);
});

test('pictures that are decoded in another order are listed in the order they are shown in', () => {
  const history = new History();
  for (const n of [0, 3, 1, 2, 6, 4, 5]) history.add(unit(n, n === 0));
  assert.deepEqual(history.times(), [0, 1, 2, 3, 4, 5, 6].map((n) => n * FRAME));
  assert.deepEqual(numbers(history.run(2 * FRAME)), [0, 3, 1, 2]);
});

test('a minute is kept, and it begins with a key picture', () => {
  const history = new History(60);
  for (let n = 0; n <= 100 * 25; n++) history.add(unit(n, n % 50 === 0));
  const [first] = history.times();
  assert.equal(first, 1000 * FRAME);
  assert.equal(history.times().length, 1501);
});

test('memory is bounded whatever the pictures weigh', () => {
  const history = new History(60, 1000);
  for (let n = 0; n < 100; n++) {
    history.add(unit(n, n % 5 === 0, 60));
    assert.ok(history.bytes <= 1000);
  }
  assert.deepEqual(numbers(history.run(99 * FRAME)), [95, 96, 97, 98, 99]);
  history.add(unit(100, true, 2000));
  assert.equal(history.bytes, 0, 'one that is too large alone is not kept either');
});

test('a stream that has but one key picture is forgotten as a whole', () => {
  const history = new History(1);
  for (let n = 0; n < 40; n++) history.add(unit(n, n === 0));
  assert.deepEqual(history.times(), []);
  assert.equal(history.bytes, 0);
});

test('one step leads to the neighbour, also from between two pictures', () => {
  const times = [10, 20, 30];
  assert.equal(further(times, 20, 1), 2);
  assert.equal(further(times, 20, -1), 0);
  assert.equal(further(times, 30, 1), -1);
  assert.equal(further(times, 10, -1), -1);
  assert.equal(further(times, 15, 1), 1);
  assert.equal(further(times, 15, -1), 0);
  assert.equal(further(times, 40, -1), 2);
  assert.equal(further(times, 40, 1), -1);
  assert.equal(further([], 40, 1), -1);
});

test('the nearest picture, unless it is too far away', () => {
  assert.equal(nearest([10, 20, 30], 24, 5), 20);
  assert.equal(nearest([10, 20, 30], 26, 5), 30);
  assert.equal(nearest([10, 20, 30], 36, 5), null);
  assert.equal(nearest([], 36, 5), null);
});
