// @ts-check
/** Whether somebody has gone on to something else while an answer was awaited: then it must not take the keyboard from them. */

/** @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} Control */

/** Note where one is now. @returns {() => boolean} whether one has gone on since: to another field or list, or typing in the same */
export function attention() {
  const before = document.activeElement;
  const text = textOf(before);
  return () => {
    const now = document.activeElement;
    return now === before ? textOf(now) !== text : isBusy(now);
  };
}

/** @param {Element | null} element @returns {string} */
function textOf(element) {
  return isControl(element) ? /** @type {Control} */ (element).value : "";
}

/** Whether it takes what one types. @param {Element | null} element */
function isBusy(element) {
  return isControl(element) || (element?.closest("dialog[open]") ?? null) !== null;
}

/** @param {Element | null} element */
function isControl(element) {
  return element?.matches("input, textarea, select") ?? false;
}

/** What an edit is to lead to, once it is stored: what it made is selected and stood on, unless one has gone on since.
 * @param {import("./main.js").Editor} editor @returns {(refs: string[]) => boolean} answers whether one stands there now */
export function arrival(editor) {
  const { selection } = editor;
  const { choices } = selection;
  const hasGoneOn = attention();
  return (refs) => {
    if (selection.choices !== choices) return false;
    const isAway = hasGoneOn();
    // Another form would take the place of the one in which somebody is typing.
    if (isAway && editor.inspector.element.contains(document.activeElement)) return false;
    selection.follow(...refs);
    if (!isAway && refs.length) editor.focus(refs[refs.length - 1]);
    return !isAway;
  };
}
