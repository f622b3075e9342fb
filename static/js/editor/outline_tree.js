// @ts-check
/**
 * The flow as a nested list, in the order in which it runs. Pure.
 *
 * A way with one edge goes on in the same list. Where several edges leave, each is an entry with what only it leads to inside;
 * what they lead to together comes after. Neighbours of one phase stand in an entry of their own. Every task stands exactly
 * once, whatever the graph looks like; an edge to a task that stands elsewhere says where it leads.
 *
 * @typedef {import("./graph.js").Graph} Graph
 * @typedef {import("./graph.js").NodeFacts} NodeFacts
 * @typedef {import("./graph.js").EdgeFacts} EdgeFacts
 * @typedef {{key: string, ref: string, type: "trigger" | "task" | "phase" | "note" | "edge", name: string, words: string, to: string,
 *   children: Item[]}} Item
 *   `key`: unlike any other of the list, also for the second part of a phase; `words`: what else there is to say;
 *   `to`: the ref of what comes next, where that is not the next entry
 * @typedef {{edge: EdgeFacts, target: string}} Way a drawn edge to a task: one of a phase leads to each of its first tasks
 */

const TRIGGER = "trigger";

/** @param {Graph} graph @returns {Item[]} */
export function outlineOf(graph) {
  return new Outliner(graph).items();
}

/** The entries from top to bottom, with how deep they stand. @param {Item[]} items @param {number} [level]
 * @returns {{item: Item, level: number}[]} */
export function flat(items, level = 1) {
  return items.flatMap((item) => [{ item, level }, ...flat(item.children, level + 1)]);
}

class Outliner {
  /** @param {Graph} graph */
  constructor(graph) {
    this.graph = graph;
    /** @type {Map<string, EdgeFacts[]>} the drawn edges by their source */
    this.drawn = grouped([...graph.edges.values()], (edge) => edge.source);
    this.members = grouped(graph.tasks, (task) => `phase:${task.phase}`);
    /** @type {Map<string, Way[]>} */
    this.ways = new Map();
    /** @type {Map<string, number>} the least depth of each phase */
    this.depths = new Map();
    /** @type {Map<string, number>} how often each phase has come up */
    this.parts = new Map();
    this.#lower();
    /** @type {Map<string, number>} */
    this.incoming = new Map();
    for (const way of [...this.ways.values()].flat()) this.incoming.set(way.target, (this.incoming.get(way.target) ?? 0) + 1);
    this.#order();
    this.#dominate();
  }

  /** Ways between tasks: those of the edges, and of the edges of phases. Loops' ways back are none. */
  #lower() {
    const forward = [...this.graph.edges.values()].filter((edge) => !edge.rounds);
    const inside = (/** @type {EdgeFacts} */ edge) => {
      const [from, to] = [this.graph.nodes.get(edge.source), this.graph.nodes.get(edge.target)];
      return from?.phase && from.phase === to?.phase;
    };
    const led = new Set(forward.filter(inside).map((edge) => edge.target));
    const leading = new Set(forward.filter(inside).map((edge) => edge.source));
    const ends = (/** @type {string} */ ref, /** @type {Set<string>} */ inner) => {
      if (!ref.startsWith("phase:")) return [ref];
      const members = this.members.get(ref) ?? [];
      return members.map((task) => task.ref).filter((key) => !inner.has(key));
    };
    for (const edge of forward) {
      for (const source of ends(edge.source, leading)) {
        for (const target of ends(edge.target, led)) {
          if (source !== target) this.#lead(source, { edge, target });
        }
      }
    }
    for (const [source, ways] of this.ways) ways.sort((a, b) => this.#rank(source, a) - this.#rank(source, b));
  }

  /** @param {string} source @param {Way} way */
  #lead(source, way) {
    const ways = this.ways.get(source);
    if (ways) ways.push(way);
    else this.ways.set(source, [way]);
  }

  /** Branches in their order, then from top to bottom; what happens on an error last. @param {string} source @param {Way} way */
  #rank(source, { edge, target }) {
    if (edge.on === "error") return 2e9;
    const branches = this.graph.nodes.get(source)?.branches ?? [];
    const place = branches.findIndex((branch) => branch.key === edge.branch);
    return (place < 0 ? 0 : place * 1e7) + (this.graph.nodes.get(target)?.y ?? 0);
  }

  /** Every node in an order in which ways lead forward, as far as there is one; what nothing leads to begins anew. */
  #order() {
    const nodes = [TRIGGER, ...this.graph.tasks.sort(byPlace).map((task) => task.ref)];
    const beginnings = nodes.filter((ref) => !this.incoming.get(ref));
    const starts = this.ways.get(TRIGGER)?.length ? [TRIGGER] : beginnings;
    /** @type {string[]} */
    this.roots = [];
    /** @type {Set<string>} */
    const seen = new Set();
    /** @type {string[][]} */
    const found = [];
    for (const root of [...new Set([...starts, ...beginnings, ...nodes])]) {
      if (seen.has(root)) continue;
      this.roots.push(root);
      found.push(this.#from(root, seen));
    }
    /** @type {string[]} */
    this.order = found.reverse().flat();
    this.place = new Map(this.order.map((ref, at) => [ref, at]));
  }

  /** What can be reached from here for the first time, each before what it leads to. @param {string} root
   * @param {Set<string>} seen @returns {string[]} */
  #from(root, seen) {
    /** @type {string[]} */
    const after = [];
    const open = [{ ref: root, at: 0 }];
    seen.add(root);
    while (open.length) {
      const here = open[open.length - 1];
      const way = (this.ways.get(here.ref) ?? [])[here.at];
      here.at += 1;
      if (!way) {
        after.push(here.ref);
        open.pop();
      } else if (!seen.has(way.target) && this.graph.nodes.has(way.target)) {
        seen.add(way.target);
        open.push({ ref: way.target, at: 0 });
      }
    }
    return after.reverse();
  }

  /** For each node the nearest one that every way to it passes (Cooper, Harvey, Kennedy: A Simple, Fast Dominance Algorithm).
   * The empty ref stands before all beginnings. */
  #dominate() {
    const sources = new Map(this.order.map((ref) => [ref, /** @type {string[]} */ ([])]));
    for (const root of this.roots) sources.get(root)?.push("");
    for (const [source, ways] of this.ways) for (const { target } of ways) sources.get(target)?.push(source);
    /** @type {Map<string, string>} */
    const above = new Map([["", ""]]);
    const depth = (/** @type {string} */ ref) => (ref === "" ? -1 : (this.place.get(ref) ?? 0));
    const meet = (/** @type {string} */ a, /** @type {string} */ b) => {
      while (a !== b) {
        while (depth(a) > depth(b)) a = above.get(a) ?? "";
        while (depth(b) > depth(a)) b = above.get(b) ?? "";
      }
      return a;
    };
    for (let isChanged = true; isChanged; ) {
      isChanged = false;
      for (const ref of this.order) {
        const known = (sources.get(ref) ?? []).filter((source) => above.has(source));
        const nearest = known.length ? known.reduce(meet) : "";
        if (above.get(ref) !== nearest) isChanged = true;
        above.set(ref, nearest);
      }
    }
    this.below = grouped(this.order, (ref) => above.get(ref) ?? "");
  }

  /** @returns {Item[]} */
  items() {
    const later = (this.below.get("") ?? []).filter((ref) => !this.roots.includes(ref));
    const plain = this.#sequence([...this.roots, ...later]);
    this.#measure(plain, 0);
    const items = this.#phased(plain, null, 0);
    const shown = new Set(flat(items).map(({ item }) => item.ref));
    const empty = this.graph.phases.filter((phase) => !shown.has(phase.ref));
    const notes = this.graph.notes.sort(byPlace);
    return [...items, ...empty.map((phase) => this.#phase(phase, phase.ref, [])), ...notes.map(noteItem)];
  }

  /** Entries one after the other: these, each followed by what comes after it. @param {string[]} refs @returns {Item[]} */
  #sequence(refs) {
    /** @type {Item[]} */
    const items = [];
    const waiting = [...refs];
    for (let ref = waiting.shift(); ref !== undefined; ref = waiting.shift()) {
      const { item, after } = this.#entry(ref);
      items.push(item);
      waiting.unshift(...after);
      if (item.to === waiting[0]) item.to = "";
    }
    return items;
  }

  /** @param {string} ref @returns {{item: Item, after: string[]}} */
  #entry(ref) {
    const node = /** @type {NodeFacts} */ (this.graph.nodes.get(ref));
    const ways = this.ways.get(ref) ?? [];
    const below = this.below.get(ref) ?? [];
    const own = (/** @type {Way} */ way) => below.includes(way.target) && this.incoming.get(way.target) === 1;
    const back = (this.drawn.get(ref) ?? []).filter((edge) => edge.rounds);
    const normal = ways.filter(({ edge }) => edge.on !== "error");
    // The only normal way on goes on in the same list; one that is a branch has an entry all the same, for its name.
    const isFork = normal.length > 1;
    const opens = (/** @type {Way} */ way) => own(way) && (isFork || way.edge.on === "error");
    const shown = ways.filter(({ edge }) => isFork || edge.branch !== null || edge.on === "error");
    const children = [...back.map((edge) => this.#back(edge)), ...shown.map((way) => this.#way(way, opens(way)))];
    const inside = new Set(ways.filter(opens).map((way) => way.target));
    const type = node.type === "trigger" ? "trigger" : "task";
    const item = { key: ref, ref, type: /** @type {"task" | "trigger"} */ (type), name: node.name, words: "", to: "", children };
    if (normal.length === 1 && normal[0].edge.branch === null) item.to = normal[0].target;
    return { item, after: below.filter((other) => !inside.has(other)) };
  }

  /** @param {Way} way @param {boolean} isOwn @returns {Item} */
  #way({ edge, target }, isOwn) {
    const words = edge.words || (edge.on === "error" ? "on error" : "in parallel");
    const key = `${edge.ref}>${target}`;
    const children = isOwn ? this.#sequence([target]) : [];
    return { key, ref: edge.ref, type: "edge", name: words, words: "", to: isOwn ? "" : target, children };
  }

  /** @param {EdgeFacts} edge @returns {Item} */
  #back(edge) {
    const words = `back, at most ${edge.rounds} times`;
    return { key: edge.ref, ref: edge.ref, type: "edge", name: edge.words || "again", words, to: edge.target, children: [] };
  }

  /** How far out each phase comes up: there it has an entry; a task of it further in only says so.
   * @param {Item[]} items @param {number} depth */
  #measure(items, depth) {
    for (const item of items) {
      const phase = this.graph.nodes.get(item.ref)?.phase ?? null;
      if (phase !== null) this.depths.set(phase, Math.min(depth, this.depths.get(phase) ?? depth));
      this.#measure(item.children, depth + 1);
    }
  }

  /** Neighbours of one phase become the children of an entry. @param {Item[]} items @param {string | null} around the phase
   * these stand in already @param {number} depth @returns {Item[]} */
  #phased(items, around, depth) {
    /** @type {Item[]} */
    const found = [];
    let last = "";
    for (const item of items) {
      const phase = item.type === "task" ? (this.graph.nodes.get(item.ref)?.phase ?? null) : around;
      const other = phase !== around && phase !== null ? this.graph.nodes.get(`phase:${phase}`) : undefined;
      const node = other && this.depths.get(phase ?? "") === depth ? other : undefined;
      item.children = this.#phased(item.children, node ? phase : around, depth + 1);
      if (node && last === node.ref) {
        found[found.length - 1].children.push(item);
      } else if (node) {
        const part = (this.parts.get(node.ref) ?? 0) + 1;
        this.parts.set(node.ref, part);
        found.push(this.#phase(node, part > 1 ? `${node.ref}#${part}` : node.ref, [item]));
      } else {
        if (other) item.words = `in ${other.name}`;
        else if (item.type === "task" && around !== null && phase === null) item.words = "in no phase";
        found.push(item);
      }
      last = node ? node.ref : "";
    }
    return found;
  }

  /** @param {NodeFacts} phase @param {string} key @param {Item[]} children @returns {Item} */
  #phase(phase, key, children) {
    const words = key === phase.ref ? (children.length ? "" : "empty") : "continued";
    const edge = key === phase.ref ? this.drawn.get(phase.ref)?.[0] : undefined;
    return { key, ref: phase.ref, type: "phase", name: phase.name, words, to: edge?.target ?? "", children };
  }
}

/** Notes come last. @param {NodeFacts} note @returns {Item} */
function noteItem({ ref, name }) {
  return { key: ref, ref, type: "note", name, words: "", to: "", children: [] };
}

/** @template T @param {T[]} things @param {(thing: T) => string} by @returns {Map<string, T[]>} */
function grouped(things, by) {
  /** @type {Map<string, T[]>} */
  const found = new Map();
  for (const thing of things) {
    const group = found.get(by(thing));
    if (group) group.push(thing);
    else found.set(by(thing), [thing]);
  }
  return found;
}

/** @param {NodeFacts} a @param {NodeFacts} b */
function byPlace(a, b) {
  return a.x - b.x || a.y - b.y || a.ref.localeCompare(b.ref);
}
