// @ts-check
/**
 * Who else is here, as it is shown. Pure.
 *
 * @typedef {{tab: string, id: number, name: string, initials: string, is_looking: boolean, joined: number, selected: string[],
 *   cursor: [number, number] | null}} Entry one page of one person, as designer/live/presence.py tells it
 * @typedef {Entry & {colour: number}} Person
 */

export const COLOURS = 8;

/** One entry per person, the page they came with last, each in a colour of their own. The same people in the same order of
 * arrival look the same to everyone: everybody keeps the colour of their number, or takes the next that is free.
 * @param {Entry[]} entries in the order in which they came @returns {Person[]} */
export function peopleOf(entries) {
  /** @type {Map<number, Entry>} */
  const latest = new Map();
  for (const entry of entries) latest.set(entry.id, entry);
  const first = [...new Set(entries.map((entry) => entry.id))];
  const taken = new Set();
  return first.map((id) => {
    let colour = id % COLOURS;
    for (let tries = 0; taken.has(colour) && tries < COLOURS; tries += 1) colour = (colour + 1) % COLOURS;
    taken.add(colour);
    return { .../** @type {Entry} */ (latest.get(id)), colour };
  });
}

/** Where somebody is, in words. @param {Entry} person @param {(ref: string) => string} nameOf @returns {string} */
export function whereIs({ selected }, nameOf) {
  if (!selected.length) return "at the flow";
  const last = nameOf(selected[selected.length - 1]);
  if (!last) return "at the flow";
  return selected.length === 1 ? `at ${last}` : `at ${last} and ${selected.length - 1} more`;
}

/** Who has come and who has gone. @param {Person[]} before @param {Person[]} after @returns {{came: Person[], went: Person[]}} */
export function turnover(before, after) {
  const had = new Set(before.map(({ id }) => id));
  const has = new Set(after.map(({ id }) => id));
  return { came: after.filter(({ id }) => !had.has(id)), went: before.filter(({ id }) => !has.has(id)) };
}
