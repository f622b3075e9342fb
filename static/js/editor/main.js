// @ts-check
/**
 * The flow editor: holds what its rooms share and wires them together.
 *
 * The server owns the graph. The page keeps its facts (names, ends, places), shows gestures by itself, and posts one edit per
 * gesture; what comes back are the parts that changed.
 */

import "./shared.js";
import { announce } from "../announce.js";
import { watch } from "../live.js";
import { retract, toast } from "../toast.js";
import { Clipboard } from "./clipboard.js";
import { Comments } from "./comments.js";
import { Conflicts } from "./conflicts.js";
import { Collapse } from "./collapse.js";
import { Doors } from "./doors.js";
import { rehearse } from "./drags.js";
import { readAhead } from "./drawn_ways.js";
import { besideOnScreen } from "./connect.js";
import { run } from "./commands.js";
import { union } from "./geometry.js";
import { Gestures } from "./gestures.js";
import { Graph } from "./graph.js";
import { Inspector } from "./inspector.js";
import { Keyboard } from "./keyboard.js";
import { Menu } from "./menu.js";
import { Minimap } from "./minimap.js";
import { Notice } from "./notice.js";
import { OutlineDoor } from "./outline_door.js";
import { Palette } from "./palette.js";
import { applyParts } from "./parts.js";
import { Ports } from "./ports.js";
import { Presence } from "./presence.js";
import { Problems } from "./problems.js";
import { EditQueue } from "./queue.js";
import { Selection } from "./selection.js";
import { settleShifts } from "./shifts.js";
import { Standing } from "./standing.js";
import { Toolbar } from "./toolbar.js";
import { TryingDoor } from "./trying_door.js";
import { Unsaved, whileSeen } from "./unsaved.js";
import { Viewport } from "./viewport.js";

/** @typedef {import("./geometry.js").Point} Point */

const LEAST_OPENING_SCALE = 0.6;
const AFTER_DROP = 40; // milliseconds: the frame of a drop has enough to do
const REFUSAL = "refusal";
const LATEST = 300; // milliseconds after which what others do is followed, picture or not

export class Editor {
  /** Refs by element id. @type {Map<string, string>} */
  #refs = new Map();
  /** What is selected or in the tab order. @type {Set<string>} */
  #marked = new Set();
  /** Answers that came while a gesture was under way. @type {any[]} */
  #held = [];
  /** What else waits for its end. @type {(() => void)[]} */
  #waiting = [];

  /** Where the mouse is over the canvas. @type {Point | null} */
  pointer = null;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    const find = (/** @type {string} */ selector) => /** @type {any} */ (root.querySelector(selector));
    const facts = JSON.parse(find("#graph-facts").textContent);
    this.canEdit = root.dataset.canEdit === "true";
    this.card = facts.card;
    this.svg = /** @type {SVGSVGElement} */ (find("#canvas"));
    this.layer = /** @type {SVGGElement} */ (find("#canvas-layer"));
    this.overlay = /** @type {SVGGElement} */ (find("#canvas-overlay"));
    this.hintElement = /** @type {HTMLElement} */ (find("#canvas-hint"));
    this.graph = new Graph(facts);
    this.doors = new Doors(root.dataset.doors ?? "");
    this.notice = new Notice(find("#notice"));
    this.unsaved = new Unsaved(this);
    this.conflicts = new Conflicts(this);
    this.selection = new Selection(() => this.#selected());
    this.minimap = new Minimap(this, find("#minimap"));
    this.toolbar = new Toolbar(this);
    this.viewport = new Viewport(this.svg, this.layer, {
      key: `quadrille-view-${root.dataset.flow}`,
      changed: (view) => this.#viewed(view),
    });
    this.queue = new EditQueue({
      revision: Number(root.dataset.revision),
      send: (door, body) => this.doors.post(door, body),
      apply: (answer) => this.#take(answer),
      changed: (state) => this.#queued(state),
      missed: () => void this.#catchUp(),
      pushed: () => retract(REFUSAL), // one has gone on to something else
      later: whileSeen,
    });
    this.ports = new Ports(this);
    this.gestures = new Gestures(this);
    this.standing = new Standing(this);
    this.keyboard = new Keyboard(this);
    this.menu = new Menu(this);
    this.clipboard = new Clipboard(this);
    this.palette = this.canEdit ? new Palette(this) : null;
    this.inspector = new Inspector(this, find(".inspector"));
    this.presence = new Presence(this);
    this.comments = new Comments(this);
    this.#decorate();
    this.collapse = new Collapse(this);
    this.outline = new OutlineDoor(this, find("#outline"));
    this.problems = new Problems(this);
    this.trying = new TryingDoor(this);
    this.viewChanged();
    this.viewport.place();
    if (this.canEdit) readAhead(this, () => rehearse(this));
    addEventListener("beforeunload", (event) => {
      this.keyboard.flush();
      if (this.queue.state.count) event.preventDefault();
    });
    this.svg.addEventListener("pointermove", (event) => (this.pointer = this.viewport.onCanvas(event)));
    this.svg.addEventListener("pointerleave", () => (this.pointer = null));
    new ResizeObserver(() => this.minimap.follow()).observe(this.svg);
  }

  /** Follow what others do. @returns {() => void} stops it */
  watch() {
    const { topic = "", doors = "" } = this.root.dataset;
    return watch({
      topic,
      after: this.queue.revision,
      sync: `${doors}sync`,
      onUpdate: ({ data }) => {
        if (data?.revision && !this.queue.receive(data)) this.#catchUp();
      },
    });
  }

  async #catchUp() {
    const answer = await this.ask("sync", { after: String(this.queue.revision) });
    if (answer?.data?.revision) this.queue.caughtUp(answer.data);
  }

  // ------------------------------------------------------------------ what the server says

  /** An answer or a live message: at once, or when the gesture under way is over. @param {any} answer */
  #take(answer) {
    if (this.isBusy) this.#held.push(answer);
    else this.#show(answer);
  }

  /** @param {any} answer {parts, html, removed, facts, is_whole, authors} */
  #show(answer) {
    const [focused, width] = [this.focusedRef, this.standing.width];
    const removed = answer.is_whole ? this.#unknown(answer.facts) : answer.removed;
    this.graph.update({ ...answer.facts, removed });
    applyParts([...answer.parts, ...answer.html], removed);
    this.#decorate();
    this.collapse.apply();
    settleShifts(this);
    this.keyboard.showNudge();
    this.outline.show();
    this.selection.keep((ref) => this.graph.has(ref));
    this.standing.keepInSight(width);
    // New elements take the focus only now that they are in the tab order.
    if (focused && document.activeElement === document.body) this.focus(this.graph.has(focused) ? focused : "");
    this.problems.mark();
    this.ports.show();
    this.minimap.show();
    this.presence.show();
    this.inspector.refresh();
    readAhead(this);
    void this.trying.refresh();
    this.#tellAuthors(answer.authors ?? []);
  }

  /** What a full picture does not contain. @param {import("./graph.js").Facts} facts @returns {string[]} element ids */
  #unknown(facts) {
    const known = new Set([...facts.nodes, ...facts.edges].map((thing) => thing.id));
    return [...this.graph.nodes.values(), ...this.graph.edges.values()].map((thing) => thing.id).filter((id) => !known.has(id));
  }

  /** @param {{id: number | null, name: string}[]} authors of what has just been shown */
  #tellAuthors(authors) {
    const others = authors.filter((author) => String(author.id) !== this.root.dataset.user);
    if (others.length) this.announce(`${others.map((author) => author.name).join(", ")} changed this flow`);
  }

  /** A gesture has ended: show what was held back. @param {boolean} isDrop whether something was moved */
  settled(isDrop) {
    for (const answer of this.#held.splice(0)) this.#show(answer);
    for (const go of this.#waiting.splice(0)) setTimeout(go, isDrop ? AFTER_DROP : 0);
  }

  /** When no gesture is under way: what takes longer than a frame waits for this, and what is asked of the server. */
  async atRest() {
    await null; // a press that asks for this has only begun
    if (this.isBusy) await new Promise((/** @type {(_: void) => void} */ resolve) => this.#waiting.push(resolve));
  }

  get isBusy() {
    return this.gestures?.isActive ?? false;
  }

  // ------------------------------------------------------------------ elements

  /** @param {string} ref @returns {Element | null} */
  element(ref) {
    const id = (this.graph.nodes.get(ref) ?? this.graph.edges.get(ref))?.id;
    return id ? document.getElementById(id) : null;
  }

  /** @param {Element} element @returns {string} the ref of the node or edge it is a piece of; empty for none */
  refOf(element) {
    for (let here = /** @type {Element | null} */ (element); here && here !== this.svg; here = here.parentElement) {
      const ref = here.id && this.#refs.get(here.id);
      if (ref) return ref;
    }
    return "";
  }

  /** Whether there is anything but the start. */
  get isBlank() {
    return this.graph.nodes.size <= 1;
  }

  /** What script adds to the server's drawing, where that is new: a place in the tab order, a role, marks. */
  #decorate() {
    const things = [...this.graph.nodes.values(), ...this.graph.edges.values()];
    this.#refs = new Map(things.map((thing) => [thing.id, thing.ref]));
    this.root.classList.toggle("is-blank", this.isBlank);
    for (const { id, label } of things) {
      const element = document.getElementById(id);
      if (!element || element.hasAttribute("role")) continue; // whose facts are new has been drawn anew
      element.setAttribute("role", "button");
      element.setAttribute("aria-label", label);
      element.setAttribute("aria-pressed", "false");
      element.setAttribute("tabindex", "-1");
    }
    this.comments?.mark();
    this.#mark();
  }

  /** What is marked now, and what was: there may be a thousand others. */
  #mark() {
    const current = this.focusedRef || this.selection.leading || this.graph.first?.ref;
    const marked = new Set(this.selection.refs);
    if (current) marked.add(current);
    for (const ref of new Set([...this.#marked, ...marked])) {
      const element = this.element(ref);
      element?.classList.toggle("is-selected", this.selection.has(ref));
      element?.setAttribute("aria-pressed", String(this.selection.has(ref)));
      element?.setAttribute("tabindex", ref === current ? "0" : "-1");
    }
    this.#marked = marked;
  }

  #selected() {
    this.#mark();
    this.presence?.moved();
    this.outline?.mark();
    this.comments?.selected();
    this.ports.show();
    this.inspector.show();
    this.toolbar.show();
    void this.trying?.selected(this.selection.leading);
  }

  // ------------------------------------------------------------------ focus

  /** @returns {string} what has the keyboard; empty when nothing on the canvas does */
  get focusedRef() {
    const active = document.activeElement;
    if (active && this.svg.contains(active)) return this.refOf(active);
    return this.outline?.refOf(active) ?? "";
  }

  /** @param {string} ref */
  focus(ref) {
    if (this.outline.isShown) return this.outline.focus(ref);
    const element = this.element(ref);
    if (element instanceof SVGElement) element.focus({ preventScroll: true });
    else this.focusCanvas();
    return this.#mark();
  }

  focusCanvas() {
    if (this.outline.isShown) this.outline.focus("");
    else this.svg.focus({ preventScroll: true });
  }

  /** Stand on something, select it and bring it into view. @param {string | undefined} ref @param {boolean} [isAdding] */
  walkTo(ref, isAdding = false) {
    if (ref === undefined) return;
    this.collapse.open(ref);
    if (isAdding) this.selection.set(...this.selection.refs, ref);
    else this.selection.set(ref);
    this.focus(ref);
    const edge = this.graph.edges.get(ref);
    const node = this.graph.nodes.get(ref);
    const ends = edge ? [this.graph.nodes.get(edge.source), this.graph.nodes.get(edge.target)] : [node];
    const area = union(ends.filter((end) => end !== undefined));
    if (area) this.viewport.reveal(area);
  }

  /** Nodes and, for phases, the tasks in them. @param {string[]} refs @returns {string[]} */
  withContents(refs) {
    return refs.flatMap((ref) => [ref, ...this.graph.tasks.filter((task) => `phase:${task.phase}` === ref).map((task) => task.ref)]);
  }

  /** @param {string} ref @returns {Point} where on the screen something about it may open */
  placeOnScreen(ref) {
    return (this.outline.isShown && this.outline.placeOnScreen(ref)) || besideOnScreen(this, ref);
  }

  // ------------------------------------------------------------------ the rooms around the canvas

  /** @param {"palette" | "inspector"} side a drawer on small screens; always there on large ones */
  openSide(side) {
    this.root.dataset.open = side;
    for (const toggle of this.root.querySelectorAll("[data-side]")) toggle.setAttribute("aria-expanded", String(toggle.getAttribute("data-side") === side));
  }

  /** @param {"palette" | "inspector"} side */
  closeSide(side) {
    if (this.root.dataset.open === side) delete this.root.dataset.open;
    this.root.querySelector(`[data-side=${side}]`)?.setAttribute("aria-expanded", "false");
  }

  /** @param {string} ref @param {string} [path] of a setting */
  openInspector(ref, path) {
    this.selection.set(ref);
    this.openSide("inspector");
    this.inspector.focus(ref, path);
  }

  /** @param {string} ref */
  rename(ref) {
    const type = this.graph.nodes.get(ref)?.type;
    if (type === "trigger") this.refuse("The start has no name of its own.");
    else this.openInspector(ref, type === "note" ? "text" : "name");
  }

  openShortcuts() {
    const dialog = document.getElementById("shortcuts");
    if (dialog instanceof HTMLDialogElement) dialog.showModal();
  }

  /** A button of the toolbar or the inspector. @param {string} name @param {DOMStringMap} [data] */
  act(name, data = {}) {
    this.toolbar.act(name, data);
  }

  /** What is in sight has changed, though the flow has not. */
  redrawn() {
    this.collapse.apply();
    this.ports.show();
    this.minimap.show();
  }

  /** Canvas or outline has just come into sight. */
  viewChanged() {
    if (!this.viewport.wasOpened && !this.outline.isShown) this.#open();
    this.minimap.show();
  }

  #open() {
    this.viewport.wasOpened = true;
    this.overview();
  }

  /** Everything, if that can be read; else what comes first. */
  overview() {
    if (this.outline.isShown) {
      this.viewport.wasOpened = false; // when the canvas comes into sight
      return;
    }
    const { height } = this.viewport.size; // asked for between two changes it would have all laid out once more
    this.fit();
    const start = this.graph.nodes.get("trigger");
    if (this.viewport.view.scale >= LEAST_OPENING_SCALE || !start) return;
    const scale = LEAST_OPENING_SCALE;
    this.viewport.set({ x: 28 - start.x * scale, y: height / 2 - (start.y + start.height / 2) * scale, scale });
  }

  fit() {
    this.viewport.fit(union(this.graph.shown));
  }

  // ------------------------------------------------------------------ words

  /** Say aloud. @param {string} text */
  announce(text) {
    if (text) announce(text);
  }

  /** Say aloud and show. @param {string} text */
  say(text) {
    toast(text, "info");
  }

  /** Why something is not possible: it stands until one goes on to another change. @param {string} reason */
  refuse(reason) {
    toast(reason || "That is not possible.", "error", REFUSAL);
  }

  announceSelection() {
    const { length } = this.selection.refs;
    this.announce(length === 1 ? "1 thing selected" : `${length} things selected`);
  }

  /** A short word at the pointer's gesture, such as why a target is none. @param {string} text @param {boolean} [isGood] no reason against it */
  hint(text, isGood = false) {
    this.hintElement.textContent = text;
    this.hintElement.classList.toggle("is-good", isGood);
    this.hintElement.hidden = text === "";
  }

  /** Somebody else changed the same: ask whether to do it all the same. @param {string} reason @param {() => void} again */
  offerAgain(reason, again) {
    this.announce(reason);
    this.notice.ask("stale", reason, [{ label: "Do it all the same", act: again, isMain: true }, { label: "Leave it", act: () => {} }]);
  }

  /** @param {import("./queue.js").QueueState} state */
  #queued(state) {
    this.toolbar.show();
    this.unsaved.show(state);
  }

  /** @param {import("./geometry.js").View} view */
  #viewed(view) {
    this.minimap.follow();
    this.presence?.show();
    this.toolbar.zoomed(view.scale);
  }

  // ------------------------------------------------------------------ gestures show this

  /** Cards that hang in the air are drawn above the others. @param {Set<string>} refs @param {boolean} isLifted */
  lift(refs, isLifted) {
    for (const ref of refs) this.element(ref)?.classList.toggle("is-lifted", isLifted);
  }

  /** Show which phase a drop would go to. @param {Set<string> | null} refs null: no longer @param {Point} point */
  showDropPhase(refs, point) {
    const phase = refs ? this.graph.phaseAt(point) : null;
    for (const other of this.graph.phases) this.element(other.ref)?.classList.toggle("is-drop", other.ref === phase?.ref);
  }

  // ------------------------------------------------------------------ questions

  /** @param {string} door @param {Record<string, string>} query @returns {Promise<any>} null when it did not work */
  ask(door, query) {
    return this.doors.get(door, query).then((response) => response?.json() ?? null);
  }

  /** @param {string} door @param {Record<string, string>} query @returns {Promise<string | null>} null also for nothing */
  askHtml(door, query) {
    return this.doors.get(door, query).then(async (response) => (await response?.text()) || null);
  }

  undo() {
    this.keyboard.flush();
    return run(this, "undo");
  }

  redo() {
    this.keyboard.flush();
    return run(this, "redo");
  }
}

/** @param {HTMLElement} root */
export default function connect(root) {
  const editor = new Editor(root);
  const helpers = import("./settings/index.js").then(({ attach }) => attach(editor));
  void Promise.all([editor.outline.ready, helpers]).then(() => {
    editor.problems.arrive();
    root.dataset.ready = "true";
  });
  const stops = /** @type {(() => void)[]} */ ([]);
  afterPicture(() => {
    if (root.isConnected) stops.push(editor.watch(), editor.comments.watch(), editor.presence.begin());
  });
  return () => {
    for (const stop of stops) stop();
  };
}

/** Once what is here has been shown, or soon where it is not, as in a tab that nobody looks at. @param {() => void} act */
function afterPicture(act) {
  let isDone = false;
  const once = () => {
    if (!isDone) act();
    isDone = true;
  };
  requestAnimationFrame(() => setTimeout(once));
  setTimeout(once, LATEST);
}
