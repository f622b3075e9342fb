import assert from "node:assert/strict";
import { test } from "node:test";

import { Pieces, earlyPiecesOf, ownerOf, piecesOf } from "../../../static/js/editor/apart.js";
import { Walls } from "../../../static/js/editor/curves.js";
import { Moving } from "../../../static/js/editor/moving.js";
import { Obstacles } from "../../../static/js/editor/obstacles.js";
import { wayOf } from "../../../static/js/editor/routes.js";

const card = (x, y) => ({ x, y, width: 160, height: 56 });
const shifted = (way, by) => way.map(([x, y]) => [x + by.x, y + by.y]);

/** Some cards, and an edge between each of some pairs on the way that it has among them. */
function sheet(cards, pairs) {
  const nodes = new Map(Object.entries(cards));
  const obstacles = new Obstacles([...nodes.values()]);
  const edges = pairs.map(([from, to]) => ({ id: `${from}-${to}`, from, to, on: "success", way: wayOf(nodes.get(from), nodes.get(to), "success", obstacles) }));
  return { nodes, edges, begin: (refs, standing = new Pieces()) => new Moving(new Set(refs), nodes, [...nodes.keys()], edges, () => standing) };
}

const ways = (moving, by, isTimeLeft) => new Map(moving.ways(by, isTimeLeft).map(([edge, way]) => [edge.id, way]));

test("an edge whose both ends are dragged is carried along as it is", () => {
  const { edges, begin } = sheet({ a: card(0, 0), between: card(240, 0), b: card(480, 0) }, [["a", "b"]]);
  assert.ok(edges[0].way.length > 4, "it goes around the card between");
  const by = { x: 40, y: 600 };
  assert.deepEqual(ways(begin(["a", "b"]), by).get("a-b"), shifted(edges[0].way, by));
});

test("a card in the way of what is carried along is gone around", () => {
  const { nodes, edges, begin } = sheet({ a: card(0, 0), b: card(480, 0), below: card(240, 300) }, [["a", "b"]]);
  const by = { x: 0, y: 300 };
  const way = ways(begin(["a", "b"]), by).get("a-b");
  assert.ok(!new Walls([nodes.get("below")]).letThrough([shifted(edges[0].way, by)]));
  assert.ok(new Walls([nodes.get("below")]).letThrough([way]));
});

test("what is carried along makes room for an edge that stays", () => {
  const { edges, begin } = sheet({ a: card(0, 0), between: card(240, 0), b: card(480, 0) }, [["a", "b"]]);
  const [by, level] = [{ x: 0, y: 600 }, edges[0].way[3][1] + 600];
  const standing = new Pieces();
  const owner = ownerOf("stays", "c", "d", card(100, level - 28), card(300, level - 28));
  standing.add(piecesOf([[50, level], [150, level], [350, level], [450, level]], owner));
  const way = ways(begin(["a", "b"], standing), by).get("a-b");
  assert.ok(Math.abs(way[3][1] - level) >= 6, `it runs at ${way[3][1]}, the other at ${level}`);
});

test("an edge with one end dragged is looked for anew", () => {
  const { nodes, begin } = sheet({ a: card(0, 0), between: card(240, 0), b: card(480, 0) }, [["a", "b"]]);
  const there = { ...nodes.get("b"), x: 480, y: 300 };
  const anew = wayOf(nodes.get("a"), there, "success", new Obstacles([nodes.get("a"), nodes.get("between"), there]));
  assert.deepEqual(ways(begin(["b"]), { x: 0, y: 300 }).get("a-b"), anew);
});

test("without time an edge keeps to its cards, and is looked for the next time", () => {
  const { nodes, edges, begin } = sheet({ a: card(0, 0), between: card(240, 0), b: card(480, 0) }, [["a", "b"]]);
  const moving = begin(["b"]);
  const hasted = ways(moving, { x: 8, y: 24 }, () => false).get("a-b");
  assert.ok(moving.isUnfinished);
  assert.deepEqual(hasted[0], edges[0].way[0]);
  assert.deepEqual(hasted.at(-1), shifted(edges[0].way, { x: 8, y: 24 }).at(-1));
  const there = { ...nodes.get("b"), x: 480, y: 300 };
  const anew = wayOf(nodes.get("a"), there, "success", new Obstacles([nodes.get("a"), nodes.get("between"), there]));
  assert.deepEqual(ways(moving, { x: 0, y: 300 }).get("a-b"), anew);
  assert.ok(!moving.isUnfinished);
});

test("each edge has its turn when there is time for one of them at once", () => {
  const cards = { hub: card(0, 400) };
  for (let row = 0; row < 5; row += 1) cards[`t${row}`] = card(480, 200 * row);
  const { nodes, edges, begin } = sheet(cards, Object.keys(cards).slice(1).map((to) => ["hub", to]));
  const moving = begin(["hub"]);
  const by = { x: 16, y: 8 };
  let left = 0;
  const inOne = () => left-- > 0;
  for (let turn = 0; turn < edges.length; turn += 1) {
    left = 1;
    assert.equal(moving.isUnfinished, turn > 0);
    moving.ways(by, inOne);
  }
  // All have been looked for once: what they are is what they would be if there had been time.
  const hub = { ...nodes.get("hub"), x: 16, y: 408 };
  const obstacles = new Obstacles([hub, ...[...nodes.values()].slice(1)]);
  const found = ways(moving, by, () => false);
  for (const edge of edges) assert.deepEqual(found.get(edge.id), wayOf(hub, nodes.get(edge.to), "success", obstacles));
});

test("an edge that is drawn nowhere is looked for even without time", () => {
  const { edges, begin } = sheet({ a: card(0, 0), b: card(480, 0) }, [["a", "b"]]);
  const way = edges[0].way;
  edges[0].way = null;
  const moving = begin(["a"]);
  assert.deepEqual(ways(moving, { x: 0, y: 0 }, () => false).get("a-b"), way);
});
