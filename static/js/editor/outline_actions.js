// @ts-check
/** What can be done with an entry of the outline, by a list that opens beside it. Ends in the commands of the canvas. */

import { choose } from "./chooser.js";
import { addPhase, duplicateSelected, nameOf, removeSelected, submit } from "./commands.js";
import { addable, chooseBranch } from "./connect.js";
import { connectByKeys, redirectByKeys, restartByKeys } from "./connect_lists.js";
import * as edits from "./edits.js";
import { addInFlow, movePhase } from "./in_flow.js";

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {import("./outline_tree.js").Item} Item */
/** @typedef {import("./graph.js").EdgeFacts} EdgeFacts */
/** @typedef {import("./palette.js").Preset} Preset */
/** @typedef {{key: string, label: string, hint: string, icon: string, act: () => unknown}} Action */

/** Ask what to do with an entry, and do it. @param {Editor} editor @param {Item} item
 * @param {{x: number, y: number}} [at] on the screen; beside it unless told @param {Action[]} [first] what else can be done, before the rest */
export async function showActions(editor, item, at = editor.placeOnScreen(item.ref), first = []) {
  const actions = [...first, ...actionsFor(editor, item)];
  const choice = await choose({ title: item.name, choices: actions.map(({ key, label, hint, icon }) => ({ key, label, hint, icon })), at });
  const action = actions.find(({ key }) => key === choice?.key);
  if (action) await action.act();
  else editor.focus(item.ref);
}

/** @param {Editor} editor @param {Item} item @returns {Action[]} */
export function actionsFor(editor, item) {
  const { graph } = editor;
  const node = graph.nodes.get(item.ref);
  const edge = graph.edges.get(item.ref);
  const to = graph.nodes.get(item.to);
  /** @type {(Action | false | undefined)[]} */
  const looking = [
    item.type !== "trigger" && { key: "settings", label: "Settings", hint: "Enter", icon: "settings", act: () => editor.openInspector(item.ref) },
    node?.type === "task" && { key: "comments", label: "Comments", hint: "M", icon: "note", act: () => editor.comments.open(item.ref) },
    to && { key: "go", label: `Go to ${to.name}`, hint: "", icon: "arrow-right", act: () => editor.walkTo(item.to) },
  ];
  if (node?.type === "phase" && !editor.outline.isShown) {
    const isFolded = editor.collapse.folded.has(item.ref);
    looking.push({ key: "fold", label: isFolded ? "Unfold" : "Fold", hint: "O", icon: isFolded ? "chevron-right" : "chevron-down", act: () => editor.collapse.toggle(item.ref) });
  }
  const isTask = node?.type === "task";
  const isForked = isTask || node?.type === "trigger";
  const isBranch = edge !== undefined && edge.branch !== null && (graph.nodes.get(edge.source)?.branches.length ?? 0) > 2;
  /** @type {(Action | false | undefined)[]} */
  const changing = [
    node?.type !== "note" && { key: "add", label: node?.type === "phase" ? "Add a task in it…" : edge ? "Add a task here…" : "Add a task after it…", hint: "A", icon: "plus", act: () => addAfter(editor, item) },
    isForked && { key: "beside", label: "Add a task at the same time…", hint: "", icon: "plus", act: () => addBeside(editor, item, "success") },
    isTask && node.can_fail && { key: "caught", label: "Add a task for errors…", hint: "", icon: "alert", act: () => addBeside(editor, item, "error") },
    node && node.type !== "note" && { key: "connect", label: "Connect to…", hint: "C", icon: "arrow-right", act: () => connectByKeys(editor, item.ref) },
    edge && { key: "redirect", label: "Lead it elsewhere…", hint: "C", icon: "arrow-right", act: () => redirectByKeys(editor, edge) },
    edge && { key: "restart", label: "Let it start elsewhere…", hint: "Shift C", icon: "arrow-right", act: () => restartByKeys(editor, edge) },
    isTask && node.can_fail && { key: "on-error", label: "On an error, go to…", hint: "X", icon: "alert", act: () => connectByKeys(editor, item.ref, "error") },
    node && node.type !== "trigger" && node.type !== "note" && { key: "rename", label: "Rename", hint: "F2", icon: "pencil", act: () => editor.rename(item.ref) },
    isBranch && { key: "up", label: "Look at this branch earlier", hint: "Alt ↑", icon: "chevron-up", act: () => reorderBranch(editor, item, -1) },
    isBranch && { key: "down", label: "Look at this branch later", hint: "Alt ↓", icon: "chevron-down", act: () => reorderBranch(editor, item, 1) },
    isTask && { key: "phase", label: "Move into a phase…", hint: "", icon: "layers", act: () => moveIntoPhase(editor, item.ref) },
    node && node.type !== "trigger" && { key: "duplicate", label: "Duplicate", hint: "Ctrl D", icon: "copy", act: () => duplicateSelected(editor) },
    node && node.type !== "trigger" && { key: "copy", label: "Copy", hint: "Ctrl C", icon: "copy", act: () => editor.clipboard.copy() },
    ...singleEdges(editor, item),
    item.type !== "trigger" && { key: "delete", label: edge ? "Take this edge away" : "Delete", hint: "Del", icon: "trash", act: () => removeSelected(editor) },
  ];
  return [...looking, ...(editor.canEdit ? changing : [])].filter((action) => action !== false && action !== undefined);
}

/** Edges that have no entry of their own: the only one of a task, those of a phase. @param {Editor} editor @param {Item} item
 * @returns {Action[]} */
function singleEdges(editor, item) {
  if (!editor.outline.isShown || item.children.some((child) => child.type === "edge") || !editor.graph.nodes.has(item.ref)) return [];
  return editor.graph.outgoing(item.ref).map((edge) => ({
    key: `away-${edge.ref}`, label: `Take away the edge to ${nameOf(editor, edge.target)}`, hint: "", icon: "x",
    act: () => submit(editor, edits.disconnect([edge]), { said: `Disconnected ${nameOf(editor, edge.target)}`, select: [item.ref] }),
  }));
}

/** @param {Editor} editor @returns {Promise<Preset | undefined>} */
async function choosePreset(editor, /** @type {string} */ title, /** @type {string} */ ref) {
  const choice = await choose({ title, choices: addable(editor), at: editor.placeOnScreen(ref) });
  if (!choice) editor.focus(ref);
  return choice?.preset;
}

/** A task where the entry leads: between it and what comes next, or on its one free branch. @param {Editor} editor @param {Item} item */
export async function addAfter(editor, item) {
  const { graph } = editor;
  const edge = graph.edges.get(item.ref);
  if (item.type === "note") return editor.palette?.focus();
  const preset = await choosePreset(editor, edge ? `Add on “${item.name}”` : `Add after ${item.name}`, item.ref);
  if (!preset) return undefined;
  if (edge) return addInFlow(editor, preset, { edge });
  if (item.type === "phase") return addInFlow(editor, preset, { phase: item.ref });
  const ways = graph.outgoing(item.ref).filter((way) => way.on === "success");
  const used = new Set(ways.map((way) => way.branch));
  const branches = graph.nodes.get(item.ref)?.branches ?? [];
  const isFree = branches.some((branch) => !used.has(branch.key)) || !ways.length;
  if (isFree) {
    const branch = await chooseBranch(editor, item.ref, "success", editor.placeOnScreen(item.ref));
    return branch === undefined ? undefined : addInFlow(editor, preset, { source: item.ref, branch, on: "success" });
  }
  const way = ways.length === 1 ? ways[0] : await chooseWay(editor, ways, item.ref);
  return way && addInFlow(editor, preset, { edge: way });
}

/** @param {Editor} editor @param {EdgeFacts[]} ways @param {string} ref @returns {Promise<EdgeFacts | undefined>} */
async function chooseWay(editor, ways, ref) {
  const choices = ways.map((way) => ({ key: way.ref, label: `Before ${nameOf(editor, way.target)}`, hint: way.words, icon: "branch" }));
  const choice = await choose({ title: "Where?", choices, at: editor.placeOnScreen(ref) });
  return ways.find((way) => way.ref === choice?.key);
}

/** One more way out of the entry. @param {Editor} editor @param {Item} item @param {"success" | "error"} on */
async function addBeside(editor, item, on) {
  const preset = await choosePreset(editor, on === "error" ? `If ${item.name} fails` : `At the same time, after ${item.name}`, item.ref);
  if (!preset) return undefined;
  const branch = await chooseBranch(editor, item.ref, on, editor.placeOnScreen(item.ref));
  return branch === undefined ? undefined : addInFlow(editor, preset, { source: item.ref, branch, on });
}

/** @param {Editor} editor @param {string} ref a task, or whatever tasks are selected with it */
export async function moveIntoPhase(editor, ref) {
  const { graph, selection } = editor;
  const chosen = selection.has(ref) ? selection.refs : [ref];
  const tasks = chosen.filter((each) => graph.nodes.get(each)?.type === "task");
  const now = graph.nodes.get(ref)?.phase;
  const choices = [
    ...graph.phases.filter((phase) => phase.ref !== `phase:${now}`).map((phase) => ({ key: phase.ref, label: phase.name, icon: "layers" })),
    ...(now ? [{ key: "", label: "Out of its phase", icon: "x" }] : []),
    { key: "new", label: "A new phase", icon: "plus" },
  ];
  const choice = await choose({ title: "Move into…", choices, at: editor.placeOnScreen(ref) });
  if (!choice) return editor.focus(ref);
  if (choice.key !== "new") return movePhase(editor, tasks, choice.key || null);
  selection.set(...tasks);
  return addPhase(editor);
}

/** Let a decision look at a branch earlier or later. @param {Editor} editor @param {Item} item @param {-1 | 1} by */
export function reorderBranch(editor, item, by) {
  const edge = editor.graph.edges.get(item.ref);
  const branches = (edge && editor.graph.nodes.get(edge.source)?.branches) ?? [];
  const place = branches.findIndex((branch) => branch.key === edge?.branch);
  const isNamed = edge && edge.branch !== null && edge.branch !== "none_met" && place >= 0;
  if (!edge || !isNamed) return editor.refuse("Only the branches of a decision have an order; “otherwise” always comes last.");
  const last = branches.filter((branch) => branch.key !== "none_met").length - 1;
  const index = place + by;
  if (index < 0 || index > last) return editor.announce(by < 0 ? "It is the first already" : "It is the last already");
  const said = `${branches[place].name} is now branch ${index + 1} of ${last + 1}`;
  return submit(editor, edits.moveCondition(edge.source, String(edge.branch), index), { said, select: [item.ref] });
}
