import assert from "node:assert/strict";
import { test } from "node:test";

import { begun, finished, fitting } from "../../../static/js/editor/mentioning.js";

const people = [
  { handle: "Jana Novak", email: "jana@example.com" },
  { handle: "Ben", email: "ben@example.com" },
  { handle: "operator@example.com", email: "operator@example.com" },
];

test("an @ begins a mention, an address does not", () => {
  assert.deepEqual(begun("ask @Ja", 7), { start: 4, word: "Ja" });
  assert.deepEqual(begun("@", 1), { start: 0, word: "" });
  assert.equal(begun("write to jana@ex", 16), null);
  assert.equal(begun("no one", 6), null);
  assert.deepEqual(begun("@Jana No, and more", 8), { start: 0, word: "Jana No" });
});

test("any word of a name fits, and the address", () => {
  assert.deepEqual(fitting(people, "nov").map(({ handle }) => handle), ["Jana Novak"]);
  assert.deepEqual(fitting(people, "jana@").map(({ handle }) => handle), ["Jana Novak"]);
  assert.equal(fitting(people, "").length, 3);
  assert.deepEqual(fitting(people, "zoe"), []);
});

test("what is taken stands in the text, with one space after it", () => {
  assert.deepEqual(finished("ask @Ja", 7, 4, "Jana Novak"), { text: "ask @Jana Novak ", caret: 16 });
  assert.deepEqual(finished("ask @Ja, now", 7, 4, "Jana Novak"), { text: "ask @Jana Novak, now", caret: 15 });
});
