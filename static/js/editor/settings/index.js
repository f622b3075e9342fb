// @ts-check
/**
 * What helps in the inspector's forms: picking data, colours for code, forms drawn instead of typed, trying a decision.
 * Each helper is loaded when a form that needs it first comes into sight.
 */

import { late } from "../late.js";
import { thePopup } from "./popup.js";

/** @typedef {import("../main.js").Editor} Editor @typedef {HTMLInputElement | HTMLTextAreaElement} TextField */

const PICKING = "[data-pick]";

/** @param {Editor} editor */
export function attach(editor) {
  const { element } = editor.inspector;
  const popup = thePopup();
  /** @type {Promise<import("./picker.js").Picker> | null} */
  let picking = null;
  const picker = () => (picking ??= import("./picker.js").then(({ Picker }) => new Picker(editor, popup)).catch((error) => {
    picking = null; // so that it is asked for once more
    throw error;
  }));
  const pick = async (/** @type {TextField} */ field) => (await late(editor, "The list of data", picker))?.open(field);
  const fieldOf = (/** @type {EventTarget | null} */ target) =>
    target instanceof Element && target.matches(PICKING) ? /** @type {TextField} */ (target) : null;

  element.addEventListener("click", (event) => {
    const button = /** @type {Element} */ (event.target).closest("[data-pick-button]");
    const field = fieldOf(button?.parentElement?.querySelector(PICKING) ?? null);
    if (field) void pick(field);
  });
  element.addEventListener("input", (event) => {
    const field = fieldOf(event.target);
    if (field && !field.readOnly) void picker().then((ready) => ready.suggest(field), () => {});
  });
  element.addEventListener("keydown", (event) => {
    if (popup.key(event)) return;
    const field = fieldOf(event.target);
    if (field && !field.readOnly && event.key === " " && event.ctrlKey) {
      event.preventDefault();
      void (field.value ? picker().then((ready) => ready.suggest(field), () => {}) : pick(field));
    }
  }, { capture: true });
  element.addEventListener("focusout", () => popup.close());

  /** Each is made once, however often it is asked for while it loads. @type {Map<string, Promise<(root: HTMLElement) => void>>} */
  const helpers = new Map();
  const rooms = [
    { selector: "[data-language]", load: () => import("./code.js").then(({ paintAll }) => (/** @type {HTMLElement} */ root) => paintAll(root, popup, () => picker().then((ready) => ready.tree()))) },
    { selector: "[data-schema]", load: () => import("./designer.js").then(({ Designers }) => {
      const designers = new Designers(editor);
      return (/** @type {HTMLElement} */ root) => designers.show(root);
    }) },
    { selector: ".branches [data-drag]", load: () => import("./reorder.js").then(({ reorder }) => (/** @type {HTMLElement} */ root) => reorder(root, editor)) },
    { selector: "[data-truth]", load: () => import("./truth.js").then(({ Truth }) => {
      const truth = new Truth(editor);
      return (/** @type {HTMLElement} */ root) => truth.show(root);
    }) },
  ];
  const sight = new IntersectionObserver((seen) => {
    const targets = seen.filter(({ isIntersecting }) => isIntersecting).map(({ target }) => target);
    for (const { selector, load } of rooms) {
      if (!helpers.has(selector) && targets.some((target) => target.matches(selector))) helpers.set(selector, load());
    }
    for (const target of targets) sight.unobserve(target);
    if (targets.length) void help();
  });
  const help = async () => {
    for (const { selector } of rooms) {
      const ready = helpers.get(selector);
      if (!ready) for (const target of element.querySelectorAll(selector)) sight.observe(target);
      else if (element.querySelector(selector)) {
        const show = await ready.catch(() => void helpers.delete(selector)); // the field does without until the next try
        if (show && element.querySelector(selector)) show(element);
      }
    }
  };
  let isAsked = false;
  const soon = () => {
    if (isAsked) return;
    isAsked = true;
    queueMicrotask(() => {
      isAsked = false;
      void help();
    });
  };
  new MutationObserver(soon).observe(element, { childList: true, subtree: true, characterData: true });
  soon();
}
