// @ts-check
/** What the onlooker wants to see: the golden cases that pytest runs too. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import * as view from '../../../src/onframe/viewer/static/view.js';
import { assertNear } from './near.mjs';

const GOLDEN = new URL('../../golden/view/', import.meta.url);
const read = (/** @type {string} */ name) => JSON.parse(readFileSync(new URL(name, GOLDEN), 'utf8'));

for (const scene of read('queries.json')) {
  test(`query: ${scene.title}`, () => {
    const found = view.parseView(new URLSearchParams(scene.query));
    assert.deepEqual({ ...found, privacy: { ...found.privacy } }, scene.view);
    const query = view.viewQuery(found);
    assert.equal(decodeURIComponent(query.toString().replaceAll('+', ' ')), scene.canonical);
    assert.deepEqual(view.parseView(query), found);
  });
}

/** As the wire has it: fields at their default left out. @param {any} shape */
function bare(shape) {
  const { labels, caption, blips, ...rest } = shape;
  if (labels?.length) rest.labels = labels;
  if (caption) rest.caption = caption;
  if (blips) rest.blips = blips.map(bare);
  return rest;
}

for (const name of ['filters.json', 'looks.json', 'privacy.json']) {
  for (const scene of read(name)) {
    test(`${name}: ${scene.title}`, () => {
      const wanted = view.parseView(new URLSearchParams(scene.query));
      const drawn = scene.drawn.map((/** @type {any} */ shape) => ({ shape, state: 'held', age: 7, message: null }));
      const before = JSON.stringify(drawn);
      const found = view.viewed(drawn, wanted);
      const expected = scene.viewed === 'drawn' ? scene.drawn : scene.viewed;
      assertNear(found.map((one) => bare(one.shape)), expected, 'viewed');
      assert.ok(found.every((one) => one.state === 'held' && one.age === 7));
      assertNear(view.privateAreas(drawn, wanted.privacy), scene.areas, 'areas');
      assert.equal(JSON.stringify(drawn), before);
    });
  }
}

test('the default is what an empty query says, and leaves everything as it is', () => {
  assert.deepEqual(view.parseView(new URLSearchParams()), { ...view.DEFAULT_VIEW });
  const drawn = [{ shape: { t: 'box', x: 0, y: 0, w: 1, h: 1, color: '#111111' }, state: 'exact', age: 0, message: null }];
  assert.equal(view.viewed(/** @type {any} */ (drawn), view.DEFAULT_VIEW)[0], drawn[0]);
});

test('the published hashes', () => {
  assert.deepEqual(['', 'a', 'foobar'].map(view.fnv1a), [0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
});
