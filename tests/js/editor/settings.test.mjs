// What the inspector's helpers compute: where a reference is typed, what fits, what is wrong, what a form's rows mean.
import assert from "node:assert/strict";
import { test } from "node:test";
import { insertion, rowsOf as treeRows, search, spotIn } from "../../../static/js/editor/settings/data.js";
import { piecesOf, placeOf, problemIn } from "../../../static/js/editor/settings/highlight.js";
import { freeName, freshRow, isDrawable, nameProblem, rowsOf, schemaOf } from "../../../static/js/editor/settings/schema.js";

const TREE = [
  { name: "input", path: "input", type: "object", children: [{ name: "order", path: "input.order", type: "object", children: [{ name: "total", path: "input.order.total", type: "number" }] }] },
  { name: "steps", path: "steps", type: "object", children: [{ name: "total", path: "steps.total", type: "object", help: "Add up" }] },
];

test("a reference is being typed behind open braces, up to a filter", () => {
  assert.deepEqual(spotIn("to {{ inp", 9), { from: 6, to: 9, typed: "inp", isInside: false });
  assert.deepEqual(spotIn("{{", 2), { from: 2, to: 2, typed: "", isInside: false });
  assert.deepEqual(spotIn("{{ input.or }} x", 9), { from: 3, to: 11, typed: "input.", isInside: true });
  for (const [text, caret] of [["none", 4], ["{{ a }}", 7], ["{{ a | up", 9], ["{{ a b", 6]]) assert.equal(spotIn(text, caret), null, text);
});

test("a reference that is put in is closed unless it is so already", () => {
  const put = (text, caret, path) => {
    const spot = spotIn(text, caret);
    return text.slice(0, spot.from) + insertion(spot, path) + text.slice(spot.to);
  };
  assert.equal(put("{{ inp", 6, "input.order"), "{{ input.order }}");
  assert.equal(put("a {{ inp }} b", 8, "input.order"), "a {{ input.order }} b");
});

test("searching finds paths that begin so before those that hold it, and words of the help", () => {
  assert.deepEqual(search(TREE, "input").map((node) => node.path), ["input", "input.order", "input.order.total"]);
  assert.deepEqual(search(TREE, "total").map((node) => node.path), ["steps.total", "input.order.total"]);
  assert.deepEqual(search(TREE, "add up").map((node) => node.path), ["steps.total"]);
  assert.deepEqual(search(TREE, "nothing"), []);
});

test("a tree shows what is below open nodes", () => {
  assert.deepEqual(treeRows(TREE, new Set(["input"])).map(({ node, level }) => [node.path, level]), [["input", 1], ["input.order", 2], ["steps", 1]]);
});

test("pieces are the text, whatever it is", () => {
  const texts = ['{"a": [1, "b {{ input.x }}", tru', "event.a > 3 && has(event.b)", "Hello {{ input.name }}, {% if x %}", '"', "\\", "{{"];
  for (const text of texts) {
    for (const language of ["json", "schema", "cel", "template", "other"]) {
      assert.equal(piecesOf(text, language).map((piece) => piece.text).join(""), text);
    }
  }
  assert.deepEqual(piecesOf('{"a": 1}', "json").map((piece) => piece.kind), ["mark", "key", "", "number", "mark"]);
});

test("mistakes in JSON are named where they are", () => {
  const where = (text) => {
    const problem = problemIn(text, "schema");
    return problem && [text.slice(problem.at, problem.at + 1), problem.message];
  };
  assert.equal(problemIn('{"a": [1, 2, {"b": null}], "c": -1.5e3}', "schema"), null);
  assert.deepEqual(where('{"a": 1,}'), [",", "No comma before “}”."]);
  assert.deepEqual(where('{"a": 1 "b": 2}'), ['"', "A comma or “}” is missing here."]);
  assert.deepEqual(where('{"a" 1}'), ["1", "A colon is missing here."]);
  assert.deepEqual(where("{a: 1}"), ["a", "A key in double quotes is missing here."]);
  assert.deepEqual(where('{"a": yes}'), ["y", "This is no value: texts stand in double quotes."]);
  assert.deepEqual(where('{"a": 1'), ["{", "“{” is not closed."]);
  assert.deepEqual(where('{"a": "1}'), ['"', "This text does not end, or holds a character that must be escaped."]);
  assert.deepEqual(where('[1] 2'), ["2", "Something stands behind the end."]);
  assert.deepEqual(placeOf("a\nbc", 3), { line: 2, column: 2 });
});

test("our reader and the browser's agree on what is JSON", () => {
  const marks = ['"', "{", "}", "[", "]", ",", ":", "1", "-", "0", ".", "true", "null", "\\", " ", "\n", '"a"', "e3"];
  let seed = 7;
  const next = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
  for (let round = 0; round < 20000; round += 1) {
    const text = Array.from({ length: 1 + Math.floor(next() * 7) }, () => marks[Math.floor(next() * marks.length)]).join("");
    if (!text.trim()) continue;
    let isJson = true;
    try {
      JSON.parse(text);
    } catch {
      isJson = false;
    }
    assert.equal(problemIn(text, "schema") === null, isJson, JSON.stringify(text));
  }
});

test("where any JSON is welcome, a text or a reference is no mistake", () => {
  assert.equal(problemIn("{{ input.order }}", "json"), null);
  assert.equal(problemIn("just text", "json"), null);
  assert.notEqual(problemIn('{"a"', "json"), null);
});

test("an expression says what is not closed", () => {
  assert.equal(problemIn("event.a > 50 && (event.b == 'x)')", "cel"), null);
  assert.equal(problemIn("size(event.a", "cel").message, "“(” is not closed.");
  assert.equal(problemIn("a)", "cel").message, "“)” closes nothing.");
  assert.equal(problemIn("'abc", "cel").message, "This text does not end.");
});

const SCHEMA = {
  type: "object",
  required: ["how"],
  properties: {
    how: { type: "string", title: "How", enum: ["express", "slow"], enumNames: ["By express", "slow"], default: "slow" },
    amount: { type: "number", minimum: 3 },
    when: { type: "string", format: "date-time", description: "Local time" },
    marks: { type: "array", items: { enum: ["a", "b"] }, uniqueItems: true },
    deep: { type: "object", properties: { x: { type: "string" } } },
    odd: { oneOf: [{ const: 1 }] },
  },
  additionalProperties: false,
};

test("rows stand for the schema they were made of, keywords that they do not show included", () => {
  assert.deepEqual(schemaOf(SCHEMA, rowsOf(SCHEMA)), SCHEMA);
  assert.deepEqual(rowsOf(SCHEMA).map((row) => row.type), ["choice", "number", "datetime", "choices", "object", "json"]);
  assert.equal(rowsOf(SCHEMA)[0].choices, "express: By express\nslow");
});

test("groups have rows of their own, as have the entries of a list of groups", () => {
  const nested = {
    type: "object",
    properties: {
      address: { type: "object", title: "Address", properties: { city: { type: "string", minLength: 2 } }, required: ["city"], additionalProperties: false },
      lines: { type: "array", maxItems: 9, items: { type: "object", title: "Line", properties: { amount: { type: "number" } } } },
      free: { type: "object" },
      odd: { type: "object", properties: 3 },
    },
  };
  const rows = rowsOf(nested);
  assert.deepEqual(rows.map((row) => row.type), ["object", "groups", "object", "json"]);
  assert.deepEqual(rows.map((row) => row.rows.map((below) => below.name)), [["city"], ["amount"], [], []]);
  assert.deepEqual(schemaOf(nested, rows), nested);

  rows[0].rows.push({ ...freshRow(rows[0].rows), name: "zip" });
  rows[0].type = "groups";
  const { address } = schemaOf(nested, rows).properties;
  assert.equal(address.title, "Address");
  assert.deepEqual(address.items, { type: "object", properties: { city: { type: "string", minLength: 2 }, zip: { type: "string" } }, required: ["city"] });
  rows[0].rows[1].name = "city";
  assert.match(nameProblem(rows), /Two fields are named “city”/);
  rows[0].type = "text";
  assert.equal(nameProblem(rows), "");
});

test("a row that changes its type leaves the keywords of the old one", () => {
  const rows = rowsOf(SCHEMA);
  rows[1].type = "text";
  assert.deepEqual(schemaOf(SCHEMA, rows).properties.amount, { type: "string" });
});

test("fields come, go and are put in order", () => {
  const rows = rowsOf(SCHEMA).slice(0, 2).reverse();
  rows.push({ name: freeName(rows), type: "choice", title: "", help: "", choices: "a\nb: Bee", isRequired: true, rest: {}, was: "" });
  const made = schemaOf({}, rows);
  assert.deepEqual(Object.keys(made.properties), ["amount", "how", "field_3"]);
  assert.deepEqual(made.properties.field_3, { enum: ["a", "b"], enumNames: ["a", "Bee"] });
  assert.deepEqual(made.required, ["how", "field_3"]);
  assert.equal(schemaOf({ type: "object" }, []), null);
});

test("names are needed, and each once", () => {
  const rows = rowsOf(SCHEMA);
  assert.equal(nameProblem(rows), "");
  rows[1].name = "how";
  assert.match(nameProblem(rows), /Two fields/);
  rows[1].name = " ";
  assert.match(nameProblem(rows), /needs a name/);
});

test("only what is an object can be drawn", () => {
  for (const schema of [{}, { type: "object" }, SCHEMA]) assert.ok(isDrawable(schema));
  for (const schema of [null, [], "x", { type: "array" }]) assert.ok(!isDrawable(schema));
});
