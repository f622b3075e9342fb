// @ts-check
/** Putting text into a field as if it had been typed, so that undo takes it back and leaving the field stores it. */

/** @param {HTMLInputElement | HTMLTextAreaElement} field @param {number} from @param {number} to @param {string} text */
export function typeInto(field, from, to, text) {
  field.focus();
  field.setSelectionRange(from, to);
  if (document.execCommand("insertText", false, text)) return;
  field.setRangeText(text, from, to, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
