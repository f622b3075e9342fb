// @ts-check
/**
 * Colours, mistakes and completion for text areas that hold code. The text area stays what it is, for keyboard, screen reader
 * and spell checker; its colours are painted on a layer behind it.
 */

import { flat } from "./data.js";
import { METHODS, SCRIPT_METHODS, WORDS, piecesOf, placeOf, problemIn } from "./highlight.js";
import { typeInto } from "./typing.js";

/** @type {WeakMap<HTMLTextAreaElement, string>} what is painted */
const painted = new WeakMap();
const LONGEST_PAINTED = 60_000;

/** @typedef {import("./popup.js").Popup} Popup @typedef {import("./data.js").DataNode} DataNode
 * @typedef {HTMLInputElement | HTMLTextAreaElement} TextField
 * @typedef {() => Promise<DataNode[]>} Tree what can be referred to from the form that is shown */

/** @param {HTMLElement} root @param {Popup} popup @param {Tree} tree */
export function paintAll(root, popup, tree) {
  for (const box of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-language]"))) {
    const area = /** @type {HTMLTextAreaElement} */ (box.querySelector("textarea"));
    const layer = /** @type {HTMLElement} */ (box.querySelector(".code-paint"));
    if (!area || !layer) continue;
    if (!painted.has(area)) {
      area.addEventListener("input", () => {
        paint(box, area, layer);
        void complete(box, area, popup, tree, false);
      });
      area.addEventListener("scroll", () => (layer.scrollTop = area.scrollTop), { passive: true });
      area.addEventListener("keydown", (event) => {
        if (event.key === " " && event.ctrlKey && !event.defaultPrevented) void complete(box, area, popup, tree, true);
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

/** @param {HTMLElement} box @param {HTMLTextAreaElement} area @param {Popup} popup @param {Tree} tree @param {boolean} isAsked */
async function complete(box, area, popup, tree, isAsked) {
  const language = box.dataset.language ?? "";
  const caret = area.selectionStart;
  const { value } = area;
  const typed = /[A-Za-z_][\w.-]*$/.exec(value.slice(0, caret))?.[0] ?? "";
  const declared = box.dataset.names && isInText(value, caret) ? namesIn(box.dataset.names) : null;
  const isWanted = isAsked || (typed !== "" && (language === "cel" || declared || (language === "schema" && isInText(value, caret))));
  if (area.readOnly) return;
  // In JSON that may refer to data the list is that of references (picker.js), which closes it.
  if (!isWanted) return void ((language === "json" && !box.dataset.names) || popup.close());
  const named = language === "cel" ? namesFor(area, await tree().catch(() => [])) : [];
  if (document.activeElement !== area || area.value !== value || area.selectionStart !== caret) return; // one has typed on meanwhile
  // A whole name stands for itself: what is in it is offered behind a dot, so that Enter goes on to the next line.
  const goesOn = named.some(({ text }) => text === typed) ? /^[^.[]/ : /./;
  const fits = (/** @type {string} */ text) => text.toLowerCase().startsWith(typed.toLowerCase()) && goesOn.test(text.slice(typed.length));
  const found = [...named, ...(declared ?? wordsFor(language, typed, isScript(area)))].filter(({ text }) => fits(text));
  popup.show(area, found, ({ text }) => typeInto(area, caret - typed.length, caret, text));
}

/** What a language has to say by itself: behind a dot what can be asked of any value. @param {string} language @param {string} typed
 * @param {boolean} isOfScript */
function wordsFor(language, typed, isOfScript) {
  const stem = language === "cel" ? typed.slice(0, typed.lastIndexOf(".") + 1) : "";
  const words = (stem ? [...METHODS, ...(isOfScript ? SCRIPT_METHODS : [])] : WORDS[language]) ?? [];
  return words.map((word) => ({ text: stem + word, label: stem + word }));
}

/** The names that a JSON document may have, as suggestions. @param {string} names */
function namesIn(names) {
  return /** @type {string[]} */ (JSON.parse(names)).map((text) => ({ text, label: text }));
}

/** Whether a caret stands in a text of a JSON document. @param {string} value @param {number} caret */
function isInText(value, caret) {
  const before = value.slice(0, caret);
  return (before.replaceAll(/\\./g, "").match(/"/g)?.length ?? 0) % 2 === 1;
}

/** Whether an expression is a script, not a filter. @param {HTMLTextAreaElement} area */
function isScript(area) {
  return Boolean(area.closest("[data-path]")?.getAttribute("data-path")?.includes('"script"'));
}

/** What an expression can name: the arguments of a script, or the event; with what is known of each.
 * @param {HTMLTextAreaElement} area @param {DataNode[]} tree @returns {import("./popup.js").Suggestion[]} */
function namesFor(area, tree) {
  if (!isScript(area)) return below("event", "event", tree);
  const row = area.closest("[data-path]")?.getAttribute("data-path") ?? "";
  const list = row.replace('"script"', '"arguments"');
  const field = [...document.querySelectorAll("#inspector [data-path]")].find((each) => each.getAttribute("data-path") === list);
  return [...(field?.querySelectorAll("[data-row]") ?? [])].flatMap((argument) => {
    const part = (/** @type {number} */ place) => /** @type {TextField | null} */ (argument.querySelector(`[data-key="${place}"] :is(input, textarea)`))?.value.trim() ?? "";
    return part(0) ? below(part(0), /^\{\{\s*([^{}|\s]+)\s*\}\}$/.exec(part(1))?.[1] ?? "", tree) : [];
  });
}

/** A name for what is at a path, and names for all below it. @param {string} name @param {string} path @param {DataNode[]} tree */
function below(name, path, tree) {
  const root = flat(tree).find((node) => node.path === path);
  const nodes = root ? flat([root]) : [];
  const known = nodes.filter((node) => node.path !== path).map((node) => ({ ...node, text: name + node.path.slice(path.length), label: name + node.path.slice(path.length) }));
  return [{ text: name, label: name, type: root?.type, help: root?.help }, ...known];
}
