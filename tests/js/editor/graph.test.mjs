import assert from "node:assert/strict";
import { test } from "node:test";

import { Graph } from "../../../static/js/editor/graph.js";

const task = (ref, x, y, more = {}) => ({
  ref, id: `node-${ref}`, type: "task", name: ref, kind: "noop", label: ref, phase: null, branches: [], can_fail: false,
  x, y, width: 100, height: 50, ...more,
});
const edge = (source, target, branch = null) => {
  const name = `${source}~${target}~${branch ?? ""}~success`;
  return { ref: `edge:${name}`, id: `edge-${name}`, edge: name, source, target, branch, on: "success", label: "" };
};
const phase = (key, rect) => ({ ...task(`phase:${key}`, 0, 0), ...rect, type: "phase" });

/** a -> b, a -> c (below b), b -> d, c -> d; far stands alone below. */
const drawn = () =>
  new Graph({
    nodes: [task("a", 0, 0), task("b", 200, 0), task("c", 200, 100), task("d", 400, 50), task("far", 0, 400)],
    edges: [edge("a", "c"), edge("a", "b"), edge("b", "d"), edge("c", "d")],
  });

test("right and left follow edges, the topmost first", () => {
  const graph = drawn();
  assert.equal(graph.step("a", "right"), "b");
  assert.equal(graph.step("d", "left"), "b");
});

test("up and down go to siblings, then to whatever lies that way", () => {
  const graph = drawn();
  assert.equal(graph.step("b", "down"), "c");
  assert.equal(graph.step("c", "up"), "b");
  assert.equal(graph.step("a", "down"), "far");
  assert.equal(graph.step("c", "down"), "far");
  assert.equal(graph.step("far", "down"), null);
});

test("every task can be reached in reading order", () => {
  assert.deepEqual(drawn().readingOrder().map((node) => node.ref), ["a", "far", "b", "c", "d"]);
  assert.equal(drawn().first.ref, "a");
  const late = new Graph({ nodes: [task("x", 80, 0), task("low", 0, 400), task("high", 0, 40)], edges: [] });
  assert.equal(late.first, late.readingOrder()[0]);
  assert.equal(late.first.ref, "high");
  assert.equal(new Graph({ nodes: [], edges: [] }).first, undefined);
});

test("an update replaces, adds and removes", () => {
  const graph = drawn();
  const gone = edge("a", "b");
  graph.update({ nodes: [task("b", 8, 8), task("new", 0, 0)], edges: [], removed: [gone.id, "node-far"] });
  assert.equal(graph.nodes.get("b").x, 8);
  assert.ok(graph.has("new"));
  assert.ok(!graph.has("far") && !graph.has(gone.ref));
  assert.deepEqual(graph.edgesAt(new Set(["b"])).map((found) => found.target), ["d"]);
});

test("a decision offers its unused branches first, and all once each is used", () => {
  const branches = [{ key: "yes", name: "Yes" }, { key: "none_met", name: "otherwise" }];
  const graph = new Graph({
    nodes: [task("big", 0, 0, { branches }), task("b", 200, 0)],
    edges: [edge("big", "b", "yes")],
  });
  assert.deepEqual(graph.freeBranches("big").map((branch) => branch.key), ["none_met"]);
  graph.update({ nodes: [], edges: [edge("big", "b", "none_met")] });
  assert.equal(graph.freeBranches("big").length, 2);
});

test("a point lies in the smallest frame around it", () => {
  const graph = new Graph({
    nodes: [
      phase("outer", { x: 0, y: 0, width: 500, height: 500 }),
      phase("inner", { x: 10, y: 10, width: 50, height: 50 }),
    ],
    edges: [],
  });
  assert.equal(graph.phaseAt({ x: 20, y: 20 })?.ref, "phase:inner");
  assert.equal(graph.phaseAt({ x: 200, y: 20 })?.ref, "phase:outer");
  assert.equal(graph.phaseAt({ x: 900, y: 20 }), null);
});

test("edges between the same two have lanes in the order of their names; one alone has none", () => {
  const graph = drawn();
  assert.equal(graph.laneOf(graph.edges.get("edge:a~b~~success")), undefined);
  const error = { ...edge("a", "b"), ref: "edge:a~b~~error", id: "edge-a~b~~error", edge: "a~b~~error", on: "error" };
  graph.update({ nodes: [], edges: [error, edge("a", "b", "later"), edge("a", "b", "again")] });
  const lane = (name) => graph.laneOf(graph.edges.get(`edge:${name}`));
  assert.deepEqual(lane("a~b~again~success"), { lane: 0, lanes: 3, isAccompanied: false });
  assert.deepEqual(lane("a~b~later~success"), { lane: 1, lanes: 3, isAccompanied: false });
  assert.deepEqual(lane("a~b~~error"), { lane: 0, lanes: 3, isAccompanied: true });
});

test("an edge may start from whatever does not come after its end, and a decision may lead back", () => {
  const sources = (graph, ref) => graph.sourcesFor(graph.edges.get(ref)).map((node) => node.ref);
  const graph = drawn();
  assert.deepEqual(sources(graph, edge("a", "b").ref), ["c", "far"]);
  graph.update({ nodes: [task("d", 400, 50, { branches: [{ key: "again", name: "Again" }] })], edges: [] });
  assert.deepEqual(sources(graph, edge("a", "b").ref), ["c", "d", "far"]);
  graph.update({
    nodes: [phase("p", { x: 150, y: -50, width: 200, height: 120 }), task("b", 200, 0, { phase: "p" }), task("far", 0, 400, { can_fail: true })],
    edges: [{ ...edge("a", "b"), ref: "edge:e", on: "error" }],
  });
  assert.deepEqual(sources(graph, edge("a", "b").ref), ["c", "d", "far"]);
  assert.deepEqual(sources(graph, "edge:e"), ["far"]);
});
