// @ts-check
/** Which way to a picture is taken, and what is said of it. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { Negotiation } from '../../../src/onframe/viewer/static/negotiation.js';
import { nextPath } from '../../../src/onframe/viewer/static/source.js';

const H264 = 'avc1.4d401f';
const H265 = 'hvc1.1.6.L93.90';
const ALL = {
  secure: true, decoder: true, mediaSource: true, videoFrame: true, bitmap: true,
  playable: (/** @type {string} */ codec) => codec.startsWith('avc1'),
};
const PLAIN = { ...ALL, secure: false, decoder: false };
const NOTHING = { ...PLAIN, mediaSource: false, videoFrame: false, playable: () => false };
const NO_H265 = 'this browser has no decoder for hvc1.1.6.L93.90';

/** @param {any} can @param {any} welcome @param {any} [tried] @param {any} [wish] */
const taken = (can, welcome, tried = [], wish = {}) => {
  const { way, form, stream, why } = nextPath(can, welcome, tried, wish);
  return [way, form, stream, why];
};

test('the best way needs no reason', () => {
  assert.deepEqual(taken(ALL, { jpeg: true }), ['webcodecs', 'annexb', 0, '']);
});

test('on plain http it is MediaSource, and the page says why', () => {
  const why = 'browsers decode video by WebCodecs for pages on https or localhost only, and this page is on neither';
  assert.deepEqual(taken(PLAIN, { jpeg: true }), ['mse', 'fmp4', 0, why]);
  assert.deepEqual(taken({ ...PLAIN, secure: true }, {})[3], 'this browser has no WebCodecs video decoder');
});

test('a browser that does not tell which picture it shows gets JPEG', () => {
  const can = { ...PLAIN, videoFrame: false };
  const [way, , , why] = taken(can, { jpeg: true });
  assert.equal(way, 'jpeg');
  assert.match(String(why), /on neither; this browser does not tell which picture of a video it shows$/);
});

test('what was tried in vain is not tried again, and its reason is told', () => {
  const tried = [{ way: 'webcodecs', stream: 1, codec: H264, why: 'decoding failed again and again: x' }];
  assert.deepEqual(taken(ALL, {}, tried, { stream: 1, codec: H264 }), ['mse', 'fmp4', 1, 'decoding failed again and again: x']);
  assert.equal(taken(ALL, {}, tried, { stream: 2, codec: H264 })[0], 'webcodecs', 'of another stream');
  assert.equal(taken(ALL, {}, tried, { stream: 1, codec: 'avc1.640028' })[0], 'webcodecs', 'of another codec');
});

test('H.265 that nobody decodes: JPEG where the server has it, else the sub-stream, else the grid', () => {
  const tried = [{ way: 'webcodecs', stream: 1, codec: H265, why: NO_H265 }];
  const wish = { stream: 1, codec: H265 };
  const played = 'this browser does not play H.265 (hvc1.1.6.L93.90)';
  assert.deepEqual(taken(ALL, { jpeg: true }, tried, wish), ['jpeg', 'jpeg', 1, `${NO_H265}; ${played}`]);
  assert.deepEqual(taken(ALL, {}, tried, wish), ['webcodecs', 'annexb', 2, `${NO_H265}; ${played}; this server sends no JPEG`]);
  const both = [...tried, { way: 'webcodecs', stream: 2, codec: H265, why: NO_H265 }, { way: 'mse', stream: 2, codec: H265, why: played }];
  assert.deepEqual(taken(ALL, {}, both, wish).slice(0, 3), ['none', 'none', 1]);
});

test('where nothing can be shown it is not tried on the sub-stream either', () => {
  const [way, form, stream, why] = taken(NOTHING, {}, [], { stream: 1, codec: H264 });
  assert.deepEqual([way, form, stream], ['none', 'none', 1]);
  assert.match(String(why), /this browser has no MediaSource; this server sends no JPEG$/);
});

test('what the server hides comes as JPEG, whatever else the browser could do', () => {
  const [way, form, , why] = taken(ALL, { jpeg: true, privacy: ['face', 'plate'] }, [], { forced: 'webcodecs' });
  assert.deepEqual([way, form], ['jpeg', 'jpeg']);
  assert.equal(why, 'this server hides face, plate by itself, and sends such pictures as JPEG alone');
  assert.equal(taken(ALL, { privacy: ['face'] }, [], { forced: 'none' })[0], 'none');
});

test('a way that the address asks for comes first, and the others after it', () => {
  assert.deepEqual(taken(ALL, { jpeg: true }, [], { forced: 'jpeg' }), ['jpeg', 'jpeg', 0, 'the address asks for it']);
  assert.deepEqual(taken(ALL, {}, [], { forced: 'jpeg' }), ['webcodecs', 'annexb', 0, 'this server sends no JPEG']);
  assert.deepEqual(taken(ALL, {}, [], { forced: 'none' }), ['none', 'none', 0, 'the address asks for metadata alone']);
  assert.equal(taken(PLAIN, {}, [], { forced: 'webcodecs' })[0], 'mse');
});

/** @param {Partial<import('../../../src/onframe/viewer/static/wire.js').Hello>} more
 * @returns {import('../../../src/onframe/viewer/static/wire.js').Hello} */
const hello = (more) => ({ type: 'hello', camera: 'gate', channel: 1, stream: 1, epoch: 1, width: 1280, height: 720, ...more });

test('the server is told once: what it answers changes nothing', () => {
  const negotiation = new Negotiation(ALL, { camera: '', stream: 0, path: 'auto' });
  assert.equal(negotiation.choose({ type: 'welcome', cameras: [] }), true);
  negotiation.heard(hello({ codec: H264 }));
  assert.equal(negotiation.choose({ type: 'welcome', cameras: [] }), false);
  assert.equal(negotiation.asked.stream, 1);
  assert.equal(negotiation.notice(1), '');
});

test('the sub-stream instead of H.265 is said in words, and left when the codec changes', () => {
  const welcome = /** @type {const} */ ({ type: 'welcome', cameras: [] });
  const negotiation = new Negotiation(ALL, { camera: '', stream: 0, path: 'auto' });
  negotiation.choose(welcome);
  const main = hello({ codec: H265, channel: 1 });
  negotiation.heard(main);
  assert.equal(negotiation.choose(welcome), false);
  negotiation.refused(main, NO_H265);
  assert.equal(negotiation.choose(welcome), true);
  assert.equal(negotiation.choice?.stream, 2);
  negotiation.heard(hello({ stream: 2, codec: H264 }));
  assert.equal(negotiation.choose(welcome), false);
  assert.equal(
    negotiation.notice(1),
    'The picture of stream 101 (H.265, hvc1.1.6.L93.90) cannot be shown: this browser has no decoder for ' +
      'hvc1.1.6.L93.90; this browser does not play H.265 (hvc1.1.6.L93.90); this server sends no JPEG. Shown instead is the sub-stream.',
  );
  negotiation.heard(hello({ codec: H264 }));
  assert.equal(negotiation.choose(welcome), true);
  assert.equal(negotiation.choice?.stream, 1);
});

test('without any picture the page says what to do about H.265', () => {
  const negotiation = new Negotiation(NOTHING, { camera: '', stream: 1, path: 'auto' });
  negotiation.heard(hello({ codec: H265 }));
  negotiation.choose({ type: 'welcome', cameras: [] });
  assert.match(negotiation.notice(1), /The metadata is drawn on a grid\. To see it: choose a stream/);
  negotiation.ask({ path: 'none' });
  negotiation.choose({ type: 'welcome', cameras: [] });
  assert.equal(negotiation.notice(1), '', 'who asks for no picture misses none');
});
