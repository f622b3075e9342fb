// @ts-check
/** The ways of edges as they are drawn on the page, and pieces of them that what is dragged keeps apart from. */

import { earlyPiecesOf, ownerOf, piecesOf } from "./apart.js";

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {import("./geometry.js").Rect} Rect */
/** @typedef {import("./apart.js").Piece} Piece */

/** What was read last from each line: reading takes long where hundreds are drawn. @type {WeakMap<Element, {path: string, far: number, pieces: Piece[]}>} */
const read = new WeakMap();

/** The pieces of all edges in sight but some. @param {Editor} editor @param {Set<string>} but refs of edges
 * @param {(ref: string) => Rect | null} place @returns {Piece[]} */
export function drawnPieces(editor, but, place) {
  const { graph } = editor;
  const found = [];
  for (const edge of graph.edges.values()) {
    if (but.has(edge.ref)) continue;
    const [from, to] = [graph.standIn(edge.source), graph.standIn(edge.target)];
    const [source, target] = [place(from), place(to)];
    const line = editor.element(edge.ref)?.querySelector(".edge-line");
    if (!line || !source || !target || from === to) continue;
    found.push(...piecesOfLine(line, ownerOf(edge.edge, from, to, source, target)));
  }
  return found;
}

/** @param {Element} line @param {import("./apart.js").Owner} owner */
function piecesOfLine(line, owner) {
  const path = line.getAttribute("d") ?? "";
  const known = read.get(line);
  if (known?.path === path && known.far === owner.far) return known.pieces;
  const numbers = (path.match(/-?[\d.]+(?:e-?\d+)?/g) ?? []).map(Number);
  /** @type {import("./curves.js").Way} */
  const way = [];
  for (let at = 0; at + 1 < numbers.length; at += 2) way.push([numbers[at], numbers[at + 1]]);
  const pieces = way.length < 4 ? [] : [...earlyPiecesOf(way, owner), ...piecesOf(way, owner)];
  read.set(line, { path, far: owner.far, pieces });
  return pieces;
}
