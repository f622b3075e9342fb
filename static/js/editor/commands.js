// @ts-check
/** What a designer can do, whatever asked for it: mouse, keys, menus. Each ends in one edit. */

import { arrival } from "./attention.js";
import * as edits from "./edits.js";
import { frameAround } from "./frames.js";
import { contains, freePlace, GRID, snapPoint } from "./geometry.js";
import { hideGhost, showGhost, showHome } from "./preview.js";
import { settleShifts } from "./shifts.js";

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {import("./palette.js").Preset} Preset */
/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {import("./geometry.js").Rect} Rect */
/** @typedef {import("./graph.js").NodeFacts} NodeFacts */
/** @typedef {import("./graph.js").EdgeFacts} EdgeFacts */

export const NOTE = { width: 192, height: 96 };
export const PHASE = { width: 480, height: 240 }; // an empty one
const ROUNDS = 10; // of a loop that is drawn, until somebody says another number
const GAP = 64; // between a card and the one added after it
const GAP_WITH_NAME = 128; // the same where the edge between them has a name

/** Post one edit. @param {Editor} editor @param {edits.Edit} edit
 * @param {{said?: string, select?: string[], arrived?: (ref: string) => void, undone?: () => void,
 *   moves?: import("./queue.js").Change["moves"]}} [more]
 *   `said`: announced once it is stored; `select`: refs selected then, unless one has gone on to something else; `arrived`: told
 *   then which one is stood on; `undone`: takes the preview back after a refusal; `moves`: what stands elsewhere at once */
export function submit(editor, edit, { said, select, arrived, undone, moves } = {}) {
  const arrive = arrival(editor);
  const done = editor.queue.push({
    door: "edits",
    body: { edit },
    moves,
    accepted(answer) {
      // Somebody may have used a new key first: then ours is another.
      const refs = (select ?? []).map((ref) => answer.keys?.[ref] ?? ref).filter((ref) => editor.graph.has(ref));
      if (select && arrive(refs) && refs.length) arrived?.(refs[refs.length - 1]);
      if (said) editor.announce(said);
    },
    refused(problem) {
      undone?.();
      if (moves) settleShifts(editor);
      editor.refuse(problem.detail);
    },
    stale(problem) {
      undone?.();
      if (moves) settleShifts(editor);
      editor.offerAgain(problem.detail, () => submit(editor, edit, { said, select, arrived, undone, moves }));
    },
  });
  if (moves) settleShifts(editor);
  return done;
}

/** Move tasks and frames together. Tasks dropped into a phase join it, tasks dropped outside leave theirs.
 * @param {Editor} editor @param {Set<string>} refs @param {Point} by
 * @param {{into?: NodeFacts | null}} [more] `into`: undefined keeps the phases as they are */
export function moveNodes(editor, refs, by, { into } = {}) {
  const { graph } = editor;
  const nodes = [...refs].map((ref) => graph.nodes.get(ref)).filter((node) => node !== undefined);
  const places = nodes.filter((node) => node.type === "task").map((node) => ({ key: node.ref, x: node.x + by.x, y: node.y + by.y }));
  const frames = nodes.filter((node) => node.type === "phase");
  const steps = frames.map((node) => edits.framePhase(phaseKey(node.ref), { ...rectOf(node), x: node.x + by.x, y: node.y + by.y }));
  if (places.length) steps.push(edits.moveTasks(places));
  const notes = nodes.filter((node) => node.type === "note");
  if (notes.length) steps.push(edits.moveNotes(notes.map((node) => ({ key: noteKey(node.ref), x: node.x + by.x, y: node.y + by.y }))));
  const phase = into ? phaseKey(into.ref) : null;
  const joining = into === undefined ? [] : nodes.filter((node) => node.type === "task" && node.phase !== phase).map((node) => node.ref);
  if (joining.length) steps.push(edits.assignPhase(joining, phase));
  const said = joining.length ? (into ? `Moved into ${into.name}` : "Moved out of the phase") : `Moved ${naming(nodes)}`;
  return submit(editor, edits.batch(steps), { said, moves: { refs: nodes.map((node) => node.ref), by } });
}

/** Put a note elsewhere, in another size. @param {Editor} editor @param {string} ref @param {Rect} rect @param {() => void} after */
export async function frameNote(editor, ref, rect, after) {
  await submit(editor, edits.frameNote(noteKey(ref), rect), { said: "Resized the note" });
  after();
}

/** A note, ready to be written on. @param {Editor} editor @param {Point} [at] its corner; else in the middle of what is seen */
export function addNote(editor, at) {
  const { graph, viewport } = editor;
  const key = edits.freeKey("note", (wanted) => graph.nodes.has(`note:${wanted}`));
  const { x, y, width, height } = viewport.seen;
  const middle = { x: x + (width - NOTE.width) / 2, y: y + (height - NOTE.height) / 2 };
  const place = snapPoint(at ?? freePlace(middle, NOTE, graph.shown.filter((node) => node.type !== "phase")));
  return submit(editor, edits.addNote(key, { ...place, ...NOTE }), {
    said: "Added a note",
    select: [`note:${key}`],
    arrived(ref) {
      const node = graph.nodes.get(ref);
      if (node) viewport.reveal(node);
      editor.openInspector(ref, "text");
    },
  });
}

/** Put a frame elsewhere. @param {Editor} editor @param {string} ref @param {Rect} rect @param {() => void} after */
export async function framePhase(editor, ref, rect, after) {
  await submit(editor, edits.framePhase(phaseKey(ref), rect), { said: "Resized the phase" });
  after();
}

/** @param {Editor} editor @param {{source: string, target: string, branch: string | null, on: "success" | "error"}} ends */
export function connectNodes(editor, ends) {
  const branch = editor.graph.nodes.get(ends.source)?.branches.find(({ key }) => key === ends.branch);
  const said = `Connected ${nameOf(editor, ends.source)} to ${nameOf(editor, ends.target)}${branch ? `: ${branch.name}` : ""}`;
  return submit(editor, edits.connect(ends), { said });
}

/** A branch of a decision leads back, in a loop that is declared with it. @param {Editor} editor
 * @param {{source: string, target: string, branch: string, exit: string}} loop `exit`: the branch that leaves it
 * @param {EdgeFacts} [edge] that is led there; else a new one */
export function drawLoop(editor, { source, target, branch, exit }, edge) {
  const ends = /** @type {edits.Ends} */ ({ source, target, branch, on: "success" });
  const loop = edits.configureTask(source, ["settings", "loop"], { branch, exit, max_iterations: ROUNDS });
  const steps = [loop, edge ? edits.reconnect(edge, ends) : edits.connect(ends)];
  const said = `${nameOf(editor, source)} now goes round again from ${nameOf(editor, target)}, at most ${ROUNDS} times`;
  return submit(editor, edits.batch(steps), { said, select: [source] });
}

/** Add a task at a place, in whatever phase lies there, or on an edge that is parted for it.
 * @param {Editor} editor @param {Preset} preset @param {{at: Point, onEdge?: string | null}} where */
export function addAtPlace(editor, preset, { at, onEdge }) {
  const task = taskFor(editor, preset, at);
  const edge = onEdge ? editor.graph.edges.get(onEdge) : null;
  const edit = edge ? edits.insertOnEdge(task, edge) : edits.addTask(task);
  return add(editor, task, edit, `Added ${task.name}`);
}

/** Add a task and an edge to it. @param {Editor} editor @param {Preset} preset
 * @param {{at: Point, source: string, branch: string | null, on: "success" | "error"}} how */
export function addConnected(editor, preset, { at, source, branch, on }) {
  const task = taskFor(editor, preset, at);
  const edit = edits.batch([edits.addTask(task), edits.connect({ source, target: task.key, branch, on })]);
  return add(editor, task, edit, `Added ${task.name} after ${nameOf(editor, source)}`);
}

/** Add without a place: after the selected node, or the start where nothing is drawn yet, connected if it has a free exit; else in the
 * middle of what is seen. @param {Editor} editor @param {Preset} preset */
export function addSomewhere(editor, preset) {
  const { graph, selection, viewport } = editor;
  const chosen = selection.refs.length === 1 ? selection.leading : graph.tasks.length ? "" : "trigger";
  const leading = graph.nodes.get(chosen);
  if (!leading || leading.type === "phase" || leading.type === "note") {
    const { x, y, width, height } = viewport.seen;
    const middle = { x: x + (width - editor.card.width) / 2, y: y + (height - editor.card.height) / 2 };
    return addAtPlace(editor, preset, { at: placeFor(editor, middle) });
  }
  const at = placeAfter(editor, leading);
  const used = new Set(graph.outgoing(leading.ref).filter((edge) => edge.on === "success").map((edge) => edge.branch));
  const free = leading.branches.length ? leading.branches.find((branch) => !used.has(branch.key))?.key : used.size ? undefined : null;
  if (free === undefined) return addAtPlace(editor, preset, { at });
  return addConnected(editor, preset, { at, source: leading.ref, branch: free, on: "success" });
}

/** @param {Editor} editor @param {edits.NewTask} task @param {edits.Edit} edit @param {string} said */
export function add(editor, task, edit, said) {
  const ghost = { ...task.at, ...editor.card };
  showGhost(editor, ghost, "ghost-new");
  const done = submit(editor, edit, { said, select: [task.key], undone: () => hideGhost(editor, "ghost-new") });
  return done.then(() => {
    hideGhost(editor, "ghost-new");
    const node = editor.graph.nodes.get(task.key);
    if (node) editor.viewport.reveal(node);
  });
}

/** @param {Editor} editor @param {Preset} preset @param {Point} at @returns {edits.NewTask} */
export function taskFor(editor, preset, at) {
  const place = snapPoint(at);
  const middle = { x: place.x + editor.card.width / 2, y: place.y + editor.card.height / 2 };
  const phase = editor.graph.phaseAt(middle);
  const key = edits.freeKey(preset.name, (wanted) => editor.graph.nodes.has(wanted));
  return { key, name: preset.name, kind: preset.kind, settings: preset.settings, at: place, phase: phase ? phaseKey(phase.ref) : null };
}

/** Where what comes after something stands: right of it, with room for the name of a branch; right below for what happens on an error.
 * @param {Editor} editor @param {NodeFacts} from @param {"success" | "error"} [on] */
export function placeAfter(editor, from, on = "success") {
  const { x, y, width, height, branches } = from;
  if (on === "error") return placeFor(editor, { x: x + width / 2 + GAP / 2, y: y + height + editor.card.height });
  return placeFor(editor, { x: x + width + (branches.length ? GAP_WITH_NAME : GAP), y: y + (height - editor.card.height) / 2 });
}

/** @param {Editor} editor @param {Point} wanted */
export function placeFor(editor, wanted) {
  const cards = editor.graph.shown.filter((node) => node.type !== "phase");
  return freePlace(wanted, editor.card, cards);
}

/** A phase around the selected tasks, or an empty one in the middle; one that is dropped stands there, and takes in the loose tasks that it
 * reaches around. @param {Editor} editor @param {Point} [at] its corner */
export function addPhase(editor, at) {
  const { graph, selection, viewport } = editor;
  const dropped = at && { ...at, ...PHASE };
  const tasks = dropped
    ? graph.tasks.filter((task) => !task.phase && contains(dropped, task) && contains(dropped, { x: task.x + task.width, y: task.y + task.height }))
    : selection.refs.map((ref) => graph.nodes.get(ref)).filter((node) => node?.type === "task");
  const key = edits.freeKey("phase", (wanted) => graph.nodes.has(`phase:${wanted}`));
  const number = graph.phases.length + 1;
  const others = graph.shown.filter((node) => !tasks.includes(node));
  const { frame, moved } = tasks.length && !dropped
    ? frameAround(/** @type {NodeFacts[]} */ (tasks), others, waysAmong(editor, new Set(tasks.map((task) => task?.ref ?? ""))))
    : { frame: dropped ?? emptyFrame(viewport.seen, others), moved: new Map() };
  const edit = edits.addPhase({ key, name: `Phase ${number}`, frame }, tasks.map((task) => task?.ref ?? ""));
  const places = others.filter(({ ref }) => moved.has(ref)).map((node) => {
    const by = moved.get(node.ref) ?? { x: 0, y: 0 };
    return { type: node.type, key: node.ref, x: node.x + by.x, y: node.y + by.y };
  });
  const cards = places.filter(({ type }) => type === "task");
  const notes = places.filter(({ type }) => type === "note").map((place) => ({ ...place, key: noteKey(place.key) }));
  const steps = [edit, ...(cards.length ? [edits.moveTasks(cards)] : []), ...(notes.length ? [edits.moveNotes(notes)] : [])];
  const reveal = (/** @type {string} */ ref) => {
    const node = graph.nodes.get(ref);
    if (node) viewport.reveal(node);
  };
  return submit(editor, edits.batch(steps), { said: `Added Phase ${number}`, select: [`phase:${key}`], arrived: reveal });
}

/** The boxes around the edges that lead from one of these to another, as they are drawn. @param {Editor} editor @param {Set<string>} refs */
export function waysAmong(editor, refs) {
  const among = editor.graph.edgesAt(refs).filter((edge) => refs.has(edge.source) && refs.has(edge.target));
  const lines = among.map((edge) => editor.element(edge.ref)?.querySelector(".edge-line")).filter((line) => line instanceof SVGPathElement);
  const boxes = lines.map((line) => line.getBBox()).map(({ x, y, width, height }) => ({ x, y, width, height }));
  return boxes.filter(({ height }) => height > 2 * GRID);
}

/** In the middle of what is seen, or the next place below that nothing else takes. @param {Rect} seen @param {Rect[]} others @returns {Rect} */
function emptyFrame(seen, others) {
  const { width, height } = PHASE;
  const middle = { x: seen.x + (seen.width - width) / 2, y: seen.y + (seen.height - height) / 2 };
  return { ...freePlace(middle, { width, height }, others), width, height };
}

/** Delete what is selected, or what was when one asked for it. @param {Editor} editor @param {string[]} [chosen] refs */
export function removeSelected(editor, chosen = editor.selection.refs) {
  const { graph, selection } = editor;
  const refs = chosen.filter((ref) => ref !== "trigger" && graph.has(ref));
  if (!refs.length) return editor.refuse(selection.has("trigger") ? "The start cannot be deleted." : "Nothing is selected.");
  const tasks = refs.filter((ref) => graph.nodes.get(ref)?.type === "task");
  const phases = refs.filter((ref) => graph.nodes.get(ref)?.type === "phase");
  const notes = refs.filter((ref) => graph.nodes.get(ref)?.type === "note");
  const gone = new Set(refs);
  const ways = refs.map((ref) => graph.edges.get(ref)).filter((edge) => edge !== undefined);
  const edges = ways.filter((edge) => !gone.has(edge.source) && !gone.has(edge.target));
  const steps = [
    ...(edges.length ? [edits.disconnect(edges)] : []),
    ...(tasks.length ? [edits.removeTasks(tasks)] : []),
    ...phases.map((ref) => edits.removePhase(phaseKey(ref))),
    ...(notes.length ? [edits.removeNotes(notes.map(noteKey))] : []),
  ];
  const isSelected = refs.some((ref) => selection.has(ref));
  const next = nextFocus(editor, gone, refs[refs.length - 1]);
  const said = refs.length === 1 ? `Deleted ${nameOf(editor, refs[0])}` : `Deleted ${refs.length} things`;
  return submit(editor, edits.batch(steps), { said, select: !isSelected ? undefined : next ? [next] : [] });
}

/** What to stand on after a deletion. @param {Editor} editor @param {Set<string>} gone @param {string} leading of those */
function nextFocus(editor, gone, leading) {
  const { graph } = editor;
  const edge = graph.edges.get(leading);
  if (edge) return gone.has(edge.source) ? null : edge.source;
  const near = [...graph.incoming(leading).map((way) => way.source), ...graph.outgoing(leading).map((way) => way.target)];
  return near.find((ref) => !gone.has(ref)) ?? null;
}

/** Copies of the selected tasks and the edges among them, of phases with their tasks, and of notes: a little aside, or where they are
 * dropped. @param {Editor} editor @param {{refs?: string[], by?: Point, into?: NodeFacts | null}} [how] `into`: the phase they are dropped in */
export function duplicateSelected(editor, { refs = editor.selection.refs, by, into } = {}) {
  const keys = refs.filter((ref) => ["task", "phase", "note"].includes(editor.graph.nodes.get(ref)?.type ?? ""));
  if (!keys.length) return editor.refuse("Select the tasks to duplicate first.");
  const nodes = keys.map((ref) => editor.graph.nodes.get(ref)).filter((node) => node !== undefined);
  const arrive = arrival(editor);
  return editor.queue.push({
    door: "duplicate",
    body: { tasks: keys, ...(by && { by: [by.x, by.y] }), ...(into && { phase: phaseKey(into.ref) }) },
    accepted({ added }) {
      if (added) arrive(added); // not told where it had got through before
      editor.announce(`Duplicated ${naming(nodes)}`);
    },
    refused: (problem) => editor.refuse(problem.detail),
    stale: (problem) => editor.offerAgain(problem.detail, () => duplicateSelected(editor, { refs, by, into })),
  });
}

/** Put a task that has no edges yet on an edge. @param {Editor} editor @param {string} ref @param {EdgeFacts} edge @param {Point} at */
export function insertExisting(editor, ref, edge, at) {
  const steps = [
    edits.moveTasks([{ key: ref, ...at }]),
    edits.disconnect([edge]),
    edits.connect({ source: edge.source, target: ref, branch: edge.branch, on: edge.on }),
    edits.connect({ source: ref, target: edge.target, branch: null, on: "success" }),
  ];
  return submit(editor, edits.batch(steps), { said: `Put ${nameOf(editor, ref)} on ${nameOf(editor, edge.ref)}`, undone: () => showHome(editor, [ref]) });
}

/** Lead an edge from or to somewhere else. @param {Editor} editor @param {EdgeFacts} edge @param {Partial<EdgeFacts>} change */
export function reconnectEdge(editor, edge, change) {
  const to = { source: edge.source, target: edge.target, branch: edge.branch, on: edge.on, ...change };
  const said = `Now leads from ${nameOf(editor, to.source)} to ${nameOf(editor, to.target)}`;
  const ref = `edge:${to.source}~${to.target}~${to.branch ?? ""}~${to.on}`; // as the server names it
  return submit(editor, edits.reconnect(edge, to), { said, select: [ref] });
}

/** Undo, redo, tidy up: doors of their own. @param {Editor} editor @param {"undo" | "redo" | "tidy"} door
 * @param {{before?: number}} [body] `before`: undo what one did before this revision */
export function run(editor, door, body = {}) {
  return editor.queue.push({
    door,
    body,
    accepted(answer) {
      editor.announce(answer.announce ?? "");
      if (door === "tidy") editor.overview();
    },
    refused: (problem) => {
      if (door === "undo" && problem.revision_of) editor.conflicts.passOver(problem.detail, problem.revision_of);
      else editor.refuse(problem.detail);
    },
    stale: (problem) => editor.offerAgain(problem.detail, () => run(editor, door)),
  });
}

/** @param {Editor} editor @param {string} ref @returns {string} */
export function nameOf(editor, ref) {
  return editor.graph.nodes.get(ref)?.name ?? editor.graph.edges.get(ref)?.label ?? ref;
}

/** @param {NodeFacts[]} nodes */
function naming(nodes) {
  return nodes.length === 1 ? nodes[0].name : `${nodes.length} things`;
}

/** @param {string} ref */
export function phaseKey(ref) {
  return ref.slice("phase:".length);
}

/** @param {string} ref */
function noteKey(ref) {
  return ref.slice("note:".length);
}

/** @param {NodeFacts} node @returns {Rect} */
export function rectOf({ x, y, width, height, full }) {
  return { x, y, width, height, ...full };
}

/** Select all there is, with the phases: edges lead to and from them too, and whoever copies a flow wants them. @param {Editor} editor */
export function selectAll(editor) {
  const all = [...editor.graph.nodes.values()].filter(({ type }) => ["task", "phase", "note"].includes(type));
  editor.selection.set(...all.map(({ ref }) => ref));
  editor.announceSelection();
}
