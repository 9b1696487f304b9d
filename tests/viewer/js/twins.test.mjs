// Several documents tell of one target: one text says it all.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Twins, together } from '../../../src/onframe/viewer/static/twins.js';

const BOX = { x: 100, y: 100, w: 80, h: 60 };

const told = (key, lines, more = {}) => ({ anchor: BOX, lines, color: '#0f0', alarm: false, rank: 1, alpha: 1, key, ...more });
const tracked = told('behaviorAnalysis/target/10 box', ['vehicle 10', 'line crossing'], { alarm: true, color: '#f00', rank: 2, alpha: 0.7 });
const read = told('ANPR/target/10 box', ['vehicle 10 · silver saloon car', 'plate forward']);

const found = (first, second) => {
  const twins = new Twins();
  twins.keep(first, 'first');
  return twins.find(second)?.made;
};

test('a target of the same ID at the same place is the same one', () => {
  assert.equal(found(tracked, read), 'first');
  assert.equal(found(read, tracked), 'first');
  assert.equal(found(read, { ...tracked, anchor: { ...BOX, x: 108 } }), 'first'); // 72 of 88 columns: 0.82
});

test('another ID, place, class or no ID at all is another target', () => {
  assert.equal(found(read, { ...tracked, key: 'behaviorAnalysis/target/11 box' }), undefined);
  assert.equal(found(read, { ...tracked, anchor: { ...BOX, x: 120 } }), undefined); // 60 of 100 columns: 0.6
  assert.equal(found(read, { ...tracked, lines: ['human 10'] }), undefined);
  assert.equal(found({ ...read, key: '' }, { ...tracked, key: '' }), undefined);
  assert.equal(found({ ...read, key: 'one box' }, { ...tracked, key: 'two box' }), undefined);
  assert.equal(found({ ...read, anchor: { ...BOX, w: 0 } }, { ...tracked, anchor: { ...BOX, w: 0 } }), undefined);
});

test('the fuller name, what the alarm says, what the other says; of the two the firmer', () => {
  for (const [a, b] of [[tracked, read], [read, tracked]]) {
    assert.deepEqual(together(a, b), {
      anchor: BOX, lines: ['vehicle 10 · silver saloon car', 'line crossing', 'plate forward'], color: '#f00', alarm: true,
      selected: false, rank: 1, alpha: 1, key: 'ANPR/target/10 box',
    });
  }
});

test('what both say is said once', () => {
  assert.deepEqual(together(read, { ...read, key: 'x/10 box' }).lines, read.lines);
});

test('of any number of targets of one ID so many are compared', () => {
  const twins = new Twins();
  for (let i = 0; i < 5000; i++) twins.keep(told(`${i}/target/1 box`, ['human 1'], { anchor: { ...BOX, x: 1000 * i } }), i);
  assert.equal(twins.find(told('a/target/1 box', ['human 1'], { anchor: { ...BOX, x: 4_999_000 } })).made, 4999);
  assert.equal(twins.find(told('a/target/1 box', ['human 1'], { anchor: { ...BOX, x: 0 } })), undefined);
});
