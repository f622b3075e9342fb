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
const LANE = 16;
const LEAST_SIDE = 6;

/**
 * Where an edge goes among those between the same two: `lane` of `lanes`, from the top; `isAccompanied`: an error edge beside
 * others, which arrives below them.
 * @typedef {{lane: number, lanes: number, isAccompanied?: boolean}} Lane
 */

/** @param {Rect} source @param {Rect} target @param {"success" | "error"} on @param {Rect[]} [others] what may stand in the way
 * @param {Lane} [lane] @returns {{path: string, middle: Point}} */
export function route(source, target, on, others = [], { lane, lanes, isAccompanied } = { lane: 0, lanes: 1 }) {
  const below = isAccompanied ? errorOffset(source, target, lanes) : 0;
  const way = on === "error" ? errorRoute(source, target, others, below) : successRoutes(source, target, others, lanes)[lane];
  const [x, y] = pointAt(way, 0.5);
  return { path: pathData(way), middle: { x, y } };
}

/** From the right side to the left side, around `others`: so many edges side by side. @param {Rect} source @param {Rect} target
 * @param {Rect[]} [others] @param {number} [lanes] @returns {Way[]} */
export function successRoutes(source, target, others = [], lanes = 1) {
  /** @type {Pair} */
  const start = [source.x + source.width, source.y + source.height / 2];
  /** @type {Pair} */
  const end = [target.x - ARROW_GAP, target.y + target.height / 2];
  const offsets = laneOffsets(source, target, lanes);
  if (end[0] < start[0] + REACH) return around(source, target, start, end, others, offsets);
  const bend = Math.max((end[0] - start[0]) / 2, REACH);
  const straight = offsets.map((by) => curve(start, end, bend, by));
  const boxes = between(others, start[0], end[0]);
  const blocking = boxes.filter((box) => straight.some((way) => crosses(way, box)));
  if (!blocking.length) return straight;
  const clearance = MARGIN + offsets[lanes - 1];
  const foremost = blocking.reduce((a, b) => (b.x < a.x || (b.x === a.x && b.y < a.y) ? b : a));
  for (const level of levels(boxes, foremost.y - clearance, (start[1] + end[1]) / 2, clearance)) {
    for (const reach of BENDS) {
      const ways = offsets.map((by) => along(down(start, by), down(end, by), level + by, reach));
      if (areFree(ways, boxes)) return ways;
    }
  }
  return straight;
}

/** From the bottom to the left side (`lower` than its middle), or to the top of a card right below; around `others`.
 * @param {Rect} source @param {Rect} target @param {Rect[]} [others] @param {number} [lower] @returns {Way} */
export function errorRoute(source, target, others = [], lower = 0) {
  /** @type {Pair} */
  const start = [source.x + source.width / 2, source.y + source.height];
  if (target.y >= start[1] + REACH && target.x <= start[0] && start[0] <= target.x + target.width) {
    /** @type {Pair} */
    const top = [target.x + target.width / 2, target.y - ARROW_GAP];
    const bend = Math.max((top[1] - start[1]) / 2, 12);
    return [start, [start[0], start[1] + bend], [top[0], top[1] - bend], top];
  }
  /** @type {Pair} */
  const end = [target.x - ARROW_GAP, target.y + target.height / 2 + lower];
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
  return firstFree(below.map((level) => () => errorAlong(start, end, level)), boxes);
}

/** How far from the middle of its side each of several edges begins and ends, the highest first. @param {Rect} source
 * @param {Rect} target @param {number} lanes */
function laneOffsets(source, target, lanes) {
  if (lanes === 1) return [0];
  const apart = Math.min(LANE, (Math.min(source.height, target.height) - MARGIN) / (lanes - 1));
  return Array.from({ length: lanes }, (_, lane) => (lane - (lanes - 1) / 2) * apart);
}

/** How far below the middle an error edge arrives beside others. @param {Rect} source @param {Rect} target @param {number} lanes */
export function errorOffset(source, target, lanes) {
  return Math.min((laneOffsets(source, target, lanes).at(-1) ?? 0) + LANE, target.height / 2 - LEAST_SIDE);
}

/** Out on the right, along a free line between or above the two, in on the left. @param {Rect} source @param {Rect} target
 * @param {Pair} start @param {Pair} end @param {Rect[]} others @param {number[]} offsets @returns {Way[]} */
function around(source, target, start, end, others, offsets) {
  const wide = (offsets.length - 1) * LANE;
  const [left, right] = [end[0] - TURN - wide, start[0] + TURN + wide];
  const boxes = between(others, left, right);
  const above = Math.min(source.y + source.height, target.y + target.height);
  const below = Math.max(source.y, target.y);
  const first = below - above >= REACH ? (above + below) / 2 : Math.min(source.y, target.y) - CLEARANCE;
  const lines = levels(between([...others, source, target], left, right), first, start[1]);
  const free = lines.find((level) => areFree(backs(start, end, level, offsets), boxes));
  return backs(start, end, free ?? first, offsets);
}

/** Ways back side by side, the one inside the other: none crosses another at a turn. @param {Pair} start @param {Pair} end
 * @param {number} level @param {number[]} offsets @returns {Way[]} */
function backs(start, end, level, offsets) {
  const [leavesUp, comesDown, last] = [level <= start[1], level <= end[1], offsets.length - 1];
  return offsets.map((_, lane) => {
    // The further out a turn is, the further its end of the edge lies from the line.
    const inner = leavesUp === comesDown ? lane : last - lane;
    const begin = down(start, offsets[leavesUp ? lane : last - lane]);
    const arrive = down(end, offsets[comesDown ? inner : last - inner]);
    const line = leavesUp ? level - lane * LANE : level + lane * LANE;
    return back(begin, arrive, line, TURN + lane * LANE, TURN + inner * LANE);
  });
}

// ------------------------------------------------------------------ shapes: each along one level line

/** `by`: how far below the middles; a steep one also keeps aside, or it would come near those above and below it.
 * @param {Pair} start @param {Pair} end @param {number} bend @param {number} by @returns {Way} */
function curve(start, end, bend, by) {
  const steepness = (end[1] - start[1]) / (end[0] - start[0]);
  const aside = by * Math.min(Math.max(steepness, -1), 1);
  return [down(start, by), [start[0] + bend - aside, start[1] + by], [end[0] - bend - aside, end[1] + by], down(end, by)];
}

/** @param {Pair} start @param {Pair} end @param {number} level @param {number} bend @returns {Way} */
function along(start, end, level, bend) {
  const reach = Math.min(bend, (end[0] - start[0]) / 3);
  /** @type {[Pair, Pair]} */
  const [on, off] = [[start[0] + reach, level], [end[0] - reach, level]];
  const half = reach / 2;
  return [start, [start[0] + half, start[1]], [on[0] - half, level], on, ...line(on, off), [off[0] + half, level], [end[0] - half, end[1]], end];
}

/** @param {Pair} start @param {Pair} end @param {number} level @param {number} right @param {number} left @returns {Way} */
function back(start, end, level, right, left) {
  /** @type {[Pair, Pair]} */
  const [out, into] = [[start[0], level], [end[0], level]];
  const [far, near] = [start[0] + right, end[0] - left];
  return [start, [far, start[1]], [far, level], out, ...line(out, into), [near, level], [near, end[1]], end];
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
 * @param {number} near @param {number} [clearance] */
function levels(boxes, first, near, clearance = MARGIN) {
  const found = [...new Set(boxes.flatMap((box) => [box.y - clearance, box.y + box.height + clearance]))];
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

/** Whether none of these crosses anything. @param {Way[]} ways @param {Rect[]} boxes */
function areFree(ways, boxes) {
  return !ways.some((way) => boxes.some((box) => crosses(way, box)));
}

/** @param {Pair} point @param {number} by @returns {Pair} */
function down([x, y], by) {
  return [x, y + by];
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
