// @ts-check
/**
 * The flow as a nested list, in place of the canvas: for keyboard, screen reader and phone. The same facts, the same commands.
 * Rows are kept while what they say stays the same, so that the focus and what is folded survive every change. Loaded by
 * ./outline_door.js.
 */

import { addAfter, reorderBranch, showActions } from "./outline_actions.js";
import { flat, outlineOf } from "./outline_tree.js";
import { connectByKeys, redirectByKeys, restartByKeys } from "./connect_lists.js";
import { addPhase, duplicateSelected, removeSelected } from "./commands.js";
import { iconFor } from "./chooser.js";
import { isMuted } from "./single_keys.js";

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {import("./outline_tree.js").Item} Item */

const DRAWERS = "(max-width: 820px)"; // as in css/editor.css

export class Outline {
  /** @type {Map<string, HTMLLIElement>} rows by key */
  #rows = new Map();
  /** @type {Map<string, Item>} */
  #items = new Map();
  /** @type {Set<string>} keys of what is folded */
  #folded = new Set();

  /** @param {Editor} editor @param {HTMLElement} element */
  constructor(editor, element) {
    this.editor = editor;
    this.element = element;
    this.list = /** @type {HTMLElement} */ (element.querySelector(".outline-list"));
    this.empty = /** @type {HTMLElement} */ (element.querySelector("[data-empty]"));
    this.list.addEventListener("click", (event) => this.#clicked(event));
    this.list.addEventListener("focusin", (event) => this.#current(this.#rowOf(event.target)));
    this.list.addEventListener("keydown", (event) => this.#key(event));
    this.show();
  }

  get isShown() {
    return this.editor.root.dataset.view === "outline";
  }

  // ------------------------------------------------------------------ drawing

  /** Bring the list up to date. */
  show() {
    if (!this.isShown) return;
    const items = outlineOf(this.editor.graph);
    const entries = flat(items);
    this.#items = new Map(entries.map(({ item }) => [item.key, item]));
    for (const [key, row] of this.#rows) {
      if (this.#items.has(key)) continue;
      row.remove();
      this.#rows.delete(key);
    }
    this.#fill(this.list, items);
    this.empty.hidden = entries.length > 1;
    this.mark();
  }

  /** @param {HTMLElement} list @param {Item[]} items */
  #fill(list, items) {
    items.forEach((item, at) => {
      const row = this.#row(item);
      if (list.children[at] !== row) list.insertBefore(row, list.children[at] ?? null);
      const inner = /** @type {HTMLElement} */ (row.lastElementChild);
      this.#fill(inner, item.children);
      inner.hidden = !item.children.length || this.#folded.has(item.key);
    });
    while (list.children.length > items.length) list.lastElementChild?.remove();
  }

  /** @param {Item} item @returns {HTMLLIElement} */
  #row(item) {
    const facts = this.editor.graph.nodes.get(item.ref);
    const said = [item.name, facts?.kind_label ?? "", facts?.summary ?? "", item.words, this.#said(item), this.#leads(item), String(item.children.length > 0)];
    let row = this.#rows.get(item.key);
    if (!row) {
      row = document.createElement("li");
      row.dataset.key = item.key;
      row.append(document.createElement("div"), document.createElement("ol"));
      this.#rows.set(item.key, row);
    }
    const signature = JSON.stringify([...said, facts?.icon, facts?.tone]);
    if (row.dataset.said === signature) return row;
    row.dataset.said = signature;
    const hadFocus = row.firstElementChild?.contains(document.activeElement);
    row.firstElementChild?.replaceWith(this.#head(item));
    if (hadFocus) nameOf(row).focus();
    return row;
  }

  /** @param {Item} item @returns {string} where it goes on, if that is not what comes next */
  #leads(item) {
    const to = this.editor.graph.nodes.get(item.to);
    return to ? `goes on at ${to.name}` : "";
  }

  /** @param {Item} item @returns {string} how many comments wait for an answer */
  #said(item) {
    return item.type === "task" ? (this.editor.comments?.wordsFor(item.ref) ?? "") : "";
  }

  /** @param {Item} item @returns {HTMLElement} */
  #head(item) {
    const facts = this.editor.graph.nodes.get(item.ref);
    const tone = item.type === "edge" ? (this.editor.graph.edges.get(item.ref)?.on === "error" ? "errored" : "plain") : (facts?.tone ?? "plain");
    const head = build("div", `outline-row outline-${item.type} tone-${tone}`);
    const fold = build("button", "outline-fold", { type: "button", tabindex: "-1", "data-fold": "" });
    fold.append(build("span", "hush", {}, `What is in ${item.name}`), iconFor("chevron-right"));
    if (!item.children.length) fold.classList.add("is-leaf");
    if (!item.children.length) fold.disabled = true;
    const name = build("button", "outline-name", { type: "button", tabindex: "-1", "data-name": "" });
    const icon = item.type === "edge" ? "branch" : (facts?.icon ?? "dot");
    const text = build("span", "outline-text");
    name.append(iconFor(icon), text);
    if (item.type !== "task") text.append(build("span", "hush", {}, { edge: "Edge: ", phase: "Phase: ", note: "Note: ", trigger: "" }[item.type]));
    text.append(build("b", "", {}, item.name));
    const summary = facts?.summary && facts.summary !== facts.kind_label ? facts.summary : "";
    const words = [facts?.kind_label, summary, item.words, this.#said(item)].filter(Boolean).join(" · ");
    if (words) text.append(build("span", "outline-words clip", {}, words));
    const leads = this.#leads(item);
    if (leads) text.append(build("span", "outline-leads clip", {}, leads));
    text.append(build("span", "outline-problem", { "data-problem": "" }));
    const more = build("button", "outline-more button button-quiet button-icon button-small", { type: "button", tabindex: "-1", "data-more": "", "aria-haspopup": "dialog" });
    more.append(build("span", "hush", {}, `What can be done with ${item.name}`), iconFor("more"));
    head.append(fold, name, more);
    return head;
  }

  /** Show what is selected, what has problems, and which row the tab key leads to. */
  mark() {
    if (!this.isShown) return;
    const { selection, problems } = this.editor;
    for (const [key, row] of this.#rows) {
      const ref = this.#items.get(key)?.ref ?? "";
      const isSelected = selection.has(ref);
      row.firstElementChild?.classList.toggle("is-selected", isSelected);
      nameOf(row).setAttribute("aria-pressed", String(isSelected));
      row.querySelector(":scope > div > .outline-fold")?.setAttribute("aria-expanded", String(!this.#folded.has(key)));
      const worst = problems?.worst.get(ref) ?? "";
      const mark = /** @type {HTMLElement} */ (row.querySelector(":scope > div [data-problem]"));
      if (mark.dataset.problem !== worst) {
        mark.dataset.problem = worst;
        mark.replaceChildren(...(worst ? [iconFor("alert"), build("span", "hush", {}, worst === "error" ? "Has an error" : "Has a warning")] : []));
      }
    }
    const here = this.#rowOf(document.activeElement) ?? this.#rowFor(selection.leading) ?? this.list.firstElementChild;
    this.#current(here instanceof HTMLLIElement ? here : null);
  }

  /** The one row in the tab order. @param {HTMLLIElement | null} row */
  #current(row) {
    if (!row) return;
    for (const button of this.list.querySelectorAll("[tabindex='0']")) button.setAttribute("tabindex", "-1");
    for (const button of row.querySelectorAll(":scope > div > :is([data-name], [data-more])")) button.setAttribute("tabindex", "0");
  }

  // ------------------------------------------------------------------ rows

  /** @param {EventTarget | null} target @returns {HTMLLIElement | null} */
  #rowOf(target) {
    const row = target instanceof Element && this.list.contains(target) ? target.closest("li") : null;
    return row instanceof HTMLLIElement ? row : null;
  }

  /** @param {string} ref @returns {HTMLLIElement | undefined} */
  #rowFor(ref) {
    const item = [...this.#items.values()].find((each) => each.ref === ref);
    return item && this.#rows.get(item.key);
  }

  /** @param {Element | null} target @returns {string} the ref of the row it lies in; empty for none */
  refOf(target) {
    return this.#items.get(this.#rowOf(target)?.dataset.key ?? "")?.ref ?? "";
  }

  /** Stand on the row of something; what is folded around it opens. @param {string} ref */
  focus(ref) {
    const row = this.#rowFor(ref) ?? this.list.firstElementChild;
    if (!(row instanceof HTMLLIElement)) return;
    for (let around = row.parentElement?.closest("li"); around; around = around.parentElement?.closest("li")) {
      if (this.#folded.has(around.dataset.key ?? "")) this.#fold(around, false);
    }
    nameOf(row).focus({ preventScroll: true });
    row.firstElementChild?.scrollIntoView({ block: "nearest" });
  }

  /** @param {string} ref @returns {{x: number, y: number} | null} where on the screen something about it may open */
  placeOnScreen(ref) {
    const box = this.#rowFor(ref)?.firstElementChild?.getBoundingClientRect();
    return box ? { x: box.left + 24, y: box.bottom } : null;
  }

  /** @param {HTMLLIElement} row @param {boolean} isFolded */
  #fold(row, isFolded) {
    const item = this.#items.get(row.dataset.key ?? "");
    if (!item?.children.length) return;
    if (isFolded) this.#folded.add(item.key);
    else this.#folded.delete(item.key);
    /** @type {HTMLElement} */ (row.lastElementChild).hidden = isFolded;
    row.querySelector(":scope > div > .outline-fold")?.setAttribute("aria-expanded", String(!isFolded));
  }

  // ------------------------------------------------------------------ mouse, finger, keys

  /** @param {MouseEvent} event */
  #clicked(event) {
    const { editor } = this;
    const target = /** @type {Element} */ (event.target);
    const row = this.#rowOf(target);
    const item = this.#items.get(row?.dataset.key ?? "");
    if (!row || !item) return;
    if (target.closest("[data-fold]")) return this.#fold(row, !this.#folded.has(item.key));
    if (target.closest("[data-more]")) {
      editor.selection.set(item.ref);
      return void showActions(editor, item);
    }
    if (event.shiftKey || event.ctrlKey || event.metaKey) editor.selection.toggle(item.ref);
    else if (matchMedia(DRAWERS).matches && event.detail > 0) editor.openInspector(item.ref);
    else editor.selection.set(item.ref);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const row = this.#rowOf(event.target);
    const item = this.#items.get(row?.dataset.key ?? "");
    if (!row || !item || isMuted(event)) return;
    const act = this.#acts(row, item, event.shiftKey)[keyName(event)];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  /** @param {HTMLLIElement} row @param {Item} item @param {boolean} isShifted @returns {Record<string, () => void>} */
  #acts(row, item, isShifted) {
    const { editor } = this;
    const { graph } = editor;
    const edge = graph.edges.get(item.ref);
    const refOfNode = edge?.source ?? item.ref;
    /** @type {Record<string, () => void>} */
    const looking = {
      ArrowDown: () => this.#step(row, 1),
      ArrowUp: () => this.#step(row, -1),
      ArrowRight: () => (this.#folded.has(item.key) ? this.#fold(row, false) : item.children.length && this.#step(row, 1)),
      ArrowLeft: () => this.#out(row, item),
      Home: () => this.#stand(this.#visible()[0]),
      End: () => this.#stand(this.#visible().at(-1)),
      "Shift+ArrowDown": () => this.#step(row, 1, true),
      "Shift+ArrowUp": () => this.#step(row, -1, true),
      "Shift+F10": () => void showActions(editor, item),
      ContextMenu: () => void showActions(editor, item),
      ".": () => void showActions(editor, item),
      Escape: () => editor.selection.clear(),
    };
    if (!isName(document.activeElement)) return looking;
    looking.Enter = () => editor.openInspector(item.ref);
    looking[" "] = () => editor.selection.toggle(item.ref);
    looking.m = () => void editor.comments.open(item.type === "task" ? item.ref : "");
    looking["Control+a"] = () => selectAll(editor);
    if (!editor.canEdit) return looking;
    return {
      ...looking,
      Delete: () => this.#remove(item),
      Backspace: () => this.#remove(item),
      F2: () => item.type !== "trigger" && editor.rename(item.ref),
      a: () => void addAfter(editor, item),
      c: () => void (edge ? (isShifted ? restartByKeys : redirectByKeys)(editor, edge) : connectByKeys(editor, refOfNode)),
      x: () => void connectByKeys(editor, refOfNode, "error"),
      g: () => void addPhase(editor),
      "Alt+ArrowUp": () => void reorderBranch(editor, item, -1),
      "Alt+ArrowDown": () => void reorderBranch(editor, item, 1),
      "Control+d": () => void duplicateSelected(editor),
    };
  }

  /** @param {Item} item */
  #remove(item) {
    const { editor } = this;
    if (!editor.selection.has(item.ref)) editor.selection.set(item.ref);
    void removeSelected(editor);
  }

  #visible() {
    return [...this.#rows.values()].filter((row) => row.offsetParent !== null).sort(inOrder);
  }

  /** @param {HTMLLIElement} row @param {number} by @param {boolean} [isAdding] */
  #step(row, by, isAdding = false) {
    const rows = this.#visible();
    this.#stand(rows[rows.indexOf(row) + by], isAdding);
  }

  /** @param {HTMLLIElement} row @param {Item} item fold, or go to what is around */
  #out(row, item) {
    const around = row.parentElement?.closest("li");
    if (item.children.length && !this.#folded.has(item.key)) this.#fold(row, true);
    else if (around) this.#stand(around);
  }

  /** @param {HTMLLIElement | undefined} row @param {boolean} [isAdding] */
  #stand(row, isAdding = false) {
    const item = this.#items.get(row?.dataset.key ?? "");
    if (!row || !item) return;
    nameOf(row).focus({ preventScroll: true });
    row.firstElementChild?.scrollIntoView({ block: "nearest" });
    const { selection } = this.editor;
    if (isAdding) selection.set(...selection.refs, item.ref);
    else selection.set(item.ref);
  }
}

/** @param {HTMLLIElement} row @returns {HTMLButtonElement} */
function nameOf(row) {
  return /** @type {HTMLButtonElement} */ (row.querySelector(":scope > div > [data-name]"));
}

/** @param {Element | null} element */
function isName(element) {
  return element?.matches("[data-name]") ?? false;
}

/** @param {HTMLElement} a @param {HTMLElement} b */
function inOrder(a, b) {
  return a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1;
}

/** @param {KeyboardEvent} event @returns {string} `Control+d`, `Alt+ArrowUp`, `a` */
function keyName(event) {
  const held = [event.ctrlKey || event.metaKey ? "Control" : "", event.altKey ? "Alt" : "", event.shiftKey && event.key.length > 1 ? "Shift" : ""];
  return [...held.filter(Boolean), event.key.length === 1 ? event.key.toLowerCase() : event.key].join("+");
}

/** @template {keyof HTMLElementTagNameMap} T @param {T} tag @param {string} classes @param {Record<string, string>} [attributes]
 * @param {string} [text] @returns {HTMLElementTagNameMap[T]} */
function build(tag, classes, attributes = {}, text = "") {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  return element;
}
