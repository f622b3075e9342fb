// @ts-check
/** The list of what can be added: click or Enter adds, a drag puts it where it is dropped. */

import { addAtPlace, addNote, addPhase, addSomewhere, NOTE, PHASE } from "./commands.js";
import { likeness } from "./chooser.js";
import { contains, snapPoint } from "./geometry.js";
import { hideGhost, showGhost } from "./preview.js";

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {{id: string, kind: string, name: string, hint: string, icon: string, tone: string, settings: object}} Preset */

const SLACK = 5;
/** Of what is no card. @type {Record<string, import("./geometry.js").Size>} */
const SIZES = { note: NOTE, phase: PHASE };
const TYPING_ENDS = 600; // milliseconds without a key after which a search is done
const HOLD = 350; // milliseconds after which a finger holds what it rests on, whichever way it goes then

/** @param {HTMLElement} root @returns {Preset[]} what the palette offers, in its order */
export function presets(root) {
  return [...root.querySelectorAll(".palette-item[data-kind]")].map((item) => presetOf(/** @type {HTMLElement} */ (item)));
}

/** @param {HTMLElement} item @returns {Preset} */
function presetOf(item) {
  const { preset: id = "", kind = "", name = "", hint = "", icon = "", tone = "", settings = "{}" } = item.dataset;
  return { id, kind, name, hint, icon, tone, settings: JSON.parse(settings) };
}

export class Palette {
  /** @type {number | undefined} */
  #telling;
  /** What the words are most likely meant for: Enter adds it. @type {HTMLElement | undefined} */
  #best;

  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    this.element = /** @type {HTMLElement} */ (editor.root.querySelector(".palette"));
    this.input = /** @type {HTMLInputElement} */ (this.element.querySelector("input"));
    this.empty = /** @type {HTMLElement} */ (this.element.querySelector("[data-empty]"));
    this.input.addEventListener("input", () => this.#filter());
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.element.addEventListener("click", (event) => {
      const item = /** @type {Element} */ (event.target).closest(".palette-item");
      if (item instanceof HTMLElement && !this.wasDragged) this.#add(item);
      this.wasDragged = false;
    });
    this.element.addEventListener("pointerdown", (event) => this.#press(event));
    // There from the start: what is added under a finger that is down comes too late to keep the list from scrolling.
    this.element.addEventListener("touchmove", (event) => this.#keep(event), { passive: false });
    this.element.addEventListener("contextmenu", (event) => this.#keep(event));
    this.wasDragged = false;
  }

  focus() {
    this.editor.openSide("palette");
    this.input.focus();
    this.input.select();
  }

  /** @param {HTMLElement} item */
  #add(item) {
    clearTimeout(this.#telling);
    this.editor.closeSide("palette");
    if (item.dataset.preset === "phase") addPhase(this.editor);
    else if (item.dataset.preset === "note") void addNote(this.editor);
    else addSomewhere(this.editor, presetOf(item));
  }

  get #items() {
    return /** @type {HTMLElement[]} */ ([...this.element.querySelectorAll(".palette-item")]).filter((item) => item.offsetParent !== null);
  }

  #filter() {
    const words = this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const item of /** @type {NodeListOf<HTMLElement>} */ (this.element.querySelectorAll(".palette-item"))) {
      const text = `${item.dataset.name} ${item.dataset.hint} ${item.dataset.preset}`.toLowerCase();
      item.hidden = !words.every((word) => text.includes(word));
    }
    for (const group of /** @type {NodeListOf<HTMLElement>} */ (this.element.querySelectorAll(".palette-group"))) {
      group.hidden = !group.querySelector(".palette-item:not([hidden])");
    }
    const items = this.#items;
    this.empty.hidden = items.length > 0;
    const like = (/** @type {HTMLElement} */ item) => likeness(item.dataset.name ?? "", words);
    this.#best = [...items].sort((a, b) => like(b) - like(a))[0];
    for (const item of items) item.classList.toggle("is-best", words.length > 0 && item === this.#best);
    clearTimeout(this.#telling);
    if (words.length) this.#telling = window.setTimeout(() => this.#tell(items), TYPING_ENDS);
  }

  /** Say what was found, once nothing more is typed. @param {HTMLElement[]} items */
  #tell(items) {
    this.editor.announce(items.length ? `${items.length} found. Enter adds ${this.#best?.dataset.name}` : "Nothing of that name");
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const items = this.#items;
    if (event.key === "Enter" && event.target === this.input) {
      event.preventDefault();
      const item = this.#best ?? items[0];
      if (item) this.#add(item);
      return;
    }
    if (event.key === "Escape") {
      event.preventDefault();
      if (this.input.value) {
        this.input.value = "";
        this.#filter();
      } else {
        this.editor.closeSide("palette");
        this.editor.focusCanvas();
      }
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = items.indexOf(/** @type {HTMLElement} */ (document.activeElement)) + step;
    if (next < 0) this.input.focus();
    else items[Math.min(next, items.length - 1)]?.focus();
  }

  /** Nothing scrolls and no menu opens while a finger holds something. @param {Event} event */
  #keep(event) {
    if (event.cancelable && this.element.querySelector(".is-held")) event.preventDefault();
  }

  /** A press that may become a drag onto the canvas; a finger that goes up or down at once scrolls the list instead, one that
   * rests first holds what it rests on. @param {PointerEvent} press */
  #press(press) {
    const item = /** @type {Element} */ (press.target).closest(".palette-item");
    this.wasDragged = false;
    if (!(item instanceof HTMLElement) || press.button !== 0) return;
    const stop = new AbortController();
    const { signal } = stop;
    const held = press.pointerType === "touch" ? setTimeout(() => item.classList.add("is-held"), HOLD) : 0;
    const end = () => {
      stop.abort();
      clearTimeout(held);
      item.classList.remove("is-held");
      this.#show(null);
    };
    addEventListener("pointermove", (event) => {
      const [x, y] = [Math.abs(event.clientX - press.clientX), Math.abs(event.clientY - press.clientY)];
      // Held sideways, too: else the browser flings the list on as the finger lifts, and takes the next tap for its end.
      if (!this.wasDragged && x > Math.max(y, SLACK)) item.classList.add("is-held");
      this.wasDragged ||= Math.hypot(x, y) > SLACK;
      if (this.wasDragged) this.#show(event, SIZES[item.dataset.preset ?? ""]);
    }, { signal });
    addEventListener("pointerup", (event) => {
      if (this.wasDragged && this.#isOver(event)) this.#drop(item, event);
      end();
    }, { signal });
    addEventListener("pointercancel", end, { signal });
    addEventListener("keydown", (event) => {
      if (event.key === "Escape") end();
    }, { signal });
    item.addEventListener("dragstart", (event) => event.preventDefault(), { signal });
  }

  /** @param {PointerEvent} event */
  #isOver(event) {
    const point = { x: event.clientX, y: event.clientY };
    // In a narrow window the list lies over the canvas.
    return contains(this.editor.svg.getBoundingClientRect(), point) && !contains(this.element.getBoundingClientRect(), point);
  }

  /** @param {PointerEvent} event @param {import("./geometry.js").Size} [card] @returns {import("./geometry.js").Point} where its corner goes */
  #corner(event, card = this.editor.card) {
    const { viewport } = this.editor;
    const point = viewport.onCanvas(event);
    return snapPoint({ x: point.x - card.width / 2, y: point.y - card.height / 2 });
  }

  /** @param {PointerEvent} event @returns {string | null} the edge under the pointer */
  #edgeAt(event) {
    // The body itself lies over everything while something is dragged, for the cursor's sake.
    const below = document.elementsFromPoint(event.clientX, event.clientY).find((element) => element !== document.body);
    const ref = below ? this.editor.refOf(below) : "";
    return ref.startsWith("edge:") ? ref : null;
  }

  /** @param {PointerEvent | null} event @param {import("./geometry.js").Size} [size] of what is no card */
  #show(event, size) {
    const { editor } = this;
    document.documentElement.classList.toggle("is-dragging", event !== null);
    for (const element of editor.svg.querySelectorAll(".is-parted")) element.classList.remove("is-parted");
    if (!event || !this.#isOver(event)) {
      hideGhost(editor);
      editor.showDropPhase(null, { x: 0, y: 0 });
      return;
    }
    showGhost(editor, { ...this.#corner(event, size), ...(size ?? editor.card) });
    if (size) return;
    const edge = this.#edgeAt(event);
    if (edge) editor.element(edge)?.classList.add("is-parted");
    editor.showDropPhase(new Set(), editor.viewport.onCanvas(event));
  }

  /** @param {HTMLElement} item @param {PointerEvent} event */
  #drop(item, event) {
    this.editor.closeSide("palette");
    const { preset = "" } = item.dataset;
    const corner = this.#corner(event, SIZES[preset]);
    if (preset === "note") void addNote(this.editor, corner);
    else if (preset === "phase") void addPhase(this.editor, corner);
    else addAtPlace(this.editor, presetOf(item), { at: this.#corner(event), onEdge: this.#edgeAt(event) });
  }
}
