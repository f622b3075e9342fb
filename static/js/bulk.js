// @ts-check
// Choosing rows of the list: all at once, a range with Shift; the bar that acts on them shows while some are chosen.
// What became of it is said: an element that comes with its words already in it is not heard by itself.

import { announce } from "./announce.js";

/** @param {HTMLFormElement} form */
export default function connect(form) {
  const boxes = () => /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll(`input[name="instance"][form="${form.id}"]`)]);
  const all = /** @type {HTMLInputElement | null} */ (document.querySelector("[data-bulk-all]"));
  const count = form.querySelector("[data-bulk-count]");
  /** @type {HTMLInputElement | null} */
  let last = null;

  const show = () => {
    const found = boxes();
    const chosen = found.filter((box) => box.checked).length;
    form.dataset.chosen = String(chosen);
    const every = /** @type {HTMLInputElement | null} */ (form.querySelector("[data-bulk-every]"));
    if (every?.checked && chosen < found.length) every.checked = false;
    if (count) count.textContent = every?.checked ? "All chosen" : chosen === 0 ? "None chosen" : `${chosen} chosen`;
    if (all) {
      all.checked = chosen > 0 && chosen === found.length;
      all.indeterminate = chosen > 0 && chosen < found.length;
    }
  };

  /** @param {Event} event */
  const changed = (event) => {
    const { target } = event;
    const isEvery = target instanceof HTMLInputElement && target.matches("[data-bulk-every]");
    if (isEvery && target.checked) for (const box of boxes()) box.checked = true;
    if (isEvery) show();
    if (target === all && all) for (const box of boxes()) box.checked = all.checked;
    if (target === all || (target instanceof HTMLInputElement && target.name === "instance")) show();
  };

  /** @param {MouseEvent} event */
  const clicked = (event) => {
    const { target } = event;
    if (!(target instanceof HTMLInputElement) || target.name !== "instance") return;
    if (event.shiftKey && last) {
      const found = boxes();
      const [from, to] = [found.indexOf(last), found.indexOf(target)].sort((a, b) => a - b);
      for (const box of found.slice(Math.max(from, 0), to + 1)) box.checked = target.checked;
      show();
    }
    last = target;
  };

  /** What came of it is said, and stands above the bar, which is longer than a small window. @param {Event} event */
  const answered = (event) => {
    const result = document.getElementById("bulk-result");
    if (!result || event.target !== result) return;
    result.scrollIntoView({ block: "nearest" });
    const told = [...result.querySelectorAll(":scope > div > p:first-child, .refusals > li")];
    announce(told.map((part) => part.textContent?.trim().replace(/\s+/g, " ")).join(" "));
  };

  document.addEventListener("change", changed);
  document.addEventListener("htmx:afterSettle", answered);
  document.addEventListener("click", clicked);
  if (all?.checked) for (const box of boxes()) box.checked = true; // before the script had come
  show();
  return () => {
    document.removeEventListener("change", changed);
    document.removeEventListener("htmx:afterSettle", answered);
    document.removeEventListener("click", clicked);
  };
}
