// @ts-check
// Shows a short message: `toast("Saved.", "success")`. Kinds: success, info, warning, error.
import { announce } from "./announce.js";

const ICONS = { success: "check", info: "bell", warning: "alert", error: "alert" };

/** @param {string} text @param {keyof typeof ICONS} [kind] */
export function toast(text, kind = "info") {
  const template = /** @type {HTMLTemplateElement | null} */ (document.getElementById("toast-template"));
  const box = template?.content.firstElementChild?.cloneNode(true);
  if (!(box instanceof HTMLElement)) return;
  box.className = `toast toast-${kind}`;
  box.dataset.kind = kind;
  box.setAttribute("role", kind === "error" ? "alert" : "status");
  box.querySelector("use")?.setAttribute("href", `#icon-${ICONS[kind]}`);
  const words = box.querySelector(".toast-text");
  if (words) words.textContent = text;
  document.getElementById("toasts")?.append(box);
  if (document.querySelector("dialog:modal")) announce(text); // it is not heard from behind
}
