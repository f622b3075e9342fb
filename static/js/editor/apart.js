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
import { Walls } from "./curves.js";

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
const BESIDE = 20;
const LONGEST_BEND = 1024;
const SQUARE = 256;
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
 * @param {Owner} owner @param {Pieces} pieces @param {import("./obstacles.js").Obstacles | null} cards null: none is in its way
 * @param {Rect[]} ends @returns {Way} */
export function apart(way, owner, pieces, cards, ends) {
  const [path, roles] = pathOf(way);
  const radius = radiusOf(way, path);
  let [moved, found] = [path, way];
  for (const [at, role] of roles.entries()) {
    if (role) continue;
    const beside = pieces.within(reach(moved.slice(at, at + 2), CLOSE), owner);
    if (!closeness(moved[at], moved[at + 1], 0, beside, owner)) continue;
    const around = moved.slice(at - 1, at + 3);
    const areas = isArch(found) ? swept(around, found.slice(0, 4), found.slice(6)) : swept(around, around.slice(0, 2), around.slice(2));
    const boxes = cards ? within(cards, areas, ends) : [];
    const [first, last] = changing(at, found);
    const walls = new Walls(boxes, ends);
    for (const by of new Middle(around, roles.slice(at - 1, at + 2), areas, pieces, owner).places(boxes)) {
      const shifted = moveAside(moved, at, by);
      const tried = along(way, path, shifted, radius);
      if (!walls.letThrough([tried.slice(first, last + 1)])) continue;
      [moved, found] = [shifted, tried];
      break;
    }
  }
  return found;
}

/** Between which points a way is another one once a piece is moved: it, those beside it, and their bends. @param {number} at
 * @param {Way} way @returns {Pair} */
function changing(at, way) {
  if (isArch(way)) return [0, way.length - 1];
  return [Math.max(3 * (2 * at - 4), 0), Math.min(3 * (2 * at + 5), way.length - 1)];
}

/** The cards, but for two, that reach into one of some areas. @param {import("./obstacles.js").Obstacles} cards @param {Rect[]} areas
 * @param {Rect[]} but @returns {Rect[]} */
function within(cards, areas, but) {
  return [...new Set(areas.flatMap(({ x, y, width, height }) => cards.within(x, y, x + width, y + height, but)))];
}

/** Where three pieces, and what has a say in them, may be while the middle one is moved aside. @param {Way} path @param {Way} before
 * @param {Way} after points between which the way is on both its sides @returns {Rect[]} */
function swept(path, before, after) {
  const [, b, c] = moveAside(path, 1, -FARTHEST);
  const [, d, e] = moveAside(path, 1, FARTHEST);
  return [[...before, b, d], [b, c, d, e], [c, e, ...after]].map((points) => reach(points, BESIDE));
}

/** The middle one of three pieces of a way: where it may be moved to. */
class Middle {
  /** @param {Way} path @param {number[]} roles @param {Rect[]} areas @param {Pieces} pieces @param {Owner} owner */
  constructor(path, roles, areas, pieces, owner) {
    [this.path, this.roles, this.owner] = [path, roles, owner];
    this.axis = isLevel(path[1], path[2]) ? 1 : 0;
    const [one, other] = [path[1][1 - this.axis], path[2][1 - this.axis]];
    [this.first, this.last] = [Math.min(one, other), Math.max(one, other)];
    const [before, there, after] = areas.map((area) => pieces.within(area, owner).sort(inOrder));
    [this.before, this.after] = [before, after];
    this.along = there.filter((piece) => runsAlong(piece, this.axis, this.first, this.last));
    this.across = there.filter((piece) => piece.role === BEND || (isLevel(piece.a, piece.b) ? 1 : 0) !== this.axis);
  }

  /** How far it may be moved to be less close to others, clear of `boxes`: the best place first. @param {Rect[]} boxes */
  places(boxes) {
    const shut = this.shut(boxes);
    const least = this.closeness(this.path);
    /** @type {{cost: number, by: number}[]} */
    const found = [];
    let good = 0;
    for (const by of this.distances()) {
      const line = this.path[1][this.axis] + by;
      if (shut.some(([begin, end]) => begin <= line && line <= end)) continue;
      const shifted = moveAside(this.path, 1, by);
      const left = this.closeness(shifted);
      if (left >= least) continue;
      found.push({ cost: CLOSENESS * left + CROSSING * this.crossings(shifted) + Math.abs(by), by });
      if (!left) good += 1;
      if (good === ENOUGH) break;
    }
    found.sort((a, b) => a.cost - b.cost || a.by - b.by);
    return found.slice(0, MOST_TRIED).map(({ by }) => by);
  }

  /** How far it may be moved: to lines beside those that run along it, the nearest first. The pieces on both sides still go the way
   * they went then, and are not too short for a turn. */
  distances() {
    const { axis, path } = this;
    const found = new Set();
    for (const piece of this.along) {
      for (const step of STEPS) for (const side of [-step, step]) found.add(piece.a[axis] + side - path[1][axis]);
    }
    const nearest = [...found].filter((by) => by && Math.abs(by) <= FARTHEST).sort((a, b) => Math.abs(a) - Math.abs(b) || a - b);
    let [least, most] = [-FARTHEST, FARTHEST];
    for (const old of [path[1][axis] - path[0][axis], path[2][axis] - path[3][axis]]) {
      if (old > 0) least = Math.max(least, Math.min(old, LEAST) - old);
      else if (old < 0) most = Math.min(most, Math.max(old, -LEAST) - old);
    }
    return nearest.slice(0, MOST_LINES).filter((by) => least <= by && by <= most);
  }

  /** The lines that run through a box: from where to where. @param {Rect[]} boxes @returns {Pair[]} */
  shut(boxes) {
    const { first, last } = this;
    if (this.axis) return boxes.filter((box) => box.x < last && first < box.x + box.width).map((box) => [box.y, box.y + box.height]);
    return boxes.filter((box) => box.y < last && first < box.y + box.height).map((box) => [box.x, box.x + box.width]);
  }

  /** @param {Way} path */
  closeness(path) {
    const { axis, owner } = this;
    let found = closeness(path[0], path[1], this.roles[0], this.before, owner);
    for (const piece of this.along) {
      const gap = Math.abs(piece.a[axis] - path[1][axis]);
      if (gap < CLOSE && !belongTogether(0, piece, owner, gap)) found += harm(gap);
    }
    return found + closeness(path[2], path[3], this.roles[2], this.after, owner);
  }

  /** @param {Way} path */
  crossings(path) {
    return crossingsOf(path[0], path[1], this.before) + crossingsOf(path[1], path[2], this.across) + crossingsOf(path[2], path[3], this.after);
  }
}

/** @param {Way} points @param {number} far @returns {Rect} */
function reach(points, far) {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return { x: left - far, y: top - far, width: Math.max(...xs) - left + 2 * far, height: Math.max(...ys) - top + 2 * far };
}

/** Pieces of ways by the squares of a grid that they reach into. */
export class Pieces {
  /** @type {Map<number, Piece[]>} */
  #squares = new Map();
  /** @type {Pieces | null} */
  #others;

  /** @param {Pieces | null} [others] those that are there, too */
  constructor(others = null) {
    this.#others = others;
  }

  /** @param {Piece[]} pieces */
  add(pieces) {
    for (const piece of pieces) {
      squaresOf(piece, (square) => {
        const inside = this.#squares.get(square);
        if (inside) inside.push(piece);
        else this.#squares.set(square, [piece]);
      });
    }
  }

  /** Those that somebody keeps apart from, and whose boxes share more than a side with an area. @param {Rect} area @param {Owner} owner
   * @returns {Piece[]} */
  within(area, owner) {
    const [right, bottom] = [area.x + area.width, area.y + area.height];
    const found = new Set(this.#others?.within(area, owner));
    squaresOf(area, (square) => {
      for (const one of this.#squares.get(square) ?? []) {
        if (one.x >= right || one.y >= bottom || one.x + one.width <= area.x || one.y + one.height <= area.y) continue;
        const order = byRank(one.owner, owner);
        if (one.isEarly ? order > 0 : order < 0) found.add(one);
      }
    });
    return [...found];
  }
}

/** @param {Rect} box @param {(square: number) => void} visit */
function squaresOf({ x, y, width, height }, visit) {
  const [right, bottom] = [Math.floor((x + width) / SQUARE), Math.floor((y + height) / SQUARE)];
  for (let column = Math.floor(x / SQUARE); column <= right; column += 1) {
    for (let row = Math.floor(y / SQUARE); row <= bottom; row += 1) visit(65536 * column + row);
  }
}

/** @param {Piece} one @param {Piece} other */
function inOrder(one, other) {
  return byRank(one.owner, other.owner) || one.a[0] - other.a[0] || one.a[1] - other.a[1] || one.b[0] - other.b[0] || one.b[1] - other.b[1];
}

/** @param {Piece} piece @param {number} axis 1: a level one @param {number} first @param {number} last */
function runsAlong(piece, axis, first, last) {
  if (piece.role === BEND || (isLevel(piece.a, piece.b) ? 1 : 0) !== axis) return false;
  const [begin, end] = axis ? [piece.x, piece.x + piece.width] : [piece.y, piece.y + piece.height];
  return Math.min(last, end) - Math.max(first, begin) > TOUCH;
}

/** How bad it is that a piece runs close along others: 0 where it does not. @param {Pair} a @param {Pair} b @param {number} role
 * @param {Piece[]} near @param {Owner} owner */
function closeness(a, b, role, near, owner) {
  if (role === BEND) return 0;
  let found = 0;
  const axis = isLevel(a, b) ? 1 : 0;
  const [first, last] = [Math.min(a[1 - axis], b[1 - axis]), Math.max(a[1 - axis], b[1 - axis])];
  for (const piece of near) {
    const gap = Math.abs(piece.a[axis] - a[axis]);
    if (gap < CLOSE && runsAlong(piece, axis, first, last) && !belongTogether(role, piece, owner, gap)) found += harm(gap);
  }
  return found;
}

/** @param {number} gap */
function harm(gap) {
  return ((LANE - gap) / LANE) ** 2 + (gap < ONE_LINE ? 1 : 0);
}

/** @param {number} role @param {Piece} piece @param {Owner} owner @param {number} gap */
function belongTogether(role, piece, owner, gap) {
  const [hasSource, hasTarget] = [piece.owner.source === owner.source, piece.owner.target === owner.target];
  const both = role & piece.role;
  return Boolean((hasSource && both & OUT) || (hasTarget && both & IN)) || (hasSource && hasTarget && gap >= 1);
}

/** @param {Pair} a @param {Pair} b @param {Piece[]} near */
function crossingsOf(a, b, near) {
  let found = 0;
  const [left, right] = [Math.min(a[0], b[0]), Math.max(a[0], b[0])];
  const [top, bottom] = [Math.min(a[1], b[1]), Math.max(a[1], b[1])];
  for (const piece of near) {
    if (piece.x > right || piece.y > bottom || piece.x + piece.width < left || piece.y + piece.height < top) continue;
    const { a: c, b: d } = piece;
    if (side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0) found += 1;
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

/** That of the widest of a way's rounded corners. @param {Way} way @param {Way} path */
function radiusOf(way, path) {
  const radii = path.slice(1, -1).map(([x, y], at) => {
    const on = way[Math.min(3 + 6 * at, way.length - 1)];
    return Math.abs(on[0] - x) + Math.abs(on[1] - y);
  });
  return Math.max(0, ...radii);
}

/** The way along a path, of whose pieces some are elsewhere than before, where `way` went. @param {Way} way @param {Way} before
 * @param {Way} path @param {number} radius @returns {Way} */
function along(way, before, path, radius) {
  if (isArch(way)) {
    const by = path[1][1] - before[1][1];
    return way.map(([x, y], at) => (at > 1 && at < 8 ? [x, y + by] : [x, y]));
  }
  return rounded(path, radius);
}

/** The path with one of its pieces farther down, or to the right. @param {Way} path @param {number} at @param {number} by
 * @returns {Way} */
function moveAside(path, at, by) {
  const [a, b] = [path[at], path[at + 1]];
  const moved = path.slice();
  const isAcross = isLevel(a, b);
  moved[at] = isAcross ? [a[0], a[1] + by] : [a[0] + by, a[1]];
  moved[at + 1] = isAcross ? [b[0], b[1] + by] : [b[0] + by, b[1]];
  return moved;
}

/** @param {Pair} a @param {Pair} b @param {number} role @param {Owner} owner @returns {Piece} */
function piece(a, b, role, owner) {
  return { a, b, role, owner, isEarly: false, ...reach([a, b], 0) };
}

/** @param {Pair} a @param {Pair} b */
function isLevel(a, b) {
  return Math.abs(a[1] - b[1]) < FLAT;
}
