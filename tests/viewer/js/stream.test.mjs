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
