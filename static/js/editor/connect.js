// @ts-check
/** Drawing edges by pulling a handle; by choosing from a list: ./connect_lists.js. */

import { addConnected, connectNodes, drawLoop, reconnectEdge } from "./commands.js";
import { choose } from "./chooser.js";
import { centre, contains, grow, toScreen } from "./geometry.js";
import { hideWire, showWire } from "./preview.js";
import { presets } from "./palette.js";

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {import("./graph.js").NodeFacts} NodeFacts */
/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {"success" | "error"} On */

const REACH = 14; // how near a pulled edge must come to a card to stick to it
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
      else if (target) await finish(editor, targets, target.ref, at);
      else if (from && !contains(grow(from, REACH), point)) await addAt(editor, source, on, point, at);
      stop();
    },
    cancel: stop,
    click: (event) => void editor.menu.by("onHandle", source, on, { x: event.clientX, y: event.clientY }),
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
      else if (isMoved && found) await lead(editor, edge, end, found, { x: event.clientX, y: event.clientY }, targets);
      stop();
    },
    cancel: stop,
  };
}

/** Another start may have branches of its own to choose from. @param {Editor} editor @param {import("./graph.js").EdgeFacts} edge
 * @param {string} end @param {NodeFacts} node @param {Point} at on the screen @param {Targets | null} [targets] */
export async function lead(editor, edge, end, node, at, targets) {
  const { source, branch: own } = edge;
  if (end === "target" && own !== null && targets?.loops.has(node.ref)) return goRound(editor, { source, target: node.ref, branch: own }, at, edge);
  if (end === "target") return reconnectEdge(editor, edge, { target: node.ref });
  const branch = await chooseBranch(editor, node.ref, edge.on, at);
  return branch === undefined ? editor.focus(edge.ref) : reconnectEdge(editor, edge, { source: node.ref, branch });
}

/** Which nodes may be connected to, as the server's rules say. */
export class Targets {
  /** @type {Record<string, string | null> | null} */
  #reasons = null;
  /** By which branches it may be led to, where not by all. @type {Record<string, string[]>} */
  branches = {};
  /** Where the edge would lead round again, once a loop is declared. @type {Set<string>} */
  loops = new Set();
  #isShown = false;

  /** @param {Editor} editor @param {string} source @param {On} on */
  constructor(editor, source, on) {
    this.editor = editor;
    this.source = source;
    this.on = on;
    this.pointed = "";
    /** Whether there was an answer. */
    this.asked = editor.ask("targets", { source, on }).then((answer) => {
      this.#reasons = answer?.targets ?? {};
      this.branches = answer?.branches ?? {};
      this.loops = new Set(answer?.loops);
      if (this.#isShown) {
        this.#mark();
        this.#tell();
      }
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

  /** What may not be connected to, and why not, once that was asked. @returns {{node: NodeFacts, reason: string}[]} */
  get barred() {
    return Object.entries(this.#reasons ?? {}).flatMap(([ref, reason]) => {
      const node = this.editor.graph.nodes.get(ref);
      return node && reason !== null && ref !== this.source ? [{ node, reason }] : [];
    });
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
    this.#tell();
  }

  /** Of what is pointed at, why it may not be, as soon as that is known. */
  #tell() {
    const node = this.editor.graph.nodes.get(this.pointed) ?? null;
    const isLoop = node !== null && this.loops.has(node.ref);
    this.editor.hint(isLoop ? `A loop: goes round again from ${node.name}` : node ? (this.#reasons?.[node.ref] ?? "") : "", isLoop);
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

/** Ask for the branch where there is a choice, then connect. @param {Editor} editor @param {Targets} targets @param {string} target
 * @param {Point} at on the screen */
export async function finish(editor, targets, target, at) {
  const { source, on } = targets;
  const isLoop = targets.loops.has(target);
  const branch = await chooseBranch(editor, source, on, at, targets.branches[target], isLoop ? "Which branch goes round again?" : undefined);
  if (branch === undefined) return undefined;
  if (!isLoop || branch === null) return connectNodes(editor, { source, target, branch, on });
  return goRound(editor, { source, target, branch }, at);
}

/** An edge that leads back declares a loop: which branch leaves it is asked where there are several. @param {Editor} editor
 * @param {{source: string, target: string, branch: string}} ends @param {Point} at on the screen @param {import("./graph.js").EdgeFacts} [edge] that led elsewhere */
async function goRound(editor, ends, at, edge) {
  const others = (editor.graph.nodes.get(ends.source)?.branches ?? []).filter(({ key }) => key !== ends.branch);
  const exit = await chooseOf(others, "Which branch leaves the loop?", at);
  return exit && drawLoop(editor, { ...ends, exit }, edge);
}

/** The branch to take: null where there is none to choose, undefined when the person gave up.
 * @param {Editor} editor @param {string} source @param {On} on @param {Point} at
 * @param {string[]} [allowed] keys of branches @param {string} [title] @returns {Promise<string | null | undefined>} */
export async function chooseBranch(editor, source, on, at, allowed, title = "Which branch?") {
  const branches = on === "error" ? [] : editor.graph.freeBranches(source, allowed);
  return branches.length ? chooseOf(branches, title, at) : null;
}

/** @param {import("./graph.js").Branch[]} branches at least one @param {string} title @param {Point} at @returns {Promise<string | undefined>} */
async function chooseOf(branches, title, at) {
  if (branches.length < 2) return branches[0].key;
  return (await choose({ title, choices: branches.map(({ key, name }) => ({ key, label: name, icon: "branch", tone: "choice" })), at }))?.key;
}

/** A pulled edge dropped on paper: choose what stands there. @param {Editor} editor @param {string} source @param {On} on
 * @param {Point} point @param {Point} at on the screen */
async function addAt(editor, source, on, point, at) {
  const choice = await choose({ title: "Add what?", choices: addable(editor), at });
  if (choice) await addChosen(editor, choice, { source, on, at, place: { x: point.x, y: point.y - editor.card.height / 2 } });
}

/** What can be added, as a list has it. @param {Editor} editor */
export function addable(editor) {
  return presets(editor.root).map((preset) => ({ key: preset.id, label: preset.name, hint: preset.hint, icon: preset.icon, tone: preset.tone, preset }));
}

/** Add what was chosen, after asking for its branch. @param {Editor} editor @param {import("./chooser.js").Choice} choice
 * @param {{source: string, on: On, at: Point, place: Point}} how `at`: on the screen; `place`: of its corner, on the canvas */
export async function addChosen(editor, { preset }, { source, on, at, place }) {
  const branch = preset && (await chooseBranch(editor, source, on, at));
  if (preset && branch !== undefined) addConnected(editor, preset, { at: place, source, branch, on });
}

/** @param {Editor} editor @param {string} ref @returns {Point} where on the screen a chooser for it may open */
export function besideOnScreen(editor, ref) {
  const node = editor.graph.nodes.get(ref);
  const box = editor.svg.getBoundingClientRect();
  if (!node) return { x: box.left + box.width / 2, y: box.top + box.height / 3 };
  const point = toScreen(editor.viewport.view, { x: node.x + node.width, y: node.y });
  return { x: box.left + point.x + 16, y: box.top + point.y };
}
