// @ts-check
/**
 * Whom an unfinished @ may mean. Pure.
 *
 * @typedef {{handle: string, email: string}} Mentionable
 */

const MOST = 6;

/** What is being typed after an @, up to the caret; null where no mention is begun.
 * @param {string} text @param {number} caret @returns {{start: number, word: string} | null} `start`: of the @ */
export function begun(text, caret) {
  const found = /(^|[^\w@])@([^@\n]{0,40})$/.exec(text.slice(0, caret));
  return found ? { start: found.index + found[1].length, word: found[2] } : null;
}

/** Who fits what is typed: any word of the name, or the address, begins like it. @param {Mentionable[]} people
 * @param {string} word @returns {Mentionable[]} */
export function fitting(people, word) {
  const wanted = word.toLowerCase();
  const begins = (/** @type {Mentionable} */ { handle, email }) =>
    handle.toLowerCase().startsWith(wanted) || email.toLowerCase().startsWith(wanted) ||
    handle.toLowerCase().split(/\s+/).some((part) => part.startsWith(wanted));
  return people.filter(begins).slice(0, MOST);
}

/** The text with the mention finished. @param {string} text @param {number} caret @param {number} start @param {string} handle
 * @returns {{text: string, caret: number}} */
export function finished(text, caret, start, handle) {
  const after = text.slice(caret);
  const whole = `@${handle}${/^[\s.,;:!?)]/.test(after) ? "" : " "}`;
  return { text: text.slice(0, start) + whole + after, caret: start + whole.length };
}
