// @ts-check
/** When a picture is shown: every time here is an argument, nothing waits. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { Clock, Hold, Orphans, Tally, Waiting } from '../../../src/onframe/viewer/static/sync.js';

/** @param {number} actual @param {number} expected @param {number} [most] */
function near(actual, expected, most = 1e-6) {
  assert.ok(Math.abs(actual - expected) <= most, `${actual} instead of ${expected}`);
}

test('the least delayed arrival counts', () => {
  const clock = new Clock();
  clock.arrived(9000, 1000); // 100 ms of camera time: offset 900
  clock.arrived(12_600, 1010); // 140 ms: offset 870, earlier than thought
  clock.arrived(16_200, 1300); // 180 ms: offset 1120, late
  near(clock.at(16_200), 180 + 870 + 0.02); // gave way by 500 ppm of 40 ms
});

test('before the first picture nothing is known', () => assert.ok(Number.isNaN(new Clock().at(1))));

test('time stamps that start anew are followed at once', () => {
  const clock = new Clock();
  clock.arrived(9_000_000, 0);
  clock.arrived(0, 40);
  assert.equal(clock.at(0), 40);
  clock.arrived(90_000 * 1000, 80);
  assert.equal(clock.at(90_000 * 1000), 80);
});

test('a stall and the burst after it do not move the clock', () => {
  const clock = new Clock();
  for (let i = 0; i < 100; i++) clock.arrived(i * 3600, 1000 + i * 40);
  for (let i = 100; i < 200; i++) clock.arrived(i * 3600, 1000 + 200 * 40 + i / 100); // 4 s late, then less and less
  near(clock.at(0), 1000, 5);
});

test('a stall of more than 5 s is over with its burst', () => {
  const clock = new Clock();
  clock.arrived(0, 1000);
  for (let i = 1; i <= 200; i++) clock.arrived(i * 3600, 9000 + i / 100); // the last of them is 0.002 s late
  near(clock.at(200 * 3600), 9002, 5);
});

for (const ppm of [250, -250, 100]) {
  test(`a camera's clock that goes wrong by ${ppm} ppm is followed for an hour`, () => {
    const clock = new Clock();
    let worst = 0;
    for (let i = 0; i < 25 * 3600; i++) {
      const earliest = 1000 + i * 40 * (1 + ppm * 1e-6);
      clock.arrived(i * 3600, earliest + ((i * 7919) % 31)); // 0..30 ms of jitter
      if (i > 250) worst = Math.max(worst, Math.abs(clock.at(i * 3600) - earliest));
    }
    assert.ok(worst < 2, `${worst} ms off`);
  });
}

test('timestamps near 2^53 lose less than a millisecond', () => {
  const clock = new Clock();
  const base = 2 ** 53 - 1 - 90_000 * 60;
  for (let i = 0; i < 100; i++) clock.arrived(base + i * 3600, 5000 + i * 40);
  near(clock.at(base + 99 * 3600), 5000 + 99 * 40, 1);
});

test('time stamps that went back by less than 5 s settle within seconds', () => {
  const clock = new Clock();
  for (let i = 0; i < 100; i++) clock.arrived(i * 3600, 1000 + i * 40);
  for (let i = 100; i < 190; i++) clock.arrived(i * 3600 - 3 * 90_000, 1000 + i * 40 + (i % 2) * 10); // 3 s back
  near(clock.at(189 * 3600 - 3 * 90_000), 1000 + 189 * 40, 1);
});

test('pictures that come in another order than they are shown do not hasten the clock', () => {
  const clock = new Clock();
  clock.arrived(0, 1000);
  for (let i = 0; i < 1000; i++) clock.arrived((i % 2) * 90_000, 1400 + (i % 2) * 1000); // all of them 0.4 s late
  near(clock.at(0), 1000 + 0.5); // 500 ppm of the one second that passed
});

test('time stamps that went forward are followed at once', () => {
  const clock = new Clock();
  clock.arrived(0, 1000);
  clock.arrived(3 * 90_000, 1040);
  assert.equal(clock.at(3 * 90_000), 1040);
});

const HOLD = new URL('../../golden/hold.json', import.meta.url);
for (const scene of JSON.parse(readFileSync(HOLD, 'utf8'))) {
  test(`hold: ${scene.title}`, () => {
    const hold = new Hold(scene.picture);
    for (const did of scene.did) {
      for (let i = 0; 'lag' in did && i < (did.times ?? 1); i++) hold.measured(did.lag);
      for (let i = 0; i < (did.steps ?? 0); i++) hold.step();
      if (!did.expect) continue;
      near(hold.value, did.expect.value);
      near(hold.target(), did.expect.target);
      if (did.expect.p98 === null) assert.ok(Number.isNaN(hold.p98));
      else assert.equal(hold.p98, did.expect.p98);
    }
  });
}

test('a lag that is not known is no lag', () => {
  const hold = new Hold();
  hold.measured(NaN);
  hold.measured(Infinity);
  assert.ok(Number.isNaN(hold.p98));
});

test('modes: live holds nothing back, fixed what it is told; measuring goes on', () => {
  const hold = new Hold(40);
  assert.deepEqual([hold.mode, hold.value], ['synced', 200]);
  hold.setMode('live');
  assert.equal(hold.value, 0);
  hold.measured(400);
  hold.setMode('fixed', 350);
  assert.equal(hold.value, 350);
  hold.setMode('fixed', 99_999);
  assert.equal(hold.value, 1500);
  hold.setMode('fixed', NaN);
  assert.equal(hold.value, 1500);
  hold.setMode('synced');
  assert.equal(hold.value, 480);
});

test('the next connection to a stream begins with the hold of the last, and measures anew', () => {
  const former = new Hold(40);
  former.measured(700);
  const next = new Hold(40);
  next.startFrom(former);
  next.step();
  assert.deepEqual([next.value, Number.isNaN(next.p98)], [780, true]);
  for (let i = 0; i < 50; i++) next.measured(20);
  next.step();
  near(next.value, 779);
});

/** @param {number} pts @param {boolean} [exact] @returns {any} */
const message = (pts, exact = true) => ({ type: 'shapes', layer: 'a', clock: '', pts, exact });

test('a Record whose picture was never shown is an orphan once it is behind by more than the hold', () => {
  const orphans = new Orphans(3600);
  orphans.shown(0, 200);
  for (const pts of [0, 3600, 7200]) orphans.add(message(pts));
  orphans.shown(7200, 200); // 3600 was passed over
  orphans.shown(3600 + 18_000, 200);
  assert.equal(orphans.count, 0); // behind by the hold, not by more
  orphans.shown(3600 + 18_001, 200);
  assert.equal(orphans.count, 1);
  orphans.shown(90_000, 200);
  assert.equal(orphans.count, 1);
});

test('a Record that comes after its picture was shown is late, not an orphan', () => {
  const orphans = new Orphans(3600);
  for (let i = 0; i < 50; i++) orphans.shown(i * 3600, 200);
  orphans.add(message(3600));
  orphans.add(message(3601));
  orphans.add(message(3601 + 1799, false)); // nearest to the picture 3600
  orphans.shown(50 * 3600, 200);
  assert.equal(orphans.count, 1);
});

test('an approximate Record is an orphan where no picture near it was shown', () => {
  const orphans = new Orphans(3600);
  for (const pts of [0, 7200, 90_000]) orphans.shown(pts, 200);
  for (const pts of [1800, 3600, 5400, 5401, 9001]) orphans.add(message(pts, false));
  orphans.shown(93_600, 200);
  assert.equal(orphans.count, 3); // 3600 and 5400 belong to the picture 3600, 9001 to 10800
});

test('time stamps that start anew are other pictures', () => {
  const orphans = new Orphans(3600);
  orphans.shown(2 ** 40, 200);
  orphans.add(message(2 ** 40 + 1));
  for (const pts of [0, 3600]) orphans.shown(pts, 0);
  orphans.add(message(1));
  orphans.shown(7200, 0);
  assert.equal(orphans.count, 1);
});

test('what is awaited and what was shown is bounded', () => {
  const orphans = new Orphans(3600);
  orphans.shown(0, 0);
  for (let i = 0; i < 10_000; i++) orphans.add(message(i * 2 + 1));
  orphans.shown(90_000, 0);
  assert.equal(orphans.count, 4096);
  for (let i = 1; i < 2000; i++) orphans.shown(90_000 + i * 3600, 0);
  orphans.add(message(90_001)); // of pictures so long ago nobody knows whether they were shown
  orphans.shown(90_000 + 2000 * 3600, 0);
  assert.equal(orphans.count, 4096);
});

test('Records of before the first picture are none of its own', () => {
  const orphans = new Orphans(3600);
  orphans.add(message(0));
  orphans.shown(90_000, 0);
  orphans.shown(93_600, 0);
  assert.equal(orphans.count, 0);
});

test('after a pause the Records of its time are not counted, the count stays', () => {
  const orphans = new Orphans(3600);
  orphans.shown(0, 0);
  orphans.add(message(1));
  orphans.shown(3600, 0);
  assert.equal(orphans.count, 1);
  for (let i = 2; i < 500; i++) orphans.add(message(i * 3600));
  orphans.begin();
  orphans.shown(500 * 3600, 0);
  orphans.shown(501 * 3600, 0);
  assert.equal(orphans.count, 1);
});

test('the newest picture that is due is taken and older ones are closed', () => {
  /** @type {number[]} */
  const closed = [];
  /** @type {Waiting<{pts: number, close: () => void}>} */
  const waiting = new Waiting();
  for (const pts of [3, 1, 2, 9]) waiting.add({ pts, close: () => closed.push(pts) });
  assert.equal(waiting.take((pts) => pts, 0), null);
  assert.equal(waiting.take((pts) => pts, 5)?.pts, 3);
  assert.deepEqual([closed, waiting.size, waiting.dropped], [[1, 2], 1, 2]);
  waiting.clear();
  assert.deepEqual([closed, waiting.size], [[1, 2, 9], 0]);
});

test('pictures never go back: one that is decoded after a later one was taken is passed over', () => {
  /** @type {number[]} */
  const closed = [];
  /** @type {Waiting<{pts: number, close: () => void}>} */
  const waiting = new Waiting();
  const add = (/** @type {number} */ pts) => waiting.add({ pts, close: () => closed.push(pts) });
  const at = (/** @type {number} */ pts) => pts / 90;
  for (const pts of [900_000, 907_200]) add(pts);
  assert.equal(waiting.take(at, 10_080)?.pts, 907_200);
  add(903_600);
  assert.equal(waiting.take(at, 10_090), null);
  for (const pts of [903_601, 910_800, 903_602]) add(pts);
  assert.equal(waiting.take(at, 10_120)?.pts, 910_800);
  assert.deepEqual([closed, waiting.dropped], [[900_000, 903_600, 903_601, 903_602], 4]);
  add(10);
  assert.equal(waiting.take(at, 10_130)?.pts, 10, 'of another time line');
});

test('Records of before time stamps went back by seconds are not awaited any more', () => {
  const orphans = new Orphans(3600);
  for (let n = 0; n < 50; n++) orphans.shown((n + 100) * 3600, 200);
  for (let n = 0; n < 50; n++) {
    for (const ahead of [1, 2, 3]) if (n % 3 === 0) orphans.add(message((n + 110 + ahead) * 3600));
    orphans.shown((n + 110) * 3600, 200);
  }
  assert.equal(orphans.count, 0);
});

test('the share of exact pictures is among those that show targets', () => {
  const tally = new Tally();
  assert.ok(Number.isNaN(tally.exactShare()));
  for (const state of ['exact', 'exact', 'exact', 'interpolated', 'held', 'none']) tally.add(/** @type {any} */ (state));
  assert.deepEqual([tally.exactShare(), tally.total.none, tally.recent().interpolated], [0.6, 1, 1]);
  for (let i = 0; i < 250; i++) tally.add('approximate');
  assert.deepEqual([tally.exactShare(), tally.total.exact, tally.recent().exact], [0, 3, 0]);
});
