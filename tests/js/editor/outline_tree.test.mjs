import assert from "node:assert/strict";
import { test } from "node:test";

import { Graph } from "../../../static/js/editor/graph.js";
import { flat, outlineOf } from "../../../static/js/editor/outline_tree.js";

/** A graph in a line: `a>b a>c=yes c>d! e>a@3`, with a branch, an error edge (!), a way back (@rounds); `phases`: task → phase. */
function drawn(text, phases = {}) {
  const ways = text.split(" ").filter(Boolean).map((word) => {
    const [, source, target, mark = ""] = word.match(/^([^>]+)>([^=!@]*)(.*)$/);
    return { source, target, mark };
  });
  const keys = [...new Set(ways.flatMap(({ source, target }) => [source, target]))].filter((key) => key && !key.startsWith("phase:"));
  const names = [...new Set(["trigger", ...keys, ...Object.keys(phases)])];
  const place = { width: 100, height: 50 };
  const nodes = names.map((ref, at) => ({
    ref, id: `node-${ref}`, type: ref === "trigger" ? "trigger" : "task", name: ref, phase: phases[ref] ?? null, ...place, x: at * 10, y: at,
    branches: ways.filter((way) => way.source === ref && way.mark.startsWith("=")).map((way) => ({ key: way.mark.slice(1), name: way.mark.slice(1) })),
  }));
  const areas = [...new Set([...Object.values(phases), ...ways.flatMap((way) => [way.source, way.target]).filter((ref) => ref.startsWith("phase:")).map((ref) => ref.slice(6))])];
  for (const key of areas) nodes.push({ ref: `phase:${key}`, id: `phase-${key}`, type: "phase", name: key.toUpperCase(), phase: null, branches: [], x: 0, y: 0, ...place });
  const edges = ways.filter((way) => way.target).map(({ source, target, mark }) => {
    const branch = mark.startsWith("=") ? mark.slice(1) : null;
    const on = mark === "!" ? "error" : "success";
    const id = `${source}~${target}~${branch ?? ""}~${on}`;
    return { ref: `edge:${id}`, id: `edge-${id}`, edge: id, source, target, branch, on, label: "", words: branch ?? "", rounds: mark.startsWith("@") ? Number(mark.slice(1)) : 0 };
  });
  return new Graph({ nodes, edges });
}

/** The list as text: children in brackets, `→x` where the next thing stands elsewhere. */
const read = (items) =>
  items.map((item) => item.name + (item.to ? `→${item.to}` : "") + (item.children.length ? `(${read(item.children)})` : "")).join(" ");
const outline = (text, phases) => read(outlineOf(drawn(text, phases)));

test("one task after the other is a plain list", () => {
  assert.equal(outline("trigger>a a>b b>c"), "trigger a b c");
});

test("what only one branch leads to stands inside it, what several lead to comes after", () => {
  assert.equal(outline("trigger>d d>a=yes d>b=no a>e b>e e>f"), "trigger d(yes(a→e) no(b→e)) e f");
});

test("branches that run at the same time are entries too", () => {
  assert.equal(outline("trigger>s s>a s>b a>j b>j"), "trigger s(in parallel(a→j) in parallel(b→j)) j");
});

test("a branch that leads straight to the common end says so", () => {
  assert.equal(outline("trigger>d d>a=yes d>e=no a>e"), "trigger d(yes(a→e) no→e) e");
});

test("what happens on an error stands inside its edge, the way on beside it", () => {
  assert.equal(outline("trigger>a a>oops! a>b"), "trigger a(on error(oops)) b");
});

test("a loop's way back is an entry that leads to what stands before", () => {
  assert.equal(outline("trigger>a a>d d>b=done d>a@3"), "trigger a d(again→a done→b) b");
});

test("neighbours of a phase stand in it, and it comes up again where it goes on", () => {
  assert.equal(outline("trigger>a a>b b>c c>d", { a: "p", b: "p", d: "p" }), "trigger P(a b) c P(d)");
  const keys = flat(outlineOf(drawn("trigger>a a>b b>c", { a: "p", c: "p" }))).map(({ item }) => item.key);
  assert.equal(new Set(keys).size, keys.length);
});

test("a phase has its entry as far out as it comes up; a task further in only says where it belongs", () => {
  const phases = { a: "p", b: "p", j: "p" };
  assert.equal(outline("trigger>s s>a s>b a>j b>j", phases), "trigger s(in parallel(a→j) in parallel(b→j)) P(j)");
  const inner = flat(outlineOf(drawn("trigger>s s>a s>b a>j b>j", phases))).find(({ item }) => item.ref === "a");
  assert.equal(inner.item.words, "in P");
});

test("an edge of a phase leads from its last tasks to the first ones of another", () => {
  assert.equal(outline("trigger>phase:p a>b phase:p>c", { a: "p", b: "p" }), "trigger P→c(a b) c");
});

test("a phase without tasks stands at the end", () => {
  assert.equal(outline("trigger>a phase:q>"), "trigger a Q");
});

test("without an edge of the start, what nothing leads to begins", () => {
  assert.equal(outline("a>b c>"), "trigger a b c");
});

test("every task stands exactly once, whatever the graph", () => {
  let seed = 7;
  const random = (most) => (seed = (seed * 48271) % 2147483647) % most;
  for (let round = 0; round < 200; round += 1) {
    const size = 2 + random(9);
    const words = Array.from({ length: size + random(12) }, () => `t${random(size)}>t${random(size)}`).filter((word) => word.split(">")[0] !== word.split(">")[1]);
    const phases = Object.fromEntries(Array.from({ length: size }, (_, at) => [`t${at}`, random(3) ? `p${random(2)}` : undefined]).filter(([, phase]) => phase));
    const graph = drawn([...new Set(words)].join(" "), phases);
    const tasks = flat(outlineOf(graph)).map(({ item }) => item).filter((item) => item.type === "task").map((item) => item.ref).sort();
    assert.deepEqual(tasks, graph.tasks.map((task) => task.ref).sort());
  }
});

test("notes come last, and nothing leads to them", () => {
  const graph = drawn("trigger>a");
  const note = { ref: "note:n", id: "note-n", type: "note", name: "Ask", phase: null, branches: [], x: -50, y: 0, width: 192, height: 96 };
  graph.update({ nodes: [note], edges: [] });
  assert.equal(read(outlineOf(graph)), "trigger a Ask");
  assert.deepEqual(graph.cards.map((node) => node.ref), ["trigger", "a"]);
  assert.deepEqual(graph.notes.map((node) => node.ref), ["note:n"]);
});
