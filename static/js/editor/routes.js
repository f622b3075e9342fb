// @ts-check
/**
 * Ways of edges between cards, the same as `designer/rendering/routing.py` computes (tests/js/editor/routes.json holds both to
 * it), for what moves while a gesture lasts. Pure.
 *
 * @typedef {import("./geometry.js").Rect} Rect
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {import("./curves.js").Pair} Pair
 * @typedef {import("./curves.js").Way} Way
 * @typedef {[number, number, number, number]} Area left, top, right, bottom
 */

import { waysWithCorners } from "./corners.js";
import { Walls, line, pathData, pointAt } from "./curves.js";
import { Obstacles } from "./obstacles.js";

const ARROW_GAP = 4;
const REACH = 28;
const CLEARANCE = 30;
const MARGIN = 16;
const TURN = 36;
const BENDS = [56, 36, 24];
const LANE = 16;
const LEAST_SIDE = 6;
const NEARBY = 240;
const SLACK = MARGIN + 3;
const NOTHING = new Obstacles([]);

/**
 * Where an edge goes among those between the same two: `lane` of `lanes`, from the top; `isAccompanied`: an error edge beside
 * others, which arrives below them.
 * @typedef {{lane: number, lanes: number, isAccompanied?: boolean}} Lane
 */

/** How one edge goes if it is the only one. @param {Rect} source @param {Rect} target @param {"success" | "error"} on
 * @param {Obstacles} [others] what may stand in the way @param {Lane} [lane] @returns {Way} */
export function wayOf(source, target, on, others = NOTHING, { lane, lanes, isAccompanied } = { lane: 0, lanes: 1 }) {
  const below = isAccompanied ? errorOffset(source, target, lanes) : 0;
  return on === "error" ? errorRoute(source, target, others, below) : successRoutes(source, target, others, lanes)[lane];
}

/** The same as it is drawn. @param {Rect} source @param {Rect} target @param {"success" | "error"} on @param {Obstacles} [others]
 * @param {Lane} [lane] @returns {{path: string, middle: Point}} */
export function route(source, target, on, others, lane) {
  return drawn(wayOf(source, target, on, others, lane));
}

/** @param {Way} way @returns {{path: string, middle: Point}} */
export function drawn(way) {
  const [x, y] = pointAt(way, 0.5);
  return { path: pathData(way), middle: { x, y } };
}

/** From the right side to the left side, around `others` but the two: so many edges side by side. @param {Rect} source
 * @param {Rect} target @param {Obstacles} [others] @param {number} [lanes] @returns {Way[]} */
export function successRoutes(source, target, others = NOTHING, lanes = 1) {
  /** @type {Pair} */
  const start = [source.x + source.width, source.y + source.height / 2];
  /** @type {Pair} */
  const end = [target.x - ARROW_GAP, target.y + target.height / 2];
  const offsets = laneOffsets(source, target, lanes);
  const ends = [source, target];
  if (end[0] < start[0] + REACH) return around(source, target, start, end, others, offsets);
  const bend = Math.max((end[0] - start[0]) / 2, REACH);
  const straight = offsets.map((by) => curve(start, end, bend, by));
  const heights = [start[1] + offsets[0], end[1] + offsets[0], start[1] + offsets[lanes - 1], end[1] + offsets[lanes - 1]];
  const between = others.within(...area(start[0], end[0], heights, 0), ends);
  const blocking = new Walls(between).metBy(straight).map((number) => between[number]);
  if (!blocking.length) return straight;
  const [clearance, near] = [MARGIN + offsets[lanes - 1], (start[1] + end[1]) / 2];
  const foremost = blocking.reduce((a, b) => (b.x < a.x || (b.x === a.x && b.y < a.y) ? b : a));
  const [over, under] = [foremost.y - clearance, foremost.y + foremost.height + clearance];
  const first = Math.abs(over - near) <= Math.abs(under - near) ? over : under;
  const nearby = area(start[0], end[0], heights, NEARBY);
  const boxes = others.within(...nearby, ends);
  const walls = new Walls(boxes);
  const reaches = BENDS.map((reach) => Math.min(reach, (end[0] - start[0]) / 3));
  const levels = levelsOf(boxes, first, near, nearby, clearance);
  for (const level of freeLevels(levels, boxes, start[0] + reaches[0], end[0] - reaches[0], offsets)) {
    for (const reach of reaches) {
      const ways = offsets.map((by) => along(down(start, by), down(end, by), level + by, reach));
      if (walls.letThrough(ways)) return ways;
    }
  }
  return waysWithCorners(start, end, ends, others, offsets, false) ?? straight;
}

/** From the bottom to the left side (`lower` than its middle), or to the top of a card right below; around `others` but the two.
 * @param {Rect} source @param {Rect} target @param {Obstacles} [others] @param {number} [lower] @returns {Way} */
export function errorRoute(source, target, others = NOTHING, lower = 0) {
  /** @type {Pair} */
  const start = [source.x + source.width / 2, source.y + source.height];
  /** @type {Pair} */
  const end = [target.x - ARROW_GAP, target.y + target.height / 2 + lower];
  const ends = [source, target];
  const cornered = (/** @type {Way} */ plain) => waysWithCorners(start, end, ends, others, [0], true)?.[0] ?? plain;
  if (target.y >= start[1] + REACH && target.x <= start[0] && start[0] <= target.x + target.width) {
    /** @type {Pair} */
    const top = [target.x + target.width / 2, target.y - ARROW_GAP];
    const bend = Math.max((top[1] - start[1]) / 2, 12);
    /** @type {Way} */
    const plain = [start, [start[0], start[1] + bend], [top[0], top[1] - bend], top];
    const beside = area(Math.min(start[0], top[0]) - MARGIN, Math.max(start[0], top[0]) + MARGIN, [start[1], top[1]], 0);
    return new Walls(others.within(...beside, ends)).letThrough([plain]) ? plain : cornered(plain);
  }
  if (end[0] < start[0] + REACH) return errorAround(source, target, start, end, others, cornered);
  const drop = Math.max(Math.abs(end[1] - start[1]) * 0.6, REACH);
  /** @type {Way} */
  const straight = [start, [start[0], start[1] + drop], [end[0] - Math.max((end[0] - start[0]) / 2, REACH), end[1]], end];
  const heights = [start[1], end[1], start[1] + drop];
  if (new Walls(others.within(...area(start[0], end[0], heights, 0), ends), ends).letThrough([straight])) return straight;
  const nearby = area(start[0], end[0], heights, NEARBY);
  const boxes = others.within(...nearby, ends);
  const walls = new Walls(boxes, ends);
  const levels = levelsOf([...boxes, ...ends], start[1] + MARGIN, start[1], nearby).filter((level) => level > start[1]);
  const last = end[0] - Math.min(2 * REACH, (end[0] - start[0]) / 3);
  for (const level of freeLevels(levels, [...boxes, ...ends], start[0] + 10, last)) {
    const way = errorAlong(start, end, level);
    if (walls.letThrough([way])) return way;
  }
  return cornered(straight);
}

/** Out at the bottom, along a free line between or below the two, in on the left. @param {Rect} source @param {Rect} target
 * @param {Pair} start @param {Pair} end @param {Obstacles} others @param {(plain: Way) => Way} cornered @returns {Way} */
function errorAround(source, target, start, end, others, cornered) {
  const ends = [source, target];
  const low = Math.max(source.y + source.height, target.y + target.height) + CLEARANCE;
  const first = target.y > start[1] + 2 * MARGIN ? (start[1] + target.y) / 2 : low;
  const nearby = area(end[0] - TURN, start[0] + TURN, [start[1], end[1], first], NEARBY);
  const boxes = others.within(...nearby, ends);
  const walls = new Walls(boxes, ends);
  for (const level of freeLevels(levelsOf([...boxes, ...ends], first, start[1], nearby), [...boxes, ...ends], end[0], start[0])) {
    const way = errorBack(start, end, level);
    if (walls.letThrough([way])) return way;
  }
  return cornered(errorBack(start, end, first));
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
 * @param {Pair} start @param {Pair} end @param {Obstacles} others @param {number[]} offsets @returns {Way[]} */
function around(source, target, start, end, others, offsets) {
  const [ends, wide] = [[source, target], (offsets.length - 1) * LANE];
  const above = Math.min(source.y + source.height, target.y + target.height);
  const below = Math.max(source.y, target.y);
  const first = below - above >= REACH ? (above + below) / 2 : Math.min(source.y, target.y) - CLEARANCE;
  const heights = [first - wide, first + wide, ...offsets.flatMap((by) => [start[1] + by, end[1] + by])];
  const nearby = area(end[0] - TURN - wide, start[0] + TURN + wide, heights, NEARBY);
  const boxes = others.within(...nearby, ends);
  const walls = new Walls(boxes, ends);
  for (const level of freeLevels(levelsOf([...boxes, ...ends], first, start[1], nearby), [...boxes, ...ends], end[0], start[0])) {
    const ways = backs(start, end, level, offsets);
    if (walls.letThrough(ways)) return ways;
  }
  return waysWithCorners(start, end, ends, others, offsets, false) ?? backs(start, end, first, offsets);
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

// ------------------------------------------------------------------ free lines

/** What a way there may depend on. @param {number} left @param {number} right @param {number[]} heights @param {number} beyond
 * @returns {Area} */
function area(left, right, heights, beyond) {
  return [left, Math.min(...heights) - beyond - SLACK, right, Math.max(...heights) + beyond + SLACK];
}

/** `first`, then the lines above and below each box that are not far off, the nearest first. @param {Rect[]} boxes
 * @param {number} first @param {number} near @param {Area} nearby @param {number} [clearance] */
function levelsOf(boxes, first, near, [, top, , bottom], clearance = MARGIN) {
  const found = [...new Set(boxes.flatMap((box) => [box.y - clearance, box.y + box.height + clearance]))];
  const inside = found.filter((level) => top + clearance < level && level < bottom - clearance);
  return [first, ...inside.sort((a, b) => Math.abs(a - near) - Math.abs(b - near) || a - b)];
}

/** Those of the lines that run through no box on their way from `left` to `right`. @param {number[]} levels @param {Rect[]} boxes
 * @param {number} left @param {number} right @param {number[]} [offsets] */
function freeLevels(levels, boxes, left, right, offsets = [0]) {
  const [top, bottom] = [offsets[0], offsets[offsets.length - 1]];
  const across = boxes.filter((box) => box.x < right && box.x + box.width > left);
  return levels.filter((level) => !across.some((box) => box.y - bottom < level && level < box.y + box.height - top));
}

/** @param {Pair} point @param {number} by @returns {Pair} */
function down([x, y], by) {
  return [x, y + by];
}
