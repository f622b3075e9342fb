// @ts-check
/** A small searchable list that opens where one works: branches, targets, kinds of tasks. One per page, in a dialog. */

/**
 * @typedef {{key: string, label: string, hint?: string, icon?: string, tone?: string, more?: string[],
 *   preset?: import("./palette.js").Preset, isBarred?: boolean}} Choice
 *   `preset`: what is added by it; `isBarred`: comes last, as what one cannot have, and says why in its hint; `more`: further texts to find it by; the one that has the words is shown in place of the hint
 * @typedef {{title: string, choices: Choice[], at: {x: number, y: number}, focused?: (choice: Choice | null) => void}} Question
 *   `at`: where on the screen; `focused` is told which choice is the current one while the list is open
 */

const AHEAD = ["Enter", "Escape", "Backspace", "ArrowDown", "ArrowUp"];

/** Keys that were pressed before the list came that they are for. @type {string[]} */
let ahead = [];
let forgetting = 0;

/** Wait for what a list is made of. Keys that are pressed meanwhile are for the list that opens then, not for the canvas: a name
 * typed at once must not be taken for commands. @template Made @param {Promise<Made>} made @returns {Promise<Made>} */
export async function beforeList(made) {
  clearTimeout(forgetting); // one wait may follow another
  const keep = (/** @type {KeyboardEvent} */ event) => {
    const isCommand = event.ctrlKey || event.metaKey || event.altKey;
    const isForIt = event.key.length === 1 || AHEAD.includes(event.key);
    const isElsewhere = event.target instanceof Element && event.target.matches("input, textarea, select");
    if (isCommand || isElsewhere || !isForIt) return;
    event.preventDefault();
    event.stopPropagation();
    ahead.push(event.key);
  };
  document.addEventListener("keydown", keep, { capture: true });
  try {
    return await made;
  } finally {
    document.removeEventListener("keydown", keep, { capture: true });
    forgetting = window.setTimeout(() => (ahead = [])); // the list opens in this very turn, or not at all
  }
}

/** Ask. Answers null when it was closed without a choice. @param {Question} question @returns {Promise<Choice | null>} */
export function choose(question) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("chooser"));
  const input = /** @type {HTMLInputElement} */ (dialog.querySelector("input"));
  const list = /** @type {HTMLElement} */ (dialog.querySelector("[role=listbox]"));
  const empty = /** @type {HTMLElement} */ (dialog.querySelector("[data-empty]"));
  /** @type {Choice[]} */
  let shown = [];
  let at = 0;
  /** @type {Choice | null} */
  let answer = null;
  const aborted = new AbortController();
  const { signal } = aborted;
  let done = () => {};

  const mark = () => {
    [...list.children].forEach((option, place) => option.setAttribute("aria-selected", String(place === at)));
    list.children[at]?.scrollIntoView({ block: "nearest" });
    if (shown[at]) input.setAttribute("aria-activedescendant", list.children[at].id);
    else input.removeAttribute("aria-activedescendant");
    question.focused?.(shown[at] ?? null);
  };
  let words = "";
  const filter = () => {
    // What is known of the choices may come later than they do: who has gone down the list stays there.
    const current = words === input.value ? shown[at]?.key : undefined;
    words = input.value;
    shown = matching(question.choices, words);
    list.replaceChildren(...shown.map(optionFor));
    empty.hidden = shown.length > 0;
    at = Math.max(0, shown.findIndex(({ key }) => key === current));
    mark();
  };
  const take = (/** @type {number} */ place) => {
    answer = shown[place] ?? null;
    if (answer) close();
  };
  // What comes of it comes at once. The browser tells of a closing later: by then the next list may be open.
  const close = () => {
    dialog.close();
    done();
  };

  write(dialog, question.title);
  input.value = "";
  input.parentElement?.classList.toggle("hush", question.choices.length < 6);
  input.addEventListener("input", filter, { signal });
  const press = (/** @type {string} */ key) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (step && shown.length) at = (at + step + shown.length) % shown.length;
    if (step) mark();
    if (key === "Enter") take(at);
    if (key === "Escape") close(); // at once: by itself the first one would only empty the field
    return step !== undefined || key === "Enter" || key === "Escape";
  };
  dialog.addEventListener("keydown", (event) => {
    const isPressed = press(event.key);
    // The browser's own search and address bar are not what is meant here either.
    const isOurs = (event.ctrlKey || event.metaKey) && ["f", "k"].includes(event.key.toLowerCase());
    if (isOurs) input.select();
    if (isPressed || isOurs) event.preventDefault();
    event.stopPropagation();
  }, { signal });
  list.addEventListener("click", (event) => {
    const option = /** @type {Element} */ (event.target).closest("[role=option]");
    if (option) take([...list.children].indexOf(option));
  }, { signal });
  dialog.addEventListener("click", (event) => event.target === dialog && close(), { signal });

  filter();
  dialog.showModal();
  placeAt(dialog, question.at);
  input.focus();
  const answered = new Promise((/** @type {(answer: Choice | null) => void} */ resolve) => {
    done = () => {
      aborted.abort();
      question.focused?.(null);
      resolve(answer);
    };
    dialog.addEventListener("close", () => dialog.open || done(), { signal });
  });
  for (const key of ahead.splice(0)) {
    if (!dialog.open) break;
    if (press(key)) continue;
    input.value = key === "Backspace" ? input.value.slice(0, -1) : input.value + key;
    filter();
  }
  return answered;
}

/** @param {Choice[]} choices @param {string} words @returns {Choice[]} those that have every word somewhere; first those that are called so */
function matching(choices, words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (/** @type {string} */ text) => wanted.every((word) => text.toLowerCase().includes(word));
  const found = choices.flatMap((choice) => {
    if (has(`${choice.label} ${choice.hint ?? ""} ${choice.key}`)) return [choice];
    const more = choice.more?.find(has);
    return more ? [{ ...choice, hint: more }] : [];
  });
  return found.sort((a, b) => Number(a.isBarred ?? false) - Number(b.isBarred ?? false) || likeness(b.label, wanted) - likeness(a.label, wanted));
}

/** How much a name is what somebody typed: it begins so, has all of it, or not. @param {string} name @param {string[]} words in small letters */
export function likeness(name, words) {
  const text = name.toLowerCase();
  return Number(text.startsWith(words.join(" "))) + Number(words.every((word) => text.includes(word)));
}

/** @param {Choice} choice @param {number} place */
function optionFor(choice, place) {
  const option = document.createElement("li");
  option.id = `choice-${place}`;
  option.className = `choice tone-${choice.tone ?? "plain"}`;
  option.setAttribute("role", "option");
  if (choice.isBarred) option.setAttribute("aria-disabled", "true");
  if (choice.icon) option.append(iconFor(choice.icon));
  const label = document.createElement("span");
  label.className = "clip";
  label.textContent = choice.label;
  option.append(label);
  if (choice.hint) {
    const hint = document.createElement("span");
    hint.className = "choice-hint clip";
    hint.textContent = choice.hint;
    option.append(hint);
  }
  return option;
}

/** @param {string} name @returns {SVGElement} an icon of the page's sprite */
export function iconFor(name) {
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("class", "icon");
  icon.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${name}`);
  icon.append(use);
  return icon;
}

/** @param {HTMLDialogElement} dialog @param {string} title */
function write(dialog, title) {
  const heading = dialog.querySelector("h2");
  if (heading) heading.textContent = title;
}

/** @param {HTMLDialogElement} dialog @param {{x: number, y: number}} point */
function placeAt(dialog, point) {
  const { width, height } = dialog.getBoundingClientRect();
  const left = Math.max(8, Math.min(point.x, innerWidth - width - 8));
  const top = Math.max(8, Math.min(point.y, innerHeight - height - 8));
  dialog.style.setProperty("left", `${left}px`);
  dialog.style.setProperty("top", `${top}px`);
}
