// @ts-check
/**
 * What a task can refer to, as rows of a tree; searching in it; and where in a text a reference is being typed. No DOM.
 *
 * @typedef {{name: string, path: string, type: string, help?: string, maybe?: boolean, children?: DataNode[]}} DataNode
 *   as the door `data` answers it (designer/graph/data_tree.py)
 * @typedef {{node: DataNode, level: number, isOpen: boolean, isShort: boolean}} Row `isShort`: show the name, not the path
 * @typedef {{from: number, to: number, typed: string, isInside: boolean}} Spot what is being typed, from where to where;
 *   `isInside`: between braces that are there already
 */

export const MOST_FOUND = 80;

/** The rows to show: those below open nodes. @param {DataNode[]} tree @param {Set<string>} open paths @returns {Row[]} */
export function rowsOf(tree, open) {
  /** @type {Row[]} */
  const rows = [];
  const add = (/** @type {DataNode[]} */ nodes, /** @type {number} */ level) => {
    for (const node of nodes) {
      const isOpen = open.has(node.path) && Boolean(node.children);
      rows.push({ node, level, isOpen, isShort: true });
      if (isOpen) add(node.children ?? [], level + 1);
    }
  };
  add(tree, 1);
  return rows;
}

/** Every node, each before its children. @param {DataNode[]} tree @returns {DataNode[]} */
export function flat(tree) {
  return tree.flatMap((node) => [node, ...flat(node.children ?? [])]);
}

/** What fits, the best first: paths that begin so, then those with a part that does, then any with all the words.
 * @param {DataNode[]} tree @param {string} typed @returns {DataNode[]} */
export function search(tree, typed) {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return flat(tree).slice(0, MOST_FOUND);
  const first = words[0];
  const ranked = [];
  for (const node of flat(tree)) {
    const path = node.path.toLowerCase();
    const text = `${path} ${(node.help ?? "").toLowerCase()}`;
    if (!words.every((word) => text.includes(word))) continue;
    const rank = path.startsWith(first) ? 0 : path.split(/[.[\]"']+/).some((part) => part.startsWith(first)) ? 1 : path.includes(first) ? 2 : 3;
    ranked.push({ node, rank });
  }
  return ranked.sort((a, b) => a.rank - b.rank || depth(a.node) - depth(b.node)).slice(0, MOST_FOUND).map(({ node }) => node);
}

/** @param {DataNode} node */
function depth(node) {
  return node.path.split(/[.[]/).length;
}

/** The reference that is being typed where the caret is: behind `{{`, before any filter. Null where there is none.
 * @param {string} text @param {number} caret @returns {Spot | null} */
export function spotIn(text, caret) {
  const opened = text.lastIndexOf("{{", caret - 1);
  if (opened < 0 || opened + 2 > caret) return null;
  const before = text.slice(opened + 2, caret);
  if (/[}|%]/.test(before)) return null;
  const typed = before.replace(/^-?\s*/, "");
  if (/\s/.test(typed)) return null;
  const rest = /^[\w.[\]"'-]*/.exec(text.slice(caret))?.[0].length ?? 0;
  const closes = /^\s*-?\}\}/.test(text.slice(caret + rest));
  return { from: caret - typed.length, to: caret + (closes ? rest : 0), typed, isInside: closes };
}

/** The word of an expression that is being typed: letters, digits, dots. @param {string} text @param {number} caret @returns {Spot} */
export function wordIn(text, caret) {
  const typed = /[A-Za-z_][\w.]*$/.exec(text.slice(0, caret))?.[0] ?? "";
  return { from: caret - typed.length, to: caret, typed, isInside: true };
}

/** What to put in place of a spot so that it names a path. @param {Spot} spot @param {string} path */
export function insertion(spot, path) {
  return spot.isInside ? path : `${path} }}`;
}

/** A path as it stands in a text without braces around. @param {string} path */
export function template(path) {
  return `{{ ${path} }}`;
}
