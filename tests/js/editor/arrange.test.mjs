// @ts-check
import assert from "node:assert/strict";
import test from "node:test";

import { arranged } from "../../../static/js/editor/arrange.js";

const node = (ref, x, y, width = 160, height = 64) => ({ ref, x, y, width, height });
const three = [node("a", 0, 0), node("b", 200, 40), node("c", 480, 16)];

test("edges line up with the outermost", () => {
  assert.deepEqual(arranged(three, "top"), [{ key: "b", x: 200, y: 0 }, { key: "c", x: 480, y: 0 }]);
  assert.deepEqual(arranged(three, "bottom").map(({ y }) => y), [40, 40]);
  assert.deepEqual(arranged([node("a", 8, 0), node("b", 40, 104, 80)], "right"), [{ key: "b", x: 88, y: 104 }]);
});

test("middles meet halfway, on the grid", () => {
  assert.deepEqual(arranged(three, "middle").map(({ y }) => y), [24, 24, 24]);
});

test("gaps become equal while the outermost stay", () => {
  assert.deepEqual(arranged(three, "across"), [{ key: "b", x: 240, y: 40 }]);
  assert.deepEqual(arranged([node("a", 0, 0), node("b", 0, 304), node("c", 0, 80)], "down"), [{ key: "c", x: 0, y: 152 }]);
});

test("what stands right already does not move", () => {
  assert.deepEqual(arranged([node("a", 0, 0), node("b", 0, 104)], "left"), []);
});
