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
  assert.deepEqual(guided(rect(140, 300), [rect(0, 0)], 6), { by: { x: 0, y: 0 }, lines: [], held: { x: false, y: false } });
});

test("between two neighbours of its row the gaps become equal, and both are shown with strokes at their ends", () => {
  const { by, lines, held } = guided(rect(247, 12), [rect(0, 0), rect(500, 40)], 6);
  assert.deepEqual(by, { x: 3, y: 0 });
  assert.deepEqual(held, { x: true, y: false });
  assert.deepEqual(lines.filter((line) => line.y1 === line.y2).map(({ x1, x2 }) => [x1, x2]), [[100, 250], [350, 500]]);
  assert.equal(lines.length, 6);
});

test("after two, and before two, the gap becomes as wide as theirs", () => {
  assert.equal(guided(rect(283, 12), [rect(0, 0), rect(140, 0)], 6).by.x, -3);
  assert.equal(guided(rect(-143, 12), [rect(0, 0), rect(140, 0)], 6).by.x, 3);
});

test("gaps are made equal down a column too, and only to what stands in it", () => {
  const column = [rect(0, 0), rect(10, 300)];
  assert.equal(guided(rect(25, 148), column, 6).by.y, 2);
  assert.equal(guided(rect(125, 148), column, 6).held.y, false);
});

test("what lines up goes before gaps", () => {
  const { by } = guided(rect(245, 200), [rect(0, 180), rect(500, 180), rect(246, 0)], 6);
  assert.equal(by.x, 1);
});
