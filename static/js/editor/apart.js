// @ts-check
/**
 * Different edges on lines of their own: the same as `designer/rendering/apart.py`, which says how, for what moves while a gesture
 * lasts. Pure.
 *
 * @typedef {import("./geometry.js").Rect} Rect
 * @typedef {import("./curves.js").Pair} Pair
 * @typedef {import("./curves.js").Way} Way
 * @typedef {{far: number, id: string, source: string, target: string}} Owner
 * @typedef {Rect & {a: Pair, b: Pair, role: number, owner: Owner, isEarly: boolean}} Piece
 */

import { rounded } from "./corners.js";
import { areFree } from "./curves.js";

const LANE = 8;
const FARTHEST = 128;
const CLOSE = 6;
const ONE_LINE = 1.5;
const TOUCH = 8;
const LEAST = 6;
const STEPS = [LANE, 4, 1.75];
const CLOSENESS = 1000;
const CROSSING = 40;
const MOST_LINES = 64;
const MOST_TRIED = 8;
const ENOUGH = 6;
const LONGEST_BEND = 1024;
const FLAT = 0.25;
const [OUT, IN, BEND] = [1, 2, 4];

/** Of two edges that whose ends are farther apart makes room; of equals that with the later id. @param {string} id
 * @param {string} source @param {string} target @param {Rect} a @param {Rect} b @returns {Owner} */
export function ownerOf(id, source, target, a, b) {
  return { far: Math.abs(b.x - a.x - a.width) + Math.abs(b.y + b.height / 2 - a.y - a.height / 2), id, source, target };
}

/** Who makes room for whom: below 0 where the second does. @param {Owner} a @param {Owner} b */
export function byRank(a, b) {
  return a.far - b.far || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** What edges keep apart from that make room for this one. @param {Way} way @param {Owner} owner @returns {Piece[]} */
export function piecesOf(way, owner) {
  const [path, roles] = pathOf(way);
  const pieces = roles.map((role, at) => piece(path[at], path[at + 1], role, owner));
  return pieces.filter((one) => one.role !== BEND || one.width + one.height < LONGEST_BEND);
}

/** What the others keep apart from: pieces of a way, before it is moved aside, that are fixed to a card. @param {Way} way
 * @param {Owner} owner @returns {Piece[]} */
export function earlyPiecesOf(way, owner) {
  const fixed = piecesOf(way, owner).filter(({ role }) => role !== 0 && role !== BEND);
  return fixed.map((one) => ({ ...one, isEarly: true }));
}

/** The same way, moved aside where it would run along one of `pieces`, and clear of the cards all the same. @param {Way} way
 * @param {Owner} owner @param {Piece[]} pieces @param {import("./obstacles.js").Obstacles | null} cards null: none is in its way
 * @param {Rect[]} ends @returns {Way} */
export function apart(way, owner, pieces, cards, ends) {
  const [path, roles] = pathOf(way);
  let [moved, found] = [path, way];
  for (const [at, role] of roles.entries()) {
    if (role) continue;
    const [a, b] = [moved[at], moved[at + 1]];
    const beside = reach(moved.slice(at, at + 2), CLOSE);
    if (!closeness([a, b], [0], countingIn(pieces, beside, owner), owner)) continue;
    const area = reach(moved.slice(Math.max(at - 1, 0), at + 3), FARTHEST + LANE);
    const near = countingIn(pieces, area, owner).sort(inOrder);
    const boxes = cards ? cards.within(area.x, area.y, area.x + area.width, area.y + area.height, ends) : [];
    for (const shifted of placesFor(at, moved, roles, near, owner, boxes)) {
      const tried = along(way, path, shifted);
      if (!areFree([tried], boxes, ends)) continue;
      [moved, found] = [shifted, tried];
      break;
    }
  }
  return found;
}

/** @param {Way} points @param {number} far @returns {Rect} */
function reach(points, far) {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return { x: left - far, y: top - far, width: Math.max(...xs) - left + 2 * far, height: Math.max(...ys) - top + 2 * far };
}

/** @param {Piece[]} pieces @param {Rect} area @param {Owner} owner */
function countingIn(pieces, area, owner) {
  const [right, bottom] = [area.x + area.width, area.y + area.height];
  return pieces.filter((one) => {
    if (one.x >= right || one.y >= bottom || one.x + one.width <= area.x || one.y + one.height <= area.y) return false;
    return one.isEarly ? byRank(one.owner, owner) > 0 : byRank(one.owner, owner) < 0;
  });
}

/** @param {Piece} one @param {Piece} other */
function inOrder(one, other) {
  return byRank(one.owner, other.owner) || one.a[0] - other.a[0] || one.a[1] - other.a[1] || one.b[0] - other.b[0] || one.b[1] - other.b[1];
}

/** The path with one of its pieces elsewhere, where it is less close to others: the best first. @param {number} at @param {Way} path
 * @param {number[]} roles @param {Piece[]} near @param {Owner} owner @param {Rect[]} boxes @returns {Way[]} */
function placesFor(at, path, roles, near, owner, boxes) {
  const [first, last] = [Math.max(at - 1, 0), Math.min(at + 2, roles.length)];
  const beside = roles.slice(first, last);
  const before = closeness(path.slice(first, last + 1), beside, near, owner);
  /** @type {{cost: number, by: number, shifted: Way}[]} */
  const found = [];
  let good = 0;
  for (const by of distances(at, path, near)) {
    const shifted = moveAside(path, at, by);
    if (!keepsItsTurns(path, shifted, at) || isShut(reach(shifted.slice(at, at + 2), 0), boxes)) continue;
    const left = closeness(shifted.slice(first, last + 1), beside, near, owner);
    if (left >= before) continue;
    const crossings = crossingsOf(shifted.slice(first, last + 1), near);
    found.push({ cost: CLOSENESS * left + CROSSING * crossings + Math.abs(by), by, shifted });
    if (!left) good += 1;
    if (good === ENOUGH) break;
  }
  found.sort((a, b) => a.cost - b.cost || a.by - b.by);
  return found.slice(0, MOST_TRIED).map(({ shifted }) => shifted);
}

/** Whether a line runs through a card. @param {Rect} line @param {Rect[]} boxes */
function isShut({ x, y, width, height }, boxes) {
  const [right, bottom] = [x + width, y + height];
  return boxes.some((box) => {
    const [far, low] = [box.x + box.width, box.y + box.height];
    if (!height) return box.x < right && x < far && box.y <= bottom && y <= low;
    return box.y < bottom && y < low && box.x <= right && x <= far;
  });
}

/** How far a piece may be moved aside: to lines beside those of the others, the nearest first. @param {number} at @param {Way} path
 * @param {Piece[]} near */
function distances(at, path, near) {
  const axis = isLevel(path[at], path[at + 1]) ? 1 : 0;
  const [line, one, other] = [path[at][axis], path[at][1 - axis], path[at + 1][1 - axis]];
  const [first, last] = [Math.min(one, other), Math.max(one, other)];
  const found = new Set();
  for (const piece of near) {
    if (!runsAlong(piece, axis, first, last)) continue;
    for (const step of STEPS) for (const side of [-1, 1]) found.add(piece.a[axis] + side * step - line);
  }
  const within = [...found].filter((by) => by && Math.abs(by) <= FARTHEST);
  return within.sort((a, b) => Math.abs(a) - Math.abs(b) || a - b).slice(0, MOST_LINES);
}

/** @param {Piece} piece @param {number} axis 1: a level one @param {number} first @param {number} last */
function runsAlong(piece, axis, first, last) {
  if (piece.role === BEND || (isLevel(piece.a, piece.b) ? 1 : 0) !== axis) return false;
  const [begin, end] = axis ? [piece.x, piece.x + piece.width] : [piece.y, piece.y + piece.height];
  return Math.min(last, end) - Math.max(first, begin) > TOUCH;
}

/** How bad it is that pieces run close along others: 0 where none does. @param {Way} path @param {number[]} roles
 * @param {Piece[]} near @param {Owner} owner */
function closeness(path, roles, near, owner) {
  let found = 0;
  for (const [at, role] of roles.entries()) {
    if (role === BEND) continue;
    const [a, b] = [path[at], path[at + 1]];
    const axis = isLevel(a, b) ? 1 : 0;
    const [first, last] = [Math.min(a[1 - axis], b[1 - axis]), Math.max(a[1 - axis], b[1 - axis])];
    for (const piece of near) {
      const gap = Math.abs(piece.a[axis] - a[axis]);
      if (gap >= CLOSE || !runsAlong(piece, axis, first, last) || belongTogether(role, piece, owner, gap)) continue;
      found += ((LANE - gap) / LANE) ** 2 + (gap < ONE_LINE ? 1 : 0);
    }
  }
  return found;
}

/** @param {number} role @param {Piece} piece @param {Owner} owner @param {number} gap */
function belongTogether(role, piece, owner, gap) {
  const [hasSource, hasTarget] = [piece.owner.source === owner.source, piece.owner.target === owner.target];
  const both = role & piece.role;
  return Boolean((hasSource && both & OUT) || (hasTarget && both & IN)) || (hasSource && hasTarget && gap >= 1);
}

/** @param {Way} path @param {Piece[]} near */
function crossingsOf(path, near) {
  let found = 0;
  for (let at = 0; at + 1 < path.length; at += 1) {
    const [a, b] = [path[at], path[at + 1]];
    const { x, y, width, height } = reach([a, b], 0);
    for (const piece of near) {
      if (piece.x > x + width || piece.y > y + height || piece.x + piece.width < x || piece.y + piece.height < y) continue;
      const { a: c, b: d } = piece;
      if (side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0) found += 1;
    }
  }
  return found;
}

/** @param {Pair} a @param {Pair} b @param {Pair} c */
function side(a, b, c) {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

// ------------------------------------------------------------------ the straight pieces of a way

/** The points between its pieces, and the role of each piece. @param {Way} way @returns {[Way, number[]]} */
function pathOf(way) {
  if (way.length === 4) return [[way[0], way[3]], [isFlat(way, 0) || isFlat(way, 1) ? OUT | IN : BEND]];
  if (isArch(way)) return [[way[0], way[3], way[6], way[9]], [BEND, 0, BEND]];
  const corners = cornersOf(way);
  return [[way[0], ...corners, way[way.length - 1]], [OUT, ...corners.slice(1).map(() => 0), IN]];
}

/** @param {Way} way @returns {Way} */
function cornersOf(way) {
  /** @type {Way} */
  const corners = [];
  for (let at = 3; at < way.length - 3; at += 6) {
    const [on, handle, , off] = way.slice(at, at + 4);
    const isFromLevel = Math.abs(handle[0] - on[0]) >= Math.abs(handle[1] - on[1]);
    corners.push(isFromLevel ? [off[0], on[1]] : [on[0], off[1]]);
  }
  return corners;
}

/** @param {Way} way */
function isArch(way) {
  return way.length === 10 && (way[3][0] !== way[6][0] || way[3][1] !== way[6][1]) && isFlat(way.slice(3, 7), 1);
}

/** @param {Way} points @param {0 | 1} axis */
function isFlat(points, axis) {
  const places = points.map((point) => point[axis]);
  return Math.max(...places) - Math.min(...places) < FLAT;
}

/** The way along a path, of whose pieces some are elsewhere than before, where `way` went. @param {Way} way @param {Way} before
 * @param {Way} path @returns {Way} */
function along(way, before, path) {
  if (isArch(way)) {
    const by = path[1][1] - before[1][1];
    return way.map(([x, y], at) => (at > 1 && at < 8 ? [x, y + by] : [x, y]));
  }
  const radii = before.slice(1, -1).map(([x, y], at) => Math.abs(way[3 + 6 * at][0] - x) + Math.abs(way[3 + 6 * at][1] - y));
  return rounded(path, Math.max(...radii));
}

/** The path with one of its pieces farther down, or to the right. @param {Way} path @param {number} at @param {number} by
 * @returns {Way} */
function moveAside(path, at, by) {
  const isAcross = isLevel(path[at], path[at + 1]);
  return path.map(([x, y], number) => {
    if (number !== at && number !== at + 1) return [x, y];
    return isAcross ? [x, y + by] : [x + by, y];
  });
}

/** Whether the pieces on both sides of a moved one still go the way they went, and are not too short for a turn. @param {Way} before
 * @param {Way} path @param {number} at */
function keepsItsTurns(before, path, at) {
  const axis = isLevel(before[at], before[at + 1]) ? 1 : 0;
  return [at - 1, at + 1].every((number) => {
    const [old, now] = [before, path].map((points) => points[number + 1][axis] - points[number][axis]);
    return !old || (old * now > 0 && Math.abs(now) >= Math.min(Math.abs(old), LEAST));
  });
}

/** @param {Pair} a @param {Pair} b @param {number} role @param {Owner} owner @returns {Piece} */
function piece(a, b, role, owner) {
  return { a, b, role, owner, isEarly: false, ...reach([a, b], 0) };
}

/** @param {Pair} a @param {Pair} b */
function isLevel(a, b) {
  return Math.abs(a[1] - b[1]) < FLAT;
}
