// @ts-check
/**
 * The “Try it” panel: runs the draft in the sandbox, steps through what happened, keeps runs as cases.
 *
 * The server runs and words everything; here the marks of each moment are laid over the canvas, and answers are gathered.
 */

import { announce } from "../announce.js";
import { attention } from "./attention.js";
import { Doors } from "./doors.js";
import { answered, marksAt } from "./trying_answers.js";
import { askAnswer } from "./trying_dialog.js";
import { TryingMarks } from "./trying_marks.js";
import { paintAll } from "./settings/code.js";
import { thePopup } from "./settings/popup.js";

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {import("./trying_answers.js").Frame} Frame */

export class Trying {
  /** @type {HTMLElement | null} */
  #panel = null;
  /** @type {Frame[]} */
  #frames = [];
  /** @type {Record<string, any>} answers by task */
  #answers = {};
  /** @type {Record<string, {input: any, answers: Record<string, any>}>} the cases as they are kept */
  #kept = {};
  /** The case that was taken away last, as the server told it. @type {any} */
  #removed = null;
  /** @type {Record<string, boolean>} whether an edge is taken by any case, by element id */
  #coverage = {};
  #showsCoverage = false;
  #isOpening = false;
  /** How many moments are shown. */
  #shown = 0;
  /** Of the draft that was tried. */
  #revision = 0;
  /** The number of the latest run, and of the latest word on the cases: what was overtaken is not shown. */
  #runs = 0;
  #told = 0;

  /** @param {Editor} editor @param {string} url of the panel, which its doors begin with */
  constructor(editor, url) {
    this.editor = editor;
    this.doors = new Doors(url);
    this.marks = new TryingMarks(editor);
  }

  async toggle() {
    if (this.#panel) this.close();
    else if (!this.#isOpening) await this.open();
  }

  async open() {
    const hasGoneOn = attention();
    this.#isOpening = true;
    const response = await this.doors.get("", {}).finally(() => (this.#isOpening = false));
    if (!response) return this.editor.refuse("The panel could not be opened. Try again.");
    const panel = document.createElement("section");
    panel.className = "trying";
    panel.id = "trying";
    panel.setAttribute("aria-labelledby", "trying-heading");
    panel.innerHTML = await response.text();
    this.#keepMiddle(() => {
      this.editor.root.append(panel);
      this.editor.root.dataset.trying = "open";
    });
    this.#panel = panel;
    this.#answers = JSON.parse(panel.querySelector("#trying-answers")?.textContent ?? "{}");
    this.#listen(panel);
    this.#paint();
    this.#showForget();
    if (!hasGoneOn()) this.#input.focus();
    void this.#runCases();
    return undefined;
  }

  close() {
    this.#runs += 1;
    this.#keepMiddle(() => {
      thePopup().close();
      this.#panel?.remove();
      delete this.editor.root.dataset.trying;
    });
    this.#panel = null;
    this.#frames = [];
    this.#showsCoverage = false;
    this.marks.clear();
    const button = document.querySelector("[data-try-url]");
    if (button instanceof HTMLElement) button.focus();
  }

  /** In narrow windows the panel takes room from the canvas: what was in its middle stays there. @param {() => void} change */
  #keepMiddle(change) {
    const { viewport } = this.editor;
    const before = viewport.size;
    change();
    const { width, height } = viewport.size;
    viewport.pan((width - before.width) / 2, (height - before.height) / 2);
  }

  /** A task was chosen on the canvas or in the outline: what it did last. @param {string} ref */
  selected(ref) {
    const number = this.#frames.slice(0, this.#shown).findLastIndex((frame) => frame.task === ref);
    const details = number < 0 ? null : this.#find(`[data-moment="${number}"]`);
    if (!(details instanceof HTMLDetailsElement) || details.open) return;
    details.dataset.quiet = "";
    details.open = true;
    details.scrollIntoView({ block: "nearest" });
  }

  /** The canvas was drawn anew: the marks lie over it again. */
  refresh() {
    if (!this.#panel) return;
    const stale = this.#find("[data-try-stale]");
    if (stale) stale.hidden = this.#revision === this.editor.queue.revision;
    if (this.#showsCoverage) this.marks.showCoverage(this.#coverage);
    else this.#show(this.#shown, { isQuiet: true });
  }

  // ------------------------------------------------------------------ the panel

  /** @returns {HTMLTextAreaElement} */
  get #input() {
    return /** @type {any} */ (this.#panel?.querySelector("#trying-input"));
  }

  /** @returns {HTMLInputElement | null} of the case that is kept next */
  get #name() {
    return /** @type {HTMLInputElement | null} */ (this.#find("#trying-name"));
  }

  /** Colours, mistakes and names for the sample input. */
  #paint() {
    if (this.#panel) paintAll(this.#panel, thePopup(), async () => []);
  }

  /** @param {string} selector @returns {HTMLElement | null} */
  #find(selector) {
    return this.#panel?.querySelector(selector) ?? null;
  }

  /** @param {HTMLElement} panel */
  #listen(panel) {
    panel.addEventListener("click", (event) => {
      const button = /** @type {Element} */ (event.target).closest("[data-try]");
      if (button instanceof HTMLElement && button.getAttribute("type") !== "submit") void this.#act(button.dataset.try ?? "", button);
    });
    panel.addEventListener("submit", (event) => {
      event.preventDefault();
      const form = /** @type {HTMLElement} */ (event.target);
      if (form.matches("[data-try-keep]")) void this.#keep();
      else void this.run();
    });
    panel.addEventListener("change", (event) => {
      const field = event.target;
      if (field instanceof HTMLSelectElement && field.matches("[data-try-recorded]")) void this.#takeRecorded(field.value);
      if (field instanceof HTMLInputElement && field.matches("[data-try-guard]")) void this.#change("guard", { required: field.checked });
    });
    panel.addEventListener("focusout", () => thePopup().close());
    panel.addEventListener("keydown", (event) => {
      if (thePopup().key(event)) return;
      if (event.key === "Escape") {
        event.stopPropagation();
        this.close();
      } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        void this.run();
      }
    });
    panel.addEventListener(
      "toggle",
      (event) => {
        const details = event.target;
        if (!(details instanceof HTMLDetailsElement) || !details.open || !details.dataset.moment) return;
        if ("quiet" in details.dataset) delete details.dataset.quiet;
        else this.#show(Number(details.dataset.moment) + 1);
      },
      true,
    );
  }

  /** @param {string} name @param {HTMLElement} button */
  async #act(name, button) {
    const caseName = button.dataset.name ?? "";
    /** @type {Record<string, () => any>} */
    const acts = {
      close: () => this.close(),
      "step-run": () => this.run({ isStepping: true }),
      forget: () => this.#forget(),
      first: () => this.#show(0),
      previous: () => this.#show(Math.max(0, this.#shown - 1), { isOpening: true }),
      next: () => this.#show(Math.min(this.#frames.length, this.#shown + 1), { isOpening: true }),
      last: () => this.#show(this.#frames.length),
      answer: () => this.#answer(button),
      cases: () => this.#runCases(),
      coverage: () => this.#toggleCoverage(button),
      load: () => this.#load(caseName),
      update: () => this.#change("update", { name: caseName }),
      remove: () => this.#remove(caseName),
      restore: () => this.#restore(),
    };
    await acts[name]?.();
  }

  // ------------------------------------------------------------------ running

  /** @param {{isStepping?: boolean, upTo?: number}} [how] step by step: nothing is shown yet; `upTo`: so many moments */
  async run({ isStepping = false, upTo } = {}) {
    const number = ++this.#runs;
    const answer = await this.#post("run", { input: this.#input.value, answers: this.#answers }, "#trying-refusal");
    if (!answer || number !== this.#runs || !this.#panel) return;
    this.#frames = answer.frames;
    this.#revision = this.editor.queue.revision;
    this.marks.looks = answer.looks;
    this.#showsCoverage = false;
    const result = /** @type {HTMLElement} */ (this.#find("#trying-result"));
    const typed = this.#name?.value ?? "";
    const isTyping = document.activeElement === this.#name && typed !== "";
    result.innerHTML = answer.html;
    // The case's name may have been begun while the run was under way.
    if (this.#name && typed) this.#name.value = typed;
    if (isTyping) this.#name?.focus();
    this.#show(isStepping ? Math.min(1, this.#frames.length) : (upTo ?? this.#frames.length), { isOpening: isStepping });
    this.#showForget();
    const summary = result.querySelector(".trying-summary, [role=alert]");
    announce(`Tried: ${summary?.textContent?.trim().replace(/\s+/g, " ") ?? ""}`);
    const next = isStepping ? this.#find("[data-try=next]") : null;
    // Who asked for steps takes them: with the key that asked for them, unless they have gone on to something else.
    if (next && document.activeElement?.matches("[data-try=step-run]")) next.focus();
    if (next) next.scrollIntoView({ block: "nearest" });
    else result.scrollIntoView({ block: "nearest" });
  }

  /** Show the first `count` moments on the canvas. @param {number} count @param {{isOpening?: boolean, isQuiet?: boolean}} [how] */
  #show(count, { isOpening = false, isQuiet = false } = {}) {
    this.#shown = count;
    this.#showsCoverage = false;
    this.marks.show(marksAt(this.#frames, count));
    const current = this.#frames[count - 1];
    this.marks.point(current && count < this.#frames.length ? current.id : "");
    for (const details of /** @type {NodeListOf<HTMLDetailsElement>} */ (this.#panel?.querySelectorAll("[data-moment]") ?? [])) {
      const number = Number(details.dataset.moment);
      details.classList.toggle("is-ahead", number >= count);
      if (isOpening) details.open = number === count - 1;
    }
    const words = this.#find("[data-try-count]");
    if (words) words.textContent = `${count} of ${this.#frames.length}`;
    if (current && isOpening && !isQuiet) {
      announce(current.words);
      this.#find(`[data-moment="${count - 1}"]`)?.scrollIntoView({ block: "nearest" });
      this.marks.reveal(current.task);
    }
  }

  /** @param {HTMLElement} button */
  async #answer(button) {
    const { task = "", number = "0", branches = "" } = button.dataset;
    const frame = this.#frames[Number(number)];
    const node = this.editor.graph.nodes.get(task);
    const named = new Map(node?.branches.map(({ key, name }) => [key, name]));
    const given = await askAnswer({
      name: node?.name ?? task,
      output: frame?.output,
      canRespond: "responds" in button.dataset,
      branches: branches.split(" ").filter(Boolean).map((key) => ({ key, name: named.get(key) ?? key })),
    });
    if (!given || !this.#panel) return;
    this.#answers = { ...this.#answers, [task]: answered(this.#frames, Number(number), task, this.#answers[task], given) };
    await this.run();
    this.#find(`[data-moment="${number}"] summary`)?.focus();
  }

  async #forget() {
    this.#answers = {};
    const recorded = this.#find("[data-try-recorded]");
    if (recorded instanceof HTMLSelectElement) recorded.value = "";
    await this.run();
  }

  #showForget() {
    const button = this.#find("[data-try=forget]");
    if (button) button.hidden = Object.keys(this.#answers).length === 0;
  }

  /** @param {string} instance its number */
  async #takeRecorded(instance) {
    if (!instance) return this.#forget();
    const number = ++this.#runs;
    const response = await this.doors.get("recorded", { instance });
    if (number !== this.#runs || !this.#panel) return undefined;
    if (!response) return this.editor.refuse("That instance is not there any more.");
    const { input, answers } = await response.json();
    this.#fill(input, answers);
    return this.run();
  }

  /** @param {any} input @param {Record<string, any>} answers */
  #fill(input, answers) {
    this.#input.value = input === null ? "" : JSON.stringify(input, null, 2);
    this.#paint();
    this.#answers = answers;
  }

  // ------------------------------------------------------------------ cases

  async #runCases() {
    const told = this.#told;
    const response = await this.doors.get("cases", {});
    // Rendered before a case was kept or taken away, perhaps.
    if (response && told === this.#told) this.#takeCases(await response.json());
  }

  /** @param {any} answer */
  #takeCases(answer) {
    const place = this.#find("#trying-cases");
    if (!place) return;
    this.#told += 1;
    place.innerHTML = answer.html;
    this.#coverage = answer.coverage;
    this.#kept = answer.kept;
    if (this.#showsCoverage) this.marks.showCoverage(this.#coverage);
    place.querySelector("[data-try=coverage]")?.setAttribute("aria-pressed", String(this.#showsCoverage));
  }

  async #keep() {
    const name = this.#name;
    if (!name) return;
    const body = { name: name.value, input: this.#input.value, answers: this.#answers };
    const answer = await this.#post("keep", body, "[data-try-keep-refusal]");
    if (!answer) return;
    this.#takeCases(answer);
    this.editor.say(`Kept the case “${body.name.trim()}”.`);
    if (name.value === body.name) name.value = "";
  }

  /** @param {string} door @param {object} body */
  async #change(door, body) {
    const answer = await this.#post(door, body, null);
    if (answer) this.#takeCases(answer);
  }

  /** @param {string} name of a case */
  async #remove(name) {
    const answer = await this.#post("remove", { name }, null);
    if (!answer) return;
    this.#removed = answer.removed;
    this.#takeCases(answer);
    this.editor.announce(`Removed the case “${name}”. It can be put back.`);
    const way = this.#find("[data-try=restore]");
    if (way instanceof HTMLElement) way.focus();
  }

  async #restore() {
    const answer = this.#removed && (await this.#post("restore", this.#removed, null));
    if (!answer) return;
    const { name } = this.#removed.case;
    this.#removed = null;
    this.#takeCases(answer);
    this.editor.announce(`Put back the case “${name}”.`);
    const way = this.#find(`[data-try=load][data-name="${CSS.escape(name)}"]`);
    if (way instanceof HTMLElement) way.focus();
  }

  /** @param {string} name of a case */
  async #load(name) {
    const kept = this.#kept[name];
    if (!kept) return;
    this.#fill(kept.input ?? null, kept.answers);
    await this.run();
  }

  /** @param {HTMLElement} button */
  #toggleCoverage(button) {
    this.#showsCoverage = !this.#showsCoverage;
    button.setAttribute("aria-pressed", String(this.#showsCoverage));
    if (this.#showsCoverage) this.marks.showCoverage(this.#coverage);
    else this.marks.show(marksAt(this.#frames, this.#shown));
    const missed = Object.values(this.#coverage).filter((isTaken) => !isTaken).length;
    announce(this.#showsCoverage ? `Coverage shown: ${missed} edges never taken.` : "Coverage hidden.");
  }

  // ------------------------------------------------------------------ asking

  /** @param {string} door @param {object} body @param {string | null} place where a refusal is shown; null: as a message
   * @returns {Promise<any>} null when it was refused */
  async #post(door, body, place) {
    const refusal = place ? this.#find(place) : null;
    if (refusal) refusal.textContent = "";
    this.#panel?.setAttribute("aria-busy", "true");
    try {
      const { status, body: answer } = await this.doors.post(door, body);
      if (status === 200) return answer;
      throw new Error(/** @type {any} */ (answer)?.detail ?? `The server answered ${status}.`);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      if (refusal) refusal.textContent = words;
      else this.editor.refuse(words);
      return null;
    } finally {
      this.#panel?.removeAttribute("aria-busy");
    }
  }
}
