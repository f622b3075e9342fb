import assert from "node:assert/strict";
import { test } from "node:test";

import * as geometry from "../../../static/js/editor/geometry.js";

test("a value snaps to the nearest line of the grid and is never minus nought", () => {
  assert.equal(geometry.snap(11), 8);
  assert.equal(geometry.snap(12), 16);
  assert.ok(Object.is(geometry.snap(-3), 0));
});

test("a move puts what was off the grid on it", () => {
  assert.deepEqual(geometry.snapMove({ x: 3, y: 8 }, { x: 10, y: 1 }), { x: 13, y: 0 });
});

test("screen and canvas are each other's inverse", () => {
  const view = { x: 40, y: -20, scale: 0.5 };
  const point = { x: 123, y: 45 };
  assert.deepEqual(geometry.toCanvas(view, geometry.toScreen(view, point)), point);
});

test("zooming keeps what is under the cursor", () => {
  const view = { x: 12, y: 34, scale: 1 };
  const cursor = { x: 200, y: 100 };
  const nearer = geometry.zoomAt(view, 2, cursor);
  assert.equal(nearer.scale, 2);
  assert.deepEqual(geometry.toCanvas(nearer, cursor), geometry.toCanvas(view, cursor));
});

test("zoom stops at both ends", () => {
  assert.equal(geometry.zoomAt({ x: 0, y: 0, scale: 1 }, 99, { x: 0, y: 0 }).scale, geometry.LARGEST_SCALE);
  assert.equal(geometry.zoomAt({ x: 0, y: 0, scale: 1 }, 0, { x: 0, y: 0 }).scale, geometry.SMALLEST_SCALE);
});

test("fit shows everything, in the middle, and does not enlarge", () => {
  const view = geometry.fitView({ x: 100, y: 100, width: 200, height: 100 }, { width: 800, height: 600 });
  assert.equal(view.scale, 1);
  assert.deepEqual(geometry.toScreen(view, { x: 200, y: 150 }), { x: 400, y: 300 });
  assert.ok(geometry.fitView({ x: 0, y: 0, width: 4000, height: 100 }, { width: 800, height: 600 }).scale < 0.2);
});

test("reveal moves no further than it must", () => {
  const view = { x: 0, y: 0, scale: 1 };
  const size = { width: 500, height: 400 };
  assert.equal(geometry.reveal(view, { x: 100, y: 100, width: 50, height: 50 }, size), view);
  assert.deepEqual(geometry.reveal(view, { x: 600, y: 100, width: 50, height: 50 }, size), { x: -182, y: 0, scale: 1 });
  assert.deepEqual(geometry.reveal(view, { x: -90, y: 100, width: 50, height: 50 }, size), { x: 122, y: 0, scale: 1 });
});

test("union surrounds all, and there is none around nothing", () => {
  const around = geometry.union([
    { x: 0, y: 10, width: 10, height: 10 },
    { x: 50, y: 0, width: 10, height: 10 },
  ]);
  assert.deepEqual(around, { x: 0, y: 0, width: 60, height: 20 });
  assert.equal(geometry.union([]), null);
});

test("a frame is resized on the grid, keeps its other side and its least size", () => {
  const rect = { x: 100, y: 100, width: 200, height: 100 };
  const least = { width: 80, height: 64 };
  assert.deepEqual(geometry.resize(rect, "e", { x: 21, y: 50 }, least), { x: 100, y: 100, width: 220, height: 100 });
  const west = geometry.resize(rect, "w", { x: 999, y: 0 }, least);
  assert.deepEqual([west.x + west.width, west.width], [300, 80]);
  assert.deepEqual(geometry.resize(rect, "se", { x: -999, y: -999 }, least), { x: 100, y: 100, width: 80, height: 64 });
});

test("walking prefers what lies straight ahead", () => {
  const from = { x: 0, y: 0, width: 10, height: 10 };
  const straight = { x: 100, y: 0, width: 10, height: 10 };
  const aside = { x: 60, y: 60, width: 10, height: 10 };
  assert.equal(geometry.nearestTowards(from, [aside, straight], "right"), straight);
  assert.equal(geometry.nearestTowards(from, [aside, straight], "down"), aside);
  assert.equal(geometry.nearestTowards(from, [aside, straight], "left"), null);
});

test("a new card does not cover another", () => {
  const taken = [{ x: 0, y: 0, width: 100, height: 50 }];
  const place = geometry.freePlace({ x: 3, y: 3 }, { width: 100, height: 50 }, taken);
  assert.ok(!geometry.overlap({ ...place, width: 100, height: 50 }, taken[0]));
  assert.equal(place.y % geometry.GRID, 0);
});
