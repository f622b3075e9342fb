// @ts-check
// What htmx requests have in common: a failed one says so and keeps what was typed; the server can show a toast.
import { toast } from "./toast.js";

/** @param {Event} event @returns {any} */
const detail = (event) => /** @type {CustomEvent} */ (event).detail;

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = detail(event);
  const isText = (xhr.getResponseHeader("Content-Type") ?? "").startsWith("text/plain");
  toast(isText && xhr.responseText ? xhr.responseText.trim() : `The server answered ${xhr.status}. Nothing was changed.`, "error");
});

document.addEventListener("htmx:sendError", () => {
  toast("The server cannot be reached. Nothing was lost: try again.", "error");
});

document.addEventListener("htmx:timeout", () => {
  toast("The server took too long to answer. Try again.", "error");
});

// A view may add `HX-Trigger: {"toast": {"text": "Saved.", "kind": "success"}}` to any answer.
document.addEventListener("toast", (event) => {
  const { text, kind } = detail(event);
  toast(text, kind);
});
