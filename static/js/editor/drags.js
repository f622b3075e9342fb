// @ts-check
/** The drags that move and select what exists: cards, frames, corners, the rubber band. */

import { contains, overlap, rectBetween, resize, snapMove } from "./geometry.js";
import { duplicateSelected, frameNote, framePhase, insertExisting, moveNodes } from "./commands.js";
import { guided } from "./guides.js";
import { drawn } from "./routes.js";
import { Move, hideBand, hideGhost, showBand, showCopies, showGhost, showGuides, showHome } from "./preview.js";

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {import("./gestures.js").Drag} Drag */

const LEAST_NOTE = { width: 64, height: 48 };
const LEAST_FRAME = { width: 160, height: 96 };

const REACH = 6; // pixels within which something dragged snaps to a line
/** Where a drag that nobody sees goes: past cards, which edges have to go around. @type {Point[]} */
const PAST = [{ x: 40, y: 20 }, { x: -400, y: 200 }, { x: 400, y: -200 }];

/** Go through a drag that nobody sees, while nothing else is to do: a browser compiles what it has never run, which would take the first
 * frames of the first drag half their time. @param {Editor} editor */
export function rehearse(editor) {
  const { graph } = editor;
  const card = graph.tasks.find((task) => !task.hidden && graph.incoming(task.ref).length && graph.outgoing(task.ref).length);
  if (!card) return;
  const refs = new Set([card.ref]);
  const move = new Move(editor, refs);
  for (const by of PAST) {
    guidedIn(editor, card, by, refs);
    for (const [, way] of move.ways(by, () => true)) drawn(way);
  }
}

/** What stands around within reach of something dragged. @param {Editor} editor @param {import("./geometry.js").Rect} rect
 * @param {Point} by @param {Set<string>} refs */
function guidedIn(editor, rect, by, refs) {
  const free = { ...rect, x: rect.x + by.x, y: rect.y + by.y };
  const seen = editor.viewport.seen;
  const others = editor.graph.shown.filter((node) => !refs.has(node.ref) && node.type !== "phase" && overlap(seen, node));
  return guided(free, others, REACH / editor.viewport.view.scale);
}

/** On the grid, or on a line with what stands around if one is near; Alt keeps to the grid.
 * @param {Editor} editor @param {import("./geometry.js").Rect} rect what is dragged, where it was @param {Point} by
 * @param {Set<string>} refs all that is dragged @param {boolean} isOnGrid @returns {Point} how far it goes */
function snapped(editor, rect, by, refs, isOnGrid) {
  const onGrid = snapMove(rect, by);
  if (isOnGrid) {
    showGuides(editor, []);
    return onGrid;
  }
  const { by: on, lines, held } = guidedIn(editor, rect, by, refs);
  showGuides(editor, lines);
  return { x: held.x ? Math.round(by.x + on.x) : onGrid.x, y: held.y ? Math.round(by.y + on.y) : onGrid.y };
}

/** A press on a node or edge: a click selects, a drag moves all that is selected. @param {Editor} editor @param {string} ref
 * @param {Point} start @param {PointerEvent} press @returns {Drag} */
export function dragCards(editor, ref, start, press) {
  const { graph, selection } = editor;
  const click = (/** @type {PointerEvent} */ event) => {
    if (event.shiftKey || event.ctrlKey || event.metaKey) selection.toggle(ref);
    else selection.set(ref);
    editor.focus(ref);
  };
  const anchor = graph.nodes.get(ref);
  if (anchor && isLoose(anchor) && editor.canEdit && press.altKey) return dragCopies(editor, anchor, start, click);
  if (!anchor || !isLoose(anchor) || !editor.canEdit) return { move() {}, drop: (_, event) => click(event), cancel() {}, click };
  // Before the first move, which has enough to do in its frame. A finger may still turn out to be one of two, keys to add to the selection.
  if (press.pointerType !== "touch" && !press.shiftKey && !press.ctrlKey && !press.metaKey && !selection.has(ref)) selection.set(ref);
  const chosen = () => selection.refs.filter((other) => isLoose(graph.nodes.get(other)));
  /** @type {Set<string>} */
  let refs = new Set();
  /** @type {Move | null} */
  let moved = null;
  let by = { x: 0, y: 0 };
  /** @type {import("./graph.js").EdgeFacts | null} */
  let parted = null;
  const part = (/** @type {import("./graph.js").EdgeFacts | null} */ edge) => {
    if (parted?.ref === edge?.ref) return;
    if (parted) editor.element(parted.ref)?.classList.remove("is-parted");
    if (edge) editor.element(edge.ref)?.classList.add("is-parted");
    parted = edge;
  };
  return {
    click,
    move(point, event) {
      if (!refs.size) {
        if (!selection.has(ref)) selection.set(ref);
        refs = new Set(chosen());
        moved = new Move(editor, refs);
        editor.lift(refs, true);
      }
      by = snapped(editor, anchor, { x: point.x - start.x, y: point.y - start.y }, refs, event.altKey);
      const isLeft = moved?.show(by);
      editor.showDropPhase(anchor.type === "task" ? refs : null, point);
      part(refs.size === 1 && anchor.type === "task" && !graph.edgesAt(refs).length ? edgeBelow(editor, event) : null);
      return isLeft;
    },
    drop(point) {
      const edge = parted;
      part(null);
      showGuides(editor, []);
      editor.lift(refs, false);
      editor.showDropPhase(null, point);
      if (edge) insertExisting(editor, ref, edge, { x: anchor.x + by.x, y: anchor.y + by.y });
      else if (by.x || by.y) moveNodes(editor, refs, by, anchor.type === "task" ? { into: graph.phaseAt(point) } : {});
      else showHome(editor, refs);
      editor.focus(ref);
    },
    cancel() {
      part(null);
      showGuides(editor, []);
      editor.lift(refs, false);
      editor.showDropPhase(null, start);
      showHome(editor, refs);
    },
  };
}

/** A drag that was begun with Alt: what is selected stays, copies of it go where they are dropped. @param {Editor} editor
 * @param {import("./graph.js").NodeFacts} anchor what was pressed @param {Point} start @param {(event: PointerEvent) => void} click @returns {Drag} */
function dragCopies(editor, anchor, start, click) {
  const { graph, selection } = editor;
  const refs = selection.has(anchor.ref) ? selection.refs : [anchor.ref];
  const rects = editor.withContents(refs).map((ref) => graph.nodes.get(ref)).filter((node) => node !== undefined && node.type !== "trigger");
  let by = { x: 0, y: 0 };
  const stop = () => {
    showGuides(editor, []);
    showCopies(editor, [], by);
    editor.showDropPhase(null, start);
  };
  return {
    click,
    shape: "copy",
    move(point) {
      by = snapped(editor, anchor, { x: point.x - start.x, y: point.y - start.y }, new Set(), false);
      showCopies(editor, /** @type {import("./geometry.js").Rect[]} */ (rects), by);
      editor.showDropPhase(anchor.type === "task" ? new Set(refs) : null, point);
    },
    drop(point) {
      if (by.x || by.y) duplicateSelected(editor, { refs, by, into: anchor.type === "phase" ? null : graph.phaseAt(point) });
      stop();
    },
    cancel: stop,
  };
}

/** Tasks and notes are moved by themselves. @param {import("./graph.js").NodeFacts | undefined} node */
function isLoose(node) {
  return node?.type === "task" || node?.type === "note";
}

/** The edge under the pointer, through whatever is being dragged. @param {Editor} editor @param {PointerEvent} event */
function edgeBelow(editor, event) {
  for (const element of document.elementsFromPoint(event.clientX, event.clientY)) {
    const edge = editor.graph.edges.get(editor.refOf(element));
    if (edge) return edge;
  }
  return null;
}

/** A phase by its title, with the tasks in it. @param {Editor} editor @param {string} ref @param {Point} start @param {PointerEvent} press
 * @returns {Drag} */
export function dragFrame(editor, ref, start, press) {
  const { graph, selection } = editor;
  const phase = graph.nodes.get(ref);
  const click = () => {
    selection.set(ref);
    editor.focus(ref);
  };
  if (!phase || !editor.canEdit) return { move() {}, drop: click, cancel() {}, click };
  if (press.altKey) return dragCopies(editor, phase, start, click);
  const refs = new Set([ref, ...graph.tasks.filter((task) => `phase:${task.phase}` === ref).map((task) => task.ref)]);
  const moved = new Move(editor, refs);
  let by = { x: 0, y: 0 };
  return {
    click,
    move(point, event) {
      by = snapped(editor, phase, { x: point.x - start.x, y: point.y - start.y }, refs, event.altKey);
      return moved.show(by);
    },
    drop() {
      showGuides(editor, []);
      selection.set(ref);
      if (by.x || by.y) moveNodes(editor, refs, by);
    },
    cancel() {
      showGuides(editor, []);
      showHome(editor, refs);
    },
  };
}

/** A phase or a note by a corner. @param {Editor} editor @param {string} ref @param {string} corner @param {Point} start @returns {Drag} */
export function resizeFrame(editor, ref, corner, start) {
  const phase = editor.graph.nodes.get(ref);
  let rect = { x: 0, y: 0, width: 0, height: 0, ...phase };
  const cancel = () => hideGhost(editor);
  return {
    move(point) {
      if (phase) rect = resize(phase, corner, { x: point.x - start.x, y: point.y - start.y }, phase.type === "note" ? LEAST_NOTE : LEAST_FRAME);
      showGhost(editor, rect);
    },
    drop() {
      if (phase?.type === "note") frameNote(editor, ref, rect, cancel);
      else framePhase(editor, ref, rect, cancel);
    },
    cancel,
  };
}

/** A band over the paper: selects every card it touches and every frame it holds. @param {Editor} editor @param {Point} start
 * @returns {Drag} */
export function rubberBand(editor, start) {
  const { graph, selection } = editor;
  const before = selection.refs;
  const within = (/** @type {import("./geometry.js").Rect} */ band) =>
    graph.shown.filter((node) =>
      node.type === "phase"
        ? contains(band, node) && contains(band, { x: node.x + node.width, y: node.y + node.height })
        : overlap(band, node),
    );
  return {
    cursor: "crosshair",
    move(point, event) {
      const band = rectBetween(start, point);
      showBand(editor, band);
      const kept = event.shiftKey ? before : [];
      selection.set(...new Set([...kept, ...within(band).map((node) => node.ref)]));
    },
    drop() {
      hideBand(editor);
      editor.announceSelection();
    },
    cancel() {
      hideBand(editor);
    },
  };
}
