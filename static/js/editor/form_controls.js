// @ts-check
/** The controls of a form beside the canvas, and where the form lies. */

import { collect } from "./collect.js";

const BESIDE = 12; // pixels between the form and what it is about

/** What a field stands for. @param {HTMLElement} field */
export function valueOf(field) {
  return collect(field.querySelector("[data-compose], [data-input]") ?? field);
}

/** What the server has said of a field last, whatever has been typed since. @param {HTMLElement} field */
export function storedIn(field) {
  const copy = /** @type {HTMLElement} */ (field.cloneNode(true));
  copy.querySelectorAll("input, select, textarea").forEach(setToDefault);
  return valueOf(copy);
}

/** The revision that a form was rendered at. @param {string} html */
export function revisionOf(html) {
  return Number(/ data-revision="(\d+)"/.exec(html)?.[1] ?? Infinity);
}

/** The form with the fields marked that are to stay as they are. @param {HTMLElement[]} kept @param {string} html */
export function withKept(kept, html) {
  if (!kept.length) return html;
  const template = document.createElement("template");
  template.innerHTML = html;
  for (const field of kept) {
    const key = CSS.escape(field.dataset.key ?? "");
    template.content.querySelector(`[data-key="${key}"][data-path]`)?.setAttribute("data-live-keep", "fresh");
  }
  return template.innerHTML;
}

/** Whether somebody is in the middle of changing it. @param {Element | null} control */
export function isTyped(control) {
  const isText = control instanceof HTMLTextAreaElement || (control instanceof HTMLInputElement && !["checkbox", "radio"].includes(control.type));
  return isText ? /** @type {HTMLInputElement} */ (control).value !== /** @type {HTMLInputElement} */ (control).defaultValue : control !== null;
}

/** @param {Element} control */
export function setToDefault(control) {
  if (control instanceof HTMLSelectElement) {
    const chosen = [...control.options].find((option) => option.defaultSelected) ?? control.options[0];
    if (chosen) control.value = chosen.value;
  } else if (control instanceof HTMLInputElement && (control.type === "checkbox" || control.type === "radio")) {
    control.checked = control.defaultChecked;
  } else {
    const text = /** @type {HTMLInputElement} */ (control);
    if (text.value !== text.defaultValue) text.value = text.defaultValue;
  }
}

/** A text area as high as its text, within reason. @param {HTMLTextAreaElement} area */
export function fitHeight(area) {
  area.style.setProperty("height", "auto");
  area.style.setProperty("height", `${Math.min(420, Math.max(area.scrollHeight + 2, 34))}px`);
}

/** The first of a list has no way up, the last none down, as the server will say too. @param {Element} row */
export function bound(row) {
  for (const [act, next] of [["up", row.previousElementSibling], ["down", row.nextElementSibling]]) {
    const button = row.querySelector(`button[data-act=${act}]`);
    if (button instanceof HTMLButtonElement) button.disabled = !next;
  }
}

/** Where the form lies over the canvas, as in a narrow window, what it is about is moved up into sight.
 * @param {import("./main.js").Editor} editor @param {string} ref */
export function uncover(editor, ref) {
  const node = editor.graph.nodes.get(ref);
  const [sheet, box] = [editor.inspector.element, editor.svg].map((element) => element.getBoundingClientRect());
  if (!node || !box.width || sheet.width < box.width) return;
  editor.viewport.reveal(node);
  const { y, scale } = editor.viewport.view;
  const top = node.y * scale + y;
  const missing = top + node.height * scale + BESIDE - (sheet.top - box.top);
  if (missing > 0) editor.viewport.pan(0, -Math.min(missing, Math.max(0, top)));
}
