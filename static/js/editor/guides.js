// @ts-check
/** Lines that something dragged snaps to: the sides and middles of what stands around. Pure. */

/** @typedef {import("./geometry.js").Rect} Rect */
/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {{x1: number, y1: number, x2: number, y2: number}} Line */

const BEYOND = 12; // how far a line goes past what it joins

/** The nearest lines within reach, one for each axis: how far to move on to lie on them, and the lines to show.
 * @param {Rect} rect where it would lie @param {Rect[]} others @param {number} reach in canvas units
 * @returns {{by: Point, lines: Line[]}} */
export function guided(rect, others, reach) {
  const across = nearest(rect, others, reach, sidesX);
  const down = nearest(rect, others, reach, sidesY);
  const placed = { ...rect, x: rect.x + (across?.by ?? 0), y: rect.y + (down?.by ?? 0) };
  const lines = [];
  if (across) {
    const joined = others.filter((other) => sidesX(other).includes(across.at));
    lines.push({ x1: across.at, x2: across.at, ...span([placed, ...joined], "y", "height", "y1", "y2") });
  }
  if (down) {
    const joined = others.filter((other) => sidesY(other).includes(down.at));
    lines.push({ y1: down.at, y2: down.at, ...span([placed, ...joined], "x", "width", "x1", "x2") });
  }
  return { by: { x: across?.by ?? 0, y: down?.by ?? 0 }, lines: /** @type {Line[]} */ (lines) };
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
