import assert from "node:assert/strict";
import { test } from "node:test";
import { answered, marksAt } from "../../../static/js/editor/trying_answers.js";

const frame = (task, outcome, more = {}) => ({ task, id: `node-${task}`, outcome, output: null, error: null, words: "", nodes: {}, edges: {}, ...more });

test("marks add up to where everything stands after so many moments", () => {
  const frames = [
    frame("a", "waiting", { nodes: { "node-a": "waiting" } }),
    frame("a", "completed", { nodes: { "node-a": "completed" }, edges: { "edge-1": "taken" } }),
  ];
  assert.deepEqual(marksAt(frames, 0), { nodes: {}, edges: {} });
  assert.deepEqual(marksAt(frames, 1), { nodes: { "node-a": "waiting" }, edges: {} });
  assert.deepEqual(marksAt(frames, 2), { nodes: { "node-a": "completed" }, edges: { "edge-1": "taken" } });
});

test("an answer for each time takes the place of all others", () => {
  const frames = [frame("a", "completed", { output: { n: 1 } })];
  assert.deepEqual(answered(frames, 0, "a", undefined, { answer: { skip: true }, isAlways: true }), { skip: true });
});

test("an answer for once leaves what was before, and goes on as it did", () => {
  const frames = [frame("a", "completed", { output: { n: 1 } }), frame("b", "completed"), frame("a", "completed", { output: { n: 2 } })];
  const failing = { answer: { error: { message: "Down" } }, isAlways: false };
  assert.deepEqual(answered(frames, 0, "a", undefined, failing), [failing.answer, { output: { n: 2 } }]);
  assert.deepEqual(answered(frames, 2, "a", undefined, failing), [{ output: { n: 1 } }, failing.answer, { output: { n: 2 } }]);
});

test("what was answered before is kept", () => {
  const frames = [frame("a", "retrying", { error: { message: "Down" } }), frame("a", "completed", { output: { n: 1 } })];
  const before = [{ response: { status: 503 } }, { output: { n: 1 } }];
  const given = { answer: { times_out: true }, isAlways: false };
  assert.deepEqual(answered(frames, 1, "a", before, given), [{ response: { status: 503 } }, { times_out: true }, { output: { n: 1 } }]);
});

test("a compensation has answers of its own", () => {
  const frames = [frame("pay", "completed", { output: { ok: true } }), frame("pay", "rolled_back")];
  const given = { answer: { error: { message: "No" } }, isAlways: false };
  assert.deepEqual(answered(frames, 1, "rollback:pay", undefined, given), [given.answer, { output: null }]);
});
