// @ts-check
/**
 * Canvas or outline: which of them is shown, remembered while the tab is open. The list itself (./outline.js) is loaded when it is
 * shown for the first time: at once on a phone, on larger screens with the button.
 */

import { late } from "./late.js";

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {import("./outline.js").Outline} Outline */
/** @typedef {"canvas" | "outline"} View */

const CHOSEN = "quadrille-editor-view";
const NARROW = "(max-width: 560px)"; // a phone: there the outline is what one works with

export class OutlineDoor {
  /** @type {Promise<Outline> | null} */
  #loading = null;
  /** @type {Outline | null} */
  #room = null;
  /** The view that was asked for last. @type {View} */
  #wanted = "canvas";

  /** @param {Editor} editor @param {HTMLElement} element */
  constructor(editor, element) {
    this.editor = editor;
    this.element = element;
    const chosen = sessionStorage.getItem(CHOSEN);
    this.#set(chosen === "outline" || chosen === "canvas" ? chosen : matchMedia(NARROW).matches ? "outline" : "canvas");
    /** Settled once what is shown first can be worked with. */
    this.ready = this.isShown ? this.#begin() : Promise.resolve();
  }

  get isShown() {
    return this.editor.root.dataset.view === "outline";
  }

  /** The outline is what one sees first; where it cannot be loaded, the canvas is. */
  async #begin() {
    if (await late(this.editor, "The outline", () => this.#load())) return;
    this.#set("canvas");
    this.editor.viewChanged();
  }

  /** @returns {Promise<Outline>} */
  #load() {
    this.#loading ??= import("./outline.js")
      .then(({ Outline }) => (this.#room = new Outline(this.editor, this.element)))
      .catch((error) => {
        this.#loading = null; // so that it is asked for once more
        throw error;
      });
    return this.#loading;
  }

  /** @param {View} view chosen by the person */
  async choose(view) {
    const { editor } = this;
    this.#wanted = view;
    if (view === "outline" && !(await late(editor, "The outline", () => this.#load()))) return;
    if (this.#wanted !== view) return;
    const ref = editor.focusedRef || editor.selection.leading;
    sessionStorage.setItem(CHOSEN, view);
    this.#set(view);
    editor.viewChanged();
    if (ref) editor.walkTo(ref);
    editor.announce(view === "outline" ? "Outline" : "Canvas");
  }

  /** @param {View} view */
  #set(view) {
    this.editor.root.dataset.view = view;
    this.element.hidden = view !== "outline";
    for (const button of this.editor.root.querySelectorAll("[data-act=view]")) {
      button.setAttribute("aria-pressed", String(button.getAttribute("data-view") === view));
    }
    this.show();
  }

  /** Bring the list up to date. */
  show() {
    this.#room?.show();
  }

  /** Show what is selected and what has problems. */
  mark() {
    this.#room?.mark();
  }

  /** @param {Element | null} target @returns {string} the ref of the row it lies in; empty for none */
  refOf(target) {
    return this.#room?.refOf(target) ?? "";
  }

  /** Stand on the row of something, as soon as there are rows. @param {string} ref */
  focus(ref) {
    if (this.#room) this.#room.focus(ref);
    else void this.#load().then((room) => room.focus(ref), () => {});
  }

  /** @param {string} ref @returns {{x: number, y: number} | null} where on the screen something about it may open */
  placeOnScreen(ref) {
    return this.#room?.placeOnScreen(ref) ?? null;
  }
}
