// @ts-check
/**
 * What lies far out of sight is not drawn while something is dragged: where anything on the canvas changes its place the browser goes
 * through all that is drawn there, seen or not. It goes some at a time, comes back as it comes near, and all of it once nothing is dragged.
 */

import { lineOf, wayOfLine } from "./drawn_ways.js";
import { grow, overlap } from "./geometry.js";

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {import("./geometry.js").Rect} Rect */

const FEW = 100; // nodes and edges that are no trouble
const SOME = 16; // in one frame
const AFTER = 30; // milliseconds: the frame of a drop has enough to do
const NEAR = 240; // pixels around what is seen
const BESIDE = 128; // canvas units from a line to all of its label

export class Afar {
  /** What is not drawn, and where it lies. @type {Map<Element, Rect>} */
  #away = new Map();
  /** What nobody has looked at in this gesture. @type {(import("./graph.js").NodeFacts | import("./graph.js").EdgeFacts)[] | null} */
  #left = null;
  #timer = 0;

  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
  }

  /** Once for each frame of a drag but its first, which has enough to do. */
  leave() {
    const { graph } = this.editor;
    clearTimeout(this.#timer);
    if (!this.#left) {
      this.#left = graph.nodes.size + graph.edges.size > FEW ? [...graph.nodes.values(), ...graph.edges.values()] : [];
      return;
    }
    const near = this.#near;
    for (const facts of this.#left.splice(-SOME)) {
      const element = this.editor.element(facts.ref);
      const rect = "source" in facts ? this.#around(facts) : facts.type === "phase" ? null : facts;
      if (!element || !rect || overlap(near, rect) || element.contains(document.activeElement)) continue;
      this.#away.set(element, rect);
      element.classList.add("is-afar");
    }
  }

  /** The view is another: what is near now is drawn. */
  look() {
    if (!this.#away.size) return;
    const near = this.#near;
    for (const [element, rect] of this.#away) if (overlap(near, rect)) this.#draw(element);
  }

  /** Nothing is dragged any more: all is drawn, some at a time. */
  fetch() {
    this.#left = null;
    clearTimeout(this.#timer);
    if (!this.#away.size) return;
    this.#timer = setTimeout(() => {
      for (const element of [...this.#away.keys()].slice(-SOME)) this.#draw(element);
      this.fetch();
    }, AFTER);
  }

  /** @param {Element} element */
  #draw(element) {
    this.#away.delete(element);
    element.classList.remove("is-afar");
  }

  get #near() {
    const { viewport } = this.editor;
    return grow(viewport.seen, NEAR / viewport.view.scale);
  }

  /** Where an edge runs; null where that is not known. @param {import("./graph.js").EdgeFacts} edge @returns {Rect | null} */
  #around(edge) {
    const line = lineOf(this.editor, edge);
    const way = line ? wayOfLine(line) : [];
    if (!way.length) return null;
    const [xs, ys] = [way.map(([x]) => x), way.map(([, y]) => y)];
    const [x, y] = [Math.min(...xs), Math.min(...ys)];
    return grow({ x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y }, BESIDE);
  }
}
