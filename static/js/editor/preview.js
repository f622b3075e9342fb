// @ts-check
/** What a gesture looks like while it lasts: moved cards, re-routed edges, the rubber band. The server's parts replace it. */

import { apart, byRank, earlyPiecesOf, ownerOf, piecesOf } from "./apart.js";
import { drawnPieces } from "./drawn_ways.js";
import { centre } from "./geometry.js";
import { Obstacles } from "./obstacles.js";
import { drawn, route, wayOf } from "./routes.js";
import { svgElement } from "./parts.js";

/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {import("./geometry.js").Rect} Rect */
/** @typedef {import("./main.js").Editor} Editor */

/** Show nodes elsewhere, with their edges. @param {Editor} editor @param {Set<string>} refs @param {Point} by */
export function showMoved(editor, refs, by) {
  for (const ref of refs) {
    const [element, node] = [editor.element(ref), editor.graph.nodes.get(ref)];
    if (!(element instanceof SVGElement) || !node) continue;
    // Earlier moves may still be on the way: the facts have them, the drawing has not.
    const [x, y] = [by.x + (node.shift?.x ?? 0), by.y + (node.shift?.y ?? 0)];
    if (x || y) element.style.setProperty("translate", `${x}px ${y}px`);
    else element.style.removeProperty("translate");
  }
  showRoutes(editor, editor.graph.edgesAt(refs), (ref) => moved(editor, ref, refs, by));
}

/** @param {Editor} editor @param {string} ref @param {Set<string>} refs @param {Point} by @returns {Rect | null} */
function moved(editor, ref, refs, by) {
  const node = editor.graph.nodes.get(ref);
  if (!node) return null;
  return refs.has(ref) ? { ...node, x: node.x + by.x, y: node.y + by.y } : node;
}

/** Edges on the ways that they would have with each thing at its `place`: apart from each other, and from the rest as it is drawn.
 * @param {Editor} editor @param {import("./graph.js").EdgeFacts[]} edges @param {(ref: string) => Rect | null} place */
export function showRoutes(editor, edges, place) {
  if (!edges.length) return;
  const cards = new Map(editor.graph.cards.map((card) => [card.ref, place(card.ref) ?? card]));
  const obstacles = new Obstacles([...cards.values()]);
  const found = edges.flatMap((edge) => wayAlone(editor, edge, (ref) => cards.get(ref) ?? place(ref), obstacles));
  const pieces = found.some(({ way }) => way.length > 4) ? drawnPieces(editor, new Set(edges.map((edge) => edge.ref)), place) : [];
  for (const { way, owner } of found) pieces.push(...earlyPiecesOf(way, owner));
  for (const { edge, way, owner, ends, others } of found.sort((a, b) => byRank(a.owner, b.owner))) {
    const moved = apart(way, owner, pieces, others, ends);
    pieces.push(...piecesOf(moved, owner));
    showRoute(editor, edge, moved);
  }
}

/** An edge's way if it were the only one; none where one of its ends is not there. @param {Editor} editor
 * @param {import("./graph.js").EdgeFacts} edge @param {(ref: string) => Rect | null} place @param {Obstacles} obstacles */
function wayAlone(editor, edge, place, obstacles) {
  const [from, to] = [editor.graph.standIn(edge.source), editor.graph.standIn(edge.target)];
  const [source, target] = [place(from), place(to)];
  if (!source || !target || from === to) return [];
  const others = from.startsWith("phase:") || to.startsWith("phase:") ? null : obstacles;
  const way = wayOf(source, target, edge.on, others ?? undefined, editor.graph.laneOf(edge));
  return [{ edge, way, others, ends: [source, target], owner: ownerOf(edge.edge, from, to, source, target) }];
}

/** @param {Editor} editor @param {import("./graph.js").EdgeFacts} edge @param {import("./curves.js").Way} way */
function showRoute(editor, edge, way) {
  const element = editor.element(edge.ref);
  if (!element) return;
  const { path, middle } = drawn(way);
  for (const line of element.querySelectorAll(".edge-line, .edge-reach")) line.setAttribute("d", path);
  const label = /** @type {SVGGraphicsElement | null} */ (element.querySelector(".edge-label"));
  if (!label) return;
  if (!label.dataset.middle) {
    const box = label.getBBox();
    const { x, y } = centre(box);
    label.dataset.middle = JSON.stringify({ x, y });
  }
  const home = JSON.parse(label.dataset.middle);
  label.style.setProperty("translate", `${middle.x - home.x}px ${middle.y - home.y}px`);
}

/** Nodes back to where the facts have them: after a gesture that was given up. @param {Editor} editor @param {Iterable<string>} refs */
export function showHome(editor, refs) {
  showMoved(editor, new Set(refs), { x: 0, y: 0 });
}

/** Lines that what is dragged has snapped to. @param {Editor} editor @param {import("./guides.js").Line[]} lines */
export function showGuides(editor, lines) {
  const path = lines.map(({ x1, y1, x2, y2 }) => `M${x1} ${y1}L${x2} ${y2}`).join("");
  const guide = editor.overlay.querySelector(".guide") ?? (path && editor.overlay.appendChild(svgElement("path", { class: "guide" })));
  if (guide && path) guide.setAttribute("d", path);
  else if (guide) guide.remove();
}

/** @param {Editor} editor @param {Rect} rect the rubber band */
export function showBand(editor, rect) {
  const band = editor.overlay.querySelector(".band") ?? editor.overlay.appendChild(svgElement("rect", { class: "band" }));
  for (const name of /** @type {const} */ (["x", "y", "width", "height"])) band.setAttribute(name, String(rect[name]));
}

/** @param {Editor} editor */
export function hideBand(editor) {
  editor.overlay.querySelector(".band")?.remove();
}

/** A card or frame that does not exist yet. @param {Editor} editor @param {Rect} rect @param {string} [name] */
export function showGhost(editor, rect, name = "ghost") {
  const ghost = editor.overlay.querySelector(`.${name}`) ?? editor.overlay.appendChild(svgElement("rect", { class: name, rx: 8 }));
  for (const side of /** @type {const} */ (["x", "y", "width", "height"])) ghost.setAttribute(side, String(rect[side]));
}

/** @param {Editor} editor @param {string} [name] */
export function hideGhost(editor, name = "ghost") {
  editor.overlay.querySelector(`.${name}`)?.remove();
}

/** An edge being drawn. @param {Editor} editor @param {Rect} source @param {Rect} target @param {"success" | "error"} on */
export function showWire(editor, source, target, on) {
  const wire = editor.overlay.querySelector(".wire") ?? editor.overlay.appendChild(svgElement("path", { class: "wire" }));
  wire.setAttribute("d", route(source, target, on).path);
  wire.classList.toggle("wire-error", on === "error");
}

/** @param {Editor} editor */
export function hideWire(editor) {
  editor.overlay.querySelector(".wire")?.remove();
}
