// @ts-check
/** What can be done here: the right mouse button, a long press of a finger or a pen, Shift+F10 and the menu key. */

import { choose } from "./chooser.js";
import { addAtPlace, addNote, addPhase, NOTE, run } from "./commands.js";
import { addAfter, showActions } from "./outline_actions.js";
import { presets } from "./palette.js";

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {import("./geometry.js").Point} Point */

const LONG = 550; // milliseconds of a press that does not move
const SLACK = 8; // pixels that a finger trembles

export class Menu {
  #timer = 0;
  /** @type {PointerEvent | null} */
  #press = null;
  #last = 0;

  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    const { svg } = editor;
    svg.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      // A long press may send this as well; and the keyboard's menu key has a handler of its own.
      if (event.button === 2 || event.timeStamp - this.#last > 1000) this.#open(event);
    });
    svg.addEventListener("pointerdown", (event) => this.#begin(event));
    svg.addEventListener("pointermove", (event) => this.#moved(event));
    for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => this.#stop());
    svg.addEventListener("keydown", (event) => {
      if (event.key !== "ContextMenu" && !(event.key === "F10" && event.shiftKey)) return;
      event.preventDefault();
      event.stopPropagation();
      this.#last = event.timeStamp;
      void this.about(editor.focusedRef, editor.placeOnScreen(editor.focusedRef));
    });
  }

  /** @param {PointerEvent} event */
  #begin(event) {
    this.#stop();
    if (event.pointerType === "mouse" || !event.isPrimary) return;
    this.#press = event;
    this.#timer = window.setTimeout(() => {
      this.#stop();
      this.editor.gestures.cancel();
      this.#open(event);
    }, LONG);
  }

  /** @param {PointerEvent} event */
  #moved(event) {
    if (this.#press && Math.hypot(event.clientX - this.#press.clientX, event.clientY - this.#press.clientY) > SLACK) this.#stop();
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#press = null;
  }

  /** @param {MouseEvent} event */
  #open(event) {
    this.#last = event.timeStamp;
    this.editor.gestures.cancel();
    const ref = this.editor.refOf(/** @type {Element} */ (event.target));
    const at = { x: event.clientX, y: event.clientY };
    void this.about(ref, at, this.editor.viewport.onCanvas(event));
  }

  /** @param {string} ref empty: about the paper @param {Point} at on the screen @param {Point} [place] on the canvas */
  about(ref, at, place) {
    const { editor } = this;
    const node = editor.graph.nodes.get(ref);
    const edge = editor.graph.edges.get(ref);
    if (!node && !edge) return this.#paper(at, place);
    if (!editor.selection.has(ref)) editor.selection.set(ref);
    return showActions(editor, itemOf(editor, ref), at);
  }

  /** Add a task after what has the keyboard. */
  addAfter() {
    const ref = this.editor.focusedRef || this.editor.selection.leading;
    if (ref) void addAfter(this.editor, itemOf(this.editor, ref));
    else this.editor.palette?.focus();
  }

  /** @param {Point} at @param {Point} [place] */
  async #paper(at, place) {
    const { editor } = this;
    const found = editor.canEdit ? presets(editor.root) : [];
    const { x, y, width, height } = editor.viewport.seen;
    const there = place ?? { x: x + width / 2, y: y + height / 2 };
    /** @type {{key: string, label: string, icon: string, tone?: string, hint?: string, act: () => unknown}[]} */
    const acts = [
      { key: "fit", label: "Show everything", icon: "fit", hint: "F", act: () => editor.fit() },
      { key: "all", label: "Select all tasks", icon: "check", hint: "Ctrl A", act: () => editor.selection.set(...editor.graph.tasks.map((task) => task.ref)) },
    ];
    const corner = { x: there.x - editor.card.width / 2, y: there.y - editor.card.height / 2 };
    if (editor.canEdit) {
      acts.push(
        { key: "tidy", label: "Tidy up", icon: "tidy", act: () => run(editor, "tidy") },
        { key: "paste", label: "Paste here", icon: "copy", hint: "Ctrl V", act: () => editor.clipboard.pasteHere(there) },
        { key: "phase", label: "Add a phase", icon: "layers", hint: "G", act: () => addPhase(editor) },
        { key: "note", label: "Add a note", icon: "note", act: () => addNote(editor, { x: there.x - NOTE.width / 2, y: there.y - NOTE.height / 2 }) },
        ...found.map((preset) => ({ key: `add-${preset.id}`, label: `Add ${preset.name}`, icon: preset.icon, tone: preset.tone, act: () => addAtPlace(editor, preset, { at: corner }) })),
      );
    }
    const choice = await choose({ title: "Here", choices: acts, at });
    await acts.find(({ key }) => key === choice?.key)?.act();
  }
}

/** @param {Editor} editor @param {string} ref of a node or an edge @returns {import("./outline_tree.js").Item} as an entry of the outline */
function itemOf(editor, ref) {
  const node = editor.graph.nodes.get(ref);
  const edge = editor.graph.edges.get(ref);
  const name = node?.name || edge?.words || "Edge";
  return { key: ref, ref, type: node?.type ?? "edge", name, words: "", to: edge?.target ?? "", children: [] };
}
