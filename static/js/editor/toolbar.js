// @ts-check
/** The buttons around the canvas: `data-act` names what they do. */

import { addPhase, duplicateSelected, removeSelected, run } from "./commands.js";

/** @typedef {import("./main.js").Editor} Editor */

export class Toolbar {
  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    this.zoom = editor.root.querySelector("[data-zoom]");
    // The bar above lies outside of the editor's element.
    document.addEventListener("click", (event) => {
      const button = /** @type {Element} */ (event.target).closest("[data-act]");
      if (!(button instanceof HTMLElement) || button.closest("#inspector")) return;
      if (button.getAttribute("aria-disabled") === "true") return;
      this.act(button.dataset.act ?? "", button.dataset);
    });
  }

  /** @param {string} name @param {DOMStringMap} data */
  act(name, data) {
    const { editor } = this;
    const { viewport } = editor;
    /** @type {Record<string, () => void>} */
    const acts = {
      undo: () => editor.undo(),
      redo: () => editor.redo(),
      tidy: () => run(editor, "tidy"),
      delete: () => removeSelected(editor),
      duplicate: () => duplicateSelected(editor),
      phase: () => addPhase(editor),
      arrange: () => void editor.menu.by("arrangeSelected"),
      copy: () => void editor.clipboard.copy(),
      connect: () => void editor.menu.by("connectByKeys", data.ref ?? "", data.on === "error" ? "error" : "success"),
      go: () => editor.walkTo(data.ref),
      "zoom-in": () => viewport.zoomIn(),
      "zoom-out": () => viewport.zoomOut(),
      "zoom-reset": () => viewport.zoomTo(1),
      fit: () => editor.fit(),
      shortcuts: () => editor.openShortcuts(),
      side: () => this.#toggleSide(data.side === "palette" ? "palette" : "inspector"),
      "close-side": () => editor.closeSide(data.side === "palette" ? "palette" : "inspector"),
      view: () => void editor.outline.choose(data.view === "outline" ? "outline" : "canvas"),
      problems: () => this.#toggleProblems(),
    };
    acts[name]?.();
  }

  /** @param {"palette" | "inspector"} side */
  #toggleSide(side) {
    if (this.editor.root.dataset.open === side) this.editor.closeSide(side);
    else this.editor.openSide(side);
  }

  #toggleProblems() {
    const { root } = this.editor;
    if (root.dataset.problems) delete root.dataset.problems;
    else root.dataset.problems = "open";
    this.editor.problems.mark();
  }

  /** Show how things stand: what waits to be saved. */
  show() {
    const { queue } = this.editor;
    if (!queue) return;
    const { count, failed } = queue.state;
    this.editor.root.dataset.saving = failed ? "failed" : count ? "waiting" : "done";
  }

  /** @param {number} scale */
  zoomed(scale) {
    const words = `${Math.round(scale * 100)} %`;
    if (this.zoom && this.zoom.textContent !== words) this.zoom.textContent = words; // not in each frame in which one only moves
  }
}
