// @ts-check
/** The lists of the canvas' menu: about something, about the paper, what to add after something. Loaded by ./menu.js. */

import { choose } from "./chooser.js";
import { addAtPlace, addNote, addPhase, addSomewhere, nameOf, NOTE, run } from "./commands.js";
import { addable } from "./connect.js";
import { connectByKeys, onHandle, redirectByKeys, restartByKeys } from "./connect_lists.js";
import { arrangeSelected } from "./in_flow.js";
import { actionsFor, addAfter as addAfterItem, showActions } from "./outline_actions.js";
import { snapPoint } from "./geometry.js";
import { presets } from "./palette.js";

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {import("./geometry.js").Point} Point */

/** @param {Editor} editor @param {string} ref empty: about the paper @param {Point} at on the screen
 * @param {Point} [place] on the canvas */
function about(editor, ref, at, place) {
  if (!ref || !editor.graph.has(ref)) return aboutPaper(editor, at, place);
  const before = editor.selection.has(ref) ? [] : editor.selection.refs;
  if (!editor.selection.has(ref)) editor.selection.set(ref);
  return showActions(editor, itemOf(editor, ref), at, before.length ? [selectToo(editor, ref, before)] : []);
}

/** What a finger has no Shift for. @param {Editor} editor @param {string} ref @param {string[]} before what was selected
 * @returns {import("./outline_actions.js").Action} */
function selectToo(editor, ref, before) {
  const act = () => {
    editor.selection.set(...before, ref);
    editor.focus(ref);
    editor.announceSelection();
  };
  return { key: "select-too", label: "Select it too", hint: "Shift click", icon: "check", act };
}

/** Add a task after something. @param {Editor} editor @param {string} ref */
function addAfter(editor, ref) {
  return addAfterItem(editor, itemOf(editor, ref));
}

/** Ask what is to stand at a place. @param {Editor} editor @param {Point} at on the screen @param {Point} place its middle, on the canvas
 * @param {string} [edge] that is parted for it */
async function addHere(editor, at, place, edge) {
  const ends = editor.graph.edges.get(edge ?? "");
  const title = ends ? `Add between ${nameOf(editor, ends.source)} and ${nameOf(editor, ends.target)}` : "Add here";
  const choice = await choose({ title, choices: addable(editor), at });
  const corner = { x: place.x - editor.card.width / 2, y: place.y - editor.card.height / 2 };
  if (choice?.preset) addAtPlace(editor, choice.preset, { at: snapPoint(corner), onEdge: edge });
  else if (edge) editor.focus(edge);
}

/** Find something by its name, key, kind or a setting, and go there; what is pointed at in the list is shown at once.
 * @param {Editor} editor */
async function find(editor) {
  const { graph, viewport } = editor;
  const before = viewport.view;
  /** @type {import("./chooser.js").Choice[]} */
  const choices = graph.readingOrder().map((node) => ({
    key: node.ref, label: node.name, hint: [...new Set([node.kind_label || node.type, node.ref])].join(" · "), icon: "search",
  }));
  // The list is there at once; the settings come when they come.
  editor.ask("find", {}).then((answer) => {
    for (const choice of choices) choice.more = answer?.settings[choice.key];
    document.querySelector("#chooser[open] input")?.dispatchEvent(new Event("input"));
  });
  const box = editor.svg.getBoundingClientRect();
  const choice = await choose({
    title: "Find", choices, at: { x: box.left + box.width / 2 - 140, y: box.top + 24 },
    focused(current) {
      const node = current ? graph.nodes.get(current.key) : undefined;
      if (node) viewport.reveal(node);
    },
  });
  if (choice) editor.walkTo(choice.key);
  else viewport.set(before);
}

/** What the bars around the canvas offer: its name, its icon, the key that does the same, where it is. */
const BUTTONS = [
  ["Undo", "undo", "Ctrl Z", "#undo"], ["Redo", "redo", "Ctrl Shift Z", "#redo"], ["Try it", "play", "Alt T", "[data-try-url]"],
  ["Publish…", "upload", "", "#publish-link"], ["Versions", "history", "", ".editor-links a[href*='/versions/']"],
  ["Comments", "note", "M", "#comments-toggle"], ["Problems", "alert", "", ".problems-head"], ["See it as a canvas", "flow", "", "[data-view=canvas]"],
  ["See it as an outline", "list", "", "[data-view=outline]"], ["Keys and gestures", "help", "?", "[data-act=shortcuts]"],
];

/** Everything that can be done, by its name: with what is selected, in the flow, what can be added. @param {Editor} editor */
async function commands(editor) {
  const ref = editor.focusedRef || editor.selection.leading;
  const isThere = ref !== "" && editor.graph.has(ref); // none is the flow itself
  if (isThere && !editor.selection.has(ref)) editor.selection.set(ref);
  const item = isThere ? itemOf(editor, ref) : null;
  const pressed = BUTTONS.map(([label, icon, hint, where]) => ({ key: where, label, icon, hint, button: document.querySelector(where) }))
    .filter(({ button }) => button instanceof HTMLElement && !button.matches("[aria-disabled=true], :disabled"))
    .map(({ button, ...rest }) => ({ ...rest, act: () => /** @type {HTMLElement} */ (button).click() }));
  const { left, top, width } = editor.root.getBoundingClientRect();
  const acts = [
    ...(item ? actionsFor(editor, item).map((each) => ({ ...each, key: `it-${each.key}`, label: `${item.name}: ${each.label}` })) : []),
    ...pressed,
    ...paperActs(editor, undefined),
  ];
  const choice = await choose({ title: "Do what?", choices: acts, at: { x: left + width / 2 - 140, y: top + 24 } });
  const act = acts.find(({ key }) => key === choice?.key);
  if (act) await act.act();
  else if (item) editor.focus(ref);
}

/** @param {Editor} editor @param {Point} at @param {Point} [place] */
async function aboutPaper(editor, at, place) {
  const { x, y, width, height } = editor.viewport.seen;
  const acts = paperActs(editor, place ?? { x: x + width / 2, y: y + height / 2 });
  const choice = await choose({ title: "Here", choices: acts, at });
  await acts.find(({ key }) => key === choice?.key)?.act();
}

/** @param {Editor} editor @param {Point | undefined} place on the canvas; undefined: wherever it goes well
 * @returns {{key: string, label: string, icon: string, tone?: string, hint?: string, act: () => unknown}[]} */
function paperActs(editor, place) {
  const found = editor.canEdit ? presets(editor.root) : [];
  const { x, y, width, height } = editor.viewport.seen;
  const there = place ?? { x: x + width / 2, y: y + height / 2 };
  /** @type {ReturnType<typeof paperActs>} */
  const acts = [
    { key: "fit", label: "Show everything", icon: "fit", hint: "F", act: () => editor.fit() },
    { key: "band", label: "Select with a band", icon: "check", hint: "then drag", act: () => editor.gestures.drawBand() },
    { key: "all", label: "Select all tasks", icon: "check", hint: "Ctrl A", act: () => editor.selection.set(...editor.graph.tasks.map((task) => task.ref)) },
  ];
  const corner = { x: there.x - editor.card.width / 2, y: there.y - editor.card.height / 2 };
  if (editor.canEdit) {
    acts.push(
      { key: "tidy", label: "Tidy up", icon: "tidy", act: () => run(editor, "tidy") },
      { key: "paste", label: "Paste here", icon: "copy", hint: "Ctrl V", act: () => editor.clipboard.pasteHere(there) },
      { key: "phase", label: "Add a phase", icon: "layers", hint: "G", act: () => addPhase(editor) },
      { key: "note", label: "Add a note", icon: "note", act: () => addNote(editor, { x: there.x - NOTE.width / 2, y: there.y - NOTE.height / 2 }) },
      ...found.map((preset) => ({ key: `add-${preset.id}`, label: `Add ${preset.name}`, icon: preset.icon, tone: preset.tone, act: () => (place ? addAtPlace(editor, preset, { at: corner }) : addSomewhere(editor, preset)) })),
    );
  }
  return acts;
}

/** @param {Editor} editor @param {string} ref of a node or an edge @returns {import("./outline_tree.js").Item} as an entry of the outline */
function itemOf(editor, ref) {
  const node = editor.graph.nodes.get(ref);
  const edge = editor.graph.edges.get(ref);
  const name = node?.name || edge?.words || "Edge";
  return { key: ref, ref, type: node?.type ?? "edge", name, words: "", to: edge?.target ?? "", children: [] };
}

/** What ./menu.js can ask for. */
export const by = { about, addAfter, addHere, arrangeSelected, commands, connectByKeys, find, onHandle, redirectByKeys, restartByKeys };
