// @ts-check
/** What a try's moments add up to, and answers made of them. Knows no page. */

/**
 * One moment of a try, as the server sends it: `nodes` and `edges` are the marks that changed, by element id.
 * @typedef {{task: string, id: string, outcome: string, output: any, error: any, words: string,
 *   nodes: Record<string, string>, edges: Record<string, string>}} Frame
 */
/** @typedef {{nodes: Record<string, string>, edges: Record<string, string>}} Marks */
/** @typedef {{answer: Record<string, any>, isAlways: boolean}} Given */

const ENDED = ["completed", "decided", "failed", "retrying", "skipped"];

/** Where everything stands after the first `count` moments. @param {Frame[]} frames @param {number} count @returns {Marks} */
export function marksAt(frames, count) {
  const marks = { nodes: {}, edges: {} };
  for (const frame of frames.slice(0, count)) {
    Object.assign(marks.nodes, frame.nodes);
    Object.assign(marks.edges, frame.edges);
  }
  return marks;
}

/** What a moment was answered. @param {Frame} frame @returns {Record<string, any>} */
function answerOf(frame) {
  if (frame.outcome === "skipped") return { skip: true };
  if (frame.error) return { error: { name: frame.error.name, message: frame.error.message ?? "", retryable: frame.error.retryable !== false } };
  return { output: frame.output };
}

/**
 * The answers of a task once one of its moments is answered otherwise. Always: this answer and nothing else. Only this
 * once: those before stay as they were, and afterwards it goes on as it did.
 * @param {Frame[]} frames @param {number} number of the moment @param {string} task or `rollback:KEY`
 * @param {any} before the answers of the task so far @param {Given} given
 */
export function answered(frames, number, task, before, given) {
  if (given.isAlways) return given.answer;
  const key = task.replace(/^rollback:/, "");
  const isRollback = task !== key;
  const attempts = frames
    .map((frame, place) => ({ frame, place }))
    .filter(({ frame }) => frame.task === key && frame.outcome.startsWith("roll") === isRollback)
    .filter(({ frame }) => isRollback || ENDED.includes(frame.outcome));
  const nth = attempts.filter(({ place }) => place < number).length;
  const known = Array.isArray(before) ? before : before ? [before] : [];
  const earlier = attempts.slice(0, nth).map(({ frame }, place) => known[Math.min(place, known.length - 1)] ?? answerOf(frame));
  const later = known[Math.min(nth + 1, known.length - 1)] ?? answerOf(attempts.at(-1)?.frame ?? frames[number]);
  const rest = "error" in later || "times_out" in later ? { output: {} } : later;
  return [...earlier, given.answer, rest];
}
