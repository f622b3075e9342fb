// @ts-check
/**
 * Where things stand while their moves are on the way: the facts are those of the server and all moves that wait, so that the
 * next gesture starts from what one sees, and an answer to an earlier move takes nothing back.
 */

import { showMoved } from "./preview.js";

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {import("./geometry.js").Point} Point */

/** Bring facts and drawing in line with what waits: after a move was begun, answered or refused. @param {Editor} editor */
export function settleShifts(editor) {
  /** @type {Map<string, Point>} */
  const wanted = new Map();
  for (const { moves } of editor.queue.underWay) {
    for (const ref of moves?.refs ?? []) {
      const sum = wanted.get(ref) ?? { x: 0, y: 0 };
      wanted.set(ref, { x: sum.x + (moves?.by.x ?? 0), y: sum.y + (moves?.by.y ?? 0) });
    }
  }
  const shown = new Set();
  for (const [ref, node] of editor.graph.nodes) {
    const [have, want] = [node.shift ?? { x: 0, y: 0 }, wanted.get(ref) ?? { x: 0, y: 0 }];
    if (!wanted.has(ref) && !node.shift) continue;
    [node.x, node.y] = [node.x + want.x - have.x, node.y + want.y - have.y];
    node.shift = want.x || want.y ? want : undefined;
    const element = editor.element(ref);
    if (element instanceof SVGElement && node.shift) element.dataset.moved = "";
    else if (element instanceof SVGElement) delete element.dataset.moved;
    shown.add(ref);
  }
  if (shown.size) {
    editor.graph.version += 1;
    showMoved(editor, shown, { x: 0, y: 0 });
  }
  editor.ports.show();
}
