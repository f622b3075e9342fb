// @ts-check
/**
 * What ways of edges are made of, as in `designer/rendering/curves.py`. Pure. A route is a chain of cubic Bézier curves: its first
 * point, then three points for each curve.
 *
 * @typedef {import("./geometry.js").Rect} Rect
 * @typedef {[number, number]} Pair
 * @typedef {Pair[]} Way
 */

const CLEAR = 2;
const INSIDE = 0.5;
const FEWEST_CHORDS = 12;
const MOST_CHORDS = 96;
const LONGEST_CHORD = 32;

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

/** A straight line as a curve, without its first point. @param {Pair} a @param {Pair} b @returns {Way} */
export function line(a, b) {
  const [dx, dy] = [(b[0] - a[0]) / 3, (b[1] - a[1]) / 3];
  return [[a[0] + dx, a[1] + dy], [b[0] - dx, b[1] - dy], b];
}

/** What ways keep out of, and which box that is. @typedef {{left: number, right: number, top: number, bottom: number, number: number}} Sides */

/** Boxes that ways come no nearer to than 2 units, and their ends, through the inside of which they do not run. */
export class Walls {
  /** @type {Sides[]} */
  #sides;

  /** @param {Rect[]} boxes @param {Rect[]} [ends] */
  constructor(boxes, ends = []) {
    this.#sides = [...boxes.map((box, number) => sides(box, CLEAR, number)), ...ends.map((box, number) => sides(box, -INSIDE, boxes.length + number))];
  }

  /** Whether all of these ways are clear of them. @param {Way[]} ways */
  letThrough(ways) {
    return !ways.some((way) => meets(way, this.#sides));
  }

  /** The numbers of those that one of these ways runs into. @param {Way[]} ways @returns {number[]} */
  metBy(ways) {
    const found = new Set();
    for (const way of ways) meets(way, this.#sides, found);
    return [...found].sort((a, b) => a - b);
  }
}

/** @param {Rect} box @param {number} by @param {number} number @returns {Sides} */
function sides(box, by, number) {
  return { left: box.x - by, right: box.x + box.width + by, top: box.y - by, bottom: box.y + box.height + by, number };
}

/** Whether a way runs into something; with `found`, all that it runs into is noted there. @param {Way} way @param {Sides[]} all
 * @param {Set<number>} [found] */
function meets(way, all, found) {
  const kept = beside(all, way, 0, way.length - 1);
  if (!kept.length) return false;
  for (let at = 0; at < way.length - 1; at += 3) {
    // A curve stays between its four points: most boxes are nowhere near.
    const near = beside(kept, way, at, at + 3);
    if (!near.length) continue;
    const [a, b, c, d] = [way[at], way[at + 1], way[at + 2], way[at + 3]];
    const isUpright = a[0] === b[0] && b[0] === c[0] && c[0] === d[0];
    const isLevel = a[1] === b[1] && b[1] === c[1] && c[1] === d[1];
    if (isUpright || isLevel) {
      if (!found) return true;
      for (const { number } of near) found.add(number);
    } else {
      const points = chords(a, b, c, d);
      if (meetsChords(points, near, 0, points.length - 1, found)) return true;
    }
  }
  return false;
}

/** The same of the lines from point to point. A half beside which nothing lies is not looked at further. @param {Way} points
 * @param {Sides[]} kept @param {number} first @param {number} last @param {Set<number>} [found] @returns {boolean} */
function meetsChords(points, kept, first, last, found) {
  if (last - first === 1) {
    for (const box of kept) {
      if (!meetsLine(points[first], points[last], box)) continue;
      if (!found) return true;
      found.add(box.number);
    }
    return false;
  }
  const middle = (first + last) >> 1;
  const before = beside(kept, points, first, middle);
  if (before.length && meetsChords(points, before, first, middle, found)) return true;
  const after = beside(kept, points, middle, last);
  return after.length > 0 && meetsChords(points, after, middle, last, found);
}

/** Those that share a point with the box around some points. @param {Sides[]} kept @param {Way} points @param {number} first
 * @param {number} last */
function beside(kept, points, first, last) {
  let [left, top] = points[first];
  let [right, bottom] = points[first];
  for (let at = first + 1; at <= last; at += 1) {
    const point = points[at];
    if (point[0] < left) left = point[0];
    else if (point[0] > right) right = point[0];
    if (point[1] < top) top = point[1];
    else if (point[1] > bottom) bottom = point[1];
  }
  return kept.filter((box) => box.left <= right && box.right >= left && box.top <= bottom && box.bottom >= top);
}

/** Points along one curve, the more the longer it is. @param {Pair} a @param {Pair} b @param {Pair} c @param {Pair} d @returns {Way} */
function chords(a, b, c, d) {
  const extent = Math.max(a[0], b[0], c[0], d[0]) - Math.min(a[0], b[0], c[0], d[0]) + Math.max(a[1], b[1], c[1], d[1]) - Math.min(a[1], b[1], c[1], d[1]);
  const steps = Math.min(FEWEST_CHORDS + Math.floor(extent / LONGEST_CHORD), MOST_CHORDS);
  /** @type {Way} */
  const points = [];
  for (let step = 0; step <= steps; step += 1) {
    const t = step / steps;
    const u = 1 - t;
    const [p, q, r, s] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
    points.push([p * a[0] + q * b[0] + r * c[0] + s * d[0], p * a[1] + q * b[1] + r * c[1] + s * d[1]]);
  }
  return points;
}

/** Whether a straight line and a box share a point. @param {Pair} a @param {Pair} b @param {Sides} box */
function meetsLine(a, b, { left, right, top, bottom }) {
  if ((a[0] < left && b[0] < left) || (a[0] > right && b[0] > right)) return false;
  if ((a[1] < top && b[1] < top) || (a[1] > bottom && b[1] > bottom)) return false;
  // Beside each other along both axes; they are apart only if the whole box lies on one side of the line.
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const [p, q] = [dx * (top - a[1]) - dy * (left - a[0]), dx * (bottom - a[1]) - dy * (left - a[0])];
  const [r, s] = [dx * (top - a[1]) - dy * (right - a[0]), dx * (bottom - a[1]) - dy * (right - a[0])];
  return Math.min(p, q, r, s) <= 0 && Math.max(p, q, r, s) >= 0;
}
