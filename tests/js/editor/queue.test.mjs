import assert from "node:assert/strict";
import { test } from "node:test";

import { isBusy, waitOf } from "../../../static/js/editor/doors.js";
import { EditQueue, Undelivered } from "../../../static/js/editor/queue.js";

const never = () => () => {};

/** A queue over a server that gives these answers in turn; an error, or a string, is a failure to get through. `pass()` lets the time
 * until the next try by itself go by; `pauses`: how long each was, in seconds. */
function queueOver(...answers) {
  const sent = [];
  const applied = [];
  const pauses = [];
  let due = null;
  const send = async (door, body) => {
    sent.push({ door, ...body });
    const answer = answers.shift();
    if (typeof answer === "string") throw new Undelivered(answer);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const later = (act, seconds) => {
    pauses.push(seconds);
    due = act;
    return () => (due = null);
  };
  const pass = async () => {
    const act = due;
    due = null;
    act?.();
    await queue.idle();
    return act !== null;
  };
  const queue = new EditQueue({ revision: 1, send, apply: (answer) => applied.push(answer.revision), later });
  return { queue, sent, applied, pauses, pass };
}

const howItIs = ({ queue }) => [queue.state.count, queue.state.failed, queue.state.reason];

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
  const over = queueOver("offline", accepted(2), accepted(3));
  const { queue, sent } = over;
  await queue.push({ door: "edits", body: { edit: "a" } });
  await queue.push({ door: "edits", body: { edit: "b" } });
  assert.deepEqual(howItIs(over), [2, true, "offline"]);
  await queue.retry();
  assert.deepEqual(sent.map(({ edit, is_retry }) => [edit, is_retry ?? false]), [["a", false], ["a", true], ["b", false]]);
  assert.deepEqual(howItIs(over), [0, false, ""]);
});

test("what does not get through goes again by itself after growing pauses, in order and under its mark", async () => {
  const over = queueOver("1", "2", "3", "4", "5", "6", accepted(2), accepted(3));
  const { queue, sent, pauses, pass } = over;
  await queue.push({ door: "edits", body: { edit: "a" } });
  await queue.push({ door: "edits", body: { edit: "b" } });
  assert.ok(queue.state.againAt > Date.now());
  while (await pass());
  assert.deepEqual(pauses, [1, 2, 5, 10, 30, 30]);
  assert.deepEqual(sent.map(({ edit }) => edit).join(""), "aaaaaaab");
  assert.deepEqual(sent.map(({ is_retry }) => is_retry ?? false), [false, ...Array(6).fill(true), false]);
  assert.equal(new Set(sent.slice(0, 7).map(({ mark }) => mark)).size, 1);
  assert.notEqual(sent[7].mark, sent[0].mark);
  assert.deepEqual([...howItIs(over), queue.state.againAt, queue.state.isRetrying], [0, false, "", 0, false]);
});

test("the pauses begin anew once something got through", async () => {
  const { queue, pauses, pass } = queueOver("1", "2", accepted(2), "3", accepted(3));
  await queue.push({ door: "edits", body: {} });
  while (await pass());
  await queue.push({ door: "edits", body: {} });
  assert.deepEqual(pauses, [1, 2, 1]);
});

test("a server that asks to be left alone for longer is", async () => {
  const { queue, pauses } = queueOver(new Undelivered("busy", { after: 17 }));
  await queue.push({ door: "edits", body: {} });
  assert.deepEqual(pauses, [17]);
});

test("what trying again would not help waits until one asks for it", async () => {
  const { queue, pass, sent } = queueOver(new Undelivered("signed out", { isFinal: true }), accepted(2));
  await queue.push({ door: "edits", body: {} });
  assert.deepEqual([await pass(), sent.length, queue.state.failed, queue.state.againAt], [false, 1, true, 0]);
  await queue.retry();
  assert.equal(queue.state.count, 0);
});

test("a refused change never goes again", async () => {
  const { queue, pass, sent } = queueOver({ status: 422, body: { detail: "no" } });
  await queue.push({ door: "edits", body: {} });
  assert.deepEqual([await pass(), sent.length, queue.state.count], [false, 1, 0]);
});

test("one who asks for it at once takes back the try that would have come", async () => {
  const { queue, pass, sent } = queueOver("offline", accepted(2));
  await queue.push({ door: "edits", body: {} });
  await queue.retry();
  assert.deepEqual([await pass(), sent.length], [false, 2]);
});

test("server errors and too many requests say nothing about the change, refusals do", () => {
  assert.deepEqual([500, 502, 503, 504, 429, 408].map(isBusy), Array(6).fill(true));
  assert.deepEqual([200, 400, 401, 403, 404, 409, 413, 422].map(isBusy), Array(8).fill(false));
});

test("how long a server asks to be left alone is read from seconds and from dates", () => {
  const saying = (word) => ({ headers: { get: (name) => (name === "Retry-After" ? word : null) } });
  assert.deepEqual([waitOf(saying("12")), waitOf(saying(null)), waitOf(saying("soon"))], [12, 0, 0]);
  const wait = waitOf(saying(new Date(Date.now() + 60_000).toUTCString()));
  assert.ok(wait > 50 && wait <= 60, String(wait));
  assert.equal(waitOf(saying("Wed, 21 Oct 2015 07:28:00 GMT")), 0);
});

test("what did not get through can be discarded", async () => {
  const over = queueOver("offline");
  await over.queue.push({ door: "edits", body: { edit: "a" } });
  assert.equal(over.queue.discard().length, 1);
  assert.deepEqual([...howItIs(over), await over.pass()], [0, false, "", false]);
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
  const queue = new EditQueue({ revision: 1, send, later: never, apply: (part) => applied.push(part.revision), missed: () => { missed += 1; } });
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
  const queue = new EditQueue({ revision: 1, send, later: never, apply: () => {}, missed: () => { missed += 1; } });
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
