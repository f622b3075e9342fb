import assert from "node:assert/strict";
import { test } from "node:test";

import { frameAround } from "../../../static/js/editor/frames.js";
import { overlap } from "../../../static/js/editor/geometry.js";

const card = (ref, x, y, more = {}) => ({ ref, x, y, width: 160, height: 56, type: "task", phase: null, ...more });
const shifted = (node, moved) => ({ ...node, x: node.x + (moved.get(node.ref)?.x ?? 0), y: node.y + (moved.get(node.ref)?.y ?? 0) });

test("with room around it, a frame has room for its name and a margin", () => {
  assert.deepEqual(frameAround([card("a", 400, 400)], []).frame, { x: 376, y: 352, width: 208, height: 128 });
});

test("a frame keeps closer to its tasks where others stand near", () => {
  const others = [card("above", 400, 304), card("right", 576, 400)];
  const { frame, moved } = frameAround([card("a", 400, 400)], others);
  assert.equal(moved.size, 0);
  assert.deepEqual(frame, { x: 376, y: 368, width: 192, height: 112 });
});

test("the neighbours of a tidied column make room for the name, one after the other", () => {
  const others = [card("first", 400, 224), card("second", 400, 312), card("below", 400, 488), card("far", 400, 800)];
  const { frame, moved } = frameAround([card("a", 400, 400)], others);
  assert.deepEqual([...moved], [["second", { x: 0, y: -8 }]]);
  for (const other of others) assert.ok(!overlap(shifted(other, moved), frame), other.ref);
});

test("who would be stood upon makes room as well", () => {
  const others = [card("first", 400, 272), card("second", 400, 336)];
  const { frame, moved } = frameAround([card("a", 400, 400)], others);
  assert.deepEqual([...moved.keys()].sort(), ["first", "second"]);
  const [first, second] = others.map((other) => shifted(other, moved));
  assert.ok(!overlap(first, second) && !overlap(second, frame));
});

test("what is in a phase, and phases, stay where they are", () => {
  const others = [card("held", 400, 336, { phase: "other" }), card("phase:other", 380, 288, { type: "phase", height: 108 })];
  const { frame, moved } = frameAround([card("a", 400, 400)], others);
  assert.equal(moved.size, 0);
  assert.equal(frame.y, 368);
});

test("on a tidy sheet no card lies over the frame of its neighbour", () => {
  for (let apart = 0; apart <= 64; apart += 8) {
    const column = [0, 1, 2, 3, 4].map((row) => card(`${row}`, 400, 400 + row * (56 + apart)));
    const aside = [0, 1, 2].map((row) => card(`aside${row}`, 576 + apart, 410 + row * 80));
    const others = [...column.filter((_, row) => row !== 2), ...aside];
    const { frame, moved } = frameAround([column[2]], others);
    for (const other of others) assert.ok(!overlap(shifted(other, moved), frame), `${other.ref} at ${apart}`);
  }
});

test("a loop's way back above its tasks runs below the name of their phase", () => {
  const tasks = [card("a", 400, 400), card("b", 640, 400)];
  const way = { x: 372, y: 366, width: 460, height: 62 };
  const { frame } = frameAround(tasks, [], [way]);
  assert.ok(way.y - frame.y >= 36, `${way.y - frame.y}`);
  assert.ok(frame.x <= 372 && frame.x + frame.width >= 832);
});
