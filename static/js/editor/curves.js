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

/** Whether none of these ways comes near one of `boxes`, nor runs through the inside of its `ends`. @param {Way[]} ways
 * @param {Rect[]} boxes @param {Rect[]} [ends] */
export function areFree(ways, boxes, ends = []) {
  const kept = [...boxes.map((box) => sides(box, CLEAR)), ...ends.map((box) => sides(box, -INSIDE))];
  return !kept.length || !ways.some((way) => runsInto(way, kept));
}

/** @param {Rect} box @param {number} by */
function sides(box, by) {
  return [box.x - by, box.x + box.width + by, box.y - by, box.y + box.height + by];
}

/** @param {Way} way @param {number[][]} kept */
function runsInto(way, kept) {
  for (let at = 0; at < way.length - 1; at += 3) {
    const curve = way.slice(at, at + 4);
    const [xs, ys] = [curve.map(([x]) => x), curve.map(([, y]) => y)];
    // A curve stays between its four points: most boxes are nowhere near.
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const near = kept.filter((box) => box[0] <= right && box[1] >= left && box[2] <= bottom && box[3] >= top);
    if (!near.length) continue;
    if (left === right || top === bottom) return true;
    const points = chords(curve, right - left + bottom - top);
    if (near.some((box) => points.some((point, step) => step > 0 && meets(points[step - 1], point, box)))) return true;
  }
  return false;
}

/** Points along one curve, the more the longer it is. @param {Way} curve @param {number} extent @returns {Way} */
function chords([[ax, ay], [bx, by], [cx, cy], [dx, dy]], extent) {
  const steps = Math.min(FEWEST_CHORDS + Math.floor(extent / LONGEST_CHORD), MOST_CHORDS);
  return Array.from({ length: steps + 1 }, (_, step) => {
    const t = step / steps;
    const u = 1 - t;
    const [a, b, c, d] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
    return [a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy];
  });
}

/** Whether a straight line and a box share a point. @param {Pair} a @param {Pair} b @param {number[]} box */
function meets([ax, ay], [bx, by], [left, right, top, bottom]) {
  if ((ax < left && bx < left) || (ax > right && bx > right)) return false;
  if ((ay < top && by < top) || (ay > bottom && by > bottom)) return false;
  // Beside each other along both axes; they are apart only if the whole box lies on one side of the line.
  const side = (/** @type {number} */ x, /** @type {number} */ y) => (bx - ax) * (y - ay) - (by - ay) * (x - ax);
  const all = [side(left, top), side(left, bottom), side(right, top), side(right, bottom)];
  return Math.min(...all) <= 0 && Math.max(...all) >= 0;
}
