import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as g from '../../../src/onframe/viewer/static/geometry.js';
import { mosaic } from '../../../src/onframe/viewer/static/private.js';

const SQUARE = [[0, 0], [10, 0], [10, 10], [0, 10]];

test('left to right is as seen going from the first point on', () => {
  // going to the right, the right hand is below; going up, it is to the right
  assert.deepEqual(g.crossingArrow([[0, 50], [100, 50]], 20), { from: [50, 40], to: [50, 60] });
  assert.deepEqual(g.crossingArrow([[50, 100], [50, 0]], 20), { from: [40, 50], to: [60, 50] });
});

test('the arrow stands across the middle part of a line of several', () => {
  assert.deepEqual(g.crossingArrow([[0, 0], [100, 0], [200, 0], [300, 0]], 20), { from: [150, -10], to: [150, 10] });
});

test('barbs lie behind the tip, half a radian to both sides', () => {
  const [left, right] = g.barbs([0, 0], [10, 0], 2);
  // 10 - 2 cos 0.5 = 8.2448, 2 sin 0.5 = 0.9589
  assert.ok(Math.abs(left[0] - 8.2448) < 1e-4 && Math.abs(left[1] + 0.9589) < 1e-4);
  assert.ok(Math.abs(right[0] - 8.2448) < 1e-4 && Math.abs(right[1] - 0.9589) < 1e-4);
});

test('a picture is fitted without being distorted', () => {
  assert.deepEqual(g.fit(1280, 720, 640, 1000), { width: 640, height: 360 });
  assert.deepEqual(g.fit(1280, 720, 5000, 360), { width: 640, height: 360 });
});

test('a speed vector looks so many seconds ahead, and is never too short to be seen', () => {
  assert.deepEqual(g.ahead([10, 10], [20, 0], 3, 12), [70, 10]);
  assert.deepEqual(g.ahead([10, 10], [0, -2], 3, 12), [10, -2]);
  assert.equal(g.ahead([10, 10], [0, 0], 3, 12), null);
});

test('distances to lines and within polygons', () => {
  assert.equal(g.away([[0, 0], [10, 0]], 5, 3), 3);
  assert.equal(g.away([[0, 0], [10, 0]], 13, 4), 5); // beyond its end: 3, 4, 5
  assert.equal(g.away([[0, 0], [0, 0]], 3, 4), 5);
  assert.equal(g.away([[3, 4]], 0, 0), 5);
  assert.equal(g.away(SQUARE, -2, 5, false), Math.hypot(2, 5)); // the last side is open
  assert.equal(g.away(SQUARE, -2, 5, true), 2);
  assert.ok(g.within(SQUARE, 5, 5) && !g.within(SQUARE, 12, 5) && !g.within(SQUARE, 5, -1));
});

test('rectangles', () => {
  const [a, b] = [{ x: 0, y: 0, w: 10, h: 10 }, { x: 13, y: 14, w: 5, h: 5 }];
  assert.equal(g.distance(a, b), 5);
  assert.equal(g.distance(a, { x: 5, y: 5, w: 1, h: 1 }), 0);
  assert.deepEqual(g.nearest(a, 20, -3), [10, 0]);
  assert.deepEqual(g.around([[3, 4], [1, 9]]), { x: 1, y: 4, w: 2, h: 5 });
  assert.deepEqual(g.around([]), { x: 0, y: 0, w: 0, h: 0 });
  assert.deepEqual(g.grown(a, 2), { x: -2, y: -2, w: 14, h: 14 });
  assert.ok(g.holds(a, 10, 0) && !g.holds(a, 10.1, 0));
});

test('a colour with opacity; what is no colour stays as it is', () => {
  assert.equal(g.tinted('#5fe39a', 0.2), '#5fe39a33');
  assert.equal(g.tinted('#5fe39a', 7), '#5fe39aff');
  assert.equal(g.tinted('red"onload=', 0.2), 'red"onload=');
});

test('a mosaic has twelve blocks along its longer side, none smaller than 8 pixels', () => {
  assert.deepEqual(mosaic(240, 120), { columns: 12, rows: 6 });
  assert.deepEqual(mosaic(40, 24), { columns: 5, rows: 3 });
  assert.deepEqual(mosaic(3, 3), { columns: 1, rows: 1 });
});
