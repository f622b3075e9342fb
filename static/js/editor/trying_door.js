// @ts-check
/** The button and the key that open the “Try it” panel. What is behind it is loaded with the first click. */

import { late } from "./late.js";

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {import("./trying.js").Trying} Trying */

export class TryingDoor {
  /** @type {Promise<Trying> | null} */
  #room = null;

  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    const button = document.querySelector("[data-try-url]");
    if (!(button instanceof HTMLElement)) return;
    this.url = button.dataset.tryUrl ?? "";
    button.addEventListener("click", () => void this.toggle());
    document.addEventListener("keydown", (event) => {
      if (!event.altKey || event.code !== "KeyT" || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      void this.toggle();
    });
  }

  async toggle() {
    this.#room ??= this.#load();
    const room = await late(this.editor, "The sandbox", () => /** @type {Promise<Trying>} */ (this.#room));
    if (room) await room.toggle();
    else this.#room = null; // so that it is asked for once more
  }

  async #load() {
    const { Trying } = await import("./trying.js");
    return new Trying(this.editor, this.url ?? "");
  }

  /** @param {string} ref of what was chosen */
  async selected(ref) {
    if (this.#room && ref) (await this.#room.catch(() => null))?.selected(ref);
  }

  /** The canvas was drawn anew. */
  async refresh() {
    if (this.#room) (await this.#room.catch(() => null))?.refresh();
  }
}
