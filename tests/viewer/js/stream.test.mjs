// @ts-check
/** One stream's time line: which Records come after their picture, and what is counted of it. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { Source } from '../../../src/onframe/viewer/static/source.js';
import { Stream } from '../../../src/onframe/viewer/static/stream.js';

const PICTURE = 3600;

/** @returns {Stream} */
function stream() {
  const listener = { onRefused: () => undefined, onError: () => undefined };
  /** @type {import('../../../src/onframe/viewer/static/wire.js').Hello} */
  const hello = { type: 'hello', camera: 'gate', channel: 1, stream: 1, epoch: 1, width: 1280, height: 720, codec: 'avc1.4d401f' };
  return new Stream(hello, new Source(listener), null, 'synced', 200);
}

/** @param {number} n of its picture, counted in the order of showing @param {object} [more] @returns {any} */
const record = (n, more = {}) => ({ type: 'shapes', layer: 'a', exact: true, clock: 'rtp_info', pts: n * PICTURE, n: n + 1, ...more });

/** @param {number} n @returns {any} */
const picture = (n) => ({ kind: 1, pts: n * PICTURE, sentAt: 0, key: n === 0 });

test('with B pictures a Record comes before its picture, and that is not late', () => {
  const one = stream();
  // 0 3 1 2 | 6 4 5: as they are sent, three pictures after they were taken; Records come as they are taken
  const sent = [0, 3, 1, 2, 6, 4, 5];
  for (let tick = 0; tick < 14; tick++) {
    if (tick < 7) one.told(record(tick), tick * 40, true);
    if (tick >= 3 && sent[tick - 3] !== undefined) one.arrived(picture(sent[tick - 3]), tick * 40);
    if (tick >= 7) one.painted((tick - 7) * PICTURE, 'exact', tick * 40);
  }
  const { late, orphaned, state, total } = one.report(14 * 40);
  assert.deepEqual([late, orphaned, state, total.exact], [0, 0, 'exact', 7]);
});

test('a Record is late once its picture, or one after it, was painted', () => {
  const one = stream();
  for (const n of [0, 1, 2]) one.arrived(picture(n), n * 40);
  one.painted(1 * PICTURE, 'none', 300);
  one.told(record(2), 310, true);
  assert.equal(one.late, 0);
  one.told(record(1), 320, true);
  one.told(record(0), 330, true);
  assert.equal(one.late, 2);
});

test('what is told again is neither late nor an event of its own', () => {
  const one = stream();
  const event = { key: 'k', level: 'alarm', title: 'line crossing', text: '', color: '#ffffff' };
  one.arrived(picture(0), 0);
  one.told(record(0, { events: [event] }), 10, true);
  one.painted(0, 'exact', 300);
  one.told(record(0, { events: [event], pts: 0 }), 400, true);
  assert.equal(one.late, 0);
  assert.equal(one.reached(() => true).length, 1);
});

test('on a grid nothing is late: a Record is shown when it comes', () => {
  const one = stream();
  one.told(record(5), 0, false);
  one.told(record(4), 10, false);
  assert.deepEqual([one.late, one.newest], [0, 5 * PICTURE]);
});

test('Records that are late for good are waited for, however late that is', () => {
  const one = stream();
  for (let n = 0; n < 1500; n++) {
    one.arrived(picture(n), n * 40);
    if (n >= 25) one.told(record(n - 25), n * 40, true);
    one.painted(n * PICTURE, 'none', n * 40 + 300);
  }
  assert.equal(one.report(0).hold, 1080);
});

test('pictures that go back by more than B pictures do are of another time line; of fMP4 hello tells that', () => {
  const one = stream();
  one.arrived(picture(100), 0);
  const back = picture(49);
  assert.deepEqual([one.jumps(picture(50)), one.jumps(back), one.jumps(picture(5000))], [false, true, false]);
  assert.equal(one.jumps({ ...back, kind: 3 }), false);
});

test('the next connection goes on counting', () => {
  const [former, next] = [stream(), stream()];
  for (const n of [0, 1, 2]) former.arrived(picture(n), n * 40);
  former.painted(0, 'none', 300);
  former.told(record(0), 310, true);
  former.told(record(1), 320, true);
  former.painted(2 * PICTURE, 'none', 380);
  former.painted(100 * PICTURE, 'none', 4300);
  next.startFrom(former);
  const { late, orphaned } = next.report(0);
  assert.deepEqual([late, orphaned], [1, 1]);
});

test('Records of pictures that never were here are neither late nor slow nor the last', () => {
  const one = stream();
  for (const n of [250, 251]) one.arrived(picture(n), n * 40);
  one.told(record(250), 251 * 40, true);
  one.painted(250 * PICTURE, 'exact', 251 * 40 + 100);
  for (let n = 0; n < 250; n++) one.told(record(n, { clock: 'arrival', exact: false }), 251 * 40 + 100, true);
  const { late, hold, clock, exact } = one.report(0);
  assert.deepEqual([late, hold, clock, exact], [0, 200, 'rtp_info', true]);
});

test('pictures of any rate are held back for two of them more', () => {
  for (const apart of [1800, 3000, 9000]) {
    const one = stream();
    const order = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8, 12, 10, 11, 15, 13, 14, 18]; // as B pictures are sent, one of them lost
    for (const [i, n] of order.entries()) one.arrived({ ...picture(0), pts: n * apart }, (i * apart) / 90);
    assert.deepEqual([one.duration, one.store.duration, one.hold.picture], [apart, apart, apart / 90]);
  }
});
