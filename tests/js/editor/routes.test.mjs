import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { pathData } from "../../../static/js/editor/curves.js";
import { Obstacles } from "../../../static/js/editor/obstacles.js";
import { errorOffset, errorRoute, route, successRoutes } from "../../../static/js/editor/routes.js";

const cases = JSON.parse(readFileSync(new URL("./routes.json", import.meta.url), "utf-8"));
const numbers = (path) => path.match(/-?[\d.]+/g).map(Number);

/** Equal but for the last decimal, where the two languages round halves differently. */
function assertSameWay(found, wanted, what) {
  const [a, b] = [numbers(found), numbers(wanted)];
  assert.equal(a.length, b.length, what);
  a.forEach((value, place) => assert.ok(Math.abs(value - b[place]) <= 0.11, `${what}: ${found} is not ${wanted}`));
}

test("the page draws the very ways that the server draws", () => {
  for (const { source, target, others: cards, lanes, success, error, beside } of cases) {
    const others = new Obstacles(cards);
    const found = successRoutes(source, target, others, lanes);
    assert.equal(found.length, success.length);
    found.forEach((way, lane) => assertSameWay(pathData(way), success[lane], `success, lane ${lane} of ${lanes}`));
    assertSameWay(pathData(errorRoute(source, target, others)), error, "error");
    const lower = errorOffset(source, target, lanes);
    assertSameWay(pathData(errorRoute(source, target, others, lower)), beside, "error beside others");
  }
});

test("each of several edges has a lane of its own", () => {
  const [a, b] = [{ x: 0, y: 0, width: 100, height: 56 }, { x: 200, y: 0, width: 100, height: 56 }];
  const middles = [0, 1, 2].map((lane) => route(a, b, "success", undefined, { lane, lanes: 3 }).middle.y);
  assert.deepEqual(middles, [12, 28, 44]);
  const error = route(a, b, "error", undefined, { lane: 0, lanes: 1, isAccompanied: true });
  assert.match(error.path, / 196 44$/);
});

test("an edge to the right is one curve from middle to middle", () => {
  const { path, middle } = route({ x: 0, y: 0, width: 100, height: 40 }, { x: 200, y: 0, width: 100, height: 40 }, "success");
  assert.equal(path, "M100 20C148 20 148 20 196 20");
  assert.deepEqual(middle, { x: 148, y: 20 });
});
