// @ts-check
/**
 * Phases folded to their title. How one looks at a flow, not what it is: kept in this browser, for each flow. What is inside a
 * folded phase is out of sight; edges to it lead to the phase.
 */

import { showRoute } from "./preview.js";
import { svgElement } from "./parts.js";

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {import("./graph.js").NodeFacts} NodeFacts */

const HEIGHT = 36;
const LEAST = 168;
const ROOM = 84; // beside the name, for the fold and the count

export class Collapse {
  /** Ways of edges as the server drew them. @type {WeakMap<Element, string>} */
  #drawn = new WeakMap();

  #hasFolded = false;

  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    this.key = `quadrille-folded-${editor.root.dataset.flow}`;
    /** @type {Set<string>} */
    this.folded = new Set(recall(this.key));
    if (this.folded.size) editor.viewport.place(); // a folded phase is as wide as its name is laid out
    editor.svg.addEventListener("pointerdown", (event) => this.#pressed(event), { capture: true });
    this.apply();
  }

  /** @param {PointerEvent} event */
  #pressed(event) {
    const fold = /** @type {Element} */ (event.target).closest("[data-fold-phase]");
    if (!(fold instanceof SVGElement) || event.button !== 0) return;
    event.preventDefault();
    event.stopPropagation();
    this.toggle(fold.dataset.foldPhase ?? "");
  }

  /** @param {string} ref of a phase */
  toggle(ref) {
    const phase = this.editor.graph.nodes.get(ref);
    if (phase?.type !== "phase") return;
    if (!this.folded.delete(ref)) this.folded.add(ref);
    localStorage.setItem(this.key, JSON.stringify([...this.folded]));
    this.editor.redrawn();
    this.editor.announce(this.folded.has(ref) ? `Folded ${phase.name}` : `Unfolded ${phase.name}`);
  }

  /** Bring something into sight. @param {string} ref */
  open(ref) {
    const { graph } = this.editor;
    const edge = graph.edges.get(ref);
    for (const end of edge ? [edge.source, edge.target] : [ref]) {
      const phase = `phase:${graph.nodes.get(end)?.phase}`;
      if (graph.nodes.get(end)?.hidden && this.folded.has(phase)) this.toggle(phase);
    }
  }

  /** Show what is folded as folded, after anything was drawn anew. */
  apply() {
    const { graph } = this.editor;
    for (const phase of graph.phases) this.#phase(phase);
    const isPlain = !this.folded.size && !this.#hasFolded;
    this.#hasFolded = this.folded.size > 0;
    if (isPlain) return; // nothing is away, nor was
    for (const task of graph.tasks) {
      task.hidden = this.folded.has(`phase:${task.phase}`);
      this.editor.element(task.ref)?.classList.toggle("is-away", task.hidden);
    }
    for (const edge of graph.edges.values()) this.#edge(edge);
  }

  /** @param {NodeFacts} phase */
  #phase(phase) {
    const element = this.editor.element(phase.ref);
    const area = element?.querySelector(".area");
    const name = element?.querySelector(".phase-name");
    if (!element || !area || !(name instanceof SVGTextElement)) return;
    const isFolded = this.folded.has(phase.ref);
    if (isFolded) phase.full ??= { width: phase.width, height: phase.height };
    else if (phase.full) [phase.width, phase.height, phase.full] = [phase.full.width, phase.full.height, undefined];
    if (isFolded) [phase.width, phase.height] = [Math.max(LEAST, Math.ceil((name.getComputedTextLength() + ROOM + 28) / 8) * 8), HEIGHT];
    area.setAttribute("width", String(phase.width));
    area.setAttribute("height", String(phase.height));
    element.querySelector(".phase-count")?.setAttribute("x", String(phase.width - 34));
    element.classList.toggle("is-folded", isFolded);
    const fold = element.querySelector("[data-fold-phase]") ?? element.appendChild(foldOf(phase));
    fold.setAttribute("transform", `translate(${phase.width - 18} 18)`);
    fold.querySelector(".fold-arrow")?.setAttribute("d", isFolded ? "M-2 -4 2 0 -2 4" : "M-4 -2 0 2 4 -2");
  }

  /** @param {import("./graph.js").EdgeFacts} edge */
  #edge(edge) {
    const { graph } = this.editor;
    const element = this.editor.element(edge.ref);
    const [source, target] = [graph.standIn(edge.source), graph.standIn(edge.target)];
    // Also where an end is a folded phase itself: its ports stand at its title now.
    const isMoved = [source, target].some((ref) => this.folded.has(ref));
    element?.classList.toggle("is-away", isMoved && source === target);
    for (const line of element?.querySelectorAll(".edge-line, .edge-reach") ?? []) {
      if (isMoved && !this.#drawn.has(line)) this.#drawn.set(line, line.getAttribute("d") ?? "");
      else if (!isMoved && this.#drawn.has(line)) line.setAttribute("d", this.#drawn.get(line) ?? "");
      if (!isMoved) this.#drawn.delete(line);
    }
    if (isMoved && source !== target) showRoute(this.editor, edge, (ref) => graph.nodes.get(ref) ?? null);
    else if (!isMoved) /** @type {SVGElement | null} */ (element?.querySelector(".edge-label"))?.style.removeProperty("translate");
  }
}

/** @param {NodeFacts} phase */
function foldOf(phase) {
  const fold = svgElement("g", { class: "phase-fold", "data-fold-phase": phase.ref });
  const title = svgElement("title");
  title.textContent = "Fold or unfold";
  fold.append(title, svgElement("circle", { class: "handle-reach", r: 13 }), svgElement("path", { class: "fold-arrow" }));
  return fold;
}

/** @param {string} key @returns {string[]} */
function recall(key) {
  try {
    const found = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(found) ? found.map(String) : [];
  } catch {
    return [];
  }
}
