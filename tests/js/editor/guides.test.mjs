import assert from "node:assert/strict";
import { test } from "node:test";

import { guided } from "../../../static/js/editor/guides.js";

const rect = (x, y, width = 100, height = 50) => ({ x, y, width, height });

test("a near left side is snapped to, with a line along both", () => {
  const { by, lines } = guided(rect(104, 200), [rect(100, 0)], 6);
  assert.deepEqual(by, { x: -4, y: 0 });
  assert.deepEqual(lines, [{ x1: 100, x2: 100, y1: -12, y2: 262 }]);
});

test("middles go with middles, so that cards of different sizes line up", () => {
  const { by } = guided(rect(300, 13, 100, 50), [rect(0, 0, 100, 80)], 6);
  assert.equal(by.y, 2);
});

test("both axes at once, each by its nearest", () => {
  const { by, lines } = guided(rect(103, 197), [rect(100, 0), rect(300, 200)], 6);
  assert.deepEqual(by, { x: -3, y: 3 });
  assert.equal(lines.length, 2);
});

test("what is out of reach draws no line", () => {
  assert.deepEqual(guided(rect(140, 300), [rect(0, 0)], 6), { by: { x: 0, y: 0 }, lines: [] });
});
