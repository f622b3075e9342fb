import assert from "node:assert/strict";
import test from "node:test";
import { refreshAfter, relative } from "../../static/js/time.js";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const DAY = 86400;

// The same table as tests/unit/accounts/test_words.py.
const MOMENTS = [
  [0, "just now"],
  [-59, "just now"],
  [30, "in a moment"],
  [-60, "1 minute ago"],
  [-179, "3 minutes ago"],
  [3570, "in 1 hour"],
  [-3600, "1 hour ago"],
  [7200, "in 2 hours"],
  [-DAY, "1 day ago"],
  [DAY * 2 - 1, "in 2 days"],
  [-DAY * 13, "13 days ago"],
  [DAY * 90 - 1, "in 90 days"],
  [DAY * 91, "in 3 months"],
  [-DAY * 320, "11 months ago"],
  [DAY * 365 - 1, "in 1 year"],
  [-DAY * 800, "2 years ago"],
];

for (const [seconds, words] of MOMENTS) {
  test(`${seconds} seconds away is "${words}"`, () => {
    assert.equal(relative(NOW + seconds * 1000, NOW), words);
  });
}

test("the nearer the moment, the sooner its words are looked at again", () => {
  const waits = [30, 7200, DAY * 3].map((seconds) => refreshAfter(NOW - seconds * 1000, NOW));
  assert.deepEqual(waits, [...waits].sort((a, b) => a - b));
  assert.equal(new Set(waits).size, 3);
});
