// @ts-check
/** The ways of edges as they are drawn on the page: read, and drawn. What is dragged keeps apart from their pieces. */

import { Pieces, earlyPiecesOf, ownerOf, piecesOf } from "./apart.js";
import { contains, grow } from "./geometry.js";
import { drawn } from "./routes.js";

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {import("./geometry.js").Rect} Rect */
/** @typedef {import("./apart.js").Piece} Piece */

/** What was read last from each line: reading takes long where hundreds are drawn. @type {WeakMap<Element, {path: string, far: number, pieces: Piece[]}>} */
const read = new WeakMap();

/** The pieces of all edges in sight but some. @param {Editor} editor @param {Set<string>} but refs of edges
 * @param {(ref: string) => Rect | null} place @returns {Pieces} */
export function drawnPieces(editor, but, place) {
  const { graph } = editor;
  const found = new Pieces();
  for (const edge of graph.edges.values()) {
    if (but.has(edge.ref)) continue;
    const [from, to] = [graph.standIn(edge.source), graph.standIn(edge.target)];
    const [source, target] = [place(from), place(to)];
    const line = lineOf(editor, edge);
    if (!line || !source || !target || from === to) continue;
    found.add(piecesOfLine(line, ownerOf(edge.edge, from, to, source, target)));
  }
  return found;
}

/** Read all lines while nothing else is to do, so that the first frame of a drag need not. @param {Editor} editor
 * @param {() => void} [next] what else there is to do then */
export function readAhead(editor, next) {
  const left = [...editor.graph.edges.values()];
  const some = (/** @type {IdleDeadline} */ deadline) => {
    while (left.length && deadline.timeRemaining() > 1) {
      const edge = /** @type {import("./graph.js").EdgeFacts} */ (left.pop());
      const [source, target] = [editor.graph.nodes.get(edge.source), editor.graph.nodes.get(edge.target)];
      const line = lineOf(editor, edge);
      if (line && source && target) piecesOfLine(line, ownerOf(edge.edge, edge.source, edge.target, source, target));
    }
    if (left.length) requestIdleCallback(some);
    else if (next) requestIdleCallback(next);
  };
  if ("requestIdleCallback" in window) requestIdleCallback(some); // not in every browser
}

/** @param {Element} line @param {import("./apart.js").Owner} owner */
function piecesOfLine(line, owner) {
  const path = line.getAttribute("d") ?? "";
  const known = read.get(line);
  if (known?.path === path && known.far === owner.far) return known.pieces;
  const way = wayOfLine(line);
  const pieces = way.length < 4 ? [] : [...earlyPiecesOf(way, owner), ...piecesOf(way, owner)];
  read.set(line, { path, far: owner.far, pieces });
  return pieces;
}

/** As it is drawn, in tenths. @param {Element} line @returns {import("./curves.js").Way} no points where it is no way of an edge */
export function wayOfLine(line) {
  const numbers = (line.getAttribute("d")?.match(/-?[\d.]+(?:e-?\d+)?/g) ?? []).map(Number);
  /** @type {import("./curves.js").Way} */
  const way = [];
  for (let at = 0; at + 1 < numbers.length; at += 2) way.push([numbers[at], numbers[at + 1]]);
  return way.length < 4 ? [] : way;
}

/** The line of an edge. @param {Editor} editor @param {import("./graph.js").EdgeFacts} edge */
export function lineOf(editor, edge) {
  return editor.element(edge.ref)?.querySelector(".edge-line") ?? null;
}

/** Draw an edge on a way. @param {Editor} editor @param {import("./graph.js").EdgeFacts} edge @param {import("./curves.js").Way} way */
export function showWay(editor, edge, way) {
  const element = editor.element(edge.ref);
  if (!element) return;
  const { path, middle } = drawn(way);
  for (const line of element.querySelectorAll(".edge-line, .edge-reach")) line.setAttribute("d", path);
  const label = /** @type {SVGGraphicsElement | null} */ (element.querySelector(".edge-label"));
  const box = label?.querySelector("rect");
  if (!label || !box) return;
  // What its box says, not where it is: to ask for that would have everything laid out in the midst of a frame.
  const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(box.getAttribute(name)));
  label.style.setProperty("translate", `${middle.x - x - width / 2}px ${middle.y - y - height / 2}px`);
}

const BESIDE = 5; // canvas units from a card to where an edge touches it: the tip of its arrow, and what rounding makes of it

/** The way on which an edge is drawn between two cards; null where it is drawn elsewhere, as these were moved since. @param {Editor} editor
 * @param {import("./graph.js").EdgeFacts} edge @param {Rect} source @param {Rect} target @returns {import("./curves.js").Way | null} */
export function wayBetween(editor, edge, source, target) {
  const line = lineOf(editor, edge);
  const way = line ? wayOfLine(line) : [];
  const isAt = (/** @type {Rect} */ card, /** @type {import("./curves.js").Pair} */ [x, y]) => contains(grow(card, BESIDE), { x, y });
  return way.length && isAt(source, way[0]) && isAt(target, way[way.length - 1]) ? way : null;
}
