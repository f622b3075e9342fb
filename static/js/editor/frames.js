// @ts-check
/** Where the frame of a new phase goes: around its tasks, and beside what is not in it. Pure. */

import { GRID, grow, overlap, union } from "./geometry.js";

/** @typedef {import("./geometry.js").Rect} Rect @typedef {import("./geometry.js").Point} Point */
/** @typedef {"n" | "e" | "s" | "w"} Side */
/** @typedef {Rect & {ref: string, type: string, phase: string | null}} Neighbour */

/** How far a frame reaches beyond its tasks, if there is room; at the top it has its name. @type {Record<Side, number>} */
const WANTED = { n: 48, e: 24, s: 24, w: 24 };
/** How far it must. @type {Record<Side, number>} */
const LEAST = { n: 32, e: 8, s: 8, w: 8 };
/** @type {Record<Side, Point>} */
const AWAY = { n: { x: 0, y: -1 }, e: { x: 1, y: 0 }, s: { x: 0, y: 1 }, w: { x: -1, y: 0 } };
const BESIDE = 8; // how much nearer to the border than a task a way may come
const SIDES = /** @type {Side[]} */ (["n", "e", "s", "w"]);

/** The frame around tasks, and around the ways between them that run beside them: a loop's way back runs below the name, not
 * through it. Where others stand so near that it would run under them, it keeps closer to its tasks; where that is not
 * enough, tasks and notes that are in no phase make room.
 * @param {Rect[]} tasks at least one @param {Neighbour[]} others @param {Rect[]} [ways] boxes around them
 * @returns {{frame: Rect, moved: Map<string, Point>}} who goes by how much */
export function frameAround(tasks, others, ways = []) {
  const box = /** @type {Rect} */ (union([...tasks, ...ways.map((way) => grow(way, -BESIDE))]));
  const reach = { ...WANTED };
  const moved = new Map();
  const near = others.filter((other) => overlap(other, grow(reached(box, WANTED), GRID)) && !overlap(other, box));
  for (const other of near) {
    const [side, room] = roomTo(box, other);
    reach[side] = Math.min(reach[side], Math.max(LEAST[side], Math.floor((room - GRID) / GRID) * GRID));
    const missing = Math.ceil((LEAST[side] + GRID - room) / GRID) * GRID;
    if (missing > 0) push(other, { x: AWAY[side].x * missing, y: AWAY[side].y * missing }, others, moved);
  }
  return { frame: onGrid(reached(box, reach)), moved };
}

/** On which side of a box another lies, and how far from it. Of two sides, that on which less is missing. @param {Rect} box @param {Rect} other
 * @returns {[Side, number]} */
function roomTo(box, other) {
  /** @type {Record<Side, number>} */
  const rooms = {
    n: box.y - other.y - other.height,
    e: other.x - box.x - box.width,
    s: other.y - box.y - box.height,
    w: box.x - other.x - other.width,
  };
  const missing = (/** @type {Side} */ side) => WANTED[side] - rooms[side];
  const side = SIDES.filter((each) => rooms[each] >= 0).sort((a, b) => missing(a) - missing(b))[0];
  return [side, rooms[side]];
}

/** One makes room, and so do those that it would come to stand on. @param {Neighbour} other @param {Point} by @param {Neighbour[]} others
 * @param {Map<string, Point>} moved */
function push(other, by, others, moved) {
  if (moved.has(other.ref) || other.phase || !["task", "note"].includes(other.type)) return;
  moved.set(other.ref, by);
  const there = grow({ ...other, x: other.x + by.x, y: other.y + by.y }, GRID);
  for (const next of others) if (next !== other && overlap(next, there)) push(next, by, others, moved);
}

/** @param {Rect} box @param {Record<Side, number>} by @returns {Rect} */
function reached(box, by) {
  return { x: box.x - by.w, y: box.y - by.n, width: box.width + by.w + by.e, height: box.height + by.n + by.s };
}

/** @param {Rect} rect @returns {Rect} */
function onGrid({ x, y, width, height }) {
  const [left, top] = [Math.floor(x / GRID) * GRID, Math.floor(y / GRID) * GRID];
  return { x: left, y: top, width: Math.ceil((x + width - left) / GRID) * GRID, height: Math.ceil((y + height - top) / GRID) * GRID };
}
