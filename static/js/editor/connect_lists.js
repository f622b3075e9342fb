// @ts-check
/** Drawing edges by choosing from a list: from the keyboard, from a menu, by pressing a handle. Loaded with the menu. */

import { beforeList, choose } from "./chooser.js";
import { placeAfter } from "./commands.js";
import { addChosen, addable, finish, lead, Targets } from "./connect.js";
import { centre } from "./geometry.js";

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {import("./graph.js").NodeFacts} NodeFacts */
/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {"success" | "error"} On */

/** A handle was pressed, not pulled: add something right of its card, or below it for what happens on an error; or connect.
 * @param {Editor} editor @param {string} source @param {On} on @param {Point} at on the screen */
export async function onHandle(editor, source, on, at) {
  const { graph } = editor;
  const from = graph.nodes.get(source);
  const targets = new Targets(editor, source, on);
  const allowed = (await beforeList(targets.allowed())).map((ref) => graph.nodes.get(ref)).filter((node) => node !== undefined);
  if (!from) return;
  targets.show();
  const there = nodeChoices(byNearness(allowed, from)).map((choice) => ({ ...choice, label: `Connect to ${choice.label}` }));
  const title = on === "error" ? "What on an error?" : "What comes next?";
  const choice = await choose({ title, choices: [...addable(editor), ...there], at, focused: pointing(editor, targets) });
  if (choice?.preset) await addChosen(editor, choice, { source, on, at, place: placeAfter(editor, from, on) });
  else if (choice) await finish(editor, targets, choice.key, at);
  targets.hide();
  if (!choice) editor.focus(source);
}

/** Choose the target from a list; the canvas shows the current one. @param {Editor} editor @param {string} source @param {On} [on] */
export async function connectByKeys(editor, source, on = "success") {
  const { graph } = editor;
  if (graph.nodes.get(source)?.type === "note") return editor.refuse("Nothing leads to or from a note.");
  const targets = new Targets(editor, source, on);
  const allowed = (await beforeList(targets.allowed())).map((ref) => graph.nodes.get(ref)).filter((node) => node !== undefined);
  if (!allowed.length) return editor.refuse("There is nothing this could be connected to.");
  const at = editor.placeOnScreen(source);
  const barred = barredChoices(targets);
  targets.show();
  const title = on === "error" ? "On an error, go to…" : "Connect to…";
  const choice = await choose({
    title, choices: [...nodeChoices(byNearness(allowed, graph.nodes.get(source))), ...barred], at, focused: pointing(editor, targets),
  });
  if (choice?.isBarred) editor.refuse(choice.hint ?? "");
  else if (choice) await finish(editor, targets, choice.key, at);
  targets.hide();
  editor.focus(source);
}

/** Choose from a list where an edge leads instead. @param {Editor} editor @param {import("./graph.js").EdgeFacts} edge */
export async function redirectByKeys(editor, edge) {
  const { graph } = editor;
  const targets = new Targets(editor, edge.source, edge.on);
  const allowed = (await beforeList(targets.allowed())).filter((ref) => ref !== edge.target);
  const found = byNearness(allowed.map((ref) => graph.nodes.get(ref)).filter((node) => node !== undefined), graph.nodes.get(edge.source));
  if (!found.length) return editor.refuse("There is nothing else this edge could lead to.");
  targets.show();
  const choice = await choose({
    title: "Lead to…",
    choices: [...nodeChoices(found), ...barredChoices(targets, edge.target)],
    at: editor.placeOnScreen(edge.source),
    focused: (current) => targets.point(current ? (graph.nodes.get(current.key) ?? null) : null),
  });
  targets.hide();
  const node = choice && graph.nodes.get(choice.key);
  if (choice?.isBarred) editor.refuse(choice.hint ?? "");
  else if (node) return lead(editor, edge, "target", node, editor.placeOnScreen(edge.source), targets);
  return editor.focus(edge.ref);
}

/** Choose from a list where an edge starts instead, and its branch where there are several. What cannot lead there is left out as far
 * as the page knows; what is chosen, the server looks at. @param {Editor} editor @param {import("./graph.js").EdgeFacts} edge */
export async function restartByKeys(editor, edge) {
  const { graph } = editor;
  const target = graph.nodes.get(edge.target);
  const found = byNearness(graph.sourcesFor(edge), target);
  if (!target || !found.length) return editor.refuse("There is nothing else this edge could start from.");
  const at = editor.placeOnScreen(edge.target);
  const choice = await choose({
    title: "Start from…",
    choices: nodeChoices(found),
    at,
    focused(current) {
      const node = graph.nodes.get(current?.key ?? "");
      if (node) editor.viewport.reveal(node);
    },
  });
  const node = graph.nodes.get(choice?.key ?? "");
  if (node) return lead(editor, edge, "source", node, at);
  return editor.focus(edge.ref);
}

/** @param {NodeFacts[]} nodes @returns {import("./chooser.js").Choice[]} */
function nodeChoices(nodes) {
  return nodes.map(({ ref, name, type }) => ({ key: ref, label: name, hint: type === "phase" ? "phase" : ref, icon: type === "phase" ? "layers" : "arrow-right" }));
}

/** What an edge may not lead to, last in the list, with the reason. @param {Targets} targets @param {string} [but] where it leads now
 * @returns {import("./chooser.js").Choice[]} */
function barredChoices(targets, but) {
  const barred = targets.barred.filter(({ node }) => node.ref !== but);
  return barred.map(({ node, reason }) => ({ ...nodeChoices([node])[0], hint: reason, isBarred: true }));
}

/** The canvas shows what is pointed at in the list. @param {Editor} editor @param {Targets} targets
 * @returns {(current: import("./chooser.js").Choice | null) => void} */
function pointing(editor, targets) {
  return (current) => {
    const node = current && !current.preset ? (editor.graph.nodes.get(current.key) ?? null) : null;
    targets.point(node);
    if (node) editor.viewport.reveal(node);
  };
}

/** @param {NodeFacts[]} nodes @param {NodeFacts | undefined} from those to the right first, the nearest first of all */
function byNearness(nodes, from) {
  if (!from) return nodes;
  const here = centre(from);
  const cost = (/** @type {NodeFacts} */ node) => {
    const there = centre(node);
    return Math.hypot(there.x - here.x, there.y - here.y) + (there.x < here.x ? 1e5 : 0);
  };
  return nodes.sort((a, b) => cost(a) - cost(b));
}
