// @ts-check
/**
 * A form drawn field by field, over the text area that holds its JSON Schema. The text area is the truth: a change writes it,
 * and the inspector stores it as it stores any field.
 */

import { csrfToken } from "../../csrf.js";
import { iconFor } from "../chooser.js";
import { problemIn } from "./highlight.js";
import { TYPES, freeName, isDrawable, nameProblem, rowsOf, schemaOf } from "./schema.js";

/** @typedef {import("./schema.js").Row} Row */

export class Designers {
  /** What is drawn and shown, by text area. @type {WeakMap<HTMLTextAreaElement, string>} */
  #drawn = new WeakMap();
  /** @type {WeakMap<HTMLElement, string>} */
  #shown = new WeakMap();

  /** @param {import("../main.js").Editor} editor */
  constructor(editor) {
    this.editor = editor;
  }

  /** @param {HTMLElement} root */
  show(root) {
    for (const box of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-schema]"))) {
      const area = /** @type {HTMLTextAreaElement} */ (box.querySelector("textarea[data-input]"));
      const place = /** @type {HTMLElement} */ (box.querySelector("[data-schema-fields]"));
      if (!this.#drawn.has(area)) this.#listen(box, area, place);
      // While one types in the rows they are ahead of the text area.
      if (this.#drawn.get(area) !== meaning(area) && !place.contains(document.activeElement)) this.#draw(box, area, place);
      void this.#preview(box, area);
    }
  }

  /** @param {HTMLElement} box @param {HTMLTextAreaElement} area @param {HTMLElement} place */
  #listen(box, area, place) {
    this.#drawn.set(area, "\u0000");
    place.addEventListener("change", (event) => {
      const control = /** @type {HTMLElement} */ (event.target);
      settle(control);
      if (control instanceof HTMLSelectElement) showType(control);
      showName(control);
      // What is stored is the text area: the change of a row says nothing of its own, nor what leaves the rows half named.
      event.stopPropagation();
      const before = meaning(area);
      if (this.#write(box, area, place) && meaning(area) !== before) area.dispatchEvent(new Event("change", { bubbles: true }));
    });
    place.addEventListener("click", (event) => {
      const button = /** @type {Element} */ (event.target).closest("[data-row-act]");
      if (button instanceof HTMLButtonElement) this.#act(button, box, area, place);
    });
    area.addEventListener("input", () => {
      if (!problemIn(area.value, "schema")) this.show(/** @type {HTMLElement} */ (box.parentElement));
    });
    box.querySelector(".schema-shown")?.addEventListener("toggle", () => void this.#preview(box, area));
  }

  /** @param {HTMLTextAreaElement} area @returns {any} the schema; null where the text is none that rows can show */
  #schema(area) {
    if (!area.value.trim()) return {};
    if (problemIn(area.value, "schema")) return null;
    const schema = JSON.parse(area.value);
    return isDrawable(schema) ? schema : null;
  }

  /** @param {HTMLElement} box @param {HTMLTextAreaElement} area @param {HTMLElement} place */
  #draw(box, area, place) {
    this.#drawn.set(area, meaning(area));
    const schema = this.#schema(area);
    const open = namesOfOpen(place);
    if (schema === null) {
      place.replaceChildren(note("This cannot be shown as fields; change it as JSON."));
      return;
    }
    const rows = rowsOf(schema);
    const stem = box.dataset.schema ?? "";
    const canEdit = this.editor.canEdit;
    place.replaceChildren(
      ...rows.map((row, number) => rowFor(row, `${stem}-row${number}`, { isFirst: number === 0, isLast: number === rows.length - 1, canEdit })),
      ...(canEdit ? [addButton(box.dataset.label ?? "")] : rows.length ? [] : [note("No fields.")]),
    );
    for (const row of place.querySelectorAll("[data-schema-row]")) {
      if (row instanceof HTMLDetailsElement && open.has(nameIn(row))) row.open = true;
    }
  }

  /** Write what the rows say. @param {HTMLElement} box @param {HTMLTextAreaElement} area @param {HTMLElement} place
   * @param {Row[]} [rows] @returns {boolean} whether it could be written */
  #write(box, area, place, rows = readRows(place, rowsOf(this.#schema(area) ?? {}))) {
    const problem = nameProblem(rows);
    const error = box.closest(".field")?.querySelector(":scope > .field-error");
    if (error) error.textContent = problem;
    if (problem) {
      this.editor.announce(problem);
      return false;
    }
    const schema = schemaOf(this.#schema(area) ?? {}, rows);
    area.value = schema === null ? "" : JSON.stringify(schema, null, 2);
    this.#drawn.set(area, meaning(area));
    area.dispatchEvent(new Event("input", { bubbles: true }));
    return true;
  }

  /** @param {HTMLButtonElement} button @param {HTMLElement} box @param {HTMLTextAreaElement} area @param {HTMLElement} place */
  #act(button, box, area, place) {
    const rows = readRows(place, rowsOf(this.#schema(area) ?? {}));
    const row = button.closest("[data-schema-row]");
    const at = row ? [...place.querySelectorAll("[data-schema-row]")].indexOf(row) : -1;
    const act = button.dataset.rowAct;
    let next = at;
    if (act === "add") next = rows.push({ name: freeName(rows), type: "text", title: "", help: "", choices: "", isRequired: false, rest: {}, was: "" }) - 1;
    if (act === "remove") {
      rows.splice(at, 1);
      next = Math.min(at, rows.length - 1);
    }
    if (act === "up" || act === "down") {
      next = act === "up" ? at - 1 : at + 1;
      rows.splice(next, 0, ...rows.splice(at, 1));
    }
    if (!this.#write(box, area, place, rows)) return;
    this.#draw(box, area, place);
    const fresh = place.querySelectorAll("[data-schema-row]")[next];
    const name = /** @type {HTMLInputElement | null} */ (fresh?.querySelector("[data-part=name]"));
    if (act === "add") openRow(fresh, name);
    else /** @type {HTMLElement | null} */ (fresh?.querySelector(`[data-row-act=${act}]:not(:disabled)`) ?? fresh?.querySelector("summary") ?? place.querySelector("[data-row-act=add]"))?.focus();
    // The inspector stores a field when one of its inputs tells of a change.
    area.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /** The form as people will see it, made by the server. @param {HTMLElement} box @param {HTMLTextAreaElement} area */
  async #preview(box, area) {
    const details = /** @type {HTMLDetailsElement | null} */ (box.querySelector(".schema-shown"));
    const place = /** @type {HTMLElement} */ (box.querySelector("[data-schema-preview]"));
    if (!details?.open || this.#shown.get(place) === area.value || problemIn(area.value, "schema")) return;
    this.#shown.set(place, area.value);
    const schema = area.value.trim() ? JSON.parse(area.value) : { type: "object", properties: {} };
    const headers = { "Content-Type": "application/json", "X-CSRFToken": csrfToken() };
    const body = JSON.stringify({ schema, prefix: box.dataset.schema });
    const text = area.value;
    const response = await fetch(`${this.editor.doors.base}form-preview`, { method: "POST", headers, body }).catch(() => null);
    const html = response?.ok ? await response.text().catch(() => null) : null;
    if (this.#shown.get(place) !== text) return; // drawn on since: a later answer is on its way
    if (html === null) this.#shown.delete(place);
    else place.innerHTML = html;
  }
}

/** What a text area says, however it is laid out: the server lays it out in its own way. @param {HTMLTextAreaElement} area */
function meaning(area) {
  try {
    return JSON.stringify(JSON.parse(area.value));
  } catch {
    return area.value;
  }
}

/** @param {HTMLElement} place */
function namesOfOpen(place) {
  return new Set([...place.querySelectorAll("[data-schema-row][open]")].map(nameIn));
}

/** @param {Element} row */
function nameIn(row) {
  return /** @type {HTMLInputElement} */ (row.querySelector("[data-part=name]")).value.trim();
}

/** What was typed is what a control begins with from now on: bringing the form up to date leaves it. @param {HTMLElement} control */
function settle(control) {
  if (control instanceof HTMLSelectElement) for (const option of control.options) option.defaultSelected = option.selected;
  else if (control instanceof HTMLInputElement && control.type === "checkbox") control.defaultChecked = control.checked;
  else if (control instanceof HTMLInputElement || control instanceof HTMLTextAreaElement) control.defaultValue = control.value;
}

/** @param {HTMLElement} place @param {Row[]} before the rows as the schema has them: what cannot be seen is kept from there
 * @returns {Row[]} */
function readRows(place, before) {
  return [...place.querySelectorAll("[data-schema-row]")].map((row, number) => {
    const part = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (row.querySelector(`[data-part=${name}]`));
    const known = before[number];
    return {
      name: part("name").value.trim(),
      type: part("type").value,
      title: part("title").value,
      help: part("help").value,
      choices: part("choices")?.value ?? "",
      isRequired: part("required").checked,
      rest: known?.rest ?? {},
      was: known?.was ?? "",
    };
  });
}

/** @param {Element | undefined} row @param {HTMLInputElement | null} name */
function openRow(row, name) {
  if (row instanceof HTMLDetailsElement) row.open = true;
  name?.focus();
  name?.select();
}

/** @param {Row} row @param {string} id @param {{isFirst: boolean, isLast: boolean, canEdit: boolean}} how */
function rowFor(row, id, { isFirst, isLast, canEdit }) {
  const details = element("details", { class: "schema-row", "data-schema-row": "" });
  const label = row.title || row.name;
  const summary = element("summary", {});
  summary.append(
    element("b", { class: "clip", "data-row-words": "" }, label),
    element("span", { class: "muted small clip", "data-type-words": "" }, TYPES.find((type) => type.key === row.type)?.label ?? ""),
    ...(row.isRequired ? [element("span", { class: "chip" }, "required")] : []),
  );
  const isReadOnly = canEdit ? {} : { readonly: "" };
  const isDisabled = canEdit ? {} : { disabled: "" };
  const type = element("select", { "data-part": "type", ...isDisabled });
  for (const { key, label: words } of TYPES) {
    const option = new Option(words, key, key === row.type, key === row.type);
    type.append(option);
  }
  const required = element("input", { type: "checkbox", "data-part": "required", ...isDisabled, ...(row.isRequired && { checked: "" }) });
  const body = element("div", { class: "schema-row-body" });
  body.append(
    labelled("Name in the data", id, "name", element("input", { type: "text", value: row.name, "data-part": "name", autocomplete: "off", spellcheck: "false", ...isReadOnly })),
    labelled("Label", id, "title", element("input", { type: "text", value: row.title, "data-part": "title", autocomplete: "off", placeholder: row.name, ...isReadOnly })),
    labelled("Type", id, "type", type),
    labelled("Choices, one a line", id, "choices", element("textarea", { rows: "3", "data-part": "choices", placeholder: "express: By express", ...isReadOnly }, row.choices)),
    labelled("Help", id, "help", element("input", { type: "text", value: row.help, "data-part": "help", autocomplete: "off", placeholder: "As it stands on the label", ...isReadOnly })),
    checkbox("Required", id, required),
    ...(canEdit ? [buttons(label, isFirst, isLast)] : []),
  );
  details.append(summary, body);
  showType(/** @type {HTMLSelectElement} */ (type));
  return details;
}

/** Show what goes with the chosen type. The row stays as it is: typing on in the list of types must find it there.
 * @param {HTMLSelectElement} type */
function showType(type) {
  const row = type.closest("[data-schema-row]");
  const choices = /** @type {HTMLElement | null | undefined} */ (row?.querySelector("[data-part=choices]")?.parentElement);
  if (choices) choices.hidden = type.value !== "choice" && type.value !== "choices";
  const words = row?.querySelector("[data-type-words]");
  if (words) words.textContent = TYPES.find(({ key }) => key === type.value)?.label ?? "";
}

/** The row is called what it is called by now; it stays as it is, for the same reason. @param {HTMLElement} control that changed */
function showName(control) {
  const row = control.closest("[data-schema-row]");
  const words = row?.querySelector("[data-row-words]");
  const part = (/** @type {string} */ name) => /** @type {HTMLInputElement | null | undefined} */ (row?.querySelector(`[data-part=${name}]`))?.value;
  const label = part("title") || part("name") || "";
  row?.querySelector("[data-part=title]")?.setAttribute("placeholder", part("name") ?? "");
  if (words) words.textContent = label;
  for (const button of row?.querySelectorAll("[data-row-act]") ?? []) nameButton(button, label);
}

/** @param {Element} button of a row @param {string} label of the row */
function nameButton(button, label) {
  const words = button.querySelector(".hush");
  if (words) words.textContent = `${button.getAttribute("title")}: ${label}`;
}

/** @param {string} label @param {boolean} isFirst @param {boolean} isLast */
function buttons(label, isFirst, isLast) {
  const row = element("div", { class: "row row-tight" });
  for (const [act, icon, words, isOff] of /** @type {[string, string, string, boolean][]} */ ([
    ["up", "chevron-up", "Move up", isFirst],
    ["down", "chevron-down", "Move down", isLast],
    ["remove", "trash", "Remove", false],
  ])) {
    const button = element("button", { type: "button", class: "button button-quiet button-small button-icon", "data-row-act": act, title: words, ...(isOff && { disabled: "" }) });
    button.append(element("span", { class: "hush" }), iconFor(icon));
    nameButton(button, label);
    row.append(button);
  }
  return row;
}

/** @param {string} label */
function addButton(label) {
  const button = element("button", { type: "button", class: "button button-small add-row", "data-row-act": "add" });
  button.append(iconFor("plus"), "Field", element("span", { class: "hush" }, ` for ${label}`));
  return button;
}

/** @param {string} words @param {string} stem @param {string} part @param {HTMLElement} control */
function labelled(words, stem, part, control) {
  control.id = `${stem}-${part}`;
  const field = element("div", { class: "schema-part" });
  field.append(element("label", { for: control.id }, words), control);
  return field;
}

/** @param {string} words @param {string} stem @param {HTMLElement} control */
function checkbox(words, stem, control) {
  control.id = `${stem}-required`;
  const field = element("div", { class: "field-check" });
  field.append(control, element("label", { for: control.id }, words));
  return field;
}

/** @param {string} words */
function note(words) {
  return element("p", { class: "help" }, words);
}

/** @param {string} name @param {Record<string, string | false | undefined>} attributes @param {string} [text] */
function element(name, attributes, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (typeof value === "string") made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}
