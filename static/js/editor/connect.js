// @ts-check
/** Drawing edges: by pulling a handle, or from the keyboard by choosing a target. */

import { addConnected, connectNodes, reconnectEdge } from "./commands.js";
import { beforeList, choose } from "./chooser.js";
import { centre, contains, grow, toScreen } from "./geometry.js";
import { hideWire, showWire } from "./preview.js";
import { presets } from "./palette.js";

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {import("./graph.js").NodeFacts} NodeFacts */
/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {"success" | "error"} On */

const REACH = 14; // how near a pulled edge must come to a card to stick to it
const GAP = 72; // between a card and what is added beside it
const PHASE_BAND = 32; // of a frame, only the title takes an edge: its area takes cards

/** @param {Editor} editor @param {string} source @param {string} kind success or error @returns {import("./gestures.js").Drag} */
export function drawEdge(editor, source, kind) {
  const on = /** @type {On} */ (kind);
  const from = editor.graph.nodes.get(source);
  const targets = new Targets(editor, source, on);
  /** @type {NodeFacts | null} */
  let target = null;
  const stop = () => {
    hideWire(editor);
    targets.hide();
  };
  return {
    move(point) {
      if (!from) return;
      targets.show();
      target = nodeAt(editor, point, source);
      targets.point(target);
      showWire(editor, from, target ?? { ...point, width: 0, height: 0 }, on);
    },
    async drop(point, event) {
      const reason = target ? await targets.reason(target.ref) : null;
      const at = { x: event.clientX, y: event.clientY };
      if (target && reason) editor.refuse(reason);
      else if (target) await finish(editor, source, target.ref, on, at);
      else if (from && !contains(grow(from, REACH), point)) await addAt(editor, source, on, point, at);
      stop();
    },
    cancel: stop,
    click: (event) => void connectByKeys(editor, source, on, () => addBeside(editor, source, on, { x: event.clientX, y: event.clientY })),
  };
}

/** An end of an edge that exists is led elsewhere. Where it may start, the server says on the drop.
 * @param {Editor} editor @param {string} ref @param {string} end source or target @returns {import("./gestures.js").Drag} */
export function redrawEdge(editor, ref, end) {
  const edge = editor.graph.edges.get(ref);
  const fixed = edge && editor.graph.nodes.get(end === "target" ? edge.source : edge.target);
  if (!edge || !fixed) return { move() {}, drop() {}, cancel() {} };
  const targets = end === "target" ? new Targets(editor, edge.source, edge.on) : null;
  /** @type {NodeFacts | null} */
  let found = null;
  const stop = () => {
    hideWire(editor);
    targets?.hide();
    editor.element(ref)?.classList.remove("is-redrawn");
  };
  return {
    move(point) {
      editor.element(ref)?.classList.add("is-redrawn");
      targets?.show();
      found = nodeAt(editor, point, fixed.ref);
      targets?.point(found);
      const loose = found ?? { ...point, width: 0, height: 0 };
      if (end === "target") showWire(editor, fixed, loose, edge.on);
      else showWire(editor, loose, fixed, edge.on);
    },
    async drop(_, event) {
      const isMoved = found && found.ref !== (end === "target" ? edge.target : edge.source);
      const reason = isMoved && found ? await targets?.reason(found.ref) : null;
      if (reason) editor.refuse(reason);
      else if (isMoved && found) await lead(editor, edge, end, found, { x: event.clientX, y: event.clientY });
      stop();
    },
    cancel: stop,
  };
}

/** Another start may have branches of its own to choose from. @param {Editor} editor @param {import("./graph.js").EdgeFacts} edge
 * @param {string} end @param {NodeFacts} node @param {Point} at on the screen */
async function lead(editor, edge, end, node, at) {
  if (end === "target") return reconnectEdge(editor, edge, { target: node.ref });
  const branch = await chooseBranch(editor, node.ref, edge.on, at);
  return branch === undefined ? editor.focus(edge.ref) : reconnectEdge(editor, edge, { source: node.ref, branch });
}

/** Which nodes may be connected to, as the server's rules say. */
class Targets {
  /** @type {Record<string, string | null> | null} */
  #reasons = null;
  #isShown = false;

  /** @param {Editor} editor @param {string} source @param {On} on */
  constructor(editor, source, on) {
    this.editor = editor;
    this.source = source;
    this.pointed = "";
    /** Whether there was an answer. */
    this.asked = editor.ask("targets", { source, on }).then((answer) => {
      this.#reasons = answer?.targets ?? {};
      if (this.#isShown) this.#mark();
      return Boolean(answer);
    });
  }

  /** @param {string} ref @returns {Promise<string | null>} why not, or null */
  async reason(ref) {
    await this.asked;
    return this.#reasons?.[ref] ?? null;
  }

  /** @returns {Promise<string[]>} refs of all that may be connected to; of all there are where that could not be asked: the edit
   * that waits for the line is then refused, or not, once it gets through */
  async allowed() {
    if (!(await this.asked)) return [...this.editor.graph.nodes.keys()].filter((ref) => ref !== this.source && !ref.startsWith("note:"));
    return Object.entries(this.#reasons ?? {}).filter(([, reason]) => reason === null).map(([ref]) => ref);
  }

  show() {
    if (this.#isShown) return;
    this.#isShown = true;
    this.#mark();
  }

  #mark() {
    this.editor.svg.classList.add("is-connecting");
    for (const [ref, reason] of Object.entries(this.#reasons ?? {})) {
      const element = this.editor.element(ref);
      element?.classList.toggle("is-target", reason === null);
      element?.classList.toggle("is-no-target", reason !== null);
    }
  }

  /** @param {NodeFacts | null} node */
  point(node) {
    if (node?.ref === this.pointed) return;
    this.editor.element(this.pointed)?.classList.remove("is-pointed");
    this.pointed = node?.ref ?? "";
    this.editor.element(this.pointed)?.classList.add("is-pointed");
    this.editor.hint(node ? (this.#reasons?.[node.ref] ?? "") : "");
  }

  hide() {
    this.#isShown = false;
    this.editor.hint("");
    this.editor.svg.classList.remove("is-connecting");
    for (const element of this.editor.svg.querySelectorAll(".is-target, .is-no-target, .is-pointed")) {
      element.classList.remove("is-target", "is-no-target", "is-pointed");
    }
  }
}

/** @param {Editor} editor @param {Point} point @param {string} source @returns {NodeFacts | null} */
function nodeAt(editor, point, source) {
  const near = editor.graph.shown.filter((node) => node.ref !== source && contains(grow(node, REACH), point));
  return (
    near.find((node) => node.type !== "phase" && node.type !== "note") ??
    near.find((node) => node.type === "phase" && point.y - node.y < PHASE_BAND) ??
    null
  );
}

/** Ask for the branch where there is a choice, then connect. @param {Editor} editor @param {string} source
 * @param {string} target @param {On} on @param {Point} at on the screen */
async function finish(editor, source, target, on, at) {
  const branch = await chooseBranch(editor, source, on, at);
  if (branch !== undefined) connectNodes(editor, { source, target, branch, on });
}

/** The branch to take: null where there is none to choose, undefined when the person gave up.
 * @param {Editor} editor @param {string} source @param {On} on @param {Point} at @returns {Promise<string | null | undefined>} */
export async function chooseBranch(editor, source, on, at) {
  if (on === "error") return null;
  const branches = editor.graph.freeBranches(source);
  if (branches.length < 2) return branches[0]?.key ?? null;
  const choices = branches.map(({ key, name }) => ({ key, label: name, icon: "branch", tone: "choice" }));
  const choice = await choose({ title: "Which branch?", choices, at });
  return choice ? choice.key : undefined;
}

/** A pulled edge dropped on paper: choose what stands there. @param {Editor} editor @param {string} source @param {On} on
 * @param {Point} point @param {Point} at on the screen */
async function addAt(editor, source, on, point, at) {
  const found = presets(editor.root);
  const choices = found.map(({ id, name, hint, icon, tone }) => ({ key: id, label: name, hint, icon, tone }));
  const choice = await choose({ title: "Add what?", choices, at });
  const preset = found.find(({ id }) => id === choice?.key);
  if (!preset) return;
  const branch = await chooseBranch(editor, source, on, at);
  if (branch !== undefined) addConnected(editor, preset, { at: { x: point.x, y: point.y - editor.card.height / 2 }, source, branch, on });
}

/** The same where a handle was only pressed: right of its card, or below it for what happens on an error.
 * @param {Editor} editor @param {string} source @param {On} on @param {Point} at on the screen */
async function addBeside(editor, source, on, at) {
  const from = editor.graph.nodes.get(source);
  if (!from) return;
  const { x, y, width, height } = from;
  await addAt(editor, source, on, on === "error" ? { x, y: y + 2.5 * height } : { x: x + width + GAP, y: y + height / 2 }, at);
}

/** Choose the target from a list; the canvas shows the current one. @param {Editor} editor @param {string} source @param {On} [on]
 * @param {() => unknown} [otherwise] what comes where there is nothing to connect to */
export async function connectByKeys(editor, source, on = "success", otherwise = undefined) {
  const { graph } = editor;
  if (graph.nodes.get(source)?.type === "note") return editor.refuse("Nothing leads to or from a note.");
  const targets = new Targets(editor, source, on);
  const allowed = (await beforeList(targets.allowed())).map((ref) => graph.nodes.get(ref)).filter((node) => node !== undefined);
  if (!allowed.length) return otherwise ? otherwise() : editor.refuse("There is nothing this could be connected to.");
  const at = editor.placeOnScreen(source);
  targets.show();
  const choices = byNearness(allowed, graph.nodes.get(source)).map((node) => ({
    key: node.ref, label: node.name, hint: node.type === "phase" ? "phase" : node.ref, icon: node.type === "phase" ? "layers" : "arrow-right",
  }));
  const title = on === "error" ? "On an error, go to…" : "Connect to…";
  const choice = await choose({
    title, choices, at,
    focused(current) {
      const node = current ? (graph.nodes.get(current.key) ?? null) : null;
      targets.point(node);
      if (node) editor.viewport.reveal(node);
    },
  });
  if (choice) await finish(editor, source, choice.key, on, at);
  targets.hide();
  editor.focus(source);
}

/** Choose from a list where an edge leads instead. @param {Editor} editor @param {import("./graph.js").EdgeFacts} edge */
export async function redirectByKeys(editor, edge) {
  const { graph } = editor;
  const targets = new Targets(editor, edge.source, edge.on);
  const allowed = (await beforeList(targets.allowed())).filter((ref) => ref !== edge.target);
  const found = byNearness(allowed.map((ref) => graph.nodes.get(ref)).filter((node) => node !== undefined), graph.nodes.get(edge.source));
  if (!found.length) return editor.refuse("There is nothing else this edge could lead to.");
  targets.show();
  const choice = await choose({
    title: "Lead to…",
    choices: found.map(({ ref, name, type }) => ({ key: ref, label: name, hint: type === "phase" ? "phase" : ref, icon: type === "phase" ? "layers" : "arrow-right" })),
    at: editor.placeOnScreen(edge.source),
    focused: (current) => targets.point(current ? (graph.nodes.get(current.key) ?? null) : null),
  });
  targets.hide();
  if (choice) return reconnectEdge(editor, edge, { target: choice.key });
  return editor.focus(edge.ref);
}

/** Choose from a list where an edge starts instead, and its branch where there are several. What cannot lead there is left out as far
 * as the page knows; what is chosen, the server looks at. @param {Editor} editor @param {import("./graph.js").EdgeFacts} edge */
export async function restartByKeys(editor, edge) {
  const { graph } = editor;
  const target = graph.nodes.get(edge.target);
  const found = byNearness(graph.sourcesFor(edge), target);
  if (!target || !found.length) return editor.refuse("There is nothing else this edge could start from.");
  const at = editor.placeOnScreen(edge.target);
  const choice = await choose({
    title: "Start from…",
    choices: found.map(({ ref, name, type }) => ({ key: ref, label: name, hint: type === "phase" ? "phase" : ref, icon: type === "phase" ? "layers" : "arrow-right" })),
    at,
    focused(current) {
      const node = graph.nodes.get(current?.key ?? "");
      if (node) editor.viewport.reveal(node);
    },
  });
  const node = graph.nodes.get(choice?.key ?? "");
  if (node) return lead(editor, edge, "source", node, at);
  return editor.focus(edge.ref);
}

/** @param {NodeFacts[]} nodes @param {NodeFacts | undefined} from those to the right first, the nearest first of all */
function byNearness(nodes, from) {
  if (!from) return nodes;
  const here = centre(from);
  const cost = (/** @type {NodeFacts} */ node) => {
    const there = centre(node);
    return Math.hypot(there.x - here.x, there.y - here.y) + (there.x < here.x ? 1e5 : 0);
  };
  return nodes.sort((a, b) => cost(a) - cost(b));
}

/** @param {Editor} editor @param {string} ref @returns {Point} where on the screen a chooser for it may open */
export function besideOnScreen(editor, ref) {
  const node = editor.graph.nodes.get(ref);
  const box = editor.svg.getBoundingClientRect();
  if (!node) return { x: box.left + box.width / 2, y: box.top + box.height / 3 };
  const point = toScreen(editor.viewport.view, { x: node.x + node.width, y: node.y });
  return { x: box.left + point.x + 16, y: box.top + point.y };
}
