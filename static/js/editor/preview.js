// @ts-check
/** What a gesture looks like while it lasts: moved cards, re-routed edges, the rubber band. The server's parts replace it. */

import { apart, ownerOf } from "./apart.js";
import { drawnPieces, showWay, wayBetween } from "./drawn_ways.js";
import { Moving } from "./moving.js";
import { Obstacles } from "./obstacles.js";
import { route, wayOf } from "./routes.js";
import { svgElement } from "./parts.js";

/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {import("./geometry.js").Rect} Rect */
/** @typedef {import("./main.js").Editor} Editor */

const BUDGET = 3;

/** What a gesture moves, and its edges. */
export class Move {
  /** @type {Moving<import("./moving.js").Joined & {edge: import("./graph.js").EdgeFacts}> | null} */
  #moving = null;
  #version = -1;

  /** @param {Editor} editor @param {Set<string>} refs */
  constructor(editor, refs) {
    [this.editor, this.refs] = [editor, refs];
  }

  /** Show all of it elsewhere. @param {Point} by @param {number} [budget] milliseconds for looking for ways of edges; to keep them apart
   * and to draw them takes about as long again @returns {boolean} whether some are left for the next frame */
  show(by, budget = BUDGET) {
    const { editor } = this;
    const until = performance.now() + budget;
    for (const ref of this.refs) {
      const [element, node] = [editor.element(ref), editor.graph.nodes.get(ref)];
      if (!(element instanceof SVGElement) || !node) continue;
      // Earlier moves may still be on the way: the facts have them, the drawing has not.
      const [x, y] = [by.x + (node.shift?.x ?? 0), by.y + (node.shift?.y ?? 0)];
      if (x || y) element.style.setProperty("translate", `${x}px ${y}px`);
      else element.style.removeProperty("translate");
    }
    for (const [{ edge }, way] of this.ways(by, () => performance.now() < until)) showWay(editor, edge, way);
    return this.#moving?.isUnfinished ?? false;
  }

  /** The ways of the edges, as far as time goes. @param {Point} by @param {() => boolean} isTimeLeft */
  ways(by, isTimeLeft) {
    if (!this.#moving || this.#version !== this.editor.graph.version) this.#moving = this.#begin();
    return this.#moving.ways(by, isTimeLeft);
  }

  /** What stays as it is for as long as the graph does. */
  #begin() {
    const { editor, refs } = this;
    const { graph } = editor;
    this.#version = graph.version;
    const edges = graph.edgesAt(refs).flatMap((edge) => {
      const [from, to] = [graph.standIn(edge.source), graph.standIn(edge.target)];
      const [source, target] = [graph.nodes.get(from), graph.nodes.get(to)];
      if (!source || !target || from === to) return [];
      return [{ edge, id: edge.edge, from, to, on: edge.on, lane: graph.laneOf(edge), way: wayBetween(editor, edge, source, target) }];
    });
    const others = new Set(edges.map(({ edge }) => edge.ref));
    const standing = () => drawnPieces(editor, others, (ref) => graph.nodes.get(ref) ?? null);
    return new Moving(refs, graph.nodes, graph.cards.map((card) => card.ref), edges, standing);
  }
}

/** Show nodes elsewhere, with their edges. @param {Editor} editor @param {Set<string>} refs @param {Point} by */
export function showMoved(editor, refs, by) {
  new Move(editor, refs).show(by, Infinity);
}

/** An edge on the way that it would have with each thing at its `place`: apart from the rest as it is drawn. @param {Editor} editor
 * @param {import("./graph.js").EdgeFacts} edge @param {(ref: string) => Rect | null} place */
export function showRoute(editor, edge, place) {
  const { graph } = editor;
  const [from, to] = [graph.standIn(edge.source), graph.standIn(edge.target)];
  const [source, target] = [place(from), place(to)];
  if (!source || !target || from === to) return;
  const others = from.startsWith("phase:") || to.startsWith("phase:") ? null : new Obstacles(graph.cards.map((card) => place(card.ref) ?? card));
  const way = wayOf(source, target, edge.on, others ?? undefined, graph.laneOf(edge));
  const owner = ownerOf(edge.edge, from, to, source, target);
  showWay(editor, edge, way.length > 4 ? apart(way, owner, drawnPieces(editor, new Set([edge.ref]), place), others, [source, target]) : way);
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

/** What would be copied, where it would lie. @param {Editor} editor @param {Rect[]} rects none: no longer @param {Point} by */
export function showCopies(editor, rects, by) {
  const path = rects.map(({ x, y, width, height }) => `M${x + by.x} ${y + by.y}h${width}v${height}h${-width}z`).join("");
  const ghost = editor.overlay.querySelector(".copies") ?? (path && editor.overlay.appendChild(svgElement("path", { class: "copies" })));
  if (ghost && path) ghost.setAttribute("d", path);
  else if (ghost) ghost.remove();
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
