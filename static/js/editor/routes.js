// @ts-check
/**
 * Ways of edges between cards, the same as `designer/rendering/routing.py` computes (tests/js/editor/routes.json holds both to
 * it), for what moves while a gesture lasts. Pure. A route is a chain of cubic Bézier curves: its first point, then three
 * points for each curve.
 *
 * @typedef {import("./geometry.js").Rect} Rect
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {[number, number]} Pair
 */

const ARROW_GAP = 4;
const REACH = 28;
const CLEARANCE = 30;
const MARGIN = 14;

/** @param {Rect} source @param {Rect} target @param {"success" | "error"} on @param {Rect[]} [others] what may stand in the way
 * @returns {{path: string, middle: Point}} */
export function route(source, target, on, others = []) {
  const way = on === "error" ? errorRoute(source, target) : successRoute(source, target, others);
  const [x, y] = pointAt(way, 0.5);
  return { path: pathData(way), middle: { x, y } };
}

/** From the right side to the left side, around `others`. @param {Rect} source @param {Rect} target @param {Rect[]} [others]
 * @returns {Pair[]} */
export function successRoute(source, target, others = []) {
  /** @type {Pair} */
  const start = [source.x + source.width, source.y + source.height / 2];
  /** @type {Pair} */
  const end = [target.x - ARROW_GAP, target.y + target.height / 2];
  if (end[0] < start[0] + REACH) return around(source, target, start, end);
  const bend = Math.max((end[0] - start[0]) / 2, REACH);
  /** @type {Pair[]} */
  const straight = [start, [start[0] + bend, start[1]], [end[0] - bend, end[1]], end];
  return detour(straight, start, end, others) ?? straight;
}

/** From the bottom to the left side, or to the top of a card that lies below. @param {Rect} source @param {Rect} target
 * @returns {Pair[]} */
export function errorRoute(source, target) {
  /** @type {Pair} */
  const start = [source.x + source.width / 2, source.y + source.height];
  const middle = target.x + target.width / 2;
  if (target.y >= start[1] + REACH && target.x <= start[0] + 8) {
    /** @type {Pair} */
    const top = [middle, target.y - ARROW_GAP];
    const bend = Math.max((top[1] - start[1]) / 2, 12);
    return [start, [start[0], start[1] + bend], [top[0], top[1] - bend], top];
  }
  /** @type {Pair} */
  const end = [target.x - ARROW_GAP, target.y + target.height / 2];
  if (end[0] < start[0]) {
    const low = Math.max(source.y + source.height, target.y + target.height) + CLEARANCE;
    /** @type {Pair} */
    const left = [end[0] - REACH, (low + end[1]) / 2];
    return [start, [start[0], low], [start[0], low], [(start[0] + left[0]) / 2, low], [left[0], low], [left[0], end[1]], end];
  }
  const drop = Math.max(Math.abs(end[1] - start[1]) * 0.6, REACH);
  return [start, [start[0], start[1] + drop], [end[0] - Math.max((end[0] - start[0]) / 2, REACH), end[1]], end];
}

/** Out on the right, above or below both, in on the left. @param {Rect} source @param {Rect} target @param {Pair} start
 * @param {Pair} end @returns {Pair[]} */
function around(source, target, start, end) {
  const above = Math.min(source.y + source.height, target.y + target.height);
  const below = Math.max(source.y, target.y);
  const level = below - above >= REACH ? (above + below) / 2 : Math.min(source.y, target.y) - CLEARANCE;
  const [right, left] = [start[0] + REACH, end[0] - REACH];
  return [start, [right, start[1]], [right, level], [(right + left) / 2, level], [left, level], [left, end[1]], end];
}

/** A way along a level line where nothing stands, if something stands in the way and there is such a line.
 * @param {Pair[]} straight @param {Pair} start @param {Pair} end @param {Rect[]} others @returns {Pair[] | null} */
function detour(straight, start, end, others) {
  const between = others.filter((box) => box.x < end[0] && box.x + box.width > start[0]);
  if (!between.some((box) => crosses(straight, box))) return null;
  const middle = (start[1] + end[1]) / 2;
  const cost = (/** @type {number} */ level) =>
    Math.abs(level - start[1]) + Math.abs(level - end[1]) + Math.abs(level - middle) / 8;
  const levels = between.flatMap((box) => [box.y - MARGIN, box.y + box.height + MARGIN]).sort((a, b) => cost(a) - cost(b));
  const reach = Math.min(2 * REACH, (end[0] - start[0]) / 2);
  const half = reach / 2;
  for (const level of levels) {
    /** @type {[Pair, Pair]} */
    const [on, off] = [[start[0] + reach, level], [end[0] - reach, level]];
    /** @type {Pair[]} */
    const way = [
      start,
      [start[0] + half, start[1]], [on[0] - half, level], on,
      [on[0] + half / 2, level], [off[0] - half / 2, level], off,
      [off[0] + half, level], [end[0] - half, end[1]], end,
    ];
    if (!between.some((box) => crosses(way, box))) return way;
  }
  return null;
}

/** @param {Pair[]} way @param {Rect} box */
function crosses(way, box) {
  const [left, right, top, bottom] = [box.x - 2, box.x + box.width + 2, box.y - 2, box.y + box.height + 2];
  const [widths, heights] = [way.map((point) => point[0]), way.map((point) => point[1])];
  if (Math.max(...heights) < top || Math.min(...heights) > bottom) return false;
  if (Math.max(...widths) < left || Math.min(...widths) > right) return false;
  const steps = 12 * Math.floor((way.length - 1) / 3);
  for (let step = 0; step <= steps; step += 1) {
    const [x, y] = pointAt(way, step / steps);
    if (left <= x && x <= right && top <= y && y <= bottom) return true;
  }
  return false;
}

/** The point of a route at `share` (0 to 1) of its curves. @param {Pair[]} way @param {number} share @returns {Pair} */
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

/** A route as the `d` of an SVG path. @param {Pair[]} way */
export function pathData(way) {
  const [first, ...rest] = way.map(([x, y]) => `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`);
  let path = `M${first}`;
  for (let at = 0; at < rest.length; at += 3) path += `C${rest[at]} ${rest[at + 1]} ${rest[at + 2]}`;
  return path;
}
