// @ts-check
/**
 * What one stands on and what is selected. Arrow keys do both at once. The focus alone selects nothing, so that passing by leaves
 * the form alone: by Tab, or moved by a screen reader. But the next key that acts is about what has the focus, not about what was
 * selected elsewhere before.
 */

import { overlap } from "./geometry.js";

/** @typedef {import("./main.js").Editor} Editor */

export class Standing {
  #ref = "";
  /** How often something had been chosen when the focus came. */
  #choices = 0;

  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    editor.svg.addEventListener("focusin", () => {
      const ref = editor.focusedRef;
      if (!ref || ref === this.#ref) return; // also one that a closed dialog gave back
      this.#ref = ref;
      this.#choices = editor.selection.choices;
    });
  }

  /** How wide the card is that is selected; 0 without one. */
  get width() {
    const { graph, selection } = this.editor;
    return graph.nodes.get(selection.leading)?.width ?? 0;
  }

  /** A card that has grown with its name stays in sight whole, if it was in sight. @param {number} before its width before */
  keepInSight(before) {
    const { graph, selection, viewport } = this.editor;
    const node = graph.nodes.get(selection.leading);
    const wasSeen = node && before && node.width > before && overlap(viewport.seen, { ...node, width: before });
    if (wasSeen && !this.editor.outline.isShown) viewport.reveal(node);
  }

  /** Select what has the focus, unless something was chosen since it came there. */
  take() {
    const { editor } = this;
    const ref = editor.focusedRef;
    if (!ref || ref !== this.#ref || editor.selection.choices !== this.#choices || editor.selection.has(ref)) return;
    editor.selection.set(ref);
  }
}
