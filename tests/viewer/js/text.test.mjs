import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Ruler, plain } from '../../../src/onframe/viewer/static/text.js';

/** Every character is 10 wide. */
const ruler = () => new Ruler((_, text) => 10 * [...text].length);

test('a text that fits stays whole', () => {
  assert.equal(ruler().cut('f', 'vehicle 1', 90), 'vehicle 1');
});

test('a longer one ends in an ellipsis and fits', () => {
  assert.equal(ruler().cut('f', 'vehicle 1 large bus', 100), 'vehicle 1…'); // nine characters and the ellipsis
  assert.equal(ruler().cut('f', 'vehicle 12', 95), 'vehicle…'); // no blank before the ellipsis
});

test('a character of two code units is not cut in halves', () => {
  assert.equal(ruler().cut('f', '😀😀😀', 20), '😀…');
});

test('where there is room for nothing the ellipsis alone is left', () => {
  assert.equal(ruler().cut('f', 'abc', 3), '…');
});

test('a cut text never is wider than its room', () => {
  const text = 'a licence plate with a rather long name of a country';
  for (let most = 10; most < 600; most += 7) assert.ok(10 * ruler().cut('f', text, most).length <= most);
});

test('sentences are broken between words, the last line is cut', () => {
  assert.deepEqual(ruler().wrap('f', 'one two three four', 80, 3), ['one two', 'three', 'four']);
  assert.deepEqual(ruler().wrap('f', 'one two three four', 80, 2), ['one two', 'three f…']);
  assert.deepEqual(ruler().wrap('f', 'incomprehensible', 80, 2), ['incompr…']);
  assert.deepEqual(ruler().wrap('f', '', 80, 2), ['']);
});

test('a text is measured once', () => {
  let measured = 0;
  const counting = new Ruler((_, text) => ((measured += 1), text.length));
  for (let i = 0; i < 5; i++) counting.width('f', 'abc');
  counting.width('g', 'abc');
  assert.equal(measured, 2);
});

test('marks of direction and control characters are not drawn', () => {
  assert.equal(plain('human \u202elive\u2069 8\u0000\n'), 'human live 8  ');
  assert.equal(ruler().cut('f', '\u202eab', 80), 'ab');
  assert.deepEqual(ruler().wrap('f', '\u202eone\ntwo', 30, 2), ['one', 'two']);
  assert.equal(plain('שלום 车辆 👨\u200d👩'), 'שלום 车辆 👨\u200d👩');
});

test('where a line is too wide its last parts go whole', () => {
  const line = 'ship 3 · crossing · 9 m'; // 6, 17 and 23 characters
  assert.equal(ruler().shortened('f', line, 230), line);
  assert.equal(ruler().shortened('f', line, 229), 'ship 3 · crossing');
  assert.equal(ruler().shortened('f', line, 169), 'ship 3');
  assert.equal(ruler().shortened('f', line, 59), 'ship…');
  assert.equal(ruler().shortened('f', 'incomprehensible', 80), 'incompr…');
  assert.equal(ruler().shortened('f', `a${' · b'.repeat(100_000)}`, 45), 'a');
});
