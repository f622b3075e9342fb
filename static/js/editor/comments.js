// @ts-check
/**
 * Comments beside the canvas: the panel of what is selected, counts on the cards, live for everyone. The server draws the panel
 * (designer/views/comments.py); what one is typing survives every update.
 */

import { csrfToken } from "../csrf.js";
import { attention } from "./attention.js";
import { watch } from "../live.js";
import { replacePart } from "../live/morph.js";
import { svgElement } from "./parts.js";

/** @typedef {import("./main.js").Editor} Editor */

const PATIENCE = 20_000; // milliseconds

export class Comments {
  /** Open threads by task key; empty for the flow. @type {Record<string, number>} */
  #counts = {};
  /** Tasks that have been marked. @type {string[]} */
  #marked = [];
  #latest = 0;
  /** The task whose comments were asked for last: the panel shows them once they are here. Empty for the flow. */
  #asked = "";
  /** What had the keyboard when the panel was opened, and gets it back; empty: the button. */
  #from = "";
  /** Panels that were left with something half typed, by task. @type {Map<string, HTMLElement>} */
  #left = new Map();
  /** @type {Promise<import("./mentions.js").MentionHelp> | null} */
  #help = null;

  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    this.base = editor.root.dataset.comments ?? "";
    this.element = /** @type {HTMLElement} */ (document.getElementById("comments"));
    this.toggle = /** @type {HTMLElement | null} */ (document.getElementById("comments-toggle"));
    this.element.addEventListener("submit", (event) => this.#submitted(event));
    this.element.addEventListener("click", (event) => this.#clicked(event));
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.toggle?.addEventListener("click", () => (this.isOpen ? this.close() : void this.open(this.#selectedTask)));
    const asked = new URLSearchParams(location.search).get("comments");
    if (asked !== null) void this.#openAsked(asked);
  }

  /** Follow what others say. @returns {() => void} stops it */
  watch() {
    return watch({
      topic: `comments:${this.editor.root.dataset.flow}`,
      sync: `${this.base}sync`,
      onUpdate: ({ data }) => {
        if (!data?.counts) return;
        this.#counts = data.counts;
        this.mark();
        this.editor.outline?.show();
        if (this.isOpen) void this.#load(this.#asked);
      },
    });
  }

  get isOpen() {
    return !this.element.hidden;
  }

  get panel() {
    return /** @type {HTMLElement | null} */ (this.element.querySelector("#comments-panel"));
  }

  /** The task whose comments are shown; empty for the flow. */
  get subject() {
    return this.panel?.dataset.subject ?? "";
  }

  /** The task that is selected alone; empty for anything else. */
  get #selectedTask() {
    const { selection, graph } = this.editor;
    const leading = selection.leading;
    return selection.refs.length === 1 && graph.nodes.get(leading)?.type === "task" ? leading : "";
  }

  /** How many threads are open on a task, in words; empty for none. @param {string} ref */
  wordsFor(ref) {
    const count = this.#counts[ref] ?? 0;
    return count ? `${count} open comment${count === 1 ? "" : "s"}` : "";
  }

  /** @param {string} ref @param {{focus?: boolean}} [how] */
  async open(ref, { focus = true } = {}) {
    if (!this.isOpen) this.#from = this.editor.focusedRef;
    const hasGoneOn = attention();
    this.element.hidden = false;
    this.toggle?.setAttribute("aria-expanded", "true");
    this.#help ??= import("./mentions.js")
      .then(({ MentionHelp }) => new MentionHelp(this.element, (text) => this.editor.announce(text)))
      .catch(() => (this.#help = null)); // comments do without; the next one asks for it once more
    await Promise.all([this.#load(ref), this.#help]);
    const first = this.element.querySelector("#comment-new") ?? this.element.querySelector("[data-comments-close]");
    if (focus && this.isOpen && !hasGoneOn() && first instanceof HTMLElement) first.focus();
  }

  /** From a link: the task is selected as well. @param {string} ref */
  async #openAsked(ref) {
    await Promise.resolve(); // the editor is still being put together
    if (ref && this.editor.graph.has(ref)) this.editor.walkTo(ref);
    await this.open(ref, { focus: false });
  }

  close() {
    this.element.hidden = true;
    this.toggle?.setAttribute("aria-expanded", "false");
    if (this.#from && this.editor.graph.has(this.#from)) this.editor.focus(this.#from);
    else this.toggle?.focus();
  }

  /** Something else has been selected. */
  selected() {
    if (this.isOpen && this.#selectedTask !== this.#asked) void this.#load(this.#selectedTask);
  }

  /** @param {string} subject */
  async #load(subject) {
    this.#latest += 1;
    const number = this.#latest;
    this.#asked = subject;
    const html = await this.#ask("", { subject });
    if (number !== this.#latest) return;
    if (html === null) this.#asked = this.subject;
    else this.#show(html);
  }

  /** @param {string} html */
  #show(html) {
    const { panel } = this;
    if (!panel) return;
    const template = document.createElement("template");
    template.innerHTML = html;
    const fresh = /** @type {HTMLElement | null} */ (template.content.querySelector("#comments-panel"));
    const subject = fresh?.dataset.subject ?? "";
    if (fresh && subject === panel.dataset.subject) replacePart(panel, html);
    else if (fresh) {
      if (isTyped(panel)) this.#left.set(this.subject, panel);
      const left = this.#left.get(subject);
      this.#left.delete(subject);
      panel.replaceWith(left ?? fresh);
      if (left) replacePart(left, html);
    }
  }

  /** Counts on the cards and in their names. */
  mark() {
    const { editor } = this;
    for (const ref of new Set([...this.#marked, ...Object.keys(this.#counts)])) {
      const [task, element] = [editor.graph.nodes.get(ref), editor.element(ref)];
      if (task?.type !== "task" || !element) continue;
      const count = this.#counts[ref] ?? 0;
      const old = element.querySelector(":scope > .comment-badge");
      if (old?.getAttribute("data-count") !== String(count)) {
        old?.remove();
        if (count) element.append(this.#badge(task, count));
      }
      const words = this.wordsFor(task.ref);
      element.setAttribute("aria-label", words ? `${task.label}, ${words}` : task.label);
    }
    this.#marked = Object.keys(this.#counts);
    const total = Object.values(this.#counts).reduce((sum, count) => sum + count, 0);
    const shown = this.toggle?.querySelector("[data-count]");
    if (shown) shown.textContent = total ? String(total) : "";
  }

  /** @param {import("./graph.js").NodeFacts} task @param {number} count */
  #badge(task, count) {
    const badge = svgElement("g", { class: "comment-badge", "data-count": count, transform: `translate(${task.width - 10} -8)` });
    const width = 22 + 6 * String(count).length;
    const text = svgElement("text", { x: 17, y: 12.5 });
    text.textContent = String(count);
    const bubble = svgElement("path", { class: "comment-bubble", d: "M5 5.5h8v6H9l-2.2 2v-2H5Z" });
    badge.append(svgElement("rect", { x: 0, y: 0, width, height: 18, rx: 9 }), bubble, text);
    badge.addEventListener("pointerdown", (event) => event.stopPropagation());
    badge.addEventListener("click", (event) => {
      event.stopPropagation();
      this.editor.selection.set(task.ref);
      void this.open(task.ref);
    });
    return badge;
  }

  // ------------------------------------------------------------------ saying something

  /** @param {Event} event */
  #submitted(event) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    const door = form.dataset.commentsPost;
    if (door === undefined) return;
    event.preventDefault();
    void this.#post(door, new FormData(form), form);
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const target = /** @type {Element} */ (event.target);
    if (target.closest("[data-comments-close]")) return this.close();
    const edited = target.closest("[data-comments-cancel]") && editOf(target);
    if (edited) return leave(edited);
    const go = target.closest("[data-comments-go]");
    if (go instanceof HTMLElement) return this.#go(go.dataset.commentsGo ?? "");
    const button = target.closest("button[data-comments-post]");
    if (button instanceof HTMLElement) void this.#post(button.dataset.commentsPost ?? "", new FormData(), null);
    return undefined;
  }

  /** @param {string} ref */
  #go(ref) {
    if (ref) this.editor.walkTo(ref);
    else this.editor.selection.clear();
    void this.open(ref);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.defaultPrevented) return;
    const edited = editOf(/** @type {Element} */ (event.target));
    if (event.key === "Escape" && edited?.open) leave(edited);
    else if (event.key === "Escape") this.close();
    const form = /** @type {Element} */ (event.target).closest("form");
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form instanceof HTMLFormElement) form.requestSubmit();
  }

  /** @param {string} door @param {FormData} data @param {HTMLFormElement | null} form */
  async #post(door, data, form) {
    if (form?.dataset.busy) return;
    if (form) form.dataset.busy = "true";
    const { subject } = this;
    data.set("subject", subject);
    const hasGoneOn = attention();
    const area = form?.querySelector("textarea");
    const said = area?.value;
    const answer = await this.#send(door, data);
    if (form) delete form.dataset.busy;
    if (answer.ok) {
      const edited = editOf(form);
      const isSame = area?.value === said; // else one is saying the next already
      if (area && !edited && isSame) area.value = "";
      // Another task's comments may have been asked for meanwhile.
      if (this.#asked === subject) {
        this.#latest += 1;
        this.#show(answer.text);
      }
      if (edited && isSame) leave(edited, !hasGoneOn());
      this.editor.announce(form ? "Comment stored" : "Done");
      return;
    }
    const place = form?.querySelector(".field-error");
    if (place) place.textContent = answer.text; // what was typed stays in its field
    else this.editor.refuse(answer.text);
  }

  /** @param {string} door @param {FormData} data @returns {Promise<{ok: boolean, text: string}>} */
  async #send(door, data) {
    try {
      const response = await fetch(this.base + door, {
        method: "POST", body: data, headers: { "X-CSRFToken": csrfToken() }, signal: AbortSignal.timeout(PATIENCE),
      });
      if (response.redirected) return { ok: false, text: "You have been signed out. Sign in in another tab, then try again." };
      if (response.ok || response.status === 422) return { ok: response.ok, text: await response.text() };
      return { ok: false, text: response.status === 404 ? "This is not there any more." : "The server could not do it. Try again." };
    } catch {
      return { ok: false, text: "The server cannot be reached. Try again." };
    }
  }

  /** @param {string} door @param {Record<string, string>} query @returns {Promise<string | null>} */
  async #ask(door, query) {
    try {
      const response = await fetch(`${this.base}${door}?${new URLSearchParams(query)}`, { signal: AbortSignal.timeout(PATIENCE) });
      return response.ok && !response.redirected ? await response.text() : null;
    } catch {
      return null;
    }
  }
}

/** Where one's own comment is edited, around an element in it. @param {Element | null} element @returns {HTMLDetailsElement | null} */
function editOf(element) {
  return element?.closest("details.comment-edit") ?? null;
}

/** Whether something is typed in it that is not stored. @param {HTMLElement} panel */
function isTyped(panel) {
  return [...panel.querySelectorAll("textarea")].some((area) => area.value !== area.defaultValue);
}

/** Close it, with what is stored in its field again. @param {HTMLDetailsElement} edited @param {boolean} [isHere] the keyboard goes along */
function leave(edited, isHere = true) {
  const area = edited.querySelector("textarea");
  const error = edited.querySelector(".field-error");
  if (area) area.value = area.defaultValue;
  if (error) error.textContent = "";
  edited.open = false;
  if (isHere) edited.querySelector("summary")?.focus();
}
