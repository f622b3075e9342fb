import assert from "node:assert/strict";
import { test } from "node:test";

import { Progress, closingReason, newsOf, readUpdate, reconnectDelay } from "../../../static/js/live/topics.js";

const update = (seq, topic = "instance:1") => ({ topic, seq, parts: [] });

test("an overtaken update is dropped", () => {
  const progress = new Progress();
  progress.begin("instance:1", 3);
  assert.equal(progress.accept(update(5)), true);
  assert.equal(progress.accept(update(4)), false);
  assert.equal(progress.after("instance:1"), 5);
});

test("an update at the known number is shown: a right may have changed, not the instance", () => {
  const progress = new Progress();
  progress.begin("instance:1", 3);
  assert.equal(progress.accept(update(3)), true);
});

test("updates of topics that are not watched any more are dropped", () => {
  const progress = new Progress();
  progress.begin("instance:1", 3);
  progress.end("instance:1");
  assert.equal(progress.accept(update(9)), false);
  assert.equal(progress.accept(update(9, "instance:2")), false);
});

test("watching again with an older number does not go back", () => {
  const progress = new Progress();
  progress.begin("instance:1", 3);
  progress.accept(update(8));
  progress.begin("instance:1", 3);
  assert.equal(progress.after("instance:1"), 8);
});

test("only whole updates are read from the wire", () => {
  assert.deepEqual(readUpdate({ topic: "a:1", seq: 2, parts: [{ id: "x", html: "<p></p>" }] }), {
    topic: "a:1",
    seq: 2,
    parts: [{ id: "x", html: "<p></p>" }],
    data: undefined,
  });
  for (const bad of [null, 3, "x", {}, { topic: "a:1", refused: "no" }, { topic: "a:1", seq: "2", parts: [] },
    { topic: "a:1", seq: 2, parts: [{ id: 3, html: "" }] }, { topic: "a:1", seq: 1.5, parts: [] }]) {
    assert.equal(readUpdate(bad), null);
  }
});

test("reconnecting waits longer each time, up to twenty seconds, never the same for all", () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 20, 2000].map((failures) => reconnectDelay(failures, 0));
  assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 16000, 20000, 20000, 20000]);
  assert.equal(reconnectDelay(3, 1), 1000);
});

test("signed out and not allowed are final, everything else is a lost connection", () => {
  assert.equal(closingReason(4401), "signed-out");
  assert.equal(closingReason(4403), "not-allowed");
  for (const code of [1000, 1001, 1006, 1011, 4400]) assert.equal(closingReason(code), "lost");
});

test("only what changed is announced", () => {
  const before = new Map([["status", "waiting"], ["count", "3 open"]]);
  const after = new Map([["status", "complete"], ["count", "3 open"], ["new", "Approve is waiting"], ["", ""]]);
  assert.deepEqual(newsOf(before, after), ["complete", "Approve is waiting"]);
});
