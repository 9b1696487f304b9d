// @ts-check
/** The address of the page: what it says, and that what is shown says the same again. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { actionOf } from '../../../src/onframe/viewer/static/app-keys.js';
import { narrowed } from '../../../src/onframe/viewer/static/app-layers.js';
import { cells, parseOptions, writeOptions } from '../../../src/onframe/viewer/static/options.js';

/** @param {string} search */
const again = (search) => writeOptions(parseOptions(search));

test('an address without options is written without options', () => {
  assert.equal(again(''), '');
  assert.equal(again('?theme=auto&grid=0&mode=synced&path=auto&panel=1&stream=0&color=class&score=0'), '');
});

test('every option comes back', () => {
  const all =
    '?camera=gate&grid=4&stream=2&path=mse&mode=fixed&hold=340&theme=light&panel=0' +
    '&hide=trail,label&classes=human,other&rules=1,2&color=rule&temperature=kelvin&score=0.5&heat=0.25&privacy=face:blur,human,plate';
  assert.equal(again(all), all);
  const options = parseOptions(all);
  assert.deepEqual(
    { ...options, view: null },
    {
      camera: 'gate', grid: 4, stream: 2, path: 'mse', mode: 'fixed', hold: 340, theme: 'light', panel: false,
      token: '', test: false, shift: 0, view: null,
    },
  );
  assert.deepEqual(options.view.privacy, { face: 'blur', human: 'pixelate', plate: 'pixelate' });
});

test('what is written twice is the same', () => {
  for (const search of ['?mode=live', '?grid=9&camera=a%26b%3Dc', '?hold=100', '?test=1&shift=1', '?camera=%E2%80%AE%20x', '?hide=rule']) {
    assert.equal(again(again(search)), again(search));
  }
});

test('the token is read for an embedded page and never written', () => {
  assert.equal(parseOptions('?embed&t=secret-of-the-server').token, 'secret-of-the-server');
  assert.equal(again('?embed&t=secret-of-the-server&theme=dark'), '?theme=dark');
});

test('nonsense counts as not said', () => {
  assert.equal(again('?theme=pink&grid=5&mode=fast&path=flash&stream=-1&hold=1e9&score=7&color=mood&unknown=1&hide=everything'), '');
  assert.equal(parseOptions('?stream=12').stream, 9);
  assert.equal(parseOptions('?mode=fixed&hold=99999').hold, 1500);
  assert.equal(parseOptions(`?camera=${'x'.repeat(500)}`).camera.length, 200);
});

test('a hold alone is a fixed one', () => {
  assert.equal(parseOptions('?hold=250').mode, 'fixed');
  assert.equal(again('?hold=250'), '?mode=fixed&hold=250');
  assert.equal(again('?mode=synced&hold=250'), '');
});

test('shift is for tests alone', () => {
  assert.equal(parseOptions('?shift=1').shift, 0);
  assert.equal(parseOptions('?test=1&shift=1').shift, 1);
});

test('a camera of any name stays one option', () => {
  const options = parseOptions('');
  options.camera = 'a&t=b#c?d=%41 e';
  assert.equal(parseOptions(writeOptions(options)).camera, options.camera);
});

test('the grid follows the number of cameras until it is chosen', () => {
  assert.deepEqual([0, 1, 2, 4, 5, 9, 14].map((count) => cells(0, count)), [1, 1, 4, 4, 9, 9, 9]);
  assert.deepEqual([1, 4, 9].map((grid) => cells(grid, 6)), [1, 4, 9]);
});

test('keys belong to what is typed in before they belong to the page', () => {
  const key = (/** @type {string} */ name, more = {}) => ({ key: name, ctrlKey: false, metaKey: false, altKey: false, ...more });
  assert.equal(actionOf(key('s'), { tag: 'BODY' }), 'snapshot');
  assert.equal(actionOf(key('S'), { tag: 'BODY' }), 'snapshot');
  assert.equal(actionOf(key('F'), { tag: 'BODY' }), 'fullScreenPage');
  assert.equal(actionOf(key('f'), { tag: 'BODY' }), 'fullScreen');
  assert.equal(actionOf(key('s', { ctrlKey: true }), { tag: 'BODY' }), '');
  assert.equal(actionOf(key('s'), { tag: 'INPUT', type: 'search' }), '');
  assert.equal(actionOf(key('Escape'), { tag: 'INPUT', type: 'search' }), 'escape');
  assert.equal(actionOf(key(' '), { tag: 'BUTTON' }), '', 'a button is pressed by it');
  assert.equal(actionOf(key(' '), { tag: 'BODY' }), 'freeze');
  assert.equal(actionOf(key('3'), { tag: 'BODY' }), 'tile 2');
  assert.equal(actionOf(key('0'), { tag: 'BODY' }), '');
  assert.equal(actionOf(key('constructor'), { tag: 'BODY' }), '');
});

test('one class switched off leaves the others, all of them are no filter', () => {
  assert.deepEqual(narrowed([], 'human', false, ['human', 'vehicle', 'ship']), ['vehicle', 'ship']);
  assert.deepEqual(narrowed(['vehicle', 'ship'], 'vehicle', false, ['human', 'vehicle', 'ship']), ['ship']);
  assert.deepEqual(narrowed(['vehicle', 'ship'], 'human', true, ['human', 'vehicle', 'ship']), []);
  assert.deepEqual(narrowed(['ship'], 'ship', false, ['human', 'ship']), []);
});
