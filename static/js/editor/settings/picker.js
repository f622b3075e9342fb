// @ts-check
/**
 * Choosing data to refer to: from a tree in a dialog (the button beside a field), or from a list while one types `{{`.
 *
 * What there is, is asked of the server for what the inspector shows: `data?subject=`.
 */

import { attention } from "../attention.js";
import { insertion, rowsOf, search, spotIn, template, wordIn } from "./data.js";
import { notes, piece, placeBeside } from "./popup.js";
import { typeInto } from "./typing.js";

/** @typedef {import("./data.js").DataNode} DataNode @typedef {HTMLInputElement | HTMLTextAreaElement} TextField */

export class Picker {
  /** @type {{subject: string, revision: number, tree: Promise<DataNode[]>} | null} */
  #known = null;

  /** @param {import("../main.js").Editor} editor @param {import("./popup.js").Popup} popup */
  constructor(editor, popup) {
    this.editor = editor;
    this.popup = popup;
    this.dialog = new PickerDialog();
  }

  /** What can be referred to from what the inspector shows. @returns {Promise<DataNode[]>} */
  tree() {
    const subject = this.editor.inspector.shown;
    const { revision } = this.editor.queue;
    if (this.#known?.subject !== subject || this.#known.revision !== revision) {
      const tree = this.editor.ask("data", { subject }).then((answer) => answer?.tree ?? []);
      this.#known = { subject, revision, tree };
    }
    return this.#known.tree;
  }

  /** Open the tree for a field. @param {TextField} field */
  async open(field) {
    const caret = field.selectionStart ?? field.value.length;
    const end = field.selectionEnd ?? caret;
    const hasGoneOn = attention();
    const tree = await this.tree();
    // A list that opens late is not to take what is typed elsewhere.
    if (hasGoneOn() || !field.isConnected) return;
    const node = await this.dialog.ask(tree, field);
    field.focus();
    if (!node) return;
    this.#insert(field, node.path, caret, end);
    this.editor.announce(`Inserted ${node.path}`);
  }

  /** @param {TextField} field @param {string} path @param {number} caret @param {number} end */
  #insert(field, path, caret, end) {
    if (field.dataset.pick === "path") return typeInto(field, 0, field.value.length, path);
    const spot = spotIn(field.value, caret);
    if (spot) return typeInto(field, spot.from, Math.max(spot.to, end), insertion(spot, path));
    return typeInto(field, caret, end, template(path));
  }

  /** Something was typed: suggest what it may become. @param {TextField} field */
  async suggest(field) {
    if (!spotOf(field)) return this.popup.close();
    const tree = await this.tree();
    if (document.activeElement !== field) return undefined;
    const spot = spotOf(field); // one has typed on meanwhile
    if (!spot) return this.popup.close();
    const found = search(tree, spot.typed).filter((node) => node.path !== spot.typed);
    return this.popup.show(field, found.map((node) => ({ ...node, text: node.path, label: node.path })), (chosen) => {
      typeInto(field, spot.from, spot.to, insertion(spot, chosen.text));
    });
  }
}

/** Where something is being referred to, if anything is. @param {TextField} field */
function spotOf(field) {
  return field.dataset.pick === "path" ? whole(field) : spotIn(field.value, field.selectionStart ?? 0);
}

/** A field that holds a path alone. @param {TextField} field @returns {import("./data.js").Spot} */
function whole(field) {
  return { ...wordIn("", 0), from: 0, to: field.value.length, typed: field.value.trim() };
}

/** The tree in its dialog. */
class PickerDialog {
  /** @type {Set<string>} */
  #open = new Set(["input", "steps", "vars"]);

  constructor() {
    this.dialog = /** @type {HTMLDialogElement} */ (document.getElementById("picker"));
    this.input = /** @type {HTMLInputElement} */ (this.dialog.querySelector("input"));
    this.list = /** @type {HTMLElement} */ (this.dialog.querySelector("[role=tree]"));
    this.empty = /** @type {HTMLElement} */ (this.dialog.querySelector("[data-empty]"));
  }

  /** @param {DataNode[]} tree @param {HTMLElement} beside @returns {Promise<DataNode | null>} */
  ask(tree, beside) {
    const { signal, abort } = aborting();
    /** @type {import("./data.js").Row[]} */
    let rows = [];
    let at = 0;
    /** @type {DataNode | null} */
    let answer = null;

    const mark = () => {
      [...this.list.children].forEach((item, place) => item.setAttribute("aria-selected", String(place === at)));
      const current = this.list.children[at];
      current?.scrollIntoView({ block: "nearest" });
      if (current) this.input.setAttribute("aria-activedescendant", current.id);
      else this.input.removeAttribute("aria-activedescendant");
    };
    const show = () => {
      const typed = this.input.value.trim();
      rows = typed
        ? search(tree, typed).map((node) => ({ node, level: 1, isOpen: false, isShort: false }))
        : rowsOf(tree, this.#open);
      this.list.replaceChildren(...rows.map(itemFor));
      this.empty.hidden = rows.length > 0;
      at = Math.min(at, Math.max(0, rows.length - 1));
      mark();
    };
    const turn = (/** @type {number} */ place, /** @type {boolean} */ isOpen) => {
      const path = rows[place]?.node.path;
      if (path === undefined || this.input.value.trim()) return;
      if (isOpen) this.#open.add(path);
      else this.#open.delete(path);
      at = place;
      show();
    };
    const parentOf = (/** @type {number} */ place) => rows.slice(0, place).findLastIndex((row) => row.level < rows[place].level);
    const take = (/** @type {number} */ place) => {
      answer = rows[place]?.node ?? null;
      if (answer) this.dialog.close();
    };

    this.input.value = "";
    this.input.addEventListener("input", () => {
      at = 0;
      show();
    }, { signal });
    this.dialog.addEventListener("keydown", (event) => {
      const row = rows[at];
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const isTree = this.input.value === "";
      if (step && rows.length) {
        at = (at + step + rows.length) % rows.length;
        mark();
      } else if (event.key === "Enter") take(at);
      else if (event.key === "Escape") this.dialog.close(); // a search field would only be emptied
      else if (event.key === "ArrowRight" && isTree && row?.node.children && !row.isOpen) turn(at, true);
      else if (event.key === "ArrowLeft" && isTree && row?.isOpen) turn(at, false);
      else if (event.key === "ArrowLeft" && isTree && row && parentOf(at) >= 0) {
        at = parentOf(at);
        mark();
      } else return event.stopPropagation();
      event.preventDefault();
      return event.stopPropagation();
    }, { signal });
    this.list.addEventListener("click", (event) => {
      const target = /** @type {Element} */ (event.target);
      const item = target.closest("[role=treeitem]");
      if (!item) return;
      const place = [...this.list.children].indexOf(item);
      if (target.closest(".picker-turn")) turn(place, !rows[place].isOpen);
      else take(place);
    }, { signal });
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close(), { signal });

    show();
    this.dialog.showModal();
    placeBeside(this.dialog, beside.getBoundingClientRect());
    this.input.focus();
    return new Promise((resolve) => {
      this.dialog.addEventListener("close", () => {
        abort();
        resolve(answer);
      }, { once: true });
    });
  }
}

function aborting() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

/** @param {import("./data.js").Row} row @param {number} place */
function itemFor({ node, level, isOpen, isShort }, place) {
  const item = document.createElement("li");
  item.id = `picker-${place}`;
  item.className = "picker-item";
  item.setAttribute("role", "treeitem");
  item.setAttribute("aria-level", String(level));
  item.dataset.level = String(Math.min(level, 8));
  if (node.children && isShort) item.setAttribute("aria-expanded", String(isOpen));
  const turn = piece(node.children && isShort ? "picker-turn" : "picker-leaf", "");
  turn.setAttribute("aria-hidden", "true");
  item.append(turn, piece("suggest-name clip", isShort ? node.name : node.path), ...notes(node));
  return item;
}
