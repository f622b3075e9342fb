// @ts-check
/**
 * A form drawn field by field, over the text area that holds its JSON Schema. The text area is the truth: a change writes it,
 * and the inspector stores it as it stores any field.
 */

import { csrfToken } from "../../csrf.js";
import { iconFor } from "../chooser.js";
import { problemIn } from "./highlight.js";
import { announcePlace, drag } from "./reorder.js";
import { TYPES, freshRow, hasRows, isDrawable, nameProblem, rowsOf, schemaOf } from "./schema.js";

/** @typedef {import("./schema.js").Row} Row */

const ROW = "[data-schema-row]";
const LEVEL = "[data-schema-level], [data-schema-fields]"; // the fields of a group, or of the whole

export class Designers {
  /** What is drawn and shown, by text area. @type {WeakMap<HTMLTextAreaElement, string>} */
  #drawn = new WeakMap();
  /** @type {WeakMap<HTMLElement, string>} */
  #shown = new WeakMap();

  /** What was said to be wrong with the names, by text area. @type {WeakMap<HTMLTextAreaElement, string>} */
  #said = new WeakMap();

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
      this.#tell(box, area, place); // what came from the server knows nothing of names that are not stored
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
      // A press on the handle is no click on the line that it stands in.
      else if (/** @type {Element} */ (event.target).closest("[data-drag]")) event.preventDefault();
    });
    place.addEventListener("pointerdown", (event) => this.#lift(event, box, area, place));
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
    const open = pathsOfOpen(place);
    if (schema === null) {
      place.replaceChildren(note("This cannot be shown as fields; change it as JSON."));
      return;
    }
    fill(place, rowsOf(schema), box.dataset.schema ?? "", box.dataset.label ?? "", this.editor.canEdit);
    for (const row of place.querySelectorAll(ROW)) {
      if (row instanceof HTMLDetailsElement && open.has(pathOf(row))) row.open = true;
    }
  }

  /** Write what the rows say. @param {HTMLElement} box @param {HTMLTextAreaElement} area @param {HTMLElement} place
   * @param {Row[]} [rows] @returns {boolean} whether it could be written */
  #write(box, area, place, rows = this.#read(area, place)) {
    const problem = this.#tell(box, area, place, rows);
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

  /** Say at the field what is wrong with the names of its rows. @param {HTMLElement} box @param {HTMLTextAreaElement} area
   * @param {HTMLElement} place @param {Row[]} [rows] without: as it was said, for as long as it is so
   * @returns {string} empty where nothing is wrong */
  #tell(box, area, place, rows) {
    const problem = nameProblem(rows ?? this.#read(area, place));
    const error = box.closest(".field")?.querySelector(":scope > .field-error");
    const isSaid = problem !== "" && this.#said.get(area) === problem && !error?.textContent;
    if (error && (rows || isSaid)) error.textContent = problem;
    if (rows) this.#said.set(area, problem);
    return problem;
  }

  /** What the rows say. @param {HTMLTextAreaElement} area @param {HTMLElement} place */
  #read(area, place) {
    return readRows(place, rowsOf(this.#schema(area) ?? {}));
  }

  /** @param {HTMLButtonElement} button @param {HTMLElement} box @param {HTMLTextAreaElement} area @param {HTMLElement} place */
  #act(button, box, area, place) {
    const level = levelOf(button);
    const at = rowsIn(level).findIndex((row) => row.contains(button));
    const act = button.dataset.rowAct ?? "";
    const fresh = this.#change(level, box, area, place, (rows) => {
      if (act === "add") return rows.push(freshRow(rows)) - 1;
      const [row] = rows.splice(at, 1);
      if (act === "remove") return Math.min(at, rows.length - 1);
      const next = act === "up" ? at - 1 : at + 1;
      rows.splice(next, 0, row);
      return next;
    });
    if (!fresh) return;
    if (act === "up" || act === "down") announcePlace(this.editor, "field", rowsIn(fresh.level).indexOf(/** @type {HTMLElement} */ (fresh.row)), rowsIn(fresh.level).length);
    const own = (/** @type {string} */ wanted) => /** @type {HTMLElement | null} */ (fresh.row?.querySelector(`:scope > .schema-row-body > ${wanted}`));
    const isOpen = fresh.row?.hasAttribute("open"); // what is folded away takes no focus
    if (act === "add") openRow(fresh.row, own(".schema-part [data-part=name]"));
    else ((isOpen && own(`.row [data-row-act=${act}]:not(:disabled)`)) || fresh.row?.querySelector("summary") || addButtonOf(fresh.level))?.focus();
  }

  /** Rows of one list become others. @param {HTMLElement} level @param {HTMLElement} box @param {HTMLTextAreaElement} area
   * @param {HTMLElement} place @param {(rows: Row[]) => number} change tells which row is meant afterwards
   * @returns {{level: HTMLElement, row: HTMLElement | undefined} | null} null where it cannot be written */
  #change(level, box, area, place, change) {
    const path = placesOf(level);
    const rows = this.#read(area, place);
    const next = change(path.reduce((list, at) => list[at].rows, rows));
    if (!this.#write(box, area, place, rows)) return null;
    this.#draw(box, area, place);
    // The inspector stores a field when one of its inputs tells of a change.
    area.dispatchEvent(new Event("change", { bubbles: true }));
    const drawn = path.reduce((/** @type {HTMLElement} */ list, at) => /** @type {HTMLElement} */ (rowsIn(list)[at].querySelector(LEVEL)), place);
    return { level: drawn, row: rowsIn(drawn)[next] };
  }

  /** @param {PointerEvent} event @param {HTMLElement} box @param {HTMLTextAreaElement} area @param {HTMLElement} place */
  #lift(event, box, area, place) {
    const handle = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-drag]"));
    const row = /** @type {HTMLElement | null} */ (handle?.closest(ROW));
    if (!handle || !row || event.button !== 0) return;
    event.preventDefault();
    const level = /** @type {HTMLElement} */ (row.parentElement);
    drag(row, handle, event, {
      pane: this.editor.inspector.element,
      begun: () => fold(level),
      moved: (from, to) => {
        const rows = rowsIn(level);
        rows.splice(from, 0, ...rows.splice(to, 1)); // as they were read: what a row does not show goes by its place
        level.prepend(...rows);
        const fresh = this.#change(level, box, area, place, (list) => {
          list.splice(to, 0, ...list.splice(from, 1));
          return to;
        });
        if (fresh) announcePlace(this.editor, "field", to, rows.length);
      },
    });
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

/** The rows of a list of fields, without those within them. @param {HTMLElement} level @returns {HTMLElement[]} */
function rowsIn(level) {
  return [...level.querySelectorAll(`:scope > ${ROW}`)];
}

/** The list that a button is about: of its row, or the one that it adds to. @param {Element} button @returns {HTMLElement} */
function levelOf(button) {
  return /** @type {HTMLElement} */ (button.closest(ROW + ", " + LEVEL)?.matches(ROW) ? button.closest(ROW)?.parentElement : button.closest(LEVEL));
}

/** @param {HTMLElement} level @returns {HTMLElement | null} */
function addButtonOf(level) {
  return level.querySelector(":scope > [data-row-act=add]");
}

/** The places of the rows that a list is within, the outermost first. @param {HTMLElement} level @returns {number[]} */
function placesOf(level) {
  const row = /** @type {HTMLElement | null} */ (level.closest(ROW));
  const around = /** @type {HTMLElement} */ (row?.parentElement);
  return row ? [...placesOf(around), rowsIn(around).indexOf(row)] : [];
}

/** Rows for the fields of one list, and the button for one more. @param {HTMLElement} level @param {Row[]} rows @param {string} stem
 * @param {string} label of what they are the fields @param {boolean} canEdit */
function fill(level, rows, stem, label, canEdit) {
  level.replaceChildren(
    ...rows.map((row, number) => rowFor(row, `${stem}-row${number}`, { isFirst: number === 0, isLast: number === rows.length - 1, canEdit })),
    ...(canEdit ? [addButton(label, !level.matches("[data-schema-fields]"))] : rows.length ? [] : [note("No fields.")]),
  );
}

/** @param {HTMLElement} place @returns {Set<string>} */
function pathsOfOpen(place) {
  return new Set([...place.querySelectorAll(`${ROW}[open]`)].map(pathOf));
}

/** The names of a row and of those around it. @param {Element} row @returns {string} */
function pathOf(row) {
  const name = /** @type {HTMLInputElement} */ (row.querySelector("[data-part=name]")).value.trim();
  const around = row.parentElement?.closest(ROW);
  return around ? `${pathOf(around)}\n${name}` : name;
}

/** @param {HTMLElement} level */
function fold(level) {
  for (const row of rowsIn(level)) if (row instanceof HTMLDetailsElement) row.open = false;
}

/** What was typed is what a control begins with from now on: bringing the form up to date leaves it. @param {HTMLElement} control */
function settle(control) {
  if (control instanceof HTMLSelectElement) for (const option of control.options) option.defaultSelected = option.selected;
  else if (control instanceof HTMLInputElement && control.type === "checkbox") control.defaultChecked = control.checked;
  else if (control instanceof HTMLInputElement || control instanceof HTMLTextAreaElement) control.defaultValue = control.value;
}

/** @param {HTMLElement} level @param {Row[]} before the rows as the schema has them: what cannot be seen is kept from there
 * @returns {Row[]} */
function readRows(level, before) {
  return rowsIn(level).map((row, number) => {
    // A row's own parts come before those of the rows within it.
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
      rows: readRows(/** @type {HTMLElement} */ (row.querySelector(LEVEL)), known?.rows ?? []),
    };
  });
}

/** The new row alone is open: what is done already lies folded. @param {HTMLElement | undefined} row @param {HTMLElement | null} name */
function openRow(row, name) {
  if (row?.parentElement) fold(row.parentElement);
  if (row instanceof HTMLDetailsElement) row.open = true;
  name?.focus();
  if (name instanceof HTMLInputElement) name.select();
}

/** @param {Row} row @param {string} id @param {{isFirst: boolean, isLast: boolean, canEdit: boolean}} how */
function rowFor(row, id, { isFirst, isLast, canEdit }) {
  const details = element("details", { class: "schema-row", "data-schema-row": "" });
  const label = row.title || row.name;
  const summary = element("summary", {});
  summary.append(
    ...(canEdit ? [handle()] : []),
    element("b", { class: "clip", "data-row-words": "" }, label),
    element("span", { class: "muted small clip", "data-type-words": "" }, TYPES.find((type) => type.key === row.type)?.label ?? ""),
    element("span", { class: "chip", "data-required-word": "", ...(!row.isRequired && { hidden: "" }) }, "required"),
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
  const level = element("div", { class: "schema-fields", "data-schema-level": "" });
  fill(level, row.rows, id, label, canEdit);
  body.append(level);
  details.append(summary, body);
  showType(/** @type {HTMLSelectElement} */ (type));
  return details;
}

/** Show what goes with the chosen type. The row stays as it is: typing on in the list of types must find it there.
 * @param {HTMLSelectElement} type */
function showType(type) {
  const row = type.closest(ROW);
  const choices = /** @type {HTMLElement | null | undefined} */ (row?.querySelector("[data-part=choices]")?.parentElement);
  if (choices) choices.hidden = type.value !== "choice" && type.value !== "choices";
  const level = /** @type {HTMLElement | null | undefined} */ (row?.querySelector(LEVEL));
  if (level) level.hidden = !hasRows(type.value);
  const words = row?.querySelector("[data-type-words]");
  if (words) words.textContent = TYPES.find(({ key }) => key === type.value)?.label ?? "";
}

/** The row is called what it is called by now; it stays as it is, for the same reason. @param {HTMLElement} control that changed */
function showName(control) {
  const row = control.closest(ROW);
  const words = row?.querySelector("[data-row-words]");
  const part = (/** @type {string} */ name) => /** @type {HTMLInputElement | null | undefined} */ (row?.querySelector(`[data-part=${name}]`))?.value;
  const label = part("title") || part("name") || "";
  row?.querySelector("[data-part=title]")?.setAttribute("placeholder", part("name") ?? "");
  if (words) words.textContent = label;
  const required = /** @type {HTMLElement | null | undefined} */ (row?.querySelector("[data-required-word]"));
  if (required) required.hidden = !(/** @type {HTMLInputElement} */ (row?.querySelector("[data-part=required]")).checked);
  for (const button of row?.querySelectorAll(":scope > .schema-row-body > .row > [data-row-act]") ?? []) nameButton(button, label);
  const forLabel = row && addButtonOf(/** @type {HTMLElement} */ (row.querySelector(LEVEL)))?.querySelector("[data-whose]");
  if (forLabel) forLabel.textContent = ` for ${label}`;
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

function handle() {
  const grip = element("span", { class: "drag-handle", "data-drag": "", title: "Drag to another place", "aria-hidden": "true" });
  grip.append(iconFor("drag"));
  return grip;
}

/** @param {string} label @param {boolean} isNested one of several then: it is seen which is meant */
function addButton(label, isNested) {
  const button = element("button", { type: "button", class: "button button-small add-row", "data-row-act": "add" });
  button.append(iconFor("plus"), "Field", element("span", { class: isNested ? "clip" : "hush", "data-whose": "" }, ` for ${label}`));
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
