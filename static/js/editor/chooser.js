// @ts-check
/** A small searchable list that opens where one works: branches, targets, kinds of tasks. One per page, in a dialog. */

/**
 * @typedef {{key: string, label: string, hint?: string, icon?: string, tone?: string, more?: string[]}} Choice
 *   `more`: further texts to find it by; the one that has the words is shown in place of the hint
 * @typedef {{title: string, choices: Choice[], at: {x: number, y: number}, focused?: (choice: Choice | null) => void}} Question
 *   `at`: where on the screen; `focused` is told which choice is the current one while the list is open
 */

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
    if (answer) dialog.close();
  };

  write(dialog, question.title);
  input.value = "";
  input.parentElement?.classList.toggle("hush", question.choices.length < 6);
  const { signal } = aborted;
  input.addEventListener("input", filter, { signal });
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && shown.length) at = (at + step + shown.length) % shown.length;
    if (step) mark();
    if (event.key === "Enter") take(at);
    if (step || event.key === "Enter") event.preventDefault();
    event.stopPropagation();
  }, { signal });
  list.addEventListener("click", (event) => {
    const option = /** @type {Element} */ (event.target).closest("[role=option]");
    if (option) take([...list.children].indexOf(option));
  }, { signal });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close(), { signal });

  filter();
  dialog.showModal();
  placeAt(dialog, question.at);
  input.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      aborted.abort();
      question.focused?.(null);
      resolve(answer);
    }, { once: true });
  });
}

/** @param {Choice[]} choices @param {string} words @returns {Choice[]} those that have every word somewhere */
function matching(choices, words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (/** @type {string} */ text) => wanted.every((word) => text.toLowerCase().includes(word));
  return choices.flatMap((choice) => {
    if (has(`${choice.label} ${choice.hint ?? ""} ${choice.key}`)) return [choice];
    const found = choice.more?.find(has);
    return found ? [{ ...choice, hint: found }] : [];
  });
}

/** @param {Choice} choice @param {number} place */
function optionFor(choice, place) {
  const option = document.createElement("li");
  option.id = `choice-${place}`;
  option.className = `choice tone-${choice.tone ?? "plain"}`;
  option.setAttribute("role", "option");
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
