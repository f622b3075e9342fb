// @ts-check
/**
 * Ways of edges between cards, the same as `designer/rendering/routing.py` computes (tests/js/editor/routes.json holds both to
 * it), for what moves while a gesture lasts. Pure. A route is a chain of cubic Bézier curves: its first point, then three
 * points for each curve.
 *
 * @typedef {import("./geometry.js").Rect} Rect
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {[number, number]} Pair
 * @typedef {Pair[]} Way
 */

const ARROW_GAP = 4;
const REACH = 28;
const CLEARANCE = 30;
const MARGIN = 16;
const TURN = 36;
const BENDS = [56, 36, 24];

/** @param {Rect} source @param {Rect} target @param {"success" | "error"} on @param {Rect[]} [others] what may stand in the way
 * @returns {{path: string, middle: Point}} */
export function route(source, target, on, others = []) {
  const way = (on === "error" ? errorRoute : successRoute)(source, target, others);
  const [x, y] = pointAt(way, 0.5);
  return { path: pathData(way), middle: { x, y } };
}

/** From the right side to the left side, around `others`. @param {Rect} source @param {Rect} target @param {Rect[]} [others]
 * @returns {Way} */
export function successRoute(source, target, others = []) {
  /** @type {Pair} */
  const start = [source.x + source.width, source.y + source.height / 2];
  /** @type {Pair} */
  const end = [target.x - ARROW_GAP, target.y + target.height / 2];
  if (end[0] < start[0] + REACH) return around(source, target, start, end, others);
  const bend = Math.max((end[0] - start[0]) / 2, REACH);
  /** @type {Way} */
  const straight = [start, [start[0] + bend, start[1]], [end[0] - bend, end[1]], end];
  return detour(straight, start, end, others) ?? straight;
}

/** From the bottom to the left side, or to the top of a card right below; around `others`. @param {Rect} source
 * @param {Rect} target @param {Rect[]} [others] @returns {Way} */
export function errorRoute(source, target, others = []) {
  /** @type {Pair} */
  const start = [source.x + source.width / 2, source.y + source.height];
  if (target.y >= start[1] + REACH && target.x <= start[0] && start[0] <= target.x + target.width) {
    /** @type {Pair} */
    const top = [target.x + target.width / 2, target.y - ARROW_GAP];
    const bend = Math.max((top[1] - start[1]) / 2, 12);
    return [start, [start[0], start[1] + bend], [top[0], top[1] - bend], top];
  }
  /** @type {Pair} */
  const end = [target.x - ARROW_GAP, target.y + target.height / 2];
  if (end[0] < start[0] + REACH) {
    const boxes = between(others, end[0] - TURN, start[0] + TURN);
    const isFarBelow = target.y > start[1] + 2 * MARGIN;
    const low = Math.max(source.y + source.height, target.y + target.height) + CLEARANCE;
    const first = isFarBelow ? (start[1] + target.y) / 2 : low;
    return firstFree(levels([...boxes, target], first, start[1]).map((level) => () => errorBack(start, end, level)), boxes);
  }
  const drop = Math.max(Math.abs(end[1] - start[1]) * 0.6, REACH);
  /** @type {Way} */
  const straight = [start, [start[0], start[1] + drop], [end[0] - Math.max((end[0] - start[0]) / 2, REACH), end[1]], end];
  const boxes = between(others, start[0], end[0]);
  if (!boxes.some((box) => crosses(straight, box))) return straight;
  const below = levels(boxes, start[1] + MARGIN, start[1]).filter((level) => level > start[1]);
  return firstFree([...below.map((level) => () => errorAlong(start, end, level)), () => straight], boxes);
}

/** Out on the right, along a free line between or above the two, in on the left. @param {Rect} source @param {Rect} target
 * @param {Pair} start @param {Pair} end @param {Rect[]} others @returns {Way} */
function around(source, target, start, end, others) {
  const boxes = between([...others, source, target], end[0] - TURN, start[0] + TURN);
  const above = Math.min(source.y + source.height, target.y + target.height);
  const below = Math.max(source.y, target.y);
  const first = below - above >= REACH ? (above + below) / 2 : Math.min(source.y, target.y) - CLEARANCE;
  const ways = levels(boxes, first, start[1]).map((level) => () => back(start, end, level));
  return firstFree(ways, between(others, end[0] - TURN, start[0] + TURN));
}

/** A way along a free level line, if something stands in the way of `straight` and there is such a line.
 * @param {Way} straight @param {Pair} start @param {Pair} end @param {Rect[]} others @returns {Way | null} */
function detour(straight, start, end, others) {
  const boxes = between(others, start[0], end[0]);
  if (!boxes.some((box) => crosses(straight, box))) return null;
  for (const level of levels(boxes, boxes[0].y - MARGIN, (start[1] + end[1]) / 2)) {
    for (const reach of BENDS) {
      const way = along(start, end, level, reach);
      if (!boxes.some((box) => crosses(way, box))) return way;
    }
  }
  return null;
}

// ------------------------------------------------------------------ shapes: each along one level line

/** @param {Pair} start @param {Pair} end @param {number} level @param {number} bend @returns {Way} */
function along(start, end, level, bend) {
  const reach = Math.min(bend, (end[0] - start[0]) / 3);
  /** @type {[Pair, Pair]} */
  const [on, off] = [[start[0] + reach, level], [end[0] - reach, level]];
  const half = reach / 2;
  return [start, [start[0] + half, start[1]], [on[0] - half, level], on, ...line(on, off), [off[0] + half, level], [end[0] - half, end[1]], end];
}

/** @param {Pair} start @param {Pair} end @param {number} level @returns {Way} */
function back(start, end, level) {
  /** @type {[Pair, Pair]} */
  const [out, into] = [[start[0], level], [end[0], level]];
  const right = start[0] + TURN;
  const left = end[0] - TURN;
  return [start, [right, start[1]], [right, level], out, ...line(out, into), [left, level], [left, end[1]], end];
}

/** @param {Pair} start @param {Pair} end @param {number} level @returns {Way} */
function errorBack(start, end, level) {
  /** @type {Pair} */
  const into = [end[0], level];
  /** @type {Pair} */
  const turn = level > start[1] ? [start[0] - 10, level] : [start[0] + TURN, level];
  const left = end[0] - TURN;
  return [start, [start[0], (start[1] + level) / 2], [start[0], level], turn, ...line(turn, into), [left, level], [left, end[1]], end];
}

/** @param {Pair} start @param {Pair} end @param {number} level @returns {Way} */
function errorAlong(start, end, level) {
  const reach = Math.min(2 * REACH, (end[0] - start[0]) / 3);
  /** @type {[Pair, Pair]} */
  const [on, off] = [[start[0] + 10, level], [end[0] - reach, level]];
  const half = reach / 2;
  return [start, [start[0], (start[1] + level) / 2], [start[0], level], on, ...line(on, off), [off[0] + half, level], [end[0] - half, end[1]], end];
}

/** @param {Pair} a @param {Pair} b @returns {Way} */
function line(a, b) {
  const [dx, dy] = [(b[0] - a[0]) / 3, (b[1] - a[1]) / 3];
  return [[a[0] + dx, a[1] + dy], [b[0] - dx, b[1] - dy], b];
}

// ------------------------------------------------------------------ free lines

/** @param {Rect[]} boxes @param {number} left @param {number} right */
function between(boxes, left, right) {
  return boxes.filter((box) => box.x < right && box.x + box.width > left);
}

/** `first`, then the lines above and below each box, the nearest first. @param {Rect[]} boxes @param {number} first
 * @param {number} near */
function levels(boxes, first, near) {
  const found = [...new Set(boxes.flatMap((box) => [box.y - MARGIN, box.y + box.height + MARGIN]))];
  return [first, ...found.sort((a, b) => Math.abs(a - near) - Math.abs(b - near) || a - b)];
}

/** The first way that crosses nothing, else the very first. @param {(() => Way)[]} ways @param {Rect[]} boxes @returns {Way} */
function firstFree(ways, boxes) {
  for (const make of ways) {
    const way = make();
    if (!boxes.some((box) => crosses(way, box))) return way;
  }
  return ways[0]();
}

/** @param {Way} way @param {Rect} box */
function crosses(way, box) {
  const [left, right, top, bottom] = [box.x - 2, box.x + box.width + 2, box.y - 2, box.y + box.height + 2];
  const curves = Math.floor((way.length - 1) / 3);
  for (let number = 0; number < curves; number += 1) {
    const [a, b, c, d] = way.slice(3 * number, 3 * number + 4);
    // A curve stays between its four points: most boxes are nowhere near.
    if (Math.max(a[0], b[0], c[0], d[0]) < left || Math.min(a[0], b[0], c[0], d[0]) > right) continue;
    if (Math.max(a[1], b[1], c[1], d[1]) < top || Math.min(a[1], b[1], c[1], d[1]) > bottom) continue;
    for (let step = 0; step <= 12; step += 1) {
      const [x, y] = pointAt(way, (number + step / 12) / curves);
      if (left <= x && x <= right && top <= y && y <= bottom) return true;
    }
  }
  return false;
}

/** The point of a route at `share` (0 to 1) of its curves. @param {Way} way @param {number} share @returns {Pair} */
export function pointAt(way, share) {
  const curves = Math.floor((way.length - 1) / 3);
  const number = Math.min(Math.floor(share * curves), curves - 1);
  const t = share * curves - number;
  const u = 1 - t;
  const weights = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
  const at = (/** @type {0 | 1} */ axis) =>
    weights.reduce((sum, weight, step) => sum + weight * way[3 * number + step][axis], 0);
  return [at(0), at(1)];
}

/** A route as the `d` of an SVG path. @param {Way} way */
export function pathData(way) {
  const [first, ...rest] = way.map(([x, y]) => `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`);
  let path = `M${first}`;
  for (let at = 0; at < rest.length; at += 3) path += `C${rest[at]} ${rest[at + 1]} ${rest[at + 2]}`;
  return path;
}
