// @ts-check
/** The keys of the canvas; the sheet behind `?` lists them (templates/designer/editor/shortcuts.html). */

import { addPhase, duplicateSelected, moveNodes, removeSelected, run, selectAll } from "./commands.js";
import { GRID } from "./geometry.js";
import { showMoved } from "./preview.js";
import { isMuted, offerChoice } from "./single_keys.js";

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {import("./geometry.js").Direction} Direction */

/** @type {Record<string, Direction>} */
const ARROWS = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };
/** @type {Record<Direction, {x: number, y: number}>} */
const WAYS = { left: { x: -1, y: 0 }, right: { x: 1, y: 0 }, up: { x: 0, y: -1 }, down: { x: 0, y: 1 } };
const ABOUT_SELECTED = new Set(["delete", "backspace", "g", "l"]);
const NUDGE_PAUSE = 450; // milliseconds of rest after which a nudged card is told to the server

export class Keyboard {
  /** @type {{refs: Set<string>, by: {x: number, y: number}, timer: number} | null} */
  #nudge = null;

  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    offerChoice(document.querySelector("[data-single-keys]"));
    document.addEventListener("keydown", (event) => this.#anywhere(event));
    document.addEventListener("keyup", (event) => this.#released(event));
    editor.svg.addEventListener("keydown", (event) => this.#onCanvas(event));
  }

  /** Tell the server about nudges that still wait. */
  flush() {
    const nudge = this.#nudge;
    if (!nudge) return;
    clearTimeout(nudge.timer);
    this.#nudge = null;
    if (nudge.by.x || nudge.by.y) moveNodes(this.editor, nudge.refs, nudge.by);
  }

  /** Nudges that still wait are shown again, after what they move was drawn anew. */
  showNudge() {
    if (this.#nudge) showMoved(this.editor, this.#nudge.refs, this.#nudge.by);
  }

  /** Keys that work wherever the focus is, as long as nobody is typing. @param {KeyboardEvent} event */
  #anywhere(event) {
    const { editor } = this;
    if (document.querySelector("dialog[open]")) return;
    const withControl = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (withControl && key === "s") {
      event.preventDefault();
      editor.say(editor.queue.state.failed ? "Some changes are not saved yet." : "Every change is saved as you make it.");
      return;
    }
    if (withControl && key === "k") {
      event.preventDefault();
      void editor.menu.by("commands");
      return;
    }
    if (withControl && key === "f") {
      event.preventDefault();
      void editor.menu.by("find");
      return;
    }
    if (isTyping(event.target)) return;
    if (withControl && key === "z" && editor.canEdit) {
      event.preventDefault();
      this.flush();
      run(editor, event.shiftKey ? "redo" : "undo");
    } else if (withControl && key === "y" && editor.canEdit) {
      event.preventDefault();
      this.flush();
      run(editor, "redo");
    } else if (!isBoard(event.target) || isMuted(event)) {
      return;
    } else if (event.key === "?") {
      event.preventDefault();
      editor.openShortcuts();
    } else if ((event.key === "/" || key === "n") && !withControl && !event.altKey && editor.palette) {
      event.preventDefault();
      editor.palette.focus();
    } else if (event.key === " " && isCanvas(event.target)) {
      event.preventDefault();
      editor.gestures.isSpaceHeld = true;
      editor.svg.classList.add("is-pannable");
    } else if (isNowhere(event.target)) {
      this.#entered(event);
    }
  }

  /** A key while nothing has the focus, as when the page has just been opened: it is for what is in sight. @param {KeyboardEvent} event */
  #entered(event) {
    const { editor } = this;
    if (!editor.outline.isShown) this.#onCanvas(event);
    else if (ARROWS[event.key] || event.key === "Home") this.#handled(event, () => editor.focusCanvas());
  }

  /** @param {KeyboardEvent} event */
  #released(event) {
    if (event.key === " ") {
      this.editor.gestures.isSpaceHeld = false;
      this.editor.svg.classList.remove("is-pannable");
    }
    if (event.key === "Alt") this.flush();
  }

  /** Keys of the focused canvas. @param {KeyboardEvent} event */
  #onCanvas(event) {
    const { editor } = this;
    const direction = ARROWS[event.key];
    if (event.altKey && direction) return this.#handled(event, () => this.#move(direction, event.shiftKey ? 10 : 1));
    const withControl = event.ctrlKey || event.metaKey;
    if (withControl) return this.#withControl(event);
    if (event.altKey) return undefined;
    if (direction) return this.#handled(event, () => this.#walk(direction, event.shiftKey));
    if (isMuted(event)) return undefined;
    const act = this.#acts(event.shiftKey)[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return undefined;
    if (ABOUT_SELECTED.has(event.key.toLowerCase())) editor.standing.take();
    return this.#handled(event, () => act(editor));
  }

  /** @param {boolean} isShifted @returns {Record<string, (editor: Editor) => void>} */
  #acts(isShifted) {
    const { editor } = this;
    const { selection, graph } = editor;
    const focused = editor.focusedRef;
    /** @type {Record<string, (editor: Editor) => void>} */
    const looking = {
      Enter: () => editor.openInspector(focused || selection.leading),
      Escape: () => this.#escape(),
      Home: () => editor.walkTo(graph.readingOrder()[0]?.ref),
      End: () => editor.walkTo(graph.readingOrder().at(-1)?.ref),
      PageDown: () => this.#read(1),
      PageUp: () => this.#read(-1),
      e: () => this.#nextEdge(),
      p: () => this.#showPhase(),
      o: () => this.#fold(),
      m: () => void editor.comments.open(graph.nodes.get(focused || selection.leading)?.type === "task" ? focused || selection.leading : ""),
      f: () => this.#zoom(() => editor.fit()),
      "+": () => this.#zoom(() => editor.viewport.zoomIn()),
      "=": () => this.#zoom(() => editor.viewport.zoomIn()),
      "-": () => this.#zoom(() => editor.viewport.zoomOut()),
      "0": () => this.#zoom(() => editor.viewport.zoomTo(1)),
    };
    if (!editor.canEdit) return looking;
    return {
      ...looking,
      Delete: () => removeSelected(editor),
      Backspace: () => removeSelected(editor),
      c: () => this.#connect("success", isShifted),
      x: () => this.#connect("error"),
      a: () => void editor.menu.addAfter(),
      g: () => addPhase(editor),
      l: () => void editor.menu.by("arrangeSelected"),
      F2: () => editor.rename(focused || selection.leading),
    };
  }

  /** By a key, so one hears how large it is now. @param {() => void} act */
  #zoom(act) {
    act();
    this.editor.announce(`${Math.round(this.editor.viewport.view.scale * 100)} %`);
  }

  /** @param {KeyboardEvent} event */
  #withControl(event) {
    const { editor } = this;
    const key = event.key.toLowerCase();
    if (key === "a") this.#handled(event, () => selectAll(editor));
    if (key === "d" && editor.canEdit) this.#handled(event, () => {
      editor.standing.take();
      duplicateSelected(editor);
    });
  }

  /** @param {KeyboardEvent} event @param {() => void} act */
  #handled(event, act) {
    event.preventDefault();
    event.stopPropagation();
    act();
    return undefined;
  }

  /** @param {Direction} direction @param {boolean} isAdding */
  #walk(direction, isAdding) {
    const { editor } = this;
    const edge = editor.graph.edges.get(editor.focusedRef);
    if (edge) return editor.walkTo(direction === "left" || direction === "up" ? edge.source : edge.target);
    const from = editor.focusedRef || editor.graph.readingOrder()[0]?.ref;
    if (!editor.focusedRef) return editor.walkTo(from);
    const to = editor.graph.step(from, direction);
    if (to) editor.walkTo(to, isAdding);
    else editor.announce("Nothing further that way");
  }

  /** @param {number} step through everything, in reading order */
  #read(step) {
    const { editor } = this;
    const order = editor.graph.readingOrder().map((node) => node.ref);
    const at = order.indexOf(editor.focusedRef);
    editor.walkTo(order[Math.max(0, Math.min(order.length - 1, at + step))]);
  }

  /** From a node to its edges, one after the other. */
  #nextEdge() {
    const { editor } = this;
    const edge = editor.graph.edges.get(editor.focusedRef);
    const ways = editor.graph.outgoing(edge ? edge.source : editor.focusedRef);
    if (!ways.length) return editor.announce("No edge leads out of here");
    const at = edge ? ways.findIndex((way) => way.ref === edge.ref) : -1;
    editor.walkTo(ways[(at + 1) % ways.length].ref);
  }

  #showPhase() {
    const { editor } = this;
    const phase = editor.graph.nodes.get(editor.focusedRef)?.phase;
    if (phase) editor.walkTo(`phase:${phase}`);
    else editor.announce("This is in no phase");
  }

  /** Fold or unfold the phase one stands on, or in. */
  #fold() {
    const { editor } = this;
    const node = editor.graph.nodes.get(editor.focusedRef || editor.selection.leading);
    const phase = node?.type === "phase" ? node.ref : node?.phase ? `phase:${node.phase}` : "";
    if (!phase) return editor.announce("This is in no phase");
    editor.collapse.toggle(phase);
    return editor.walkTo(phase);
  }

  #escape() {
    const { editor } = this;
    if (editor.gestures.isActive) return editor.gestures.cancel();
    editor.gestures.drawBand(false);
    const edge = editor.graph.edges.get(editor.focusedRef);
    if (edge) return editor.walkTo(edge.source);
    editor.selection.clear();
    editor.focusCanvas();
    editor.announce("Nothing selected");
  }

  /** @param {"success" | "error"} on @param {boolean} [isStart] of an edge its start is led elsewhere, not its end */
  #connect(on, isStart) {
    const { editor } = this;
    const edge = editor.graph.edges.get(editor.focusedRef);
    if (edge && on === "success") return void editor.menu.by(isStart ? "restartByKeys" : "redirectByKeys", edge);
    const node = editor.graph.nodes.get(editor.focusedRef || editor.selection.leading);
    if (!node) return editor.refuse("Choose the task to connect first.");
    if (on === "error" && !node.can_fail) return editor.refuse(`${node.name} cannot fail.`);
    return void editor.menu.by("connectByKeys", node.ref, on);
  }

  /** Move what is selected by a square; told to the server once the keys rest. @param {Direction} direction @param {number} squares */
  #move(direction, squares) {
    const { editor } = this;
    if (!editor.canEdit) return;
    editor.standing.take();
    const wanted = editor.selection.refs.filter((ref) => editor.graph.nodes.get(ref) && ref !== "trigger");
    if (!wanted.length) return editor.announce("Select a task to move first");
    this.#nudge ??= { refs: new Set(editor.withContents(wanted)), by: { x: 0, y: 0 }, timer: 0 };
    const nudge = this.#nudge;
    clearTimeout(nudge.timer);
    nudge.by = { x: nudge.by.x + WAYS[direction].x * GRID * squares, y: nudge.by.y + WAYS[direction].y * GRID * squares };
    showMoved(editor, nudge.refs, nudge.by);
    nudge.timer = window.setTimeout(() => this.flush(), NUDGE_PAUSE);
  }
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof HTMLElement && target.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
}

/** Whether single letters are for us: on the canvas or the outline, or where nothing has the focus. @param {EventTarget | null} target */
function isBoard(target) {
  return target === document.body || (target instanceof Element && target.closest("#board") !== null);
}

/** Whether nothing has the focus, or only the room that the flow is drawn in. @param {EventTarget | null} target */
function isNowhere(target) {
  return target === document.body || (target instanceof Element && target.id === "board");
}

/** @param {EventTarget | null} target */
function isCanvas(target) {
  return target instanceof Element && target.closest("#canvas") !== null;
}
