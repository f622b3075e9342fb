// @ts-check
/** Cards by the squares of a grid that they reach into, as in `designer/rendering/obstacles.py`. Pure. */

/** @typedef {import("./geometry.js").Rect} Rect */

const WIDE = 256;
const HIGH = 128;

export class Obstacles {
  /** @type {Map<number, Rect[]>} */
  #squares = new Map();
  /** @type {Obstacles | null} */
  #others;

  /** @param {Rect[]} boxes @param {Obstacles | null} [others] those that stand there, too */
  constructor(boxes, others = null) {
    this.#others = others;
    for (const box of boxes) {
      for (const square of squares(box.x, box.y, box.x + box.width, box.y + box.height)) {
        const inside = this.#squares.get(square);
        if (inside) inside.push(box);
        else this.#squares.set(square, [box]);
      }
    }
  }

  /** The boxes, but two, that share more than a side with an area. @param {number} left @param {number} top @param {number} right
   * @param {number} bottom @param {Rect[]} but @returns {Rect[]} */
  within(left, top, right, bottom, but) {
    const count = (Math.floor(right / WIDE) - Math.floor(left / WIDE) + 1) * (Math.floor(bottom / HIGH) - Math.floor(top / HIGH) + 1);
    const found = new Set(this.#others?.within(left, top, right, bottom, but));
    for (const square of count <= this.#squares.size ? squares(left, top, right, bottom) : this.#squares.keys()) {
      for (const box of this.#squares.get(square) ?? []) {
        if (box.x < right && box.x + box.width > left && box.y < bottom && box.y + box.height > top) found.add(box);
      }
    }
    for (const box of but) found.delete(box);
    return [...found];
  }
}

/** Their numbers: a page holds far fewer than 65,536 in a row. @param {number} left @param {number} top @param {number} right
 * @param {number} bottom @returns {number[]} */
function squares(left, top, right, bottom) {
  const found = [];
  for (let x = Math.floor(left / WIDE); x <= Math.floor(right / WIDE); x += 1) {
    for (let y = Math.floor(top / HIGH); y <= Math.floor(bottom / HIGH); y += 1) found.push(65536 * x + y);
  }
  return found;
}
