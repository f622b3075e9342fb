// @ts-check
/**
 * What to do about a change that met another's: both values beside the field, to keep one's own or take the other's. What was
 * typed for something that is gone by now can be copied. Nothing is overwritten and nothing lost without being asked about. Where the
 * other value becomes another, or is taken back, the server is asked again: what nothing stands against any more is stored.
 *
 * @typedef {{ref: string, path: (string | number)[], subject: string, label: string, was: string, theirs: string, mine: string,
 *   by: string, is_gone: boolean}} Conflict as designer/clashes.py tells it
 * @typedef {{subject: string, path: (string | number)[], value: unknown, seen: number, problem: any, stored?: string}} Met a field that was
 *   not stored; `seen`: the revision it was typed over; `stored`: what the form has said of it since
 */

import { run } from "./commands.js";
import { storedIn } from "./form_controls.js";

/** @typedef {import("./main.js").Editor} Editor */

const MOST_CHARACTERS = 240; // of a value that is shown

export class Conflicts {
  /** Fields that wait for an answer, by subject and path. @type {Map<string, Met>} */
  #open = new Map();

  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
  }

  /** A field was not stored: somebody gave it another value. @param {Met} met */
  met(met) {
    const conflicts = /** @type {Conflict[]} */ (met.problem.conflicts ?? []);
    if (conflicts.some((conflict) => conflict.is_gone) || !conflicts.length) return this.keep(met.problem.detail, met.value);
    this.settle(met.subject, met.path);
    this.#open.set(nameOf(met), met);
    this.editor.announce(met.problem.detail);
    return this.show();
  }

  /** Put the boxes beside the fields of the form that is shown. */
  show() {
    const { inspector } = this.editor;
    for (const met of this.#open.values()) {
      const field = inspector.fieldOf(met.subject, met.path);
      if (!field) continue;
      if (!field.querySelector(":scope > .clash")) this.#box(field, met);
      const stored = JSON.stringify(storedIn(field));
      met.stored ??= stored;
      if (met.stored === stored) continue;
      met.stored = stored;
      inspector.storeAgain(field, met.value, met.seen);
    }
  }

  /** Whether what was typed into this control still has to be decided about. @param {Element} control */
  holds(control) {
    const field = /** @type {HTMLElement | null} */ (control.closest("[data-path]"));
    return field !== null && this.#open.has(nameOf({ subject: this.editor.inspector.shown, path: JSON.parse(field.dataset.path ?? "[]") }));
  }

  /** It has been stored after all. @param {string} subject @param {(string | number)[]} path */
  settle(subject, path) {
    this.#open.delete(nameOf({ subject, path }));
    this.editor.inspector.fieldOf(subject, path)?.querySelector(":scope > .clash")?.remove();
  }

  /** @param {HTMLElement} field @param {Met} met */
  #box(field, met) {
    const [first] = /** @type {Conflict[]} */ (met.problem.conflicts);
    const box = element("div", "clash");
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", `Two values for ${first.label}`);
    const theirs = met.problem.conflicts.map((/** @type {Conflict} */ each) => each.theirs).join("\n");
    const mine = met.problem.conflicts.map((/** @type {Conflict} */ each) => each.mine).join("\n");
    const values = element("dl", "clash-values");
    values.append(...row(first.by, theirs), ...row("You", mine));
    box.append(element("p", "", `${first.by} changed this while you did.`), values);
    const buttons = element("div", "row row-tight");
    buttons.append(
      button("Keep mine", "button button-small button-primary", () => {
        this.settle(met.subject, met.path);
        this.editor.inspector.storeAgain(field, met.value);
      }),
      button("Take theirs", "button button-small", () => {
        this.settle(met.subject, met.path);
        void this.editor.inspector.takeTheirs(field);
        this.editor.announce(`Took the value of ${first.by}`);
      }),
    );
    box.append(buttons);
    field.append(box);
    field.dataset.refused = "";
  }

  /** What it was typed for is gone: keep it to be copied. @param {string} reason @param {unknown} value */
  keep(reason, value) {
    const text = typeof value === "string" ? value : value === null || value === undefined ? "" : JSON.stringify(value, null, 2);
    const { editor } = this;
    editor.announce(reason);
    if (!text.trim()) return editor.refuse(reason);
    editor.notice.ask("kept", `${reason} You had typed: “${clipped(text)}”`, [
      { label: "Copy what I typed", act: () => void this.#copy(text), isMain: true },
      { label: "Forget it", act: () => {} },
    ]);
    return undefined;
  }

  /** @param {string} text */
  async #copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      this.editor.say("Copied what you had typed");
    } catch {
      this.keep("The clipboard could not be reached.", text);
    }
  }

  /** An edit of one's own that cannot be undone any more must not stand in the way of those before it.
   * @param {string} reason @param {number} revision */
  passOver(reason, revision) {
    const { editor } = this;
    editor.announce(reason);
    editor.notice.ask("undo", reason, [
      { label: "Undo what I did before that", act: () => run(editor, "undo", { before: revision }) },
      { label: "Leave it", act: () => {}, isMain: true },
    ]);
  }
}

/** @param {{subject: string, path: (string | number)[]}} met */
function nameOf({ subject, path }) {
  return JSON.stringify([subject, path]);
}

/** @param {string} text */
function clipped(text) {
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
}

/** @param {string} name @param {string} className @param {string} [text] @returns {HTMLElement} */
function element(name, className, text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

/** @param {string} who @param {string} value @returns {HTMLElement[]} */
function row(who, value) {
  return [element("dt", "", who), element("dd", value ? "" : "muted", value ? clipped(value) : "not set")];
}

/** @param {string} label @param {string} className @param {() => void} act @returns {HTMLElement} */
function button(label, className, act) {
  const made = /** @type {HTMLButtonElement} */ (element("button", className, label));
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}
