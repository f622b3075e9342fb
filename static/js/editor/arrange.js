// @ts-check
/** Lining up and spreading what is selected. Pure. */

import { snap } from "./geometry.js";

/** @typedef {import("./geometry.js").Rect} Rect */
/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {Rect & {ref: string}} Node */
/** @typedef {"left" | "centre" | "right" | "top" | "middle" | "bottom" | "across" | "down"} Way */

/** @type {{way: Way, label: string, hint: string, least: number}[]} `least`: how many it takes */
export const WAYS = [
  { way: "left", label: "Left edges", hint: "line up", least: 2 },
  { way: "centre", label: "Centres, one below the other", hint: "line up", least: 2 },
  { way: "right", label: "Right edges", hint: "line up", least: 2 },
  { way: "top", label: "Top edges", hint: "line up", least: 2 },
  { way: "middle", label: "Middles, side by side", hint: "line up", least: 2 },
  { way: "bottom", label: "Bottom edges", hint: "line up", least: 2 },
  { way: "across", label: "Equal gaps from left to right", hint: "spread", least: 3 },
  { way: "down", label: "Equal gaps from top to bottom", hint: "spread", least: 3 },
];

/** Where the nodes go: only those that move. @param {Node[]} nodes @param {Way} way @returns {{key: string, x: number, y: number}[]} */
export function arranged(nodes, way) {
  const placed = way === "across" || way === "down" ? spread(nodes, way) : nodes.map((node) => ({ node, ...lined(nodes, node, way) }));
  return placed
    .map(({ node, x, y }) => ({ key: node.ref, x: snap(x), y: snap(y) }))
    .filter(({ key, x, y }) => nodes.some((node) => node.ref === key && (node.x !== x || node.y !== y)));
}

/** @param {Node[]} nodes @param {Node} node @param {Way} way @returns {Point} */
function lined(nodes, node, way) {
  const left = Math.min(...nodes.map((each) => each.x));
  const right = Math.max(...nodes.map((each) => each.x + each.width));
  const top = Math.min(...nodes.map((each) => each.y));
  const bottom = Math.max(...nodes.map((each) => each.y + each.height));
  const { x, y } = node;
  switch (way) {
    case "left": return { x: left, y };
    case "centre": return { x: (left + right - node.width) / 2, y };
    case "right": return { x: right - node.width, y };
    case "top": return { x, y: top };
    case "middle": return { x, y: (top + bottom - node.height) / 2 };
    default: return { x, y: bottom - node.height };
  }
}

/** The first and the last stay; the gaps between all become the same. @param {Node[]} nodes @param {"across" | "down"} way */
function spread(nodes, way) {
  const [at, size] = way === "across" ? /** @type {const} */ (["x", "width"]) : /** @type {const} */ (["y", "height"]);
  const order = [...nodes].sort((a, b) => a[at] - b[at] || a.ref.localeCompare(b.ref));
  const [first, last] = [order[0], order[order.length - 1]];
  const room = last[at] + last[size] - first[at] - order.reduce((sum, node) => sum + node[size], 0);
  const gap = room / Math.max(1, order.length - 1);
  let next = first[at];
  return order.map((node) => {
    const place = { node, x: node.x, y: node.y, [at]: next };
    next += node[size] + gap;
    return place;
  });
}
