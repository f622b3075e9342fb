// @ts-check
/** The handles of the node one points at or has selected: pull one to draw an edge, or a corner to resize a phase or a note. */

import { svgElement } from "./parts.js";

/** @typedef {import("./main.js").Editor} Editor */

const CORNERS = ["nw", "ne", "sw", "se"];

export class Ports {
  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    this.group = editor.overlay.appendChild(svgElement("g", { class: "ports" }));
    /** @type {string} */
    this.pointed = "";
    editor.svg.addEventListener("pointerover", (event) => {
      if (event.pointerType === "touch" || editor.isBusy) return;
      const target = /** @type {Element} */ (event.target);
      if (!target.closest(".ports")) this.point(editor.refOf(target));
    });
    editor.svg.addEventListener("pointerleave", () => this.point(""));
  }

  /** @param {string} ref what the mouse is over */
  point(ref) {
    if (ref === this.pointed) return;
    this.pointed = ref;
    this.show();
  }

  /** Draw the handles anew, after anything changed. */
  show() {
    const { graph, selection, canEdit } = this.editor;
    const refs = new Set([selection.refs.length === 1 ? selection.leading : "", this.pointed]);
    const nodes = [...refs].map((ref) => graph.nodes.get(ref)).filter((node) => node !== undefined && !node.hidden);
    const edge = selection.refs.length === 1 ? graph.edges.get(selection.leading) : undefined;
    const ends = edge ? this.#ends(edge) : [];
    this.group.replaceChildren(...(canEdit ? [...nodes.flatMap((node) => this.#handles(node)), ...ends] : []));
  }

  /** @param {import("./graph.js").EdgeFacts} edge @returns {SVGElement[]} where its ends are taken hold of */
  #ends(edge) {
    const line = this.editor.element(edge.ref)?.querySelector(".edge-line");
    if (!(line instanceof SVGPathElement)) return [];
    const places = { source: line.getPointAtLength(0), target: line.getPointAtLength(line.getTotalLength()) };
    return Object.entries(places).map(([end, { x, y }]) => endOf(edge.ref, end, x, y));
  }

  /** @param {import("./graph.js").NodeFacts} node @returns {SVGElement[]} */
  #handles(node) {
    const { selection } = this.editor;
    if (node.type === "note") return selection.has(node.ref) ? CORNERS.map((corner) => cornerOf(node, corner)) : [];
    const out = port(node.ref, "success", node.x + node.width, node.y + node.height / 2, "Pull to draw an edge");
    if (node.type === "phase") return selection.has(node.ref) && !node.full ? [out, ...CORNERS.map((corner) => cornerOf(node, corner))] : [out];
    const error = port(node.ref, "error", node.x + node.width / 2, node.y + node.height, "Pull to draw what happens on an error");
    return node.can_fail ? [out, error] : [out];
  }
}

/** @param {string} ref @param {string} on @param {number} x @param {number} y @param {string} hint @returns {SVGElement} */
function port(ref, on, x, y, hint) {
  const group = svgElement("g", { class: `handle handle-${on}`, "data-port": ref, "data-on": on, transform: `translate(${x} ${y})` });
  const title = svgElement("title");
  title.textContent = hint;
  group.append(title, svgElement("circle", { class: "handle-reach", r: 13 }), svgElement("circle", { class: "handle-dot", r: 5.5 }));
  const plus = svgElement("path", { class: "handle-plus", d: "M-2.5 0h5M0 -2.5v5" });
  group.append(plus);
  return group;
}

/** @param {string} ref @param {string} end @param {number} x @param {number} y @returns {SVGElement} */
function endOf(ref, end, x, y) {
  const group = svgElement("g", { class: "handle handle-end", "data-end": end, "data-ref": ref, transform: `translate(${x} ${y})` });
  const title = svgElement("title");
  title.textContent = end === "target" ? "Pull to lead this edge elsewhere" : "Pull to let this edge start elsewhere";
  group.append(title, svgElement("circle", { class: "handle-reach", r: 13 }), svgElement("circle", { class: "handle-dot", r: 5.5 }));
  return group;
}

/** @param {import("./graph.js").NodeFacts} node @param {string} corner @returns {SVGElement} */
function cornerOf(node, corner) {
  const x = node.x + (corner.includes("e") ? node.width : 0);
  const y = node.y + (corner.includes("s") ? node.height : 0);
  return svgElement("rect", {
    class: `corner corner-${corner}`, "data-corner": corner, "data-ref": node.ref, x: x - 5, y: y - 5, width: 10, height: 10, rx: 2,
  });
}
