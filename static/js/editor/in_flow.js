// @ts-check
/** What lists do with tasks beyond what a gesture does: add by what comes before, put into a phase, line up. Loaded with the menu. */

import { arranged, WAYS } from "./arrange.js";
import { choose } from "./chooser.js";
import { add, phaseKey, placeAfter, placeFor, rectOf, submit, taskFor, waysAmong } from "./commands.js";
import * as edits from "./edits.js";
import { contains, freePlace, GRID, grow, overlap, snapPoint, union } from "./geometry.js";

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {import("./palette.js").Preset} Preset */
/** @typedef {import("./graph.js").NodeFacts} NodeFacts */
/** @typedef {import("./graph.js").EdgeFacts} EdgeFacts */

const HEAD = 40; // of a phase, with its name
const MARGINS = [24, 8]; // between a task and the border of its phase, and where there is little room

/** Add by what it comes after rather than by a place: on an edge, after a node, or into a phase. It stands beside what it follows and
 * in its phase, which grows if it has to.
 * @param {Editor} editor @param {Preset} preset
 * @param {{edge: EdgeFacts} | {phase: string} | {source: string, branch: string | null, on: "success" | "error"}} where */
export function addInFlow(editor, preset, where) {
  const { graph } = editor;
  const around = "phase" in where ? graph.nodes.get(where.phase) : undefined;
  const before = "phase" in where ? null : (graph.nodes.get("edge" in where ? where.edge.source : where.source) ?? null);
  const within = { x: (around?.x ?? 0) + 24, y: (around?.y ?? 0) + 48 };
  const on = "source" in where ? where.on : "success";
  const task = taskFor(editor, preset, before ? placeAfter(editor, before, on) : placeFor(editor, within));
  const own = before?.type === "phase" ? before : before?.phase ? graph.nodes.get(`phase:${before.phase}`) : undefined;
  const phase = around ?? own ?? null;
  task.phase = phase ? phaseKey(phase.ref) : null;
  const steps = [
    "edge" in where ? edits.insertOnEdge(task, where.edge) : edits.addTask(task),
    ..."source" in where ? [edits.connect({ source: where.source, target: task.key, branch: where.branch, on: where.on })] : [],
    ...(phase ? grown(editor, phase, task) : []),
  ];
  const said = before ? `Added ${task.name} after ${before.name}` : `Added ${task.name} in ${phase?.name}`;
  return add(editor, task, edits.batch(steps), said);
}

/** The frame of a phase made larger for a card, if it has to be. @param {Editor} editor @param {NodeFacts} phase @param {edits.NewTask} task */
function grown(editor, phase, task) {
  const card = { ...task.at, ...editor.card };
  const inner = grow(card, 24);
  const frame = union([phase, inner]) ?? phase;
  const wider = onGrid(frame);
  const isSame = contains(phase, inner) && contains(phase, { x: inner.x + inner.width, y: inner.y + inner.height });
  return isSame ? [] : [edits.framePhase(phaseKey(phase.ref), wider)];
}

/** Put tasks into a phase, or out of theirs. They stay where they stand where its frame can reach around them without covering anything
 * else; if not, they go beneath what it holds. @param {Editor} editor @param {string[]} refs @param {string | null} ref of the phase */
export function movePhase(editor, refs, ref) {
  const { graph } = editor;
  const phase = ref ? graph.nodes.get(ref) : null;
  const cards = refs.map((each) => graph.nodes.get(each)).filter((node) => node !== undefined);
  const steps = [edits.assignPhase(refs, phase ? phaseKey(phase.ref) : null)];
  const said = phase ? `Moved into ${phase.name}` : "Moved out of the phase";
  if (phase && cards.length) {
    const others = graph.shown.filter((node) => node.ref !== ref && !refs.includes(node.ref) && `phase:${node.phase}` !== ref);
    const inside = [...graph.tasks.filter((task) => `phase:${task.phase}` === ref).map((task) => task.ref), ...refs];
    // A loop's way back runs below the name of the phase.
    const ways = waysAmong(editor, new Set(inside)).map((way) => ({ ...way, y: way.y - HEAD, height: way.height + HEAD }));
    const reaching = MARGINS.map((margin) => union([phase, ...ways, ...cards.map((card) => grow(card, margin))]) ?? phase);
    const frame = reaching.find((area) => !others.some((other) => overlap(other, area) && !overlap(other, phase)));
    if (frame) steps.push(edits.framePhase(phaseKey(phase.ref), onGrid(frame)));
    else steps.push(...beneath(phase, cards, others));
  }
  return submit(editor, edits.batch(steps), { said, select: refs });
}

/** Its frame need not swallow whatever lies between. @param {NodeFacts} phase @param {NodeFacts[]} cards @param {NodeFacts[]} others */
function beneath(phase, cards, others) {
  const box = /** @type {import("./geometry.js").Rect} */ (union(cards));
  const free = freePlace({ x: phase.x + MARGINS[0], y: phase.y + phase.height }, box, others.filter(({ type }) => type !== "phase"));
  const by = snapPoint({ x: free.x - box.x, y: free.y - box.y });
  const moved = cards.map((card) => ({ ...card, x: card.x + by.x, y: card.y + by.y }));
  const area = union([rectOf(phase), ...moved.map((card) => grow(card, MARGINS[0]))]) ?? phase;
  const places = moved.map(({ ref, x, y }) => ({ key: ref, x, y }));
  return [edits.moveTasks(places), edits.framePhase(phaseKey(phase.ref), onGrid(area))];
}

/** The grid's smallest rectangle around one. @param {import("./geometry.js").Rect} rect */
function onGrid({ x, y, width, height }) {
  const [left, top] = [Math.floor(x / GRID) * GRID, Math.floor(y / GRID) * GRID];
  return { x: left, y: top, width: Math.ceil((x + width - left) / GRID) * GRID, height: Math.ceil((y + height - top) / GRID) * GRID };
}

/** Line up or spread what is selected, as chosen from a list. @param {Editor} editor */
export async function arrangeSelected(editor) {
  const nodes = editor.selection.refs.map((ref) => editor.graph.nodes.get(ref)).filter((node) => node?.type === "task");
  if (nodes.length < 2) return editor.refuse("Select at least two tasks to line up.");
  const choices = WAYS.filter(({ least }) => nodes.length >= least).map(({ way, label, hint }) => ({ key: way, label, hint }));
  const choice = await choose({ title: "Line up…", choices, at: editor.placeOnScreen(editor.selection.leading) });
  if (!choice) return undefined;
  const tasks = /** @type {NodeFacts[]} */ (nodes);
  const places = arranged(tasks, /** @type {import("./arrange.js").Way} */ (choice.key));
  if (!places.length) return editor.announce("They stand like that already");
  return submit(editor, edits.moveTasks(places), { said: `Lined up ${tasks.length} tasks` });
}
