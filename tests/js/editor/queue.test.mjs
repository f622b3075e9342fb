import assert from "node:assert/strict";
import { test } from "node:test";

import { EditQueue } from "../../../static/js/editor/queue.js";

/** A queue over a server that gives these answers in turn; a string is a failure to get through. */
function queueOver(...answers) {
  const sent = [];
  const applied = [];
  const send = async (door, body) => {
    sent.push({ door, ...body });
    const answer = answers.shift();
    if (typeof answer === "string") throw new Error(answer);
    return answer;
  };
  const queue = new EditQueue({ revision: 1, send, apply: (answer) => applied.push(answer.revision) });
  return { queue, sent, applied };
}

const accepted = (revision) => ({ status: 200, body: { revision } });
const stale = (revision) => ({ status: 409, body: { is_stale: true, revision } });

test("each change is made on the revision the one before it led to", async () => {
  const { queue, sent, applied } = queueOver(accepted(2), accepted(3));
  await Promise.all([queue.push({ door: "edits", body: { edit: "a" } }), queue.push({ door: "edits", body: { edit: "b" } })]);
  assert.deepEqual(sent.map(({ edit, revision }) => [edit, revision]), [["a", 1], ["b", 2]]);
  assert.deepEqual(applied, [2, 3]);
});

test("a refused change is told, and the next one still goes", async () => {
  const { queue, sent } = queueOver({ status: 422, body: { detail: "no" } }, accepted(2));
  const told = [];
  const both = [queue.push({ door: "edits", body: {}, refused: (problem) => told.push(problem.detail) }), queue.push({ door: "edits", body: {} })];
  await Promise.all(both);
  assert.deepEqual(told, ["no"]);
  assert.equal(sent.length, 2);
});

test("a change that meets another's is not made but told, and the page is brought up to date", async () => {
  const { queue, sent, applied } = queueOver(stale(5));
  const told = [];
  await queue.push({ door: "edits", body: {}, stale: (problem) => told.push(problem.revision) });
  assert.deepEqual([sent.length, applied, told], [1, [5], [5]]);
});

test("what does not get through is kept, in order, until it is retried", async () => {
  const { queue, sent } = queueOver("offline", accepted(2), accepted(3));
  await queue.push({ door: "edits", body: { edit: "a" } });
  await queue.push({ door: "edits", body: { edit: "b" } });
  assert.deepEqual(queue.state, { count: 2, failed: true, reason: "offline" });
  await queue.retry();
  assert.deepEqual(sent.map(({ edit, is_retry }) => [edit, is_retry ?? false]), [["a", false], ["a", true], ["b", false]]);
  assert.deepEqual(queue.state, { count: 0, failed: false, reason: "" });
});

test("a server error counts as not getting through", async () => {
  const { queue } = queueOver({ status: 502, body: null });
  await queue.push({ door: "edits", body: {} });
  assert.equal(queue.state.failed, true);
});

test("what did not get through can be discarded", async () => {
  const { queue } = queueOver("offline");
  await queue.push({ door: "edits", body: { edit: "a" } });
  assert.equal(queue.discard().length, 1);
  assert.deepEqual(queue.state, { count: 0, failed: false, reason: "" });
});

test("a live message is shown once, and a gap is noticed", () => {
  const { queue, applied } = queueOver();
  assert.equal(queue.receive({ base: 1, revision: 2 }), true);
  assert.equal(queue.receive({ base: 1, revision: 2 }), true);
  assert.equal(queue.receive({ base: 4, revision: 5 }), false);
  queue.caughtUp({ revision: 5 });
  assert.deepEqual(applied, [2, 5]);
});

test("one's own change, heard of before its answer came, is shown once: a move would count twice else", async () => {
  const applied = [];
  let missed = 0;
  let answer = (/** @type {any} */ _) => {};
  const send = () => new Promise((resolve) => { answer = resolve; });
  const queue = new EditQueue({ revision: 1, send, apply: (part) => applied.push(part.revision), missed: () => { missed += 1; } });
  const done = queue.push({ door: "edits", body: {}, moves: { refs: ["a"], by: { x: 8, y: 0 } } });
  assert.equal(queue.receive({ base: 1, revision: 2 }), true);
  queue.caughtUp({ revision: 2 });
  assert.deepEqual(applied, []);
  answer(accepted(2));
  await done;
  assert.deepEqual([applied, missed, queue.underWay.length], [[2], 0, 0]);
});

test("what others did while an answer was awaited is asked for after it", async () => {
  let missed = 0;
  let answer = (/** @type {any} */ _) => {};
  const send = () => new Promise((resolve) => { answer = resolve; });
  const queue = new EditQueue({ revision: 1, send, apply: () => {}, missed: () => { missed += 1; } });
  const done = queue.push({ door: "edits", body: {} });
  queue.receive({ base: 2, revision: 3 });
  answer(accepted(2));
  await done;
  assert.equal(missed, 1);
});

test("who pushed a change is told when that one is settled, also while others are on their way", async () => {
  const { queue, applied } = queueOver(accepted(2), accepted(3));
  const told = [];
  const first = queue.push({ door: "edits", body: { edit: "a" } }).then(() => told.push(...applied, "first"));
  const second = queue.push({ door: "edits", body: { edit: "b" } }).then(() => told.push("second"));
  await Promise.all([first, second]);
  assert.deepEqual(told, [2, "first", "second"]);
});
