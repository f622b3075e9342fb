// @ts-check
/**
 * What the page knows of the graph: names, ends and places, as the server told them beside each drawn part. Pure.
 *
 * A ref names a thing: a task by its key, `phase:KEY`, `note:KEY`, `trigger`, `edge:ID`; the empty ref is the flow itself.
 *
 * @typedef {import("./geometry.js").Rect} Rect
 * @typedef {import("./geometry.js").Direction} Direction
 * @typedef {{key: string, name: string}} Branch
 * @typedef {Rect & {ref: string, id: string, type: "task" | "phase" | "trigger" | "note", name: string, kind: string,
 *   kind_label?: string, icon: string, tone: string, summary: string, label: string, phase: string | null, branches: Branch[], can_fail: boolean, shift?: import("./geometry.js").Point,
 *   colour?: string, full?: import("./geometry.js").Size, hidden?: boolean}} NodeFacts
 *   `full`: the size of a folded phase when it is not; `hidden`: it lies in a folded phase (collapse.js)
 *   `shift`: how far it stands from where the server has it, because moves are on the way (shifts.js)
 * @typedef {{ref: string, id: string, edge: string, source: string, target: string, branch: string | null,
 *   on: "success" | "error", words: string, rounds: number, label: string}} EdgeFacts
 *   `rounds`: how often a loop's way back may be taken; 0 for every other edge
 * @typedef {{nodes: NodeFacts[], edges: EdgeFacts[], removed?: string[]}} Facts
 */

import { centre, contains, nearestTowards } from "./geometry.js";

/** Edges by both their ends. @param {Iterable<EdgeFacts>} edges */
function together(edges) {
  /** @type {Map<string, EdgeFacts[]>} */
  const groups = new Map();
  for (const edge of edges) {
    const ends = `${edge.source} ${edge.target}`;
    groups.set(ends, [...(groups.get(ends) ?? []), edge]);
  }
  return groups;
}

/** @param {NodeFacts} a @param {NodeFacts} b */
function asRead(a, b) {
  return a.x - b.x || a.y - b.y || a.ref.localeCompare(b.ref);
}

export class Graph {
  /** @type {Map<string, EdgeFacts[]> | null} */
  #together = null;
  /** Another one whenever something has come, gone, or changed its place. */
  version = 0;

  /** @param {Facts} facts */
  constructor(facts) {
    /** @type {Map<string, NodeFacts>} */
    this.nodes = new Map();
    /** @type {Map<string, EdgeFacts>} */
    this.edges = new Map();
    this.update(facts);
  }

  /** Take in what changed; `removed` are element ids. @param {Facts} facts */
  update(facts) {
    for (const id of facts.removed ?? []) {
      for (const things of [this.nodes, this.edges]) {
        for (const [ref, thing] of things) if (thing.id === id) things.delete(ref);
      }
    }
    for (const node of facts.nodes) this.nodes.set(node.ref, { ...node });
    for (const edge of facts.edges) this.edges.set(edge.ref, { ...edge });
    this.#together = null;
    this.version += 1;
  }

  /** Where an edge goes among those between the same two nodes. @param {EdgeFacts} edge
   * @returns {import("./routes.js").Lane | undefined} undefined where it is the only one */
  laneOf(edge) {
    this.#together ??= together(this.edges.values());
    const group = this.#together.get(`${edge.source} ${edge.target}`) ?? [];
    const plain = group.filter((other) => other.on !== "error").sort((a, b) => (a.edge < b.edge ? -1 : 1));
    if (group.length < 2 || !plain.length) return undefined;
    return { lane: Math.max(plain.findIndex((other) => other.ref === edge.ref), 0), lanes: plain.length, isAccompanied: edge.on === "error" };
  }

  /** @param {string} ref */
  has(ref) {
    return ref === "" || this.nodes.has(ref) || this.edges.has(ref);
  }

  /** @returns {NodeFacts[]} */
  get tasks() {
    return [...this.nodes.values()].filter((node) => node.type === "task");
  }

  /** What is in sight. @returns {NodeFacts[]} */
  get shown() {
    return [...this.nodes.values()].filter((node) => !node.hidden);
  }

  /** What stands for a node: its phase, where that is folded. @param {string} ref @returns {string} */
  standIn(ref) {
    const node = this.nodes.get(ref);
    return node?.hidden ? `phase:${node.phase}` : ref;
  }

  /** @returns {NodeFacts[]} */
  get phases() {
    return [...this.nodes.values()].filter((node) => node.type === "phase");
  }

  /** @returns {NodeFacts[]} */
  get notes() {
    return [...this.nodes.values()].filter((node) => node.type === "note");
  }

  /** The cards in sight: tasks and the start. @returns {NodeFacts[]} */
  get cards() {
    return this.shown.filter((node) => node.type === "task" || node.type === "trigger");
  }

  /** @param {string} ref @returns {EdgeFacts[]} from top to bottom of their targets */
  outgoing(ref) {
    return this.#byPlace([...this.edges.values()].filter((edge) => edge.source === ref), (edge) => edge.target);
  }

  /** @param {string} ref @returns {EdgeFacts[]} from top to bottom of their sources */
  incoming(ref) {
    return this.#byPlace([...this.edges.values()].filter((edge) => edge.target === ref), (edge) => edge.source);
  }

  /** Where an edge could start instead: nothing that it leads to already, unless that is a decision, which may lead back.
   * @param {EdgeFacts} edge @returns {NodeFacts[]} */
  sourcesFor(edge) {
    const target = this.nodes.get(edge.target);
    const after = this.#after(edge.target);
    const isInside = (/** @type {NodeFacts} */ one, /** @type {NodeFacts | undefined} */ area) => area?.type === "phase" && `phase:${one.phase}` === area.ref;
    return [...this.nodes.values()].filter((node) => {
      if (node.type === "note" || node.ref === edge.source || node.ref === edge.target) return false;
      if (edge.on === "error" && !node.can_fail) return false;
      if (isInside(node, target) || (target && isInside(target, node))) return false;
      return !after.has(node.ref) || node.branches.length > 0;
    });
  }

  /** Everything that comes after a node, along the edges. @param {string} ref @returns {Set<string>} */
  #after(ref) {
    const found = new Set([ref]);
    for (const here of found) for (const { source, target } of this.edges.values()) if (source === here) found.add(target);
    return found;
  }

  /** Edges with an end in one of these nodes. @param {Set<string>} refs @returns {EdgeFacts[]} */
  edgesAt(refs) {
    return [...this.edges.values()].filter((edge) => refs.has(edge.source) || refs.has(edge.target));
  }

  /** The branches of a decision that lead nowhere yet; all of them when each leads somewhere.
   * @param {string} ref @param {string[]} [allowed] keys: of these only @returns {Branch[]} */
  freeBranches(ref, allowed) {
    const branches = (this.nodes.get(ref)?.branches ?? []).filter(({ key }) => allowed?.includes(key) ?? true);
    const used = new Set(this.outgoing(ref).map((edge) => edge.branch));
    const free = branches.filter((branch) => !used.has(branch.key));
    return free.length ? free : branches;
  }

  /** The phase whose frame a point lies in, the smallest if several do.
   * @param {import("./geometry.js").Point} point @returns {NodeFacts | null} */
  phaseAt(point) {
    const around = this.phases.filter((phase) => contains(phase, point));
    around.sort((a, b) => a.width * a.height - b.width * b.height);
    return around[0] ?? null;
  }

  /** Nodes as one reads them: column by column, from top to bottom. @returns {NodeFacts[]} */
  readingOrder() {
    return this.shown.sort(asRead);
  }

  /** The first of them. @returns {NodeFacts | undefined} */
  get first() {
    const { shown } = this;
    return shown.length ? shown.reduce((first, node) => (asRead(node, first) < 0 ? node : first)) : undefined;
  }

  /** Where an arrow key leads: right and left along edges, up and down among neighbours; else whatever lies that way.
   * @param {string} ref @param {Direction} direction @returns {string | null} */
  step(ref, direction) {
    const from = this.nodes.get(ref);
    if (!from) return null;
    if (direction === "right" && this.outgoing(ref).length) return this.standIn(this.outgoing(ref)[0].target);
    if (direction === "left" && this.incoming(ref).length) return this.standIn(this.incoming(ref)[0].source);
    const others = this.shown.filter((node) => node.ref !== ref && (node.type !== "phase" || from.type === "phase"));
    const siblings = direction === "up" || direction === "down" ? this.#siblings(ref) : [];
    return (nearestTowards(from, siblings, direction) ?? nearestTowards(from, others, direction))?.ref ?? null;
  }

  /** Nodes fed by what feeds this one, or feeding what it feeds. @param {string} ref @returns {NodeFacts[]} */
  #siblings(ref) {
    const sources = this.incoming(ref).map((edge) => edge.source);
    const targets = this.outgoing(ref).map((edge) => edge.target);
    const refs = new Set([
      ...sources.flatMap((source) => this.outgoing(source).map((edge) => edge.target)),
      ...targets.flatMap((target) => this.incoming(target).map((edge) => edge.source)),
    ]);
    refs.delete(ref);
    return [...refs].map((other) => this.nodes.get(other)).filter((node) => node !== undefined && !node.hidden);
  }

  /** @param {EdgeFacts[]} edges @param {(edge: EdgeFacts) => string} end */
  #byPlace(edges, end) {
    const place = (/** @type {EdgeFacts} */ edge) => centre(this.nodes.get(end(edge)) ?? { x: 0, y: 0, width: 0, height: 0 });
    return edges.sort((a, b) => place(a).y - place(b).y || place(a).x - place(b).x);
  }
}
