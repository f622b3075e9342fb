// @ts-check
/**
 * The forms beside the canvas. Each field is stored as one leaves it. A refused value stays in its field with the reason; the
 * form is brought up to date after every change, without disturbing what is being typed.
 */

import { replacePart } from "../live/morph.js";
import { bound, fitHeight, isTyped, revisionOf, setToDefault, uncover, valueOf, withKept } from "./form_controls.js";
import { fieldFor, rowFor } from "./wanted.js";

/** @typedef {import("./main.js").Editor} Editor */
/** @typedef {{subject: string, path: unknown, value: unknown, seen: number}} Posted */

const CONTROLS = "input, select, textarea";
const ENTERED = ":is(input:not([type=hidden]), select, textarea, button):not(:disabled)";

export class Inspector {
  /** The number of the latest request: an older answer is not shown. */
  #latest = 0;
  /** What the latest request is about. */
  #asked = "";
  #timer = 0;
  /** @type {{ref: string, path: string} | null} */
  #wanted = null;
  /** What is typed before the field that it is for has come. */
  #ahead = "";
  #isEntered = false;
  /** By path: the revision whose value stands in a field that was not brought up to date, as one was typing. @type {Map<string, number>} */
  #seen = new Map();
  /** By subject and path: what has been stored since the form was rendered. @type {Map<string, string>} */
  #known = new Map();
  /** Rows of a list before one more was asked for. */
  #rows = Infinity;
  /** What is on its way. @type {Set<{subject: string, path: unknown, value: unknown, seen: number}>} */
  #posted = new Set();

  /** @param {Editor} editor @param {HTMLElement} element */
  constructor(editor, element) {
    this.editor = editor;
    this.element = element;
    this.#asked = this.shown;
    element.addEventListener("change", (event) => this.#changed(/** @type {Element} */ (event.target)));
    element.addEventListener("input", (event) => this.#typed(/** @type {Element} */ (event.target)));
    element.addEventListener("click", (event) => this.#clicked(event));
    element.addEventListener("keydown", (event) => this.#key(event));
  }

  /** What the form is about. */
  get shown() {
    return this.body?.dataset.subject ?? "";
  }

  get body() {
    return /** @type {HTMLElement | null} */ (this.element.querySelector("#inspector"));
  }

  /** Show the form of what is selected now. @param {{force?: boolean}} [how] */
  async show({ force = false } = {}) {
    const { editor } = this;
    const subject = editor.selection.refs.length > 1 ? "many" : editor.selection.leading;
    if (this.#wanted && this.#wanted.ref !== subject) this.#storeAhead(); // one has gone on to something else
    if (!force && subject === this.shown && subject !== "many") {
      this.#stayWith(subject);
      return;
    }
    this.#latest += 1;
    this.#asked = subject;
    const number = this.#latest;
    await editor.atRest(); // asked for during a drag, it would take a processor from the frames
    if (number !== this.#latest) return;
    const count = String(editor.selection.refs.length);
    const html = await editor.askHtml("inspector", { subject, count });
    if (editor.isBusy) await editor.atRest();
    if (html === null || number !== this.#latest || !this.body) return;
    const isSame = subject === this.shown;
    // Rendered before something was stored that we know of: it would take back what was typed since.
    if (revisionOf(html) < editor.queue.revision) {
      this.refresh();
      if (isSame) return;
    }
    if (!isSame) this.#storeFocused();
    if (!isSame) this.element.scrollTop = 0;
    this.#known.clear();
    if (isSame) this.#update(html);
    else {
      this.body.outerHTML = html;
      this.#seen.clear();
    }
    this.editor.conflicts.show();
    this.#grow();
    this.#focusWanted();
  }

  /** One has come back to what is shown: a form of something else that was asked for meanwhile is not to come over it.
   * @param {string} subject */
  #stayWith(subject) {
    if (this.#asked === subject) return;
    this.#asked = subject;
    this.#latest += 1;
    this.refresh(); // an answer about this one may have been passed over too
  }

  /** What is half typed in a form that goes away is stored as if one had left the field. */
  #storeFocused() {
    const control = document.activeElement;
    if (!this.body?.contains(control)) return;
    if (control instanceof HTMLInputElement || control instanceof HTMLTextAreaElement) {
      if (control.value !== control.defaultValue) this.#changed(control);
    }
  }

  /** Bring the form up to date, soon. */
  refresh() {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.show({ force: true }), 60);
  }

  /** Put the cursor into the form. @param {string} ref @param {string} [path] of a setting, joined by dots */
  focus(ref, path = "") {
    this.#wanted = { ref, path };
    this.#ahead = "";
    this.#isEntered = false;
    // Until the form is there, what is typed must not reach another form, nor count as keys of the canvas.
    if (ref !== this.shown) this.element.focus({ preventScroll: true });
    this.#focusWanted();
  }

  #focusWanted() {
    const wanted = this.#wanted;
    if (!wanted || wanted.ref !== this.shown || !this.body) return;
    this.#wanted = null;
    uncover(this.editor, wanted.ref);
    // What only takes a value away is no place to mend it, and what is not shown none at all.
    const found = /** @type {HTMLElement[]} */ ([...this.body.querySelectorAll("[data-path]:not(:has(> [data-act=clear]))")]);
    const fields = found.filter((field) => !field.closest("[hidden]"));
    const paths = fields.map((field) => JSON.parse(field.dataset.path ?? "[]").join("."));
    const number = Math.max(fieldFor(paths, wanted.path), 0);
    const field = rowOf(fields[number], paths[number], wanted.path) ?? fields[number];
    for (let group = field?.closest("details"); group; group = group.parentElement?.closest("details")) group.open = true;
    const control = /** @type {HTMLElement | null} */ (field?.querySelector(ENTERED) ?? this.body.querySelector(`${ENTERED}, a`));
    control?.focus();
    if (control instanceof HTMLInputElement && (!wanted.path || wanted.path === "name")) control.select();
    if (control instanceof HTMLTextAreaElement || (control instanceof HTMLInputElement && control.type === "text")) this.#catchUp(control);
  }

  /** What was typed ahead of the field is typed into it. @param {HTMLInputElement | HTMLTextAreaElement} control that has the keyboard */
  #catchUp(control) {
    if (this.#ahead && !control.readOnly) {
      control.setRangeText(this.#ahead, control.selectionStart ?? 0, control.selectionEnd ?? 0, "end");
      control.dispatchEvent(new Event("input", { bubbles: true }));
      if (this.#isEntered) control.dispatchEvent(new Event("change", { bubbles: true }));
    }
    this.#ahead = "";
  }

  /** A key that is for a field that has not come yet. @param {KeyboardEvent} event @returns {boolean} whether it is kept */
  #keep(event) {
    const target = /** @type {Element} */ (event.target);
    const isAwaited = this.#wanted ? target === this.element : this.#rows < Infinity && target.matches("[data-arrive]");
    if (!isAwaited || event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.key === "Escape" && this.#wanted?.path === "name") this.#leave(this.#wanted.ref);
    else if (event.key === "Enter") this.#isEntered = true;
    else if (event.key === "Backspace") this.#ahead = this.#ahead.slice(0, -1);
    else if ([...event.key].length === 1) this.#ahead += event.key;
    else return false;
    event.preventDefault();
    return true;
  }

  /** A name that was typed before its field came is stored all the same. */
  #storeAhead() {
    const [wanted, name] = [this.#wanted, this.#ahead];
    [this.#wanted, this.#ahead] = [null, ""];
    if (wanted?.path !== "name" || !name.trim()) return;
    const field = document.createElement("div");
    field.dataset.path = '["name"]';
    this.#store(field, name, wanted.ref);
  }

  /** Back to what the form is about, before it has come. @param {string} ref */
  #leave(ref) {
    this.#storeAhead();
    this.editor.closeSide("inspector");
    this.editor.focus(ref);
  }

  /** @param {string} html */
  #update(html) {
    const body = /** @type {HTMLElement} */ (this.body);
    const shown = Number(body.dataset.revision);
    const typed = isTyped(document.activeElement) ? document.activeElement : null;
    // Also what stands in a field with a new row: its other rows are not brought up to date either.
    const isHeld = (/** @type {Element} */ control, /** @type {Element | null} */ field) =>
      control === typed || ["data-pending", "data-refused", "data-live-keep"].some((mark) => field?.hasAttribute(mark));
    const held = [...body.querySelectorAll(CONTROLS)].filter((control) => isHeld(control, control.closest("[data-path]")));
    this.#keeping(body, (kept) => replacePart(body, withKept(kept, html)));
    const kept = new Set(held.map((control) => control.closest("[data-path]")?.getAttribute("data-path") ?? ""));
    for (const path of this.#seen.keys()) if (!kept.has(path)) this.#seen.delete(path);
    for (const path of kept) if (!this.#seen.has(path)) this.#seen.set(path, shown);
    for (const control of body.querySelectorAll(CONTROLS)) {
      if (!held.includes(control) && !this.editor.conflicts.holds(control)) setToDefault(control);
    }
    this.#enterRow(body);
  }

  /** From the button that asked for one row more into that row. @param {HTMLElement} body */
  #enterRow(body) {
    const list = document.activeElement?.getAttribute("data-arrive");
    const rows = list ? body.querySelectorAll(`[data-rows=${list}] > [data-row]`) : [];
    if (list && rows.length <= this.#rows) return;
    this.#rows = Infinity; // or one has gone on to something else
    const input = rows[rows.length - 1]?.querySelector("input:not([type=hidden])");
    if (!(input instanceof HTMLInputElement)) return;
    input.select();
    input.focus();
    this.#catchUp(input);
  }

  /** The server knows no row before it is stored: fields with such rows, and those on their way, stay as they are.
   * @param {HTMLElement} body @param {(kept: HTMLElement[]) => void} update */
  #keeping(body, update) {
    const pending = /** @type {HTMLElement[]} */ ([...body.querySelectorAll("[data-path][data-pending]:not([data-live-keep])")]);
    for (const field of pending) field.dataset.liveKeep = "fresh";
    update(/** @type {HTMLElement[]} */ ([...body.querySelectorAll("[data-live-keep=fresh]")]));
    for (const field of pending) delete field.dataset.liveKeep;
  }

  /** @param {Element} target */
  #changed(target) {
    const field = /** @type {HTMLElement | null} */ (target.closest("[data-path]"));
    // Enter stores at once; leaving the field then says the same again.
    const isKnown = target instanceof HTMLInputElement && target.type === "text" && target.value === target.defaultValue;
    if (target.hasAttribute("data-waits")) return; // for its button: walking through its choices must not choose
    if (!field || !target.matches(CONTROLS)) return;
    const isRefused = field.hasAttribute("data-refused");
    if (isRefused || !(isKnown || this.#isSaid(field))) this.#store(field);
  }

  /** Whether what a field says is stored or about to be: Enter has stored it, leaving the field says it again. @param {HTMLElement} field */
  #isSaid(field) {
    const [subject, path] = [this.shown, JSON.parse(field.dataset.path ?? "[]")];
    const last = this.#waitingAt({ subject, path }).at(-1);
    const known = last ? JSON.stringify(last.value) : this.#known.get(JSON.stringify([subject, path]));
    return known === JSON.stringify(valueOf(field));
  }

  /** @param {Element} target */
  #typed(target) {
    if (target instanceof HTMLTextAreaElement) fitHeight(target);
    if (target.matches("[data-switch]")) this.#showVisible();
  }

  /** @param {HTMLElement} field @param {unknown} [value] what the field stands for, unless told @param {string} [subject]
   * @param {number} [seen] the revision that it was typed over, unless the field knows */
  #store(field, value = valueOf(field), subject = this.shown, seen = undefined) {
    const { editor } = this;
    const path = JSON.parse(field.dataset.path ?? "[]");
    const shown = subject === this.shown ? Number(this.body?.dataset.revision) : editor.queue.revision;
    const body = { subject, path, value, seen: seen ?? this.#seen.get(field.dataset.path ?? "") ?? shown };
    field.dataset.pending = "";
    delete field.dataset.liveKeep;
    this.#say(field, "");
    editor.keyboard.flush();
    this.#posted.add(body);
    editor.queue.push({
      door: "fields",
      body,
      accepted: (answer) => {
        this.#settled(field, body);
        editor.conflicts.settle(subject, path);
        this.#stored(body, answer.revision);
        if (answer.announce) editor.announce(answer.announce);
        const isElsewhere = answer.subject === undefined || editor.selection.leading !== subject;
        if (!isElsewhere && answer.subject !== subject) editor.selection.follow(answer.subject);
      },
      refused: (problem) => {
        this.#settled(field, body);
        this.#rows = Infinity; // no row will come
        const reason = problem.errors?.[0]?.message ?? problem.detail;
        if (field.isConnected) this.#say(field, reason);
        else editor.conflicts.keep(reason, value);
      },
      stale: (problem) => {
        this.#settled(field, body);
        this.#rows = Infinity;
        this.#seen.set(field.dataset.path ?? "", problem.revision);
        editor.conflicts.met({ subject, path, value, seen: body.seen, problem });
      },
    });
  }

  /** A value has been answered; its field waits on where a later one is still on its way. @param {HTMLElement} field @param {Posted} body */
  #settled(field, body) {
    this.#posted.delete(body);
    if (!this.#waitingAt(body).length) delete field.dataset.pending;
  }

  /** What is on its way to a setting. @param {{subject: string, path: unknown}} body */
  #waitingAt({ subject, path }) {
    const place = JSON.stringify(path);
    return [...this.#posted].filter((posted) => posted.subject === subject && JSON.stringify(posted.path) === place);
  }

  /** One has seen what one has stored oneself: what waits to be stored after it was typed on top of it.
   * @param {Posted} body @param {number} revision */
  #stored(body, revision) {
    const path = JSON.stringify(body.path);
    this.#known.set(JSON.stringify([body.subject, body.path]), JSON.stringify(body.value));
    for (const later of this.#waitingAt(body)) later.seen = revision;
    if (this.shown === body.subject) this.#seen.set(this.#field(body.path)?.dataset.path ?? path, revision);
  }

  /** The field of the form at a path. @param {unknown} path @returns {HTMLElement | null} */
  #field(path) {
    const fields = /** @type {HTMLElement[]} */ ([...(this.body?.querySelectorAll("[data-path]") ?? [])]);
    return fields.find((field) => JSON.stringify(JSON.parse(field.dataset.path ?? "[]")) === JSON.stringify(path)) ?? null;
  }

  /** The field that a conflict is about, if its form is shown. @param {string} subject @param {unknown} path */
  fieldOf(subject, path) {
    return this.shown === subject ? this.#field(path) : null;
  }

  /** Store a value over what somebody else has put there, having seen that; or only what was there at a revision.
   * @param {HTMLElement} field @param {unknown} value @param {number} [seen] */
  storeAgain(field, value, seen) {
    this.#store(field, value, undefined, seen);
  }

  /** Forget what was typed. @param {HTMLElement} field */
  takeTheirs(field) {
    delete field.dataset.liveKeep;
    delete field.dataset.refused;
    this.#seen.delete(field.dataset.path ?? "");
    for (const control of field.querySelectorAll(CONTROLS)) {
      control.removeAttribute("aria-invalid");
      setToDefault(control);
    }
    return this.show({ force: true });
  }

  /** Show, or take away, why a value was refused. @param {HTMLElement} field @param {string} reason */
  #say(field, reason) {
    const place = field.querySelector(".field-error");
    if (place) place.textContent = reason;
    field.toggleAttribute("data-refused", reason !== "");
    for (const control of field.querySelectorAll(CONTROLS)) {
      if (reason) control.setAttribute("aria-invalid", "true");
      else control.removeAttribute("aria-invalid");
    }
    if (reason) this.editor.announce(reason);
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const button = /** @type {Element} */ (event.target).closest("[data-act]");
    if (!(button instanceof HTMLButtonElement)) return;
    const field = /** @type {HTMLElement | null} */ (button.closest("[data-path]"));
    const act = button.dataset.act ?? "";
    if (act === "clear" && field) this.#store(field, null);
    else if (act === "set" && field) {
      this.#rows = this.body?.querySelectorAll(`[data-rows=${button.dataset.arrive}] > [data-row]`).length ?? 0;
      [this.#ahead, this.#isEntered] = ["", false];
      this.#store(field, JSON.parse(button.dataset.value ?? "null"));
    }
    else if (act === "add" && field) this.#addRow(button, field);
    else if (act === "add-chosen" && field) this.#addChosen(field);
    else if (field && ["remove", "up", "down"].includes(act)) this.#changeRow(button, field, act);
    else this.editor.act(act, button.dataset);
  }

  /** @param {HTMLElement} field with a list of what can be added */
  #addChosen(field) {
    const list = field.querySelector("select");
    if (list?.value) return this.#store(field);
    this.#say(field, "Choose from the list first.");
    return list?.focus();
  }

  /** @param {HTMLElement} button @param {HTMLElement} field */
  #addRow(button, field) {
    const composed = button.closest("[data-compose]") ?? field;
    const template = /** @type {HTMLTemplateElement | null} */ (composed.querySelector(`template[data-for="${button.dataset.for}"]`));
    const rows = button.dataset.into ? composed.querySelector(`[data-rows="${button.dataset.into}"]`) : composed.querySelector("[data-rows]");
    const fresh = template?.content.firstElementChild?.cloneNode(true);
    if (!(fresh instanceof HTMLElement) || !rows) return;
    rows.append(fresh);
    field.dataset.liveKeep = "fresh";
    this.#number(fresh);
    fresh.querySelector(/** @type {any} */ (CONTROLS))?.focus();
    if (button.dataset.store !== undefined) this.#store(field);
  }

  /** A new row gets the ids that the server will give it, so that it stays in focus when the form is brought up to date.
   * @param {HTMLElement} row */
  #number(row) {
    const place = [...(row.parentElement?.children ?? [])].indexOf(row);
    for (const element of row.querySelectorAll("[id]")) element.id = element.id.replace(/-new$/, `-${place}`);
  }

  /** @param {HTMLElement} button @param {HTMLElement} field @param {string} act */
  #changeRow(button, field, act) {
    const row = button.closest("[data-row]");
    if (!row) return;
    const [previous, next] = [row.previousElementSibling, row.nextElementSibling];
    if (act === "remove") {
      const near = (next ?? previous)?.querySelector("button, input, select, textarea");
      row.remove();
      /** @type {HTMLElement} */ (near ?? field.querySelector("[data-act=add]"))?.focus();
    }
    if (act === "up") previous?.before(row);
    if (act === "down") next?.after(row);
    for (const one of row.parentElement?.children ?? []) bound(one);
    // At the end of the list this way is barred: the focus goes to the way back, as a barred button would lose it.
    const back = row.querySelector(`button[data-act=${act === "up" ? "down" : "up"}]`);
    if (act !== "remove") /** @type {HTMLElement} */ (button.matches(":disabled") ? (back ?? button) : button).focus();
    this.#store(field);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (this.#keep(event)) return;
    if (event.key === "Escape") {
      event.preventDefault();
      this.editor.closeSide("inspector");
      this.editor.focus(this.shown);
    }
    const input = event.target;
    if (event.key === "Enter" && input instanceof HTMLInputElement && input.type !== "checkbox" && input.type !== "radio") {
      event.preventDefault();
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && input instanceof HTMLTextAreaElement) {
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }

  /** Fields that depend on another one show as soon as that one changes. */
  #showVisible() {
    for (const field of /** @type {NodeListOf<HTMLElement>} */ (this.element.querySelectorAll("[data-visible-when]"))) {
      const { key, values } = JSON.parse(field.dataset.visibleWhen ?? "{}");
      const group = field.parentElement?.closest("[data-group]") ?? this.body;
      const input = /** @type {HTMLInputElement | null} */ (group?.querySelector(`[data-switch="${CSS.escape(key)}"]`));
      if (input) field.hidden = !values.includes(input.value || input.dataset.default || null);
    }
  }

  #grow() {
    for (const area of this.element.querySelectorAll("textarea")) fitHeight(area);
  }
}

/** The row of a field that a path goes on to. @param {HTMLElement | undefined} field @param {string} path @param {string} wanted */
function rowOf(field, path, wanted) {
  const rows = [...(field?.querySelector("[data-rows]")?.querySelectorAll(":scope > [data-row]") ?? [])];
  const keys = rows.map((row) => /** @type {HTMLInputElement | null} */ (row.querySelector("[data-key='0'] input"))?.value ?? "");
  const words = wanted.slice((path ?? "").length + 1).split(".").slice(1);
  return words.reduce((here, word) => partOf(here, word) ?? here, rows[rowFor(path ?? "", wanted, keys)]);
}

/** Further in, as far as there is one: a statement of a branch, and in it what is compared. @param {Element | undefined} row
 * @param {string} word */
function partOf(row, word) {
  return /^\d+$/.test(word) ? row?.querySelectorAll("[data-row]")[Number(word)] : row?.querySelector(`[data-key="${CSS.escape(word)}"]`);
}
