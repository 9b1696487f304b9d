// @ts-check
/** Events as they are told to the list: each occurrence once, in its own time line. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { Occurrences } from '../../../src/onframe/viewer/static/occurrences.js';
import { DEFAULT_VIEW } from '../../../src/onframe/viewer/static/view.js';

/** @param {number} n @param {number} pts @param {string} [key] @returns {any} */
const told = (n, pts, key = 'fence') => ({ n, pts, capturedAt: null, event: { key, level: 'alarm', title: key, text: '', color: '#ffffff' } });

/** @returns {Promise<{said: [string, number, boolean][], occurrences: Occurrences, happen: (line: string, now: number, ...events: any[]) => Promise<void>}>} */
async function listening() {
  /** @type {[string, number, boolean][]} */
  const said = [];
  const occurrences = new Occurrences(({ event, pts, again }) => said.push([event.key, pts, again]));
  const happen = async (/** @type {string} */ line, /** @type {number} */ now, /** @type {any[]} */ ...events) => {
    occurrences.happened(events, /** @type {any} */ ({ line }), null, DEFAULT_VIEW, now);
    await occurrences.settled;
  };
  return { said, occurrences, happen };
}

test('what goes on is told again, and after four seconds without it as a new occurrence', async () => {
  const { said, happen } = await listening();
  await happen('1', 0, told(1, 0));
  await happen('1', 3999, told(2, 3600));
  await happen('1', 8000, told(3, 7200));
  assert.deepEqual(said.map(([, , again]) => again), [false, true, false]);
});

test('a page that joins anew tells nothing twice, however long it was away', async () => {
  const { said, happen } = await listening();
  await happen('1', 0, told(1, 0), told(2, 3600, 'gate'));
  await happen('1', 60_000, told(1, 0), told(2, 3600, 'gate'), told(3, 7200));
  assert.deepEqual(said, [['fence', 0, false], ['gate', 3600, false], ['fence', 7200, false]]);
});

test('in another time line the same numbers are other Records', async () => {
  const { said, happen } = await listening();
  await happen('1', 0, told(1, 0));
  await happen('2', 60_000, told(1, 0));
  assert.equal(said.length, 2);
});

test('a timestamp is of the time line in which an event was told last, for 500 events', async () => {
  const { occurrences, happen } = await listening();
  await happen('1', 0, told(1, 0), told(2, 3600));
  await happen('2', 10, told(1, 3600));
  assert.deepEqual([occurrences.lineOf(0), occurrences.lineOf(3600), occurrences.lineOf(1)], ['1', '2', undefined]);
  for (let n = 2; n < 502; n++) await happen('2', 20 + n, told(n, n * 3600));
  assert.deepEqual([occurrences.lineOf(0), occurrences.lineOf(501 * 3600)], [undefined, '2']);
});
