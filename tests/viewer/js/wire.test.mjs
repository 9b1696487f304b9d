// @ts-check
/** The bytes and texts of the protocol, against those of viewer/wire.py. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { socketAddress } from '../../../src/onframe/viewer/static/feed.js';
import * as wire from '../../../src/onframe/viewer/static/wire.js';

/** @param {string} hex @returns {ArrayBuffer} */
const bytes = (hex) => Uint8Array.from(hex.replaceAll(' ', '').match(/../g) ?? [], (two) => parseInt(two, 16)).buffer;

test('a fragment is read field by field, little endian', () => {
  // kind 3, flags key and lost, stream 2, n 7, pts 2**33 + 1, sent at 1.5 s, three bytes
  const unit = wire.parseUnit(bytes('03 03 0200 07000000 0100000002000000 60e3160000000000 aabbcc'));
  assert.deepEqual(unit, {
    kind: wire.FMP4_FRAGMENT, key: true, lostBefore: true, stream: 2, n: 7, pts: 8589934593, sentAt: 1500,
    data: new Uint8Array([0xaa, 0xbb, 0xcc]),
  });
});

test('a timestamp may be negative, and there may be no bytes', () => {
  const unit = wire.parseUnit(bytes('01 00 0100 00000000 ffffffffffffffff 0000000000000000'));
  assert.equal(unit?.pts, -1);
  assert.equal(unit?.key, false);
  assert.equal(unit?.data.byteLength, 0);
});

test('what is no message of ours is none: too short, or of another kind', () => {
  assert.equal(wire.parseUnit(bytes('01 00 0100 00000000 ffffffffffffffff 00000000000000')), null);
  for (const kind of ['00', '05', 'ff']) {
    assert.equal(wire.parseUnit(bytes(`${kind} 00 0100 00000000 0000000000000000 0000000000000000`)), null);
  }
});

test('texts are made fit to be shown, identifiers are left alone', () => {
  const long = 'W'.repeat(121);
  const text = JSON.stringify({ type: 'shapes', layer: long, shapes: [{ subject: `a\u202e${long}`, labels: ['a\u202eb\u0007', long] }] });
  const message = /** @type {wire.Shapes} */ (wire.parseMessage(text));
  assert.equal(message.layer, long);
  assert.equal(message.shapes?.[0].subject, `a\u202e${long}`);
  assert.deepEqual(message.shapes?.[0].labels, ['a\ufffdb\ufffd', `${'W'.repeat(120)}…`]);
});

test('a document stays whole and keeps its lines, but nothing in it is invisible', () => {
  const raw = `<a>\r\n\t${'W'.repeat(5000)}\u202e\u0000</a>`;
  const message = /** @type {wire.Inspected} */ (wire.parseMessage(JSON.stringify({ type: 'inspected', n: 1, subject: 's', raw })));
  assert.equal(message.raw, `<a>\n\t${'W'.repeat(5000)}\ufffd\ufffd</a>`);
});

test('a name that would reach into objects is a name like any other', () => {
  const message = /** @type {wire.Stats} */ (wire.parseMessage('{"type":"stats","values":{"__proto__":"x"}}'));
  assert.deepEqual(Object.keys(message.values), ['__proto__']);
  assert.equal(/** @type {any} */ ({}).x, undefined);
});

test('what the page says is what the server reads', () => {
  assert.deepEqual(JSON.parse(wire.watch('gate', 2, 'fmp4', 'x'.repeat(501))), {
    type: 'watch', camera: 'gate', stream: 2, path: 'fmp4', why: 'x'.repeat(500),
  });
  assert.deepEqual(JSON.parse(wire.inspect(7, 'a/target/1')), { type: 'inspect', n: 7, subject: 'a/target/1' });
  assert.deepEqual(JSON.parse(wire.coordinates('pixels', 'bottom-left')), { type: 'coordinates', space: 'pixels', origin: 'bottom-left' });
  assert.deepEqual(JSON.parse(wire.pause(true)), { type: 'pause', paused: true });
});

test('the socket is beside the page, and of the query the token alone goes along', () => {
  assert.equal(socketAddress('http://127.0.0.1:8080/?hide=trail'), 'ws://127.0.0.1:8080/ws');
  assert.equal(socketAddress('https://nvr.lan/cameras/?t=a%2Bb%26c&test=1#x'), 'wss://nvr.lan/cameras/ws?t=a%2Bb%26c');
  assert.equal(socketAddress('https://nvr.lan/cameras/ws?t=secret'), 'wss://nvr.lan/cameras/ws?t=secret');
  assert.equal(socketAddress('http://[::1]:80/page.html'), 'ws://[::1]/ws');
});
