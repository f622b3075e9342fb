// @ts-check
/** A decision tried on sample data: the server evaluates, by the code that decides in earnest; nothing is changed by it. */

import { csrfToken } from "../../csrf.js";
import { problemIn } from "./highlight.js";

const PAUSE = 250; // milliseconds after the last key

export class Truth {
  /** What was typed, by subject: the form is made anew each time something else is selected. @type {Map<string, string>} */
  #typed = new Map();
  #timer = 0;
  #asked = "";
  #latest = 0;
  /** The sample input as the server has it. @type {string} */
  #kept = "";

  /** @param {import("../main.js").Editor} editor */
  constructor(editor) {
    this.editor = editor;
  }

  /** @param {HTMLElement} root */
  show(root) {
    const box = /** @type {HTMLDetailsElement} */ (root.querySelector("[data-truth]"));
    const area = /** @type {HTMLTextAreaElement} */ (box.querySelector("textarea"));
    if (area.dataset.begun === undefined) {
      area.dataset.begun = "";
      box.addEventListener("toggle", () => box.open && void this.#begin(box, area));
      area.addEventListener("input", () => {
        area.defaultValue = area.value; // else bringing the form up to date would take it away
        this.#typed.set(this.editor.inspector.shown, area.value);
        clearTimeout(this.#timer);
        this.#timer = window.setTimeout(() => this.#ask(box, area), PAUSE);
      });
      area.addEventListener("change", () => void this.#keep(area));
      if (box.open) void this.#begin(box, area);
      return;
    }
    const state = `${this.editor.inspector.shown} ${this.editor.queue.revision}`;
    if (box.open && this.#asked !== state && area.value) void this.#ask(box, area);
  }

  /** @param {HTMLDetailsElement} box @param {HTMLTextAreaElement} area */
  async #begin(box, area) {
    if (!area.value) {
      const subject = this.editor.inspector.shown;
      const text = this.#typed.get(subject) ?? (await this.editor.askHtml("sample-data", { subject })) ?? "{}";
      if (area.value || !area.isConnected) return; // somebody has typed something meanwhile
      area.value = area.defaultValue = text;
      this.#kept = inputIn(text);
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }
    await this.#ask(box, area);
  }

  /** @param {HTMLElement} box @param {HTMLTextAreaElement} area */
  async #ask(box, area) {
    const subject = this.editor.inspector.shown;
    this.#asked = `${subject} ${this.editor.queue.revision}`;
    if (!area.value.trim() || problemIn(area.value, "schema")) return;
    const number = ++this.#latest;
    const response = await this.#post("truth", { subject, data: JSON.parse(area.value) });
    const place = /** @type {HTMLElement} */ (box.querySelector("[data-truth-table]"));
    const text = (await response?.text()) ?? "";
    if (!response || number !== this.#latest || subject !== this.editor.inspector.shown) return;
    if (response.ok) place.innerHTML = text;
    else place.textContent = text;
  }

  /** Keep the input as the flow's sample. @param {HTMLTextAreaElement} area */
  async #keep(area) {
    const input = inputIn(area.value);
    if (!this.editor.canEdit || !input || input === this.#kept) return;
    this.#kept = input;
    await this.#post("keep-sample", { input: JSON.parse(input) });
    this.editor.announce("Kept as the flow's sample input");
  }

  /** @param {string} door @param {object} body @returns {Promise<Response | null>} */
  #post(door, body) {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": csrfToken() };
    return fetch(this.editor.doors.base + door, { method: "POST", headers, body: JSON.stringify(body) }).catch(() => null);
  }
}

/** The input in sample data, as JSON; empty where there is none to read. @param {string} text */
function inputIn(text) {
  try {
    const { input } = JSON.parse(text);
    return input === undefined ? "" : JSON.stringify(input);
  } catch {
    return "";
  }
}
