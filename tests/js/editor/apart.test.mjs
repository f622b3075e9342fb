import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Pieces, apart, byRank, earlyPiecesOf, ownerOf, piecesOf } from "../../../static/js/editor/apart.js";
import { pathData } from "../../../static/js/editor/curves.js";
import { Obstacles } from "../../../static/js/editor/obstacles.js";
import { wayOf } from "../../../static/js/editor/routes.js";

const crowds = JSON.parse(readFileSync(new URL("./apart.json", import.meta.url), "utf-8"));
const numbers = (path) => path.match(/-?[\d.]+/g).map(Number);

/** Edges of a crowd on their ways, in the order of the file. */
function paths({ cards, edges }, isMoved = true) {
  const others = new Obstacles(cards);
  const ways = edges.map(({ source, target, on }, number) => {
    const ends = [cards[source], cards[target]];
    const owner = ownerOf(`e${String(number).padStart(2, "0")}`, String(source), String(target), ...ends);
    return { way: wayOf(...ends, on, others), owner, ends };
  });
  const pieces = new Pieces();
  for (const { way, owner } of ways) pieces.add(earlyPiecesOf(way, owner));
  const found = new Map();
  for (const { way, owner, ends } of ways.toSorted((a, b) => byRank(a.owner, b.owner))) {
    const moved = isMoved ? apart(way, owner, pieces, others, ends) : way;
    pieces.add(piecesOf(moved, owner));
    found.set(owner.id, pathData(moved));
  }
  return [...found.keys()].sort().map((id) => found.get(id));
}

test("the page keeps edges apart where the server does", () => {
  let moved = 0;
  for (const crowd of crowds) {
    const alone = paths(crowd, false);
    paths(crowd).forEach((path, at) => {
      const [found, wanted] = [numbers(path), numbers(crowd.paths[at])];
      assert.equal(found.length, wanted.length);
      found.forEach((value, place) => assert.ok(Math.abs(value - wanted[place]) <= 0.11, `${path} is not ${crowd.paths[at]}`));
      moved += path !== alone[at];
    });
  }
  assert.ok(moved > 50, `${moved} edges make room`);
});
