// @ts-check
/**
 * Colours, mistakes and completion for text areas that hold code. The text area stays what it is, for keyboard, screen reader
 * and spell checker; its colours are painted on a layer behind it.
 */

import { WORDS, piecesOf, placeOf, problemIn } from "./highlight.js";
import { typeInto } from "./typing.js";

/** @type {WeakMap<HTMLTextAreaElement, string>} what is painted */
const painted = new WeakMap();
const LONGEST_PAINTED = 60_000;

/** @param {HTMLElement} root @param {import("./popup.js").Popup} popup */
export function paintAll(root, popup) {
  for (const box of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-language]"))) {
    const area = /** @type {HTMLTextAreaElement} */ (box.querySelector("textarea"));
    const layer = /** @type {HTMLElement} */ (box.querySelector(".code-paint"));
    if (!area || !layer) continue;
    if (!painted.has(area)) {
      area.addEventListener("input", () => {
        paint(box, area, layer);
        complete(box, area, popup, false);
      });
      area.addEventListener("scroll", () => (layer.scrollTop = area.scrollTop), { passive: true });
      area.addEventListener("keydown", (event) => {
        if (event.key === " " && event.ctrlKey && !event.defaultPrevented) complete(box, area, popup, true);
      });
    }
    if (painted.get(area) !== area.value) paint(box, area, layer);
  }
}

/** @param {HTMLElement} box @param {HTMLTextAreaElement} area @param {HTMLElement} layer */
function paint(box, area, layer) {
  const { value } = area;
  const language = box.dataset.language ?? "";
  painted.set(area, value);
  box.classList.toggle("is-painted", value.length <= LONGEST_PAINTED);
  const problem = problemIn(value, language);
  layer.replaceChildren(...(value.length <= LONGEST_PAINTED ? spansOf(value, language, problem) : []));
  layer.scrollTop = area.scrollTop;
  tell(box, value, problem);
}

/** @param {string} value @param {string} language @param {import("./highlight.js").Problem | null} problem */
function spansOf(value, language, problem) {
  const spans = [];
  let at = 0;
  for (const { text, kind } of piecesOf(value, language)) {
    const isWrong = problem !== null && problem.at >= at && problem.at < at + text.length;
    const span = document.createElement("span");
    span.className = `${kind ? `code-${kind}` : ""}${isWrong ? " code-wrong" : ""}`.trim();
    span.textContent = text;
    spans.push(span);
    at += text.length;
  }
  // A text that ends in a line end is a line higher than its layer would be.
  spans.push(document.createTextNode("\n"));
  return spans;
}

/** @param {HTMLElement} box @param {string} value @param {import("./highlight.js").Problem | null} problem */
function tell(box, value, problem) {
  const place = box.parentElement?.querySelector(":scope > .code-problem");
  if (!place) return;
  const words = problem ? `Line ${placeOf(value, problem.at).line}, column ${placeOf(value, problem.at).column}: ${problem.message}` : "";
  if (place.textContent !== words) place.textContent = words;
}

/** @param {HTMLElement} box @param {HTMLTextAreaElement} area @param {import("./popup.js").Popup} popup @param {boolean} isAsked */
function complete(box, area, popup, isAsked) {
  const language = box.dataset.language ?? "";
  const caret = area.selectionStart;
  const typed = /[A-Za-z_][\w.-]*$/.exec(area.value.slice(0, caret))?.[0] ?? "";
  const known = [...namesFor(area), ...(WORDS[language] ?? [])];
  const isWanted = isAsked || (typed !== "" && (language === "cel" || (language === "schema" && isInText(area.value, caret))));
  if (!isWanted || area.readOnly) return;
  const found = known.filter((word) => word.toLowerCase().startsWith(typed.toLowerCase()) && word !== typed);
  if (!found.length) return void popup.close();
  popup.show(area, found.map((word) => ({ text: word, label: word })), ({ text }) => typeInto(area, caret - typed.length, caret, text));
}

/** Whether a caret stands in a text of a JSON document. @param {string} value @param {number} caret */
function isInText(value, caret) {
  const before = value.slice(0, caret);
  return (before.replaceAll(/\\./g, "").match(/"/g)?.length ?? 0) % 2 === 1;
}

/** What an expression can name: the arguments of a script, or the event. @param {HTMLTextAreaElement} area @returns {string[]} */
function namesFor(area) {
  if (!area.closest("[data-language=cel]")) return [];
  const row = area.closest("[data-path]")?.getAttribute("data-path") ?? "";
  if (!row.includes('"script"')) return ["event"];
  const list = row.replace('"script"', '"arguments"');
  const field = [...document.querySelectorAll("#inspector [data-path]")].find((each) => each.getAttribute("data-path") === list);
  const keys = field?.querySelectorAll('[data-row] [data-key="0"] input') ?? [];
  return [...keys].map((key) => /** @type {HTMLInputElement} */ (key).value).filter(Boolean);
}
