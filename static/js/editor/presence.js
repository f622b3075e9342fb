// @ts-check
/**
 * Who else is here: faces in the bar above, selections and cursors on the canvas. Tells the others where this page is, at most
 * ten times a second, over a socket of its own (designer/live/presence.py).
 */

import { closingReason, reconnectDelay } from "../live/topics.js";
import { svgElement } from "./parts.js";
import { peopleOf, turnover, whereIs } from "./people.js";

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {import("./people.js").Person} Person */

const BEAT = 2500; // milliseconds
const PAUSE = 100;
const AROUND = 7; // canvas units between a card and the frame of who has selected it
const FRAME_GAP = 4; // between the frames of two who have selected the same
const TAG_STEP = 20; // a name above the other
const QUIET = 60_000; // who comes back within this time is not announced again
const MOST_SELECTED = 50;
const POINTER = "M0 0 L0 15 L4.2 11.4 L7 17.6 L9.8 16.3 L7 10.3 L12.4 9.8 Z";

export class Presence {
  /** @type {Person[]} */
  #people = [];
  /** @type {WebSocket | null} */
  #socket = null;
  #failures = 0;
  #isOver = false;
  #retry = 0;
  #timer = 0;
  #sentAt = 0;
  #frame = 0;
  /** @type {[number, number] | null} */
  #cursor = null;
  /** When somebody was last announced, by id. @type {Map<number, number>} */
  #announced = new Map();

  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    this.list = /** @type {HTMLElement | null} */ (document.getElementById("people"));
    this.layer = editor.layer.appendChild(svgElement("g", { id: "people-layer", "aria-hidden": "true" }));
    editor.svg.addEventListener("pointermove", (event) => this.#pointed(event));
    editor.svg.addEventListener("pointerleave", () => {
      this.#cursor = null;
      this.moved();
    });
    this.list?.addEventListener("click", (event) => {
      const button = /** @type {Element} */ (event.target).closest("[data-person]");
      if (button instanceof HTMLElement) this.go(Number(button.dataset.person));
    });
  }

  /** Be here, and see who else is. @returns {() => void} leaves */
  begin() {
    const beat = window.setInterval(() => this.#send(), BEAT);
    const watcher = () => this.#seen();
    document.addEventListener("visibilitychange", watcher);
    this.#connect();
    return () => {
      this.#isOver = true;
      clearInterval(beat);
      clearTimeout(this.#retry);
      clearTimeout(this.#timer);
      document.removeEventListener("visibilitychange", watcher);
      this.#socket?.close();
    };
  }

  // ------------------------------------------------------------------ what this page tells

  #connect() {
    if (this.#isOver || this.#socket) return;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/live/presence/${this.editor.root.dataset.flow}/`);
    this.#socket = socket;
    socket.addEventListener("open", () => {
      this.#failures = 0;
      this.#send();
    });
    socket.addEventListener("message", (event) => this.#heard(JSON.parse(event.data).people));
    socket.addEventListener("close", (event) => {
      this.#socket = null;
      this.#heard([]);
      if (closingReason(event.code) !== "lost") this.#isOver = true;
      if (this.#isOver) return;
      this.#failures += 1;
      this.#retry = window.setTimeout(() => this.#connect(), reconnectDelay(this.#failures, Math.random()));
    });
  }

  #seen() {
    if (document.visibilityState === "visible") this.#send();
    else if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ leave: true }));
  }

  /** @param {PointerEvent} event */
  #pointed(event) {
    const { x, y } = this.editor.viewport.onCanvas(event);
    this.#cursor = [Math.round(x), Math.round(y)];
    this.moved();
  }

  /** Something of this page has moved: tell it soon. */
  moved() {
    if (this.#timer) return;
    const wait = Math.max(0, this.#sentAt + PAUSE - performance.now());
    this.#timer = window.setTimeout(() => this.#send(), wait);
  }

  #send() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (this.#socket?.readyState !== WebSocket.OPEN || document.visibilityState !== "visible") return;
    this.#sentAt = performance.now();
    const selected = this.editor.selection.refs.slice(-MOST_SELECTED);
    this.#socket.send(JSON.stringify({ selected, cursor: this.#cursor }));
  }

  // ------------------------------------------------------------------ what the others tell

  /** @param {import("./people.js").Entry[]} entries */
  #heard(entries) {
    const people = peopleOf(entries);
    const { came, went } = turnover(this.#people, people);
    this.#people = people;
    if (!this.#isOver) this.#announce(came, went);
    this.#showFaces();
    this.show();
  }

  /** @param {Person[]} came @param {Person[]} went */
  #announce(came, went) {
    const now = performance.now();
    const fresh = came.filter(({ id }) => now - (this.#announced.get(id) ?? -QUIET) >= QUIET);
    for (const { id } of [...came, ...went]) this.#announced.set(id, now);
    if (fresh.length) this.editor.announce(`${fresh.map(({ name }) => name).join(", ")} ${fresh.length === 1 ? "is" : "are"} here too`);
  }

  /** @param {string} ref */
  #nameOf(ref) {
    const { graph } = this.editor;
    return graph.nodes.get(ref)?.name ?? graph.edges.get(ref)?.label ?? "";
  }

  /** The faces in the bar: a button each, kept while somebody stays so that it keeps the focus. */
  #showFaces() {
    const { list } = this;
    if (!list) return;
    list.hidden = this.#people.length === 0;
    const wanted = new Set(this.#people.map(({ id }) => String(id)));
    for (const old of [...list.children]) if (!wanted.has(old.firstElementChild?.getAttribute("data-person") ?? "")) old.remove();
    for (const person of this.#people) {
      const item = this.#face(person);
      if (item.parentElement !== list) list.append(item); // moving it would take its focus
    }
  }

  /** @param {Person} person @returns {HTMLElement} */
  #face(person) {
    const { list } = this;
    const known = list?.querySelector(`[data-person="${person.id}"]`);
    const button = /** @type {HTMLButtonElement} */ (known ?? document.createElement("button"));
    const item = button.parentElement ?? document.createElement("li");
    if (!known) item.append(button);
    const doing = person.is_looking ? ", looking" : "";
    const words = `${person.name}${doing}, ${whereIs(person, (ref) => this.#nameOf(ref))}`;
    button.type = "button";
    button.className = `person person-${person.colour}`;
    button.dataset.person = String(person.id);
    if (button.textContent !== person.initials) button.textContent = person.initials;
    if (button.title !== words) {
      button.title = words;
      button.setAttribute("aria-label", `${words}. Go there.`);
    }
    return item;
  }

  /** Look where somebody is. @param {number} id */
  go(id) {
    const { editor } = this;
    const person = this.#people.find((one) => one.id === id);
    if (!person) return;
    const ref = person.selected.at(-1) ?? "";
    const edge = editor.graph.edges.get(ref);
    const node = editor.graph.nodes.get(ref) ?? editor.graph.nodes.get(edge?.source ?? "");
    const [x, y] = person.cursor ?? [];
    if (node) editor.viewport.reveal(node);
    else if (x !== undefined && y !== undefined) editor.viewport.reveal({ x, y, width: 1, height: 1 });
    editor.announce(`${person.name} is ${whereIs(person, (each) => this.#nameOf(each))}`);
  }

  /** Draw selections and cursors anew, at most once per frame. */
  show() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    /** @type {Map<string, Element>} */
    const drawn = new Map([...this.layer.children].map((element) => [element.getAttribute("data-key") ?? "", element]));
    /** @type {Set<string>} */
    const kept = new Set();
    /** How many stand at something: each has a frame around that of the one before. @type {Map<string, number>} */
    const standing = new Map();
    for (const person of this.#people) {
      for (const [place, ref] of person.selected.entries()) {
        const rank = standing.get(ref) ?? 0;
        standing.set(ref, rank + 1);
        this.#frameAround(person, ref, { place, rank }, drawn, kept);
      }
      if (person.cursor) this.#pointer(person, person.cursor, drawn, kept);
    }
    for (const [key, element] of drawn) if (!kept.has(key)) element.remove();
  }

  /** @param {Person} person @param {string} ref @param {{place: number, rank: number}} among their selection, and who stand there too
   * @param {Map<string, Element>} drawn @param {Set<string>} kept */
  #frameAround(person, ref, { place, rank }, drawn, kept) {
    const { graph } = this.editor;
    const key = `${person.id} ${ref}`;
    const edge = graph.edges.get(ref);
    const node = graph.nodes.get(ref);
    const line = edge ? this.editor.element(ref)?.querySelector(".edge-line")?.getAttribute("d") : null;
    if (!node && !line) return;
    kept.add(key);
    const group = drawn.get(key) ?? this.layer.appendChild(svgElement("g", { "data-key": key }));
    group.setAttribute("class", `others person-${person.colour}`);
    const parts = [];
    if (line) parts.push(svgElement("path", { class: "others-edge", d: line }));
    if (node) {
      const around = AROUND + rank * FRAME_GAP;
      const box = { x: node.x - around, y: node.y - around, width: node.width + 2 * around, height: node.height + 2 * around };
      parts.push(svgElement("rect", { class: "others-frame", ...box, rx: node.type === "trigger" ? box.width / 2 : 12 }));
      if (place === person.selected.length - 1) parts.push(...tag(person.name, node.x - AROUND + 10, node.y - AROUND - rank * TAG_STEP));
    }
    group.replaceChildren(...parts);
  }

  /** @param {Person} person @param {[number, number]} at @param {Map<string, Element>} drawn @param {Set<string>} kept */
  #pointer(person, [x, y], drawn, kept) {
    const key = `${person.id} cursor`;
    kept.add(key);
    let group = drawn.get(key);
    if (!group) {
      group = this.layer.appendChild(svgElement("g", { "data-key": key }));
      group.append(svgElement("path", { class: "others-pointer", d: POINTER }), ...tag(person.name, 12, 22));
    }
    group.setAttribute("class", `others others-cursor person-${person.colour}`);
    // The same size however near one looks.
    const transform = `translate(${x}px, ${y}px) scale(${1 / this.editor.viewport.view.scale})`;
    if (group instanceof SVGElement) group.style.setProperty("transform", transform);
  }
}

/** A name on its colour. @param {string} name @param {number} x @param {number} y of its lower edge @returns {SVGElement[]} */
function tag(name, x, y) {
  const shown = name.length > 22 ? `${name.slice(0, 21)}…` : name;
  const text = svgElement("text", { class: "others-name", x: x + 6, y: y - 5 });
  text.textContent = shown;
  return [svgElement("rect", { class: "others-tag", x, y: y - 18, width: shown.length * 7.2 + 12, height: 18, rx: 5 }), text];
}
