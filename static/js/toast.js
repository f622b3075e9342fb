// @ts-check
// Shows a short message: `toast("Saved.", "success")`. Kinds: success, info, warning, error.
import { announce } from "./announce.js";

const ICONS = { success: "check", info: "bell", warning: "alert", error: "alert" };

/** @param {string} text @param {keyof typeof ICONS} [kind] @param {string} [about] what is over once `retract` is told so */
export function toast(text, kind = "info", about = "") {
  const template = /** @type {HTMLTemplateElement | null} */ (document.getElementById("toast-template"));
  const box = template?.content.firstElementChild?.cloneNode(true);
  if (!(box instanceof HTMLElement)) return;
  box.className = `toast toast-${kind}`;
  box.dataset.kind = kind;
  box.dataset.about = about;
  box.setAttribute("role", kind === "error" ? "alert" : "status");
  box.querySelector("use")?.setAttribute("href", `#icon-${ICONS[kind]}`);
  const words = box.querySelector(".toast-text");
  if (words) words.textContent = text;
  if (about) retract(about, text); // the same again is not heaped up
  document.getElementById("toasts")?.append(box);
  if (document.querySelector("dialog:modal")) announce(text); // it is not heard from behind
}

/** Take away what was said about something that is over, unless somebody is on it. @param {string} about
 * @param {string} [text] only what says this */
export function retract(about, text) {
  for (const box of document.querySelectorAll(`#toasts [data-about="${about}"]`)) {
    const isSaid = text === undefined || box.querySelector(".toast-text")?.textContent === text;
    if (isSaid && !box.matches(":focus-within")) box.remove();
  }
}
