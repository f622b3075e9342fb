import assert from "node:assert/strict";
import { test } from "node:test";

import { Selection } from "../../../static/js/editor/selection.js";

test("what somebody chooses is told apart from what an answer selects", () => {
  let changes = 0;
  const selection = new Selection(() => (changes += 1));
  selection.set("a");
  selection.set("a");
  selection.toggle("b");
  assert.deepEqual([selection.refs, selection.choices, changes], [["a", "b"], 2, 2]);
  selection.follow("c");
  selection.keep(() => false);
  assert.deepEqual([selection.refs, selection.choices, changes], [[], 2, 4]);
});
