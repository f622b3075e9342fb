// @ts-check
/**
 * What can be done here: the right mouse button, a long press of a finger or a pen, Shift+F10 and the menu key. The lists themselves
 * are loaded when the canvas has first been pressed or gets the focus, so that they are there before a key asks for them.
 */

import { beforeList } from "./chooser.js";
import { late } from "./late.js";

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {import("./geometry.js").Point} Point */

const LONG = 550; // milliseconds of a press that does not move
const LIFT = 400; // milliseconds in which a browser may tell of a click after the lift of a long press
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
    for (const sign of ["pointerdown", "focusin"]) svg.addEventListener(sign, () => editor.atRest().then(lists).catch(() => {}), { once: true });
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
      ignoreLift();
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
  async about(ref, at, place) {
    const found = await beforeList(late(this.editor, "The menu", lists));
    await found?.by.about(this.editor, ref, at, place);
  }

  /** Whatever asks by a list. @param {keyof typeof import("./menu_lists.js").by} name @param {any[]} rest what it is about */
  async by(name, ...rest) {
    const found = await beforeList(late(this.editor, "The list", lists));
    await /** @type {any} */ (found?.by[name])?.(this.editor, ...rest);
  }

  /** Add a task after what has the keyboard. */
  async addAfter() {
    const ref = this.editor.focusedRef || this.editor.selection.leading;
    if (!ref) return this.editor.palette?.focus();
    return this.by("addAfter", ref);
  }
}

/** The lift of what has pressed long is no click: it would close the list that has opened, or take what lies below the finger. */
function ignoreLift() {
  const stop = new AbortController();
  const how = { capture: true, signal: stop.signal };
  addEventListener("click", (event) => {
    event.preventDefault();
    event.stopPropagation();
  }, how);
  addEventListener("pointerdown", () => stop.abort(), how);
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => setTimeout(() => stop.abort(), LIFT), how);
}

/** What opens here. */
function lists() {
  return import("./menu_lists.js");
}
