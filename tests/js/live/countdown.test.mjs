import assert from "node:assert/strict";
import { test } from "node:test";

import { countdown } from "../../../static/js/time.js";

test("a countdown is to the second while it matters", () => {
  const cases = [[-5, "now"], [0, "now"], [0.2, "in 1 s"], [59, "in 59 s"], [61, "in 1 min 1 s"], [7380, "in 2 h 3 min"], [172800, "in 2 days"]];
  for (const [seconds, words] of cases) assert.equal(countdown(seconds * 1000, 0), words);
});
