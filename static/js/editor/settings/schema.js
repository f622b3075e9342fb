// @ts-check
/**
 * A JSON Schema as rows of fields, and back. What a row cannot show is kept as it is. No DOM.
 *
 * @typedef {Record<string, any>} Schema
 * @typedef {{name: string, type: string, title: string, help: string, choices: string, isRequired: boolean, rest: Schema, was: string,
 *   rows: Row[]}} Row
 *   `rest`: the schema of the field as it was; `was`: the type it had, empty for a new field; `rows`: the fields of a group, or of
 *   each entry of a list of groups
 */

/** The types of fields, in the order of the list. What only JSON can say is `json`. */
export const TYPES = [
  { key: "text", label: "Text" },
  { key: "longtext", label: "Long text" },
  { key: "number", label: "Number" },
  { key: "integer", label: "Whole number" },
  { key: "boolean", label: "Yes or no" },
  { key: "date", label: "Date" },
  { key: "datetime", label: "Date and time" },
  { key: "email", label: "E-mail address" },
  { key: "url", label: "Web address" },
  { key: "choice", label: "One of a list" },
  { key: "choices", label: "Several of a list" },
  { key: "texts", label: "List of texts" },
  { key: "object", label: "Group of fields" },
  { key: "groups", label: "List of groups" },
  { key: "json", label: "Other, as JSON" },
];

/** What makes a field of a type: keywords, beside title and description. @type {Record<string, Schema>} */
const SCHEMAS = {
  text: { type: "string" },
  longtext: { type: "string", format: "textarea" },
  number: { type: "number" },
  integer: { type: "integer" },
  boolean: { type: "boolean" },
  date: { type: "string", format: "date" },
  datetime: { type: "string", format: "date-time" },
  email: { type: "string", format: "email" },
  url: { type: "string", format: "uri" },
  texts: { type: "array", items: { type: "string" } },
  object: { type: "object", properties: {} },
  groups: { type: "array", items: { type: "object", properties: {} } },
  json: {},
};
const FORMATS = /** @type {Record<string, string>} */ ({ textarea: "longtext", date: "date", "date-time": "datetime", email: "email", uri: "url" });

/** Whether rows can show a schema: an object's, or nothing yet. @param {unknown} schema */
export function isDrawable(schema) {
  if (schema === null || typeof schema !== "object" || Array.isArray(schema)) return false;
  const { type, properties } = /** @type {Schema} */ (schema);
  return (type === undefined || type === "object") && (properties === undefined || isObject(properties));
}

/** Whether a field of a type has fields of its own. @param {string} type */
export function hasRows(type) {
  return type === "object" || type === "groups";
}

/** @param {unknown} value */
function isObject(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** @param {Schema} schema @returns {Row[]} */
export function rowsOf(schema) {
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(schema.properties ?? {}).map(([name, below]) => {
    const rest = isObject(below) ? below : {};
    const type = typeOf(rest);
    return {
      name,
      type,
      title: textOf(rest.title),
      help: textOf(rest.description),
      choices: choicesOf(type === "choices" ? rest.items : rest).join("\n"),
      isRequired: required.includes(name),
      rest,
      was: type,
      rows: hasRows(type) ? rowsOf(type === "groups" ? rest.items : rest) : [],
    };
  });
}

/** A new text without a label, under a name that no row has. @param {Row[]} rows @returns {Row} */
export function freshRow(rows) {
  return { name: freeName(rows), type: "text", title: "", help: "", choices: "", isRequired: false, rest: {}, was: "", rows: [] };
}

/** @param {unknown} value */
function textOf(value) {
  return typeof value === "string" ? value : "";
}

/** @param {Schema} schema */
function typeOf(schema) {
  if (Array.isArray(schema.enum)) return "choice";
  if (schema.type === "array" && isObject(schema.items)) {
    if (Array.isArray(schema.items.enum)) return "choices";
    if (schema.items.type === "object" && isDrawable(schema.items)) return "groups";
    return schema.items.type === "string" ? "texts" : "json";
  }
  if (schema.type === "string") return FORMATS[schema.format] ?? "text";
  if (schema.type === "object") return isDrawable(schema) ? "object" : "json";
  return ["number", "integer", "boolean"].includes(schema.type) ? schema.type : "json";
}

/** One line each: `value` or `value: label`. @param {Schema} schema @returns {string[]} */
function choicesOf(schema) {
  if (!isObject(schema) || !Array.isArray(schema.enum)) return [];
  const names = Array.isArray(schema.enumNames) ? schema.enumNames : [];
  return schema.enum.map((value, place) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return names[place] !== undefined && names[place] !== text ? `${text}: ${names[place]}` : text;
  });
}

/** The schema that rows stand for; what else `schema` says of the whole stays. @param {Schema} schema @param {Row[]} rows @returns {Schema | null} null: no field at all */
export function schemaOf(schema, rows) {
  const named = rows.filter((row) => row.name.trim());
  const { type: _, properties: __, required: ___, ...rest } = schema;
  if (!named.length && !Object.keys(rest).length) return null;
  const required = named.filter((row) => row.isRequired).map((row) => row.name.trim());
  const properties = Object.fromEntries(named.map((row) => [row.name.trim(), fieldOf(row)]));
  return { type: "object", properties, ...(required.length && { required }), ...rest };
}

/** @param {Row} row @returns {Schema} */
function fieldOf(row) {
  const { title: _, description: __, ...kept } = row.rest;
  const words = { ...(row.title.trim() && { title: row.title.trim() }), ...(row.help.trim() && { description: row.help.trim() }) };
  const own = row.type === row.was ? kept : SCHEMAS[row.type] ?? {};
  if (row.type === "object") return ordered(fieldsOf(own, row.rows), words);
  if (row.type === "groups") return ordered({ ...own, items: fieldsOf(own.items, row.rows) }, words);
  if (row.type !== "choice" && row.type !== "choices") return { ...ordered(own, words) };
  const { values, names } = readChoices(row.choices, row.rest);
  const list = { enum: values, ...(names && { enumNames: names }) };
  if (row.type === "choices") return ordered({ ...without(own, ["type", "items"]), type: "array", items: list, uniqueItems: true }, words);
  return ordered({ ...without(own, ["enum", "enumNames"]), ...list }, words);
}

/** A group's own schema with the fields that its rows stand for. What names none, and did not before, may hold anything.
 * @param {Schema} schema @param {Row[]} rows @returns {Schema} */
function fieldsOf(schema, rows) {
  if (!rows.length && schema.properties === undefined) return schema;
  return schemaOf(schema, rows) ?? { type: "object", properties: {} };
}

/** The type first, then the words, then the rest. @param {Schema} own @param {Schema} words @returns {Schema} */
function ordered(own, words) {
  const { type, ...more } = own;
  return { ...(type !== undefined && { type }), ...words, ...more };
}

/** @param {Schema} schema @param {string[]} names */
function without(schema, names) {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => !names.includes(name)));
}

/** @param {string} text @param {Schema} before values that are no texts stay what they were */
function readChoices(text, before) {
  const known = new Map([...(before.enum ?? []), ...(before.items?.enum ?? [])].map((value) => [typeof value === "string" ? value : JSON.stringify(value), value]));
  const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
  const pairs = lines.map((line) => {
    const cut = line.indexOf(": ");
    const value = cut > 0 && !known.has(line) ? line.slice(0, cut).trim() : line;
    return { value: known.get(value) ?? value, name: cut > 0 && value !== line ? line.slice(cut + 2).trim() : value };
  });
  const hasNames = pairs.some(({ value, name }) => name !== value && name !== JSON.stringify(value));
  return { values: pairs.map(({ value }) => value), names: hasNames ? pairs.map(({ name }) => name) : null };
}

/** A name that no row has. @param {Row[]} rows */
export function freeName(rows) {
  const names = new Set(rows.map((row) => row.name));
  for (let number = rows.length + 1; ; number += 1) if (!names.has(`field_${number}`)) return `field_${number}`;
}

/** What is wrong with the names of rows; empty when nothing is. @param {Row[]} rows @returns {string} */
export function nameProblem(rows) {
  const seen = new Set();
  for (const { name, type, rows: below } of rows) {
    if (!name.trim()) return "Every field needs a name.";
    if (seen.has(name.trim())) return `Two fields are named “${name.trim()}”.`;
    seen.add(name.trim());
    const problem = hasRows(type) ? nameProblem(below) : "";
    if (problem) return problem;
  }
  return "";
}
