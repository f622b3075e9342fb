// @ts-check
/** The whole graph in the corner, with a frame around what is seen. Press or drag to go there. */

import { grow, union } from "./geometry.js";
import { svgElement } from "./parts.js";

/** @typedef {import("./main.js").Editor} Editor */

const CORNER = 8; // the radius, in canvas units

export class Minimap {
  #frame = 0;
  /** Whether the cards are not as the graph has them. */
  #isStale = true;

  /** @param {Editor} editor @param {SVGSVGElement} svg */
  constructor(editor, svg) {
    this.editor = editor;
    this.svg = svg;
    this.cards = svg.appendChild(svgElement("g"));
    this.window = svg.appendChild(svgElement("rect", { class: "minimap-window" }));
    svg.addEventListener("pointerdown", (event) => {
      svg.setPointerCapture(event.pointerId);
      this.#go(event);
    });
    svg.addEventListener("pointermove", (event) => {
      if (svg.hasPointerCapture(event.pointerId)) this.#go(event);
    });
  }

  /** Draw anew, at most once per frame. */
  show() {
    this.#isStale = true;
    this.follow();
  }

  /** Only what is seen has changed: the cards stay, so that panning a large flow costs nothing here. */
  follow() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    const { graph, viewport } = this.editor;
    const nodes = graph.shown;
    const seen = viewport.seen;
    const all = union([...nodes, seen]);
    if (!all || !this.svg.clientWidth) return;
    const area = grow(all, Math.max(all.width, all.height) * 0.03);
    const box = `${area.x} ${area.y} ${area.width} ${area.height}`;
    if (this.svg.getAttribute("viewBox") !== box) this.svg.setAttribute("viewBox", box);
    this.#window(area, seen);
    if (!this.#isStale) return;
    this.#isStale = false;
    const ordered = ["phase", "note", "trigger", "task"].flatMap((type) => nodes.filter((node) => node.type === type));
    const looks = Map.groupBy(ordered, ({ type, colour }) => `minimap-${type} ${colour ? `is-${colour}` : ""}`);
    // One path for all that look the same: a rectangle for each would be as much to lay out as the canvas has cards.
    this.cards.replaceChildren(...[...looks].map(([look, alike]) => svgElement("path", { class: look, d: alike.map(rounded).join("") })));
  }

  /** @param {import("./geometry.js").Rect} area all there is @param {import("./geometry.js").Rect} seen */
  #window(area, seen) {
    for (const side of /** @type {const} */ (["x", "y", "width", "height"])) this.window.setAttribute(side, String(seen[side]));
    this.window.setAttribute("stroke-width", String(area.width / 90));
  }

  /** @param {PointerEvent} event */
  #go(event) {
    const { viewport } = this.editor;
    const matrix = this.svg.getScreenCTM();
    if (!matrix) return;
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    const { width, height } = viewport.size;
    const { scale } = viewport.view;
    viewport.set({ x: width / 2 - point.x * scale, y: height / 2 - point.y * scale, scale });
  }
}

/** @param {import("./geometry.js").Rect} rect @returns {string} the path around it */
function rounded({ x, y, width, height }) {
  const [across, down] = [width - 2 * CORNER, height - 2 * CORNER];
  const corner = (/** @type {number} */ right, /** @type {number} */ lower) => `a${CORNER} ${CORNER} 0 0 1 ${right * CORNER} ${lower * CORNER}`;
  return `M${x + CORNER} ${y}h${across}${corner(1, 1)}v${down}${corner(-1, 1)}h${-across}${corner(-1, -1)}v${-down}${corner(1, -1)}Z`;
}
