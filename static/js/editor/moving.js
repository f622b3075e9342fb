// @ts-check
/**
 * The ways of edges while some of what they join is moved. Those whose both ends are moved are carried along as they are, as long as no
 * card comes in their way; the others are looked for anew. Where there is no time for all of them, what is left keeps to its cards
 * as it is, and comes first the next time. Pure.
 *
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {import("./geometry.js").Rect} Rect
 * @typedef {import("./curves.js").Way} Way
 * @typedef {{id: string, from: string, to: string, on: "success" | "error", lane?: import("./routes.js").Lane, way: Way | null}} Joined
 *   an edge between two refs; `way`: as it is drawn where nothing is moved yet, if it is drawn there
 */

import { Pieces, apart, byRank, earlyPiecesOf, ownerOf, piecesOf } from "./apart.js";
import { Walls } from "./curves.js";
import { Obstacles } from "./obstacles.js";
import { wayOf } from "./routes.js";

const BESIDE = 4; // canvas units around a way within which a card has a say

/** @template {Joined} Edge */
export class Moving {
  /** How each went last, and how far things were moved then. @type {Map<Edge, {way: Way, by: Point}>} */
  #last = new Map();
  /** Those that still have to be looked for. @type {Set<Edge>} */
  #left = new Set();
  /** @type {Obstacles} */
  #still;
  /** @type {Pieces | null} */
  #standing = null;

  /** @param {Set<string>} refs what is moved @param {Map<string, Rect>} nodes where everything is that edges join, before
   * @param {string[]} cards refs of what is in the way of edges @param {Edge[]} edges with an end among what is moved
   * @param {() => Pieces} standing asked for once: the pieces of all other edges */
  constructor(refs, nodes, cards, edges, standing) {
    [this.refs, this.nodes, this.edges, this.standing] = [refs, nodes, edges, standing];
    this.cards = cards.filter((ref) => refs.has(ref));
    this.#still = new Obstacles(cards.flatMap((ref) => (refs.has(ref) ? [] : [this.#at(ref, { x: 0, y: 0 })])));
    for (const edge of edges) if (edge.way) this.#last.set(edge, { way: edge.way, by: { x: 0, y: 0 } });
  }

  /** Whether some could not be looked for the last time. */
  get isUnfinished() {
    return this.#left.size > 0;
  }

  /** How all of the edges go. @param {Point} by how far things are moved @param {() => boolean} [isTimeLeft] asked before each search
   * @returns {[Edge, Way][]} */
  ways(by, isTimeLeft = () => true) {
    const places = new Map(this.cards.map((ref) => [ref, this.#at(ref, by)]));
    const obstacles = new Obstacles([...places.values()], this.#still);
    const waiting = this.#left;
    this.#left = new Set();
    const found = [];
    for (const edge of new Set([...waiting, ...this.edges])) {
      const ends = [edge.from, edge.to].map((ref) => places.get(ref) ?? this.#at(ref, by));
      const others = edge.from.startsWith("phase:") || edge.to.startsWith("phase:") ? null : obstacles;
      const carried = this.#carried(edge, by, ends, others);
      if (carried || !this.#last.has(edge) || isTimeLeft()) {
        const way = carried ?? wayOf(ends[0], ends[1], edge.on, others ?? undefined, edge.lane);
        found.push({ edge, way, others, ends, owner: ownerOf(edge.id, edge.from, edge.to, ends[0], ends[1]) });
      } else this.#left.add(edge);
    }
    const pieces = new Pieces(found.some(({ way }) => way.length > 4) ? (this.#standing ??= this.standing()) : null);
    for (const { way, owner } of found) pieces.add(earlyPiecesOf(way, owner));
    for (const { edge, way, owner, ends, others } of found.sort((a, b) => byRank(a.owner, b.owner))) {
      const spread = apart(way, owner, pieces, others, ends);
      pieces.add(piecesOf(spread, owner));
      this.#last.set(edge, { way: spread, by });
    }
    for (const edge of this.#left) this.#last.set(edge, { way: this.#stretched(edge, by), by });
    return this.edges.map((edge) => [edge, this.#last.get(edge)?.way ?? []]);
  }

  /** @param {string} ref @param {Point} by @returns {Rect} */
  #at(ref, by) {
    const { x, y, width, height } = /** @type {Rect} */ (this.nodes.get(ref));
    return this.refs.has(ref) ? { x: x + by.x, y: y + by.y, width, height } : { x, y, width, height };
  }

  /** The way that was drawn, where both its ends went, if it is clear of the cards there. @param {Edge} edge @param {Point} by
   * @param {Rect[]} ends @param {Obstacles | null} others @returns {Way | null} */
  #carried(edge, by, ends, others) {
    if (!edge.way || !this.refs.has(edge.from) || !this.refs.has(edge.to)) return null;
    /** @type {Way} */
    const way = edge.way.map(([x, y]) => [x + by.x, y + by.y]);
    if (!others) return way;
    const [xs, ys] = [way.map(([x]) => x), way.map(([, y]) => y)];
    const [left, top, right, bottom] = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
    const near = this.#still.within(left - BESIDE, top - BESIDE, right + BESIDE, bottom + BESIDE, ends);
    return new Walls(near).letThrough([way]) ? way : null;
  }

  /** The last way of an edge, with those of its ends elsewhere that went on since. @param {Edge} edge @param {Point} by @returns {Way} */
  #stretched(edge, by) {
    const last = this.#last.get(edge);
    if (!last) return [];
    const [x, y] = [by.x - last.by.x, by.y - last.by.y];
    return last.way.map((point, at) => {
      const goes = (at < 2 && this.refs.has(edge.from)) || (at > last.way.length - 3 && this.refs.has(edge.to));
      return goes ? [point[0] + x, point[1] + y] : point;
    });
  }
}
