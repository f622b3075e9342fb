import assert from "node:assert/strict";
import { test } from "node:test";

import * as edits from "../../../static/js/editor/edits.js";

test("edits have the names and shapes that the server reads", () => {
  const task = { key: "a", name: "A", kind: "noop", settings: {}, at: { x: 8, y: 16 }, phase: null };
  assert.deepEqual(edits.addTask(task), { edit: "add_task", task: { key: "a", name: "A", kind: "noop", at: [8, 16] } });
  assert.deepEqual(edits.moveTasks([{ key: "a", x: 1, y: 2 }]), { edit: "move_tasks", to: { a: [1, 2] } });
  const ends = { source: "a", target: "b", branch: "yes", on: "success" };
  assert.deepEqual(edits.connect(ends), { edit: "connect", edge: { from: "a", to: "b", branch: "yes" } });
  assert.deepEqual(edits.connect({ source: "a", target: "b", branch: null, on: "error" }).edge, { from: "a", to: "b", on: "error" });
  const phase = { key: "p", name: "P", frame: { x: 0, y: 1, width: 2, height: 3 } };
  assert.deepEqual(edits.addPhase(phase, ["a"]), { edit: "add_phase", phase: { key: "p", name: "P", frame: [0, 1, 2, 3] }, tasks: ["a"] });
});

test("a batch of one is that one", () => {
  const one = edits.removeTasks(["a"]);
  assert.equal(edits.batch([one]), one);
  assert.equal(edits.batch([one, one]).edit, "batch");
});

test("keys are made of the name and do not clash", () => {
  assert.equal(edits.keyFrom("Größe prüfen!"), "gro_e_pru_fen");
  assert.equal(edits.keyFrom("→"), "task");
  assert.equal(edits.keyFrom("Trigger"), "task");
  const taken = new Set(["send_email", "send_email_2"]);
  assert.equal(edits.freeKey("Send email", (key) => taken.has(key)), "send_email_3");
});
