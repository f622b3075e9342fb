// @ts-check
/**
 * Ways with corners around whatever stands in between: the same search as `designer/rendering/corners.py`, which says how. Pure.
 *
 * @typedef {import("./geometry.js").Rect} Rect
 * @typedef {import("./curves.js").Pair} Pair
 * @typedef {import("./curves.js").Way} Way
 * @typedef {{left: number, right: number, top: number, bottom: number}} Sides
 */

import { line } from "./curves.js";

const WINDOWS = [[120, 104], [304, 208], [640, 720]];
const ROOMS = [12, 8, 4];
const ROOMS_OF_ERRORS = [18, 8, 4];
const LEAST_ROOM = 4;
const CORNER = 64;
const FEW_CARDS = 24;
const HASTE = 2;
const MOST_STEPS = 6000;
const MOST_ENCLOSED = 100;
const RADIUS = 16;
const LEAST_TIP = 3;

/** Ways side by side around `others`; null where there is no room. From `start`, on the right or (`isDown`) at the bottom of the
 * first of `ends`, to `end`, on the left of the second. @param {Pair} start @param {Pair} end @param {Rect[]} ends
 * @param {import("./obstacles.js").Obstacles} others @param {number[]} offsets @param {boolean} isDown @returns {Way[] | null} */
export function waysWithCorners(start, end, ends, others, offsets, isDown) {
  let leftOver = MOST_STEPS;
  for (const [aside, beyond] of WINDOWS) {
    const [left, right] = [Math.min(start[0], end[0]) - aside, Math.max(start[0], end[0]) + aside];
    const [top, bottom] = [Math.min(start[1], end[1]) - beyond, Math.max(start[1], end[1]) + beyond];
    const near = others.within(left, top, right, bottom, ends);
    for (const [room, beside] of attempts(offsets, isDown)) {
      const search = new Search([...ends, ...near], room, { left, right, top, bottom }, leftOver);
      const path = search.path(start, end, isDown);
      leftOver = search.leftOver;
      const radius = Math.min(RADIUS, 3 * (room - beside[beside.length - 1])); // a rounder bend would cut over a card's corner
      if (path) return beside.map((by) => rounded(shifted(path, by), radius));
      if (!leftOver) return null;
    }
  }
  return null;
}

/** How much room there is to be on both sides, and how far from the middle ways side by side then are. @param {number[]} offsets
 * @param {boolean} isDown @returns {[number, number[]][]} */
function attempts(offsets, isDown) {
  const [rooms, half] = [isDown ? ROOMS_OF_ERRORS : ROOMS, offsets[offsets.length - 1]];
  if (!half) return rooms.map((room) => [room, offsets]);
  const narrow = (/** @type {number} */ room) => Math.min(half, Math.max(room - LEAST_ROOM, room / 2));
  return [[rooms[0] + half, offsets], ...rooms.map((room) => /** @type {[number, number[]]} */ ([room, offsets.map((by) => (by * narrow(room)) / half)]))];
}

class Search {
  /** @param {Rect[]} boxes @param {number} room @param {Sides} area @param {number} leftOver */
  constructor(boxes, room, area, leftOver) {
    this.area = area;
    this.room = room;
    /** @type {number[]} */
    this.xs = [];
    /** @type {number[]} */
    this.ys = [];
    /** @type {Map<number, number>} */
    this.column = new Map();
    /** @type {Map<number, number>} */
    this.row = new Map();
    /** @type {Uint8Array[]} */
    this.levels = [];
    /** @type {Uint8Array[]} */
    this.uprights = [];
    this.wide = 0;
    this.leftOver = leftOver;
    this.walls = boxes.map((box) => ({ left: box.x - room, right: box.x + box.width + room, top: box.y - room, bottom: box.y + box.height + room }));
  }

  /** The corners of the best way, with its ends. @param {Pair} start @param {Pair} end @param {boolean} isDown @returns {Way | null} */
  path(start, end, isDown) {
    /** @type {Pair} */
    const begin = isDown ? [start[0], this.walls[0].bottom] : [this.walls[0].right, start[1]];
    /** @type {Pair} */
    const arrive = [this.walls[1].left, end[1]];
    if (this.isShut(begin) || this.isShut(arrive)) return null;
    this.rule(begin, arrive);
    const [x, y] = this.numbers(begin);
    const [toX, toY] = this.numbers(arrive);
    if (this.isEnclosed(toX, toY, y * this.wide + x)) return null;
    const found = this.steps(2 * (y * this.wide + x) + (isDown ? 1 : 0), toX, toY);
    // In a gap as narrow as the tip of an arrow is long, the tip goes in farther, or it would point along the gap.
    return found && straightened([start, ...found.map((number) => this.point(number))], [Math.max(end[0], arrive[0] + LEAST_TIP), end[1]]);
  }

  /** @param {Pair} point */
  isShut([x, y]) {
    return this.walls.some((wall) => wall.left < x && x < wall.right && wall.top < y && y < wall.bottom);
  }

  /** @param {Pair} point @returns {Pair} */
  numbers([x, y]) {
    return [this.column.get(x) ?? 0, this.row.get(y) ?? 0];
  }

  /** @param {number} number @returns {Pair} */
  point(number) {
    const at = number >> 1;
    return [this.xs[at % this.wide], this.ys[Math.floor(at / this.wide)]];
  }

  /** The lines, and which steps from one to the next are blocked: along levels and along uprights. @param {Pair} begin
   * @param {Pair} arrive */
  rule(begin, arrive) {
    // What stands right beyond the area that was looked at is kept clear of, too.
    const [left, right, top, bottom] = [this.area.left + this.room, this.area.right - this.room, this.area.top + this.room, this.area.bottom - this.room];
    this.xs = lines([begin[0], arrive[0], ...this.walls.flatMap((wall) => [wall.left, wall.right])], left, right);
    this.ys = lines([begin[1], arrive[1], ...this.walls.flatMap((wall) => [wall.top, wall.bottom])], top, bottom);
    this.column = new Map(this.xs.map((x, number) => [x, number]));
    this.row = new Map(this.ys.map((y, number) => [y, number]));
    const [wide, high] = [this.xs.length, this.ys.length];
    this.wide = wide;
    const levels = this.ys.map(() => new Uint8Array(wide));
    const uprights = this.xs.map(() => new Uint8Array(high));
    const ends = [begin, arrive].map((point) => this.numbers(point));
    const sides = ends.map(([x, y]) => [x, x, y, y]);
    for (const wall of this.walls) {
      const [first, last] = [this.column.get(wall.left) ?? 0, this.column.get(wall.right) ?? wide - 1];
      const [upper, lower] = [this.row.get(wall.top) ?? 0, this.row.get(wall.bottom) ?? high - 1];
      sides.push([first, last, upper, lower]);
      const [under, over] = [wall.top < this.ys[0] ? upper : upper + 1, wall.bottom > this.ys[high - 1] ? lower + 1 : lower];
      for (let y = under; y < over; y += 1) levels[y].fill(1, first, last);
      const [on, off] = [wall.left < this.xs[0] ? first : first + 1, wall.right > this.xs[wide - 1] ? last + 1 : last];
      for (let x = on; x < off; x += 1) uprights[x].fill(1, upper, lower);
    }
    this.levels = this.ys.map(() => new Uint8Array(wide).fill(1));
    this.uprights = this.xs.map(() => new Uint8Array(high).fill(1));
    for (const [first, last, upper, lower] of sides) {
      for (const y of [upper, lower]) free(this.levels[y], levels[y], first, last);
      for (const x of [first, last]) free(this.uprights[x], uprights[x], upper, lower);
    }
  }

  /** Whether only few points can be reached from one, another not among them. @param {number} x @param {number} y @param {number} from */
  isEnclosed(x, y, from) {
    const seen = new Set([y * this.wide + x]);
    for (const at of seen) {
      if (seen.size > MOST_ENCLOSED) return false;
      const [column, row] = [at % this.wide, Math.floor(at / this.wide)];
      const [level, upright] = [this.levels[row], this.uprights[column]];
      if (column && !level[column - 1]) seen.add(at - 1);
      if (column + 1 < this.wide && !level[column]) seen.add(at + 1);
      if (row && !upright[row - 1]) seen.add(at - this.wide);
      if (row + 1 < this.ys.length && !upright[row]) seen.add(at + this.wide);
    }
    return !seen.has(from);
  }

  /** From point to point; each is there twice: where one goes on along its level, and (odd) along its upright.
   * @param {number} begin @param {number} toX @param {number} toY @returns {number[] | null} */
  steps(begin, toX, toY) {
    const { xs, ys, wide, levels, uprights } = this;
    const [goalX, goalY, goal] = [xs[toX], ys[toY], 2 * (toY * wide + toX)];
    const haste = this.walls.length <= FEW_CARDS ? 1 : HASTE;
    // One more than it costs to come there, and than where one came from: 0 where nobody has been.
    const cost = new Float64Array(2 * wide * ys.length);
    const came = new Int32Array(cost.length);
    cost[begin] = 1;
    const queue = new Queue();
    queue.push({ rank: 0, at: begin, spent: 0 });
    const go = (/** @type {number} */ from, /** @type {number} */ at, /** @type {number} */ spent) => {
      if (cost[at] && spent + 1 >= cost[at]) return;
      cost[at] = spent + 1;
      came[at] = from + 1;
      const [across, there] = [xs[(at >> 1) % wide], ys[Math.floor((at >> 1) / wide)]];
      const turns = at % 2 ? 1 : there === goalY && across <= goalX ? 0 : 2;
      queue.push({ rank: spent + haste * (Math.abs(across - goalX) + Math.abs(there - goalY) + turns * CORNER), at, spent });
    };
    while (queue.length && this.leftOver) {
      this.leftOver -= 1;
      const { at, spent } = queue.pop();
      if (at === goal) return wayTo(at, came);
      if (spent + 1 > cost[at]) continue;
      const [x, y] = [(at >> 1) % wide, Math.floor((at >> 1) / wide)];
      const [level, upright] = [levels[y], uprights[x]];
      if (at % 2 || at === goal - 1 || !(upright[y] && (!y || upright[y - 1]))) go(at, at ^ 1, spent + CORNER);
      if (at % 2) {
        if (y && !upright[y - 1]) go(at, at - 2 * wide, spent + (ys[y] - ys[y - 1]));
        if (y + 1 < ys.length && !upright[y]) go(at, at + 2 * wide, spent + (ys[y + 1] - ys[y]));
      } else {
        if (x && !level[x - 1]) go(at, at - 2, spent + (xs[x] - xs[x - 1]));
        if (x + 1 < wide && !level[x]) go(at, at + 2, spent + (xs[x + 1] - xs[x]));
      }
    }
    return null;
  }
}

/** @param {number} goal @param {Int32Array} came one more than where one came from, to each point */
function wayTo(goal, came) {
  const found = [goal];
  for (let at = goal; came[at]; at = came[at] - 1) found.push(came[at] - 1);
  return found.reverse();
}

/** @param {number[]} all @param {number} least @param {number} most */
function lines(all, least, most) {
  return [...new Set(all)].filter((at) => least <= at && at <= most).sort((a, b) => a - b);
}

/** Let one go along a line beside a card, and on from there as far as nothing is in the way. @param {Uint8Array} along
 * @param {Uint8Array} blocked @param {number} first @param {number} last */
function free(along, blocked, first, last) {
  const on = first ? blocked.lastIndexOf(1, first - 1) + 1 : 0;
  const off = blocked.indexOf(1, last);
  along.fill(0, on, first);
  along.fill(0, last, off < 0 ? along.length : off);
  along.set(blocked.subarray(first, last), first);
}

/** @typedef {{rank: number, at: number, spent: number}} Entry */

/** What has the least rank comes first, of equals that with the lower number. */
class Queue {
  /** @type {Entry[]} */
  #heap = [];

  get length() {
    return this.#heap.length;
  }

  /** @param {Entry} entry */
  push(entry) {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at && isBefore(entry, heap[(at - 1) >> 1])) {
      heap[at] = heap[(at - 1) >> 1];
      at = (at - 1) >> 1;
    }
    heap[at] = entry;
  }

  pop() {
    const heap = this.#heap;
    const [first, last] = [heap[0], /** @type {Entry} */ (heap.pop())];
    if (!heap.length) return first;
    let at = 0;
    for (let next = 1; next < heap.length; next = 2 * at + 1) {
      if (next + 1 < heap.length && isBefore(heap[next + 1], heap[next])) next += 1;
      if (!isBefore(heap[next], last)) break;
      heap[at] = heap[next];
      at = next;
    }
    heap[at] = last;
    return first;
  }
}

/** @param {Entry} a @param {Entry} b */
function isBefore(a, b) {
  return a.rank < b.rank || (a.rank === b.rank && a.at < b.at);
}

// ------------------------------------------------------------------ from corners to curves

/** Without what lies between two corners; to an end that is come to from the left, however short the way there.
 * @param {Way} path @param {Pair} end @returns {Way} */
function straightened(path, end) {
  /** @type {Way} */
  const kept = [];
  for (const point of path) {
    const last = kept[kept.length - 1];
    if (last && last[0] === point[0] && last[1] === point[1]) continue;
    if (kept.length > 1 && isLevel(kept[kept.length - 2], last) === isLevel(last, point)) kept.pop();
    kept.push(point);
  }
  if (kept.length > 1 && isLevel(kept[kept.length - 2], kept[kept.length - 1])) kept.pop();
  return [...kept, end];
}

/** The same path, `by` farther to the right of who goes along it. @param {Way} path @param {number} by @returns {Way} */
function shifted(path, by) {
  const shifts = path.slice(1).map((point, at) => shift(path[at], point, by));
  return path.map(([x, y], at) => {
    const [a, b] = [shifts[Math.max(at - 1, 0)], shifts[Math.min(at, shifts.length - 1)]];
    return [x + (a[0] || b[0]), y + (a[1] || b[1])];
  });
}

/** @param {Pair} a @param {Pair} b */
function isLevel(a, b) {
  return a[1] === b[1];
}

/** @param {Pair} a @param {Pair} b @param {number} by @returns {Pair} */
function shift(a, b, by) {
  if (isLevel(a, b)) return [0, b[0] >= a[0] ? by : -by];
  return [b[1] < a[1] ? by : -by, 0];
}

/** Curves along a path: its lines, and a bend at each corner. @param {Way} path @param {number} most @returns {Way} */
export function rounded(path, most) {
  let last = path[0];
  const route = [last];
  for (let at = 1; at < path.length - 1; at += 1) {
    const [before, corner, after] = path.slice(at - 1, at + 2);
    const radius = Math.min(most, distance(before, corner) / 2, distance(corner, after) / 2);
    const [on, off] = [towards(corner, before, radius), towards(corner, after, radius)];
    route.push(...line(last, on), middle(on, corner), middle(off, corner), off);
    last = off;
  }
  return [...route, ...line(last, path[path.length - 1])];
}

/** @param {Pair} a @param {Pair} b */
function distance(a, b) {
  return Math.abs(a[0] - b[0]) + Math.abs(a[1] - b[1]);
}

/** @param {Pair} a @param {Pair} b @param {number} by @returns {Pair} */
function towards(a, b, by) {
  if (isLevel(a, b)) return [b[0] > a[0] ? a[0] + by : a[0] - by, a[1]];
  return [a[0], b[1] > a[1] ? a[1] + by : a[1] - by];
}

/** @param {Pair} a @param {Pair} b @returns {Pair} */
function middle(a, b) {
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
}
