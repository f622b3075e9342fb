// @ts-check
/**
 * The edits a gesture can ask for, in the JSON of `designer/graph/edits/wire.py`. Pure.
 *
 * @typedef {{edit: string, [name: string]: unknown}} Edit
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {import("./geometry.js").Rect} Rect
 * @typedef {import("./graph.js").EdgeFacts} EdgeFacts
 * @typedef {{key: string, name: string, kind: string, settings: object, at: Point, phase: string | null}} NewTask
 * @typedef {{source: string, target: string, branch: string | null, on: "success" | "error"}} Ends
 */

/** @param {NewTask} task @returns {Edit} */
export function addTask(task) {
  return { edit: "add_task", task: taskDocument(task) };
}

/** @param {NewTask} task @param {Ends} edge @returns {Edit} */
export function insertOnEdge(task, edge) {
  return { edit: "insert_on_edge", edge: edgeDocument(edge), task: taskDocument(task) };
}

/** @param {{key: string, x: number, y: number}[]} places @returns {Edit} */
export function moveTasks(places) {
  return { edit: "move_tasks", to: positions(places) };
}

/** @param {string[]} tasks @returns {Edit} */
export function removeTasks(tasks) {
  return { edit: "remove_tasks", tasks };
}

/** @param {string} task @param {string[]} path @param {unknown} value @returns {Edit} */
export function configureTask(task, path, value) {
  return { edit: "configure_task", task, changes: [{ path, value }] };
}

/** @param {string[]} tasks @param {string | null} phase @returns {Edit} */
export function assignPhase(tasks, phase) {
  return { edit: "assign_phase", to: Object.fromEntries(tasks.map((task) => [task, phase])) };
}

/** @param {Ends} ends @returns {Edit} */
export function connect(ends) {
  return { edit: "connect", edge: edgeDocument(ends) };
}

/** @param {Ends[]} edges @returns {Edit} */
export function disconnect(edges) {
  return { edit: "disconnect", edges: edges.map(edgeDocument) };
}

/** @param {Ends} edge @param {Ends} to @returns {Edit} */
export function reconnect(edge, to) {
  return { edit: "reconnect", edge: edgeDocument(edge), to: edgeDocument(to) };
}

/** @param {{key: string, name: string, frame: Rect}} phase @param {string[]} tasks @returns {Edit} */
export function addPhase({ key, name, frame }, tasks) {
  return { edit: "add_phase", phase: { key, name, frame: box(frame) }, tasks };
}

/** @param {string} phase @param {Rect} frame @param {{key: string, x: number, y: number}[]} [tasks] that move along @returns {Edit} */
export function framePhase(phase, frame, tasks = []) {
  return { edit: "frame_phase", phase, frame: box(frame), tasks: positions(tasks) };
}

/** @param {string} phase @returns {Edit} */
export function removePhase(phase) {
  return { edit: "remove_phase", phase };
}

/** @param {string} task a decision @param {string} key of a branch @param {number} index among its branches @returns {Edit} */
export function moveCondition(task, key, index) {
  return { edit: "move_condition", task, key, index };
}

/** @param {string} key @param {Rect} rect @returns {Edit} */
export function addNote(key, { x, y, width, height }) {
  return { edit: "add_note", note: { key, text: "", at: [x, y], size: [width, height] } };
}

/** @param {string} note @param {Rect} rect @returns {Edit} */
export function frameNote(note, { x, y, width, height }) {
  return { edit: "configure_note", note, changes: [{ path: ["at"], value: [x, y] }, { path: ["size"], value: [width, height] }] };
}

/** @param {{key: string, x: number, y: number}[]} places @returns {Edit} */
export function moveNotes(places) {
  return { edit: "move_notes", to: positions(places) };
}

/** @param {string[]} notes @returns {Edit} */
export function removeNotes(notes) {
  return { edit: "remove_notes", notes };
}

/** Several edits as one; a single one stays itself. @param {Edit[]} edits @returns {Edit} */
export function batch(edits) {
  return edits.length === 1 ? edits[0] : { edit: "batch", edits };
}

/** A key that is not taken yet: the wanted one, made of legal letters, or it with a number.
 * @param {string} wanted @param {(key: string) => boolean} isTaken @returns {string} */
export function freeKey(wanted, isTaken) {
  const plain = keyFrom(wanted);
  if (!isTaken(plain)) return plain;
  let number = 2;
  while (isTaken(`${plain.slice(0, 58)}_${number}`)) number += 1;
  return `${plain.slice(0, 58)}_${number}`;
}

/** @param {string} name @returns {string} a legal key that resembles the name (flow file: [a-zA-Z0-9_][a-zA-Z0-9_-]{0,63}) */
export function keyFrom(name) {
  const plain = name
    .normalize("NFKD")
    .replace(/[^a-zA-Z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .toLowerCase()
    .slice(0, 60);
  return plain && plain !== "trigger" ? plain : "task";
}

/** @param {NewTask} task */
function taskDocument({ key, name, kind, settings, at, phase }) {
  return { key, name, kind, ...(phase && { phase }), ...(Object.keys(settings).length && { settings }), at: [at.x, at.y] };
}

/** @param {Ends} edge */
function edgeDocument({ source, target, branch, on }) {
  return { from: source, to: target, ...(branch !== null && { branch }), ...(on === "error" && { on }) };
}

/** @param {{key: string, x: number, y: number}[]} places */
function positions(places) {
  return Object.fromEntries(places.map(({ key, x, y }) => [key, [x, y]]));
}

/** @param {Rect} rect */
function box({ x, y, width, height }) {
  return [x, y, width, height];
}
