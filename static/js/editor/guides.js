// @ts-check
/** Lines that something dragged snaps to: the sides and middles of what stands around, and equal gaps. Pure. */

/** @typedef {import("./geometry.js").Rect} Rect */
/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {{x1: number, y1: number, x2: number, y2: number}} Line */

const BEYOND = 12; // how far a line goes past what it joins

/** The nearest lines within reach, one for each axis: how far to move on to lie on them, and the lines to show. Where nothing
 * lines up, gaps that would be as wide as one beside them count too.
 * @param {Rect} rect where it would lie @param {Rect[]} others @param {number} reach in canvas units
 * @returns {{by: Point, lines: Line[], held: {x: boolean, y: boolean}}} `held`: the axes on which something was found */
export function guided(rect, others, reach) {
  const across = nearest(rect, others, reach, sidesX);
  const down = nearest(rect, others, reach, sidesY);
  const evenAcross = across ? null : even(rect, others, reach, ACROSS);
  const evenDown = down ? null : even(rect, others, reach, DOWN);
  const by = { x: (across ?? evenAcross)?.by ?? 0, y: (down ?? evenDown)?.by ?? 0 };
  const placed = { ...rect, x: rect.x + by.x, y: rect.y + by.y };
  const lines = [];
  if (across) {
    const joined = others.filter((other) => sidesX(other).includes(across.at));
    lines.push({ x1: across.at, x2: across.at, ...span([placed, ...joined], "y", "height", "y1", "y2") });
  }
  if (down) {
    const joined = others.filter((other) => sidesY(other).includes(down.at));
    lines.push({ y1: down.at, y2: down.at, ...span([placed, ...joined], "x", "width", "x1", "x2") });
  }
  if (evenAcross) lines.push(...gapLines(placed, evenAcross.among, ACROSS));
  if (evenDown) lines.push(...gapLines(placed, evenDown.among, DOWN));
  return { by, lines: /** @type {Line[]} */ (lines), held: { x: Boolean(across ?? evenAcross), y: Boolean(down ?? evenDown) } };
}

/** An axis: where along it a box begins and how long it is, and the same across.
 * @typedef {{at: "x" | "y", size: "width" | "height", side: "x" | "y", breadth: "width" | "height"}} Axis */

/** @type {Axis} */
const ACROSS = { at: "x", size: "width", side: "y", breadth: "height" };
/** @type {Axis} */
const DOWN = { at: "y", size: "height", side: "x", breadth: "width" };
const TICK = 4; // half the length of the strokes that end a gap

/** Where the gaps to what stands in the same row, or column, are equally wide: between two, after two, before two.
 * @param {Rect} rect @param {Rect[]} others @param {number} reach @param {Axis} axis
 * @returns {{by: number, among: Rect[]} | null} `among`: the two that the gaps lead to */
function even(rect, others, reach, axis) {
  const { at, size } = axis;
  const end = (/** @type {Rect} */ box) => box[at] + box[size];
  const row = others.filter((box) => shares(rect, box, axis)).sort((a, b) => a[at] - b[at]);
  const middle = rect[at] + rect[size] / 2;
  const before = row.filter((box) => box[at] + box[size] / 2 < middle);
  const after = row.filter((box) => box[at] + box[size] / 2 >= middle);
  const [far, near] = [before.at(-2), before.at(-1)];
  const [next, beyond] = after;
  /** @type {{to: number, among: Rect[]}[]} */
  const places = [];
  if (near && next && next[at] - end(near) >= rect[size]) places.push({ to: (end(near) + next[at] - rect[size]) / 2, among: [near, next] });
  if (far && near && near[at] > end(far)) places.push({ to: end(near) + near[at] - end(far), among: [far, near] });
  if (next && beyond && beyond[at] > end(next)) places.push({ to: next[at] - (beyond[at] - end(next)) - rect[size], among: [next, beyond] });
  const found = places
    .map(({ to, among }) => ({ by: to - rect[at], among }))
    .filter(({ by }) => Math.abs(by) <= reach)
    .sort((a, b) => Math.abs(a.by) - Math.abs(b.by));
  return found[0] ?? null;
}

/** Whether two boxes lie in one row, or column. @param {Rect} a @param {Rect} b @param {Axis} axis */
function shares(a, b, { side, breadth }) {
  return a[side] < b[side] + b[breadth] && b[side] < a[side] + a[breadth];
}

/** The gaps between three boxes in a row, each with a stroke at its ends. @param {Rect} rect @param {Rect[]} among
 * @param {Axis} axis */
function gapLines(rect, among, { at, size, side, breadth }) {
  const row = [rect, ...among].sort((a, b) => a[at] - b[at]);
  const level = Math.max(...row.map((box) => box[side])) / 2 + Math.min(...row.map((box) => box[side] + box[breadth])) / 2;
  const line = (/** @type {number} */ a, /** @type {number} */ b, /** @type {number} */ from, /** @type {number} */ to) =>
    ({ [`${at}1`]: a, [`${at}2`]: b, [`${side}1`]: from, [`${side}2`]: to });
  return row.slice(1).flatMap((box, place) => {
    const [from, to] = [row[place][at] + row[place][size], box[at]];
    return [line(from, to, level, level), ...[from, to].map((end) => line(end, end, level - TICK, level + TICK))];
  });
}

/** @param {Rect} rect left, middle, right */
function sidesX(rect) {
  return [rect.x, rect.x + rect.width / 2, rect.x + rect.width];
}

/** @param {Rect} rect top, middle, bottom */
function sidesY(rect) {
  return [rect.y, rect.y + rect.height / 2, rect.y + rect.height];
}

/** @param {Rect} rect @param {Rect[]} others @param {number} reach @param {(rect: Rect) => number[]} sides */
function nearest(rect, others, reach, sides) {
  const own = sides(rect);
  /** @type {{by: number, at: number} | null} */
  let best = null;
  for (const other of others) {
    const theirs = sides(other);
    // Sides go with sides and middles with middles: a side on a middle tells nothing.
    for (const [mine, at] of [[0, 0], [0, 2], [1, 1], [2, 0], [2, 2]]) {
      const by = theirs[at] - own[mine];
      if (Math.abs(by) <= reach && (!best || Math.abs(by) < Math.abs(best.by))) best = { by, at: theirs[at] };
    }
  }
  return best;
}

/** @param {Rect[]} rects @param {"x" | "y"} at @param {"width" | "height"} size @param {string} from @param {string} to */
function span(rects, at, size, from, to) {
  const least = Math.min(...rects.map((rect) => rect[at]));
  const most = Math.max(...rects.map((rect) => rect[at] + rect[size]));
  return { [from]: least - BEYOND, [to]: most + BEYOND };
}
