// @ts-check
// What htmx requests have in common: a failed one says so and keeps what was typed; the server can show a toast.
import { handOn, heldIn } from "./live/focus.js";
import { toast } from "./toast.js";

/** @param {Event} event @returns {any} */
const detail = (event) => /** @type {CustomEvent} */ (event).detail;

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = detail(event);
  const isText = (xhr.getResponseHeader("Content-Type") ?? "").startsWith("text/plain");
  toast(isText && xhr.responseText ? xhr.responseText.trim() : `The server answered ${xhr.status}. Nothing was changed.`, "error");
});

/** What each search was asked last. @type {WeakMap<Element, string>} */
const asked = new WeakMap();

// Leaving a search field says again what typing in it has said: the same list once more would take away what one has chosen in it.
document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, pathInfo, requestConfig } = detail(event);
  if (!elt.matches("form[role=search]")) return;
  const isSaidAgain = asked.get(elt) === pathInfo.finalRequestPath && requestConfig.triggeringEvent?.type !== "submit";
  if (isSaidAgain) event.preventDefault();
  else asked.set(elt, pathInfo.finalRequestPath);
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, successful } = detail(event);
  if (!successful) asked.delete(elt);
});

document.addEventListener("htmx:sendError", () => {
  toast("The server cannot be reached. Nothing was lost: try again.", "error");
});

document.addEventListener("htmx:timeout", () => {
  toast("The server took too long to answer. Try again.", "error");
});

/** What had the keyboard in what is being replaced. @type {import("./live/focus.js").Held | null} */
let held = null;

document.addEventListener("htmx:beforeSwap", (event) => {
  held = heldIn(detail(event).target);
});

document.addEventListener("htmx:afterSettle", (event) => {
  handOn(held, detail(event).elt);
});

// A view may add `HX-Trigger: {"toast": {"text": "Saved.", "kind": "success"}}` to any answer.
document.addEventListener("toast", (event) => {
  const { text, kind } = detail(event);
  toast(text, kind);
});
