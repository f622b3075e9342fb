// @ts-check
/**
 * The mouse, the pen and the fingers on the canvas. What is pressed decides what a drag does: a card moves, a handle draws an
 * edge, a frame's title moves the frame, its corner resizes it, the paper gives a rubber band (mouse) or moves (finger, middle
 * button, space). Moves are shown once per frame and told to the server once, on drop.
 */

import { drawEdge, redrawEdge } from "./connect.js";
import { distance } from "./geometry.js";
import { dragCards, dragFrame, resizeFrame, rubberBand } from "./drags.js";

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {import("./geometry.js").Point} Point */
/**
 * @typedef {{move: (point: Point, event: PointerEvent) => boolean | void, drop: (point: Point, event: PointerEvent) => void,
 *   cancel: () => void, click?: (event: PointerEvent) => void, cursor?: string, shape?: string}} Drag
 *   points are in canvas units; `cursor`: of a drag that the canvas does not follow, `shape`: of one that it does; `move` answers whether it wants to be called again in the next frame; `click` is called instead of `drop` when the pointer hardly moved
 */

const SLACK = 4; // pixels within which a press is a click
const EDGE = 36; // pixels from the border where the canvas begins to follow a drag
const TITLE_HEIGHT = 32;

export class Gestures {
  /** @type {Map<number, PointerEvent>} */
  #fingers = new Map();
  /** @type {{drag: Drag, start: PointerEvent, last: PointerEvent, isMoving: boolean} | null} */
  #active = null;
  #frame = 0;
  #isByPointer = false;
  isSpaceHeld = false;
  /** Whether the next drag on paper draws a band, whatever it is made with. */
  #isBandNext = false;

  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    const { svg } = editor;
    svg.addEventListener("pointerdown", (event) => this.#press(event));
    svg.addEventListener("pointermove", (event) => this.#move(event));
    svg.addEventListener("pointerup", (event) => this.#release(event));
    svg.addEventListener("pointercancel", () => this.cancel());
    addEventListener("pointerdown", () => this.#mark(true), { capture: true });
    addEventListener("keydown", () => this.#mark(false), { capture: true });
    svg.addEventListener("focusin", () => this.#mark(this.#isByPointer));
    svg.addEventListener("auxclick", (event) => event.preventDefault());
    svg.addEventListener("dblclick", (event) => this.#open(event));
  }

  /** A ring around what a mouse pressed tells nothing new; the keyboard needs it. Marked is what has the focus; where that is the canvas itself,
   * with a word of its own: by that of a card the style of every card would be looked at anew. @param {boolean} isByPointer whether a
   * pointer was used last, and not a key */
  #mark(isByPointer) {
    this.#isByPointer = isByPointer;
    const { svg } = this.editor;
    const active = document.activeElement;
    if (!(active instanceof SVGElement) || !svg.contains(active)) return;
    active.toggleAttribute(active === svg ? "data-ringless" : "data-pressed", isByPointer);
  }

  get isActive() {
    return this.#active !== null;
  }

  /** The next drag on paper selects what it touches, as a mouse's does: for fingers, which move the paper. @param {boolean} [isNext] */
  drawBand(isNext = true) {
    if (isNext !== this.#isBandNext) this.editor.hint(isNext ? "Drag a band around what to select" : "", true);
    this.#isBandNext = isNext;
  }

  /** Stop as if nothing had been begun: Escape, a lost pointer. */
  cancel() {
    this.#fingers.clear();
    const active = this.#active;
    this.#end();
    active?.drag.cancel();
  }

  /** @param {PointerEvent} event */
  #press(event) {
    this.#fingers.set(event.pointerId, event);
    if (this.#fingers.size === 2) return this.#pinch();
    if (this.#active || this.#fingers.size > 2) return;
    const drag = this.#begin(event);
    if (!drag) return;
    event.preventDefault();
    this.editor.svg.setPointerCapture(event.pointerId);
    this.editor.viewport.hold(true);
    this.#active = { drag, start: event, last: event, isMoving: false };
  }

  /** What this press may turn into. @param {PointerEvent} event @returns {Drag | null} */
  #begin(event) {
    const { editor } = this;
    const target = /** @type {Element} */ (event.target);
    if (event.button === 1 || (event.button === 0 && this.isSpaceHeld)) return this.#pan();
    if (event.button !== 0) return null;
    editor.focusCanvas();
    const at = editor.viewport.onCanvas(event);
    const port = target.closest("[data-port]");
    if (port instanceof SVGElement && editor.canEdit) return drawEdge(editor, port.dataset.port ?? "", port.dataset.on ?? "success");
    const end = target.closest("[data-end]");
    if (end instanceof SVGElement && editor.canEdit) return redrawEdge(editor, end.dataset.ref ?? "", end.dataset.end ?? "");
    const corner = target.closest("[data-corner]");
    if (corner instanceof SVGElement) return resizeFrame(editor, corner.dataset.ref ?? "", corner.dataset.corner ?? "", at);
    const ref = editor.refOf(target);
    const node = editor.graph.nodes.get(ref);
    if (node?.type === "phase" && at.y - node.y > TITLE_HEIGHT) return this.#paper(event, at, ref);
    if (node?.type === "phase") return dragFrame(editor, ref, at, event);
    if (ref) return dragCards(editor, ref, at, event);
    return this.#paper(event, at, "");
  }

  /** @param {PointerEvent} event @param {Point} at @param {string} under the phase under the press @returns {Drag} */
  #paper(event, at, under) {
    const select = (/** @type {PointerEvent} */ up) => (up.shiftKey ? undefined : this.editor.selection.set(under));
    const isBand = this.#isBandNext;
    this.drawBand(false);
    if (event.pointerType === "touch" && !isBand) return { ...this.#pan(), click: select };
    return { ...rubberBand(this.editor, at), click: select };
  }

  /** @returns {Drag} */
  #pan() {
    const { viewport } = this.editor;
    let before = this.#fingers.values().next().value;
    const follow = (/** @type {Point} */ _, /** @type {PointerEvent} */ event) => {
      if (before) viewport.pan(event.clientX - before.clientX, event.clientY - before.clientY);
      before = event;
    };
    return { move: follow, drop: () => {}, cancel: () => {}, cursor: "grabbing" };
  }

  /** Two fingers: move and zoom at once, whatever was begun with the first. */
  #pinch() {
    this.#active?.drag.cancel();
    const { viewport } = this.editor;
    const spread = () => {
      const [a, b] = [...this.#fingers.values()].map((finger) => viewport.onScreen(finger));
      return { middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }, width: Math.max(1, distance(a, b)) };
    };
    let before = spread();
    const follow = () => {
      if (this.#fingers.size < 2) return;
      const now = spread();
      viewport.pan(now.middle.x - before.middle.x, now.middle.y - before.middle.y);
      viewport.zoomTo((viewport.view.scale * now.width) / before.width, now.middle);
      before = now;
    };
    const start = /** @type {PointerEvent} */ (this.#fingers.values().next().value);
    this.#active = { drag: { move: follow, drop: () => {}, cancel: () => {} }, start, last: start, isMoving: true };
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (this.#fingers.has(event.pointerId)) this.#fingers.set(event.pointerId, event);
    const active = this.#active;
    if (!active) return;
    active.last = event;
    if (!active.isMoving) {
      const far = Math.hypot(event.clientX - active.start.clientX, event.clientY - active.start.clientY);
      if (far < SLACK) return;
      active.isMoving = true;
      this.editor.svg.dataset.dragging = active.drag.cursor ?? active.drag.shape ?? "move";
    }
    this.#frame ||= requestAnimationFrame(() => this.#show());
  }

  #show() {
    this.#frame = 0;
    const active = this.#active;
    if (!active?.isMoving) return;
    const follows = !active.drag.cursor && this.#follow(active.last);
    const isLeft = active.drag.move(this.editor.viewport.onCanvas(active.last), active.last);
    if (follows || isLeft) this.#frame ||= requestAnimationFrame(() => this.#show());
  }

  /** Let the canvas follow a drag that nears its border. @param {PointerEvent} event */
  #follow(event) {
    const { viewport } = this.editor;
    if (this.#fingers.size > 1) return false;
    const { x, y } = viewport.onScreen(event);
    const { width, height } = viewport.size;
    const [dx, dy] = [push(x, width), push(y, height)];
    if (dx || dy) viewport.pan(dx, dy);
    return dx !== 0 || dy !== 0;
  }

  /** @param {PointerEvent} event */
  #release(event) {
    this.#fingers.delete(event.pointerId);
    const active = this.#active;
    if (!active) return;
    if (this.#fingers.size > 0) return;
    const at = this.editor.viewport.onCanvas(event);
    this.#end();
    if (active.isMoving) {
      active.drag.move(at, event);
      active.drag.drop(at, event);
    } else if (active.drag.click) {
      active.drag.click(event);
      active.drag.cancel();
    } else {
      active.drag.cancel();
    }
  }

  #end() {
    const wasMoving = this.#active?.isMoving ?? false;
    this.#active = null;
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    delete this.editor.svg.dataset.dragging;
    this.editor.viewport.hold(false);
    this.editor.settled(wasMoving);
  }

  /** A double click opens the form of something; on paper, also that of a phase, and on an edge it asks what is to stand there. @param {MouseEvent} event */
  #open(event) {
    const { editor } = this;
    // What was pressed belongs to the canvas until it is let go, and so does the event.
    const target = document.elementFromPoint(event.clientX, event.clientY);
    const ref = target ? editor.refOf(target) : "";
    const place = editor.viewport.onCanvas(event);
    const node = editor.graph.nodes.get(ref);
    const isPaper = !ref || (node?.type === "phase" && place.y - node.y > TITLE_HEIGHT);
    const edge = editor.graph.edges.has(ref) ? ref : undefined;
    if ((isPaper || edge) && editor.canEdit) void editor.menu.by("addHere", { x: event.clientX, y: event.clientY }, place, edge);
    else if (ref) editor.openInspector(ref);
  }
}

/** How many pixels to move the canvas when the pointer is at `at` of `length`. @param {number} at @param {number} length */
function push(at, length) {
  if (at < EDGE) return Math.ceil((EDGE - Math.max(at, 0)) / 4);
  return at > length - EDGE ? -Math.ceil((EDGE - Math.max(length - at, 0)) / 4) : 0;
}
