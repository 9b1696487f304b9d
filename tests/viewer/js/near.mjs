// @ts-check
/** Equality of what came out of JSON, but for the last digits of numbers. */

import assert from 'node:assert/strict';

/** @param {any} actual @param {any} expected @param {string} where */
export function assertNear(actual, expected, where) {
  if (typeof expected === 'number' && typeof actual === 'number') {
    assert.ok(Math.abs(actual - expected) < 1e-9, `${where}: ${actual} instead of ${expected}`);
  } else if (expected !== null && typeof expected === 'object' && actual !== null && typeof actual === 'object') {
    assert.deepEqual(Object.keys(actual).sort(), Object.keys(expected).sort(), where);
    for (const name of Object.keys(expected)) assertNear(actual[name], expected[name], `${where}.${name}`);
  } else assert.deepEqual(actual, expected, where);
}
