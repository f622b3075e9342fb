// @ts-check
/**
 * Texts in the languages of the inspector, cut into pieces with a class each, and what is wrong with them. No DOM.
 *
 * @typedef {{text: string, kind: string}} Piece `kind`: key, string, number, word, name, mark, braces, comment; empty for plain
 * @typedef {{at: number, message: string}} Problem `at`: the place in the text, in characters
 */

const JSON_PIECES = /("(?:[^"\\\n]|\\.)*"?)(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|\b(true|false|null)\b|([{}[\],:])/g;
const CEL_PIECES =
  /((?:"(?:[^"\\\n]|\\.)*"?)|(?:'(?:[^'\\\n]|\\.)*'?))|(\b\d+(?:\.\d+)?\b)|\b(true|false|null|in)\b|([A-Za-z_]\w*)(?=\s*\()|([A-Za-z_]\w*)|(&&|\|\||[=!<>]=?|[-+*/%?:.,()[\]{}!])/g;
const LIQUID = /\{\{[^{}]*(?:\}\}|$)|\{%[^{}]*(?:%\}|$)/g;

/** @param {string} text @param {string} language @returns {Piece[]} together they are the text */
export function piecesOf(text, language) {
  if (language === "json" || language === "schema") return cut(text, JSON_PIECES, jsonKind).flatMap(withReferences);
  if (language === "cel") return cut(text, CEL_PIECES, celKind);
  if (language === "template") return cut(text, LIQUID, () => "braces");
  return [{ text, kind: "" }];
}

/** @param {string} text @param {RegExp} pattern @param {(match: RegExpExecArray) => string} kindOf @returns {Piece[]} */
function cut(text, pattern, kindOf) {
  const pieces = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > end) pieces.push({ text: text.slice(end, match.index), kind: "" });
    pieces.push({ text: match[0], kind: kindOf(/** @type {any} */ (match)) });
    end = match.index + match[0].length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end), kind: "" });
  return pieces;
}

/** @param {RegExpExecArray} match */
function jsonKind(match) {
  if (match[1] !== undefined) return match[2] === undefined ? "string" : "key";
  return match[3] !== undefined ? "number" : match[4] !== undefined ? "word" : "mark";
}

/** @param {RegExpExecArray} match */
function celKind(match) {
  const kinds = ["string", "number", "word", "call", "name", "mark"];
  return kinds[match.slice(1).findIndex((group) => group !== undefined)] ?? "";
}

/** References inside JSON texts have a colour of their own. @param {Piece} piece @returns {Piece[]} */
function withReferences(piece) {
  if (piece.kind !== "string" && piece.kind !== "") return [piece];
  return cut(piece.text, LIQUID, () => "braces").map((part) => ({ text: part.text, kind: part.kind || piece.kind }));
}

/** What is wrong with a text; null where nothing is, or where only the server can tell.
 * @param {string} text @param {string} language @returns {Problem | null} */
export function problemIn(text, language) {
  if (!text.trim()) return null;
  if (language === "cel") return balance(text);
  if (language !== "json" && language !== "schema") return null;
  const start = text.search(/\S/);
  // Where any JSON is welcome, what begins like none counts as a text (designer/inspector/reading.py).
  if (language === "json" && (text.startsWith("{{", start) || !'{["'.includes(text[start]))) return null;
  return new Reader(text).whole();
}

/** @param {string} text @returns {Problem | null} */
function balance(text) {
  const closes = { ")": "(", "]": "[", "}": "{" };
  /** @type {{mark: string, at: number}[]} */
  const open = [];
  let at = 0;
  for (const { text: part, kind } of piecesOf(text, "cel")) {
    if (kind === "string" && (part.length < 2 || part.at(-1) !== part[0])) return { at, message: "This text does not end." };
    if (kind === "mark" && "([{".includes(part)) open.push({ mark: part, at });
    if (kind === "mark" && part in closes) {
      const last = open.pop();
      if (last?.mark !== closes[/** @type {keyof typeof closes} */ (part)]) return { at, message: `“${part}” closes nothing.` };
    }
    at += part.length;
  }
  const last = open.pop();
  return last ? { at: last.at, message: `“${last.mark}” is not closed.` } : null;
}

/** Reads JSON to say where it goes wrong: browsers each say it in words of their own, some without the place. */
class Reader {
  #at = 0;

  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }

  /** @returns {Problem | null} */
  whole() {
    try {
      this.#value();
      this.#blank();
      if (this.#at < this.text.length) this.#stop("Something stands behind the end.");
      return null;
    } catch (problem) {
      if (problem instanceof Error) throw problem;
      return /** @type {Problem} */ (problem);
    }
  }

  /** @param {string} message @param {number} [at] @returns {never} */
  #stop(message, at = this.#at) {
    throw { at: Math.min(at, this.text.length), message };
  }

  #blank() {
    while (/[\s]/.test(this.text[this.#at] ?? "x")) this.#at += 1;
  }

  #value() {
    this.#blank();
    const next = this.text[this.#at];
    if (next === "{") this.#list("}", () => this.#entry());
    else if (next === "[") this.#list("]", () => this.#value());
    else if (next === '"') this.#string();
    else this.#plain();
  }

  /** @param {string} close @param {() => void} item */
  #list(close, item) {
    const opened = this.#at;
    this.#at += 1;
    this.#blank();
    if (this.text[this.#at] === close) {
      this.#at += 1;
      return;
    }
    for (;;) {
      item();
      this.#blank();
      const next = this.text[this.#at];
      if (next === undefined) this.#stop(`“${this.text[opened]}” is not closed.`, opened);
      this.#at += 1;
      if (next === close) return;
      if (next !== ",") this.#stop(`A comma or “${close}” is missing here.`, this.#at - 1);
      this.#blank();
      if (this.text[this.#at] === close) this.#stop(`No comma before “${close}”.`, this.text.lastIndexOf(",", this.#at));
    }
  }

  #entry() {
    this.#blank();
    if (this.text[this.#at] === undefined) return;
    if (this.text[this.#at] !== '"') this.#stop("A key in double quotes is missing here.");
    this.#string();
    this.#blank();
    if (this.text[this.#at] !== ":") this.#stop("A colon is missing here.");
    this.#at += 1;
    this.#value();
  }

  #string() {
    const found = /^"(?:[^"\\\n\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/.exec(this.text.slice(this.#at));
    if (!found) this.#stop("This text does not end, or holds a character that must be escaped.");
    this.#at += /** @type {RegExpExecArray} */ (found)[0].length;
  }

  #plain() {
    const found = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.])/.exec(this.text.slice(this.#at));
    if (!found) this.#stop(this.#at >= this.text.length ? "A value is missing here." : "This is no value: texts stand in double quotes.");
    this.#at += /** @type {RegExpExecArray} */ (found)[0].length;
  }
}

/** The line and column of a place, from 1. @param {string} text @param {number} at */
export function placeOf(text, at) {
  const before = text.slice(0, at).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** What can be asked of a value in an expression, behind a dot. */
export const METHODS = ["size()", "contains(", "startsWith(", "endsWith(", "matches(", "map(", "filter(", "exists(", "all(", "exists_one("];
/** What scripts know beside (engine/core/scripts.py). */
export const SCRIPT_METHODS = ["sum()", "min()", "max()", "round(", "sorted()", "join(", "split(", "lower()", "upper()", "trim()", "keys()", "values()"];

/** Words that may follow, by language. @type {Record<string, string[]>} */
export const WORDS = {
  cel: ["size(", "has(", "int(", "double(", "string(", "timestamp(", "duration(", "true", "false", "null"],
  schema: ["type", "properties", "required", "title", "description", "enum", "format", "items", "minimum", "maximum", "minLength", "maxLength", "pattern", "default", "additionalProperties", "minItems", "maxItems", "oneOf", "const",
    "object", "string", "number", "integer", "boolean", "array", "date", "date-time", "email", "uri", "textarea"],
  json: ["true", "false", "null"],
};
