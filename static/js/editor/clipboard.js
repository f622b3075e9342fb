// @ts-check
/**
 * Copy, cut and paste through the system's clipboard, as flow-file JSON: within a flow, between flows, between organizations, from
 * a text editor. Where the browser keeps the clipboard from pages (no HTTPS), a copy stays within this browser.
 */

import { arrival } from "./attention.js";
import { removeSelected } from "./commands.js";

/** @typedef {import("./main.js").Editor} Editor */

const KEPT = "quadrille-clipboard";
const MANY = 100; // things whose pasting may take a moment
const NO_TASKS = "The clipboard holds no tasks. What was copied in an editor can be pasted, and a flow file as JSON.";

export class Clipboard {
  #isMiddle = false;

  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    document.addEventListener("copy", (event) => this.#copied(event, false));
    document.addEventListener("cut", (event) => this.#copied(event, true));
    document.addEventListener("paste", (event) => this.#pasted(event));
    // On Linux the middle button pastes what is marked somewhere; here it moves the canvas. Nothing else tells the two apart.
    document.addEventListener("auxclick", (event) => {
      this.#isMiddle = event.button === 1;
      setTimeout(() => (this.#isMiddle = false));
    });
  }

  /** Whether the canvas is what the keys are for just now. @param {Event} event */
  #isOurs(event) {
    const target = event.target instanceof Element ? event.target : document.body;
    if (document.querySelector("dialog[open]") || target.closest("input, textarea, select, [contenteditable]")) return false;
    return target === document.body || this.editor.svg.contains(target) || this.editor.outline.element.contains(target);
  }

  /** @param {ClipboardEvent} event @param {boolean} isCut */
  #copied(event, isCut) {
    if (!this.#isOurs(event) || String(getSelection() ?? "") !== "") return;
    event.preventDefault();
    this.editor.standing.take();
    if (isCut) void this.cut();
    else void this.copy();
  }

  /** @returns {Promise<boolean>} whether there is a copy now */
  async copy() {
    const { editor } = this;
    const refs = editor.selection.refs.filter((ref) => ["task", "phase", "note"].includes(editor.graph.nodes.get(ref)?.type ?? ""));
    if (!refs.length) {
      editor.refuse("Select the tasks to copy first.");
      return false;
    }
    const isKept = await keep(this.#fetch(refs));
    if (isKept) editor.announce(refs.length === 1 ? "Copied" : `Copied ${refs.length} things`);
    else editor.refuse("This could not be copied. Try again.");
    return isKept;
  }

  /** @param {string[]} refs @returns {Promise<string>} rejects when it did not work */
  async #fetch(refs) {
    const { doors, keyboard, queue } = this.editor;
    keyboard.flush();
    await queue.idle();
    const { status, body } = await doors.post("copy", { refs });
    if (status !== 200) throw new Error("The copy was refused.");
    return JSON.stringify(body, null, 2);
  }

  async cut() {
    if (!this.editor.canEdit) return this.editor.refuse("You may look at this flow, not change it.");
    const { refs } = this.editor.selection;
    if (!(await this.copy())) return undefined;
    removeSelected(this.editor, refs);
    return undefined;
  }

  /** @param {ClipboardEvent} event */
  #pasted(event) {
    if (!this.#isOurs(event)) return;
    event.preventDefault();
    if (this.#isMiddle) return;
    this.paste(event.clipboardData?.getData("text/plain") ?? "");
  }

  /** Paste by a menu: the browser may ask whether this page may read the clipboard. @param {{x: number, y: number}} at on the canvas */
  async pasteHere(at) {
    this.editor.pointer = at;
    const text = await navigator.clipboard?.readText().catch(() => "");
    return this.paste(text ?? "");
  }

  /** @param {string} text of the clipboard */
  paste(text) {
    const { editor } = this;
    if (!editor.canEdit) return editor.refuse("You may look at this flow, not change it.");
    const fragment = read(text) ?? read(localStorage.getItem(KEPT) ?? "");
    if (!fragment) return editor.refuse(text.trim() ? NO_TASKS : "The clipboard is empty. Copy tasks first.");
    const at = this.#place();
    const under = editor.graph.phaseAt({ x: at[0], y: at[1] });
    const phase = under ? under.ref.slice("phase:".length) : null;
    const arrive = arrival(editor);
    const reason = tooMany(editor, fragment);
    if (reason) return editor.refuse(reason);
    const size = [fragment.tasks, fragment.phases, fragment.notes].reduce((sum, list) => sum + (Array.isArray(list) ? list.length : 0), 0);
    if (size >= MANY) {
      editor.hint(`Pasting ${size.toLocaleString("en")} things…`, true);
      editor.announce(`Pasting ${size.toLocaleString("en")} things…`);
    }
    const done = editor.queue.push({
      door: "paste",
      body: { fragment, at, phase },
      accepted({ added = [] }) { // not told where it had got through before
        const isThere = added.length > 0 && arrive(added);
        editor.announce(added.length > 1 ? `Pasted ${added.length} things` : "Pasted");
        const node = editor.graph.nodes.get(added[0]);
        if (node && isThere) editor.viewport.reveal(node);
      },
      refused: (problem) => editor.refuse(problem.errors?.length ? `${problem.errors[0].path}: ${problem.errors[0].message}` : problem.detail),
      stale: (problem) => editor.offerAgain(problem.detail, () => this.paste(text)),
    });
    if (size >= MANY) void done.then(() => editor.hint(""));
    return done;
  }

  /** Under the pointer where it is over the canvas, else in the middle of what is seen. @returns {[number, number]} */
  #place() {
    const { pointer, viewport } = this.editor;
    const { x, y, width, height } = viewport.seen;
    const at = pointer ?? { x: x + width / 2, y: y + height / 2 };
    return [Math.round(at.x), Math.round(at.y)];
  }
}

/** Put a text that is still on its way onto the clipboard. It is promised to the browser at once, within the key press: later it
 * would be refused. @param {Promise<string>} text @returns {Promise<boolean>} */
async function keep(text) {
  text.catch(() => {}); // awaited below, or by the browser
  try {
    localStorage.removeItem(KEPT);
    if (navigator.clipboard && "ClipboardItem" in window) {
      const blob = text.then((ready) => new Blob([ready], { type: "text/plain" }));
      await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
      return true;
    }
  } catch {
    // Not allowed here: it is kept in this browser.
  }
  try {
    localStorage.setItem(KEPT, await text);
    return true;
  } catch {
    return false;
  }
}

/** @param {string} text @returns {Record<string, unknown> | null} the tasks in it, if there are any */
function read(text) {
  try {
    const found = JSON.parse(text);
    return found && typeof found === "object" && [found.tasks, found.phases, found.notes].some(Array.isArray) ? found : null;
  } catch {
    return null;
  }
}

/** Why a flow cannot take so many tasks more: said before they are on their way.
 * @param {Editor} editor @param {Record<string, unknown>} fragment @returns {string} empty where it can */
function tooMany(editor, fragment) {
  const [most, here] = [Number(editor.root.dataset.mostTasks), editor.graph.tasks.length];
  const more = Array.isArray(fragment.tasks) ? fragment.tasks.length : 0;
  if (here + more <= most) return "";
  const [limit, now, wanted] = [most, here, more].map((number) => number.toLocaleString("en"));
  return `A flow has at most ${limit} tasks: this one has ${now}, and ${wanted} are to be pasted.`;
}
