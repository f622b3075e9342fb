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
  [-179, "2 minutes ago"],
  [-3600, "1 hour ago"],
  [7200, "in 2 hours"],
  [-DAY, "1 day ago"],
  [-DAY * 13, "1 week ago"],
  [DAY * 29, "in 4 weeks"],
  [-DAY * 30, "1 month ago"],
  [-DAY * 364, "12 months ago"],
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
