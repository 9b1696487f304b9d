// @ts-check
/** What a decoder is told about a stream. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { codecString, findNal, hasSlice, isH265 } from '../../../src/onframe/viewer/static/codec.js';

const AUD = [0, 0, 0, 1, 9, 0xf0];
const SPS = [0, 0, 0, 1, 0x67, 0x4d, 0x40, 0x1f, 0x9a];
const PPS = [0, 0, 1, 0x68, 0xee, 0x3c];
const unit = (/** @type {number[][]} */ ...parts) => new Uint8Array(parts.flat());

test('profile, constraints and level are those of the SPS, after either start code', () => {
  assert.equal(codecString('avc1.640028', unit(AUD, SPS, PPS)), 'avc1.4d401f');
  assert.equal(codecString('avc1.640028', unit(PPS, [0, 0, 1, 0x27, 0x42, 0xe0, 0x0a])), 'avc1.42e00a');
});

test('without a whole SPS nothing is said', () => {
  assert.equal(codecString('avc1.640028', unit(AUD, PPS)), null);
  assert.equal(codecString('avc1.640028', unit(AUD, [0, 0, 1, 0x67, 0x4d])), null);
});

test('a NAL unit is found where it begins, and not in the bytes of another', () => {
  assert.deepEqual([...(findNal(unit(AUD, PPS), 8) ?? [])], [0x68, 0xee, 0x3c]);
  assert.equal(findNal(unit([0, 0, 1, 0x65, 0, 0, 3, 1, 0x67]), 7), null);
  assert.equal(findNal(unit([]), 7), null);
});

test('H.265 is taken as the server has it, and in general terms where it says little', () => {
  for (const codec of ['h265', 'HEVC', 'hvc1.1.6.L93.90', 'hev1.1.6.L93.90']) assert.ok(isH265(codec));
  for (const codec of ['avc1.4d401f', 'h264', '', 'xhev1']) assert.ok(!isH265(codec));
  assert.equal(codecString('hvc1.1.6.L93.90', unit([])), 'hvc1.1.6.L93.90');
  assert.equal(codecString('h265', unit([])), 'hev1.1.6.L153.B0');
});

test('what is left of a picture whose slices were lost is no picture', () => {
  const [IDR, P, SEI] = [[0, 0, 1, 0x65, 0x88], [0, 0, 0, 1, 0x41, 0x9a], [0, 0, 1, 0x06, 5, 0]];
  for (const slice of [IDR, P]) assert.ok(hasSlice('avc1.4d401f', unit(AUD, SPS, PPS, SEI, slice)));
  for (const rest of [[AUD], [SPS, PPS], [AUD, SEI, PPS], [[0, 0, 1]], []]) assert.ok(!hasSlice('avc1.4d401f', unit(...rest)));
  const [VPS, CRA, TRAIL] = [[0, 0, 1, 0x40, 1], [0, 0, 1, 0x2a, 1], [0, 0, 1, 0x02, 1]];
  for (const slice of [CRA, TRAIL]) assert.ok(hasSlice('hvc1.1.6.L93.90', unit(VPS, slice)));
  assert.ok(!hasSlice('hvc1.1.6.L93.90', unit(VPS, [0, 0, 1, 0x42, 1], [0, 0, 1, 0x44, 1])));
});
