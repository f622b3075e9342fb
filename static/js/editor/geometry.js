// @ts-check
/**
 * The geometry of the canvas. Pure: knows no DOM.
 *
 * Canvas units are pixels at 100 %. A view maps them to the screen: screen = canvas × scale + (x, y).
 *
 * @typedef {{x: number, y: number}} Point
 * @typedef {{x: number, y: number, width: number, height: number}} Rect
 * @typedef {{width: number, height: number}} Size
 * @typedef {{x: number, y: number, scale: number}} View
 * @typedef {"left" | "right" | "up" | "down"} Direction
 */

export const GRID = 8;
export const SMALLEST_SCALE = 0.1;
export const LARGEST_SCALE = 2.5;

/** @param {number} value @param {number} [grid] @returns {number} the nearest multiple of the grid */
export function snap(value, grid = GRID) {
  return Math.round(value / grid) * grid + 0; // + 0: never -0
}

/** @param {Point} point @returns {Point} */
export function snapPoint(point) {
  return { x: snap(point.x), y: snap(point.y) };
}

/** How far to move so that what was at `from` lands on the grid nearest to `from + by`.
 * @param {Point} from @param {Point} by @returns {Point} */
export function snapMove(from, by) {
  return { x: snap(from.x + by.x) - from.x, y: snap(from.y + by.y) - from.y };
}

/** @param {View} view @param {Point} point on the screen @returns {Point} on the canvas */
export function toCanvas(view, point) {
  return { x: (point.x - view.x) / view.scale, y: (point.y - view.y) / view.scale };
}

/** @param {View} view @param {Point} point on the canvas @returns {Point} on the screen */
export function toScreen(view, point) {
  return { x: point.x * view.scale + view.x, y: point.y * view.scale + view.y };
}

/** @param {number} scale */
export function clampScale(scale) {
  return Math.min(LARGEST_SCALE, Math.max(SMALLEST_SCALE, scale));
}

/** The view at another scale in which the canvas point under `anchor` (on the screen) stays where it is.
 * @param {View} view @param {number} scale @param {Point} anchor @returns {View} */
export function zoomAt(view, scale, anchor) {
  const next = clampScale(scale);
  const held = toCanvas(view, anchor);
  return { x: anchor.x - held.x * next, y: anchor.y - held.y * next, scale: next };
}

/** The view that shows all of `bounds` in the middle of `size`, never larger than `largest`.
 * @param {Rect} bounds @param {Size} size @param {number} [padding] @param {number} [largest] @returns {View} */
export function fitView(bounds, size, padding = 40, largest = 1) {
  const wide = (size.width - 2 * padding) / Math.max(bounds.width, 1);
  const high = (size.height - 2 * padding) / Math.max(bounds.height, 1);
  const scale = clampScale(Math.min(wide, high, largest));
  return {
    x: (size.width - bounds.width * scale) / 2 - bounds.x * scale,
    y: (size.height - bounds.height * scale) / 2 - bounds.y * scale,
    scale,
  };
}

/** The view moved just so far that `rect` is visible with some room around it; the same view if it already is.
 * @param {View} view @param {Rect} rect @param {Size} size @param {number} [room] @returns {View} */
export function reveal(view, rect, size, room = 32) {
  const from = toScreen(view, rect);
  const to = toScreen(view, { x: rect.x + rect.width, y: rect.y + rect.height });
  const x = shiftInto(from.x, to.x, size.width, room);
  const y = shiftInto(from.y, to.y, size.height, room);
  return x || y ? { x: view.x + x, y: view.y + y, scale: view.scale } : view;
}

/** @param {number} from @param {number} to @param {number} length @param {number} room */
function shiftInto(from, to, length, room) {
  if (to - from > length - 2 * room || from < room) return room - from;
  return to > length - room ? length - room - to : 0;
}

/** @param {Point} a @param {Point} b @returns {Rect} the rectangle between two corners */
export function rectBetween(a, b) {
  return { x: Math.min(a.x, b.x), y: Math.min(a.y, b.y), width: Math.abs(a.x - b.x), height: Math.abs(a.y - b.y) };
}

/** @param {Rect[]} rects @returns {Rect | null} the smallest rectangle around all; null around none */
export function union(rects) {
  if (!rects.length) return null;
  const left = Math.min(...rects.map((rect) => rect.x));
  const top = Math.min(...rects.map((rect) => rect.y));
  const right = Math.max(...rects.map((rect) => rect.x + rect.width));
  const bottom = Math.max(...rects.map((rect) => rect.y + rect.height));
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** @param {Rect} rect @param {number} by @returns {Rect} */
export function grow(rect, by) {
  return { x: rect.x - by, y: rect.y - by, width: rect.width + 2 * by, height: rect.height + 2 * by };
}

/** @param {Rect} a @param {Rect} b */
export function overlap(a, b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** @param {Rect} rect @param {Point} point */
export function contains(rect, point) {
  return (
    point.x >= rect.x && point.x <= rect.x + rect.width && point.y >= rect.y && point.y <= rect.y + rect.height
  );
}

/** @param {Rect} rect @returns {Point} */
export function centre(rect) {
  return { x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 };
}

/** @param {Point} a @param {Point} b */
export function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/** A rectangle with one corner or side dragged by `by`, on the grid and never smaller than `least`.
 * @param {Rect} rect @param {string} side some of the letters n e s w @param {Point} by @param {Size} least @returns {Rect} */
export function resize(rect, side, by, least) {
  let { x, y, width, height } = rect;
  if (side.includes("e")) width = Math.max(least.width, snap(x + width + by.x) - x);
  if (side.includes("s")) height = Math.max(least.height, snap(y + height + by.y) - y);
  if (side.includes("w")) {
    const left = Math.min(snap(x + by.x), x + width - least.width);
    [x, width] = [left, width + x - left];
  }
  if (side.includes("n")) {
    const top = Math.min(snap(y + by.y), y + height - least.height);
    [y, height] = [top, height + y - top];
  }
  return { x, y, width, height };
}

/** The rectangle one meets first when walking from `from` in a direction; sideways distance counts double.
 * @template {Rect} T @param {Rect} from @param {T[]} others @param {Direction} direction @returns {T | null} */
export function nearestTowards(from, others, direction) {
  const start = centre(from);
  let best = null;
  let least = Infinity;
  for (const other of others) {
    const there = centre(other);
    const [dx, dy] = [there.x - start.x, there.y - start.y];
    const [along, aside] = { left: [-dx, dy], right: [dx, dy], up: [-dy, dx], down: [dy, dx] }[direction];
    const cost = along + 2 * Math.abs(aside);
    if (along > 1 && cost < least) [best, least] = [other, cost];
  }
  return best;
}

/** A free place for a card of this size: `wanted`, or the next one below it that covers nothing.
 * @param {Point} wanted @param {Size} size @param {Rect[]} taken @returns {Point} */
export function freePlace(wanted, size, taken) {
  const place = { ...snapPoint(wanted), ...size };
  for (let tries = 0; tries < 200; tries += 1) {
    const inTheWay = taken.find((rect) => overlap(grow(place, GRID), rect));
    if (!inTheWay) break;
    place.y = snap(inTheWay.y + inTheWay.height + 3 * GRID);
  }
  return { x: place.x, y: place.y };
}
