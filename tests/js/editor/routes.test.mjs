import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { errorRoute, pathData, route, successRoute } from "../../../static/js/editor/routes.js";

const cases = JSON.parse(readFileSync(new URL("./routes.json", import.meta.url), "utf-8"));
const numbers = (path) => path.match(/-?[\d.]+/g).map(Number);

/** Equal but for the last decimal, where the two languages round halves differently. */
function assertSameWay(found, wanted, what) {
  const [a, b] = [numbers(found), numbers(wanted)];
  assert.equal(a.length, b.length, what);
  a.forEach((value, place) => assert.ok(Math.abs(value - b[place]) <= 0.11, `${what}: ${found} is not ${wanted}`));
}

test("the page draws the very ways that the server draws", () => {
  for (const { source, target, others, success, error } of cases) {
    assertSameWay(pathData(successRoute(source, target, others)), success, "success");
    assertSameWay(pathData(errorRoute(source, target, others)), error, "error");
  }
});

test("an edge to the right is one curve from middle to middle", () => {
  const { path, middle } = route({ x: 0, y: 0, width: 100, height: 40 }, { x: 200, y: 0, width: 100, height: 40 }, "success");
  assert.equal(path, "M100 20C148 20 148 20 196 20");
  assert.deepEqual(middle, { x: 148, y: 20 });
});
