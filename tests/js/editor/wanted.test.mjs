import assert from "node:assert/strict";
import { test } from "node:test";

import { fieldFor, rowFor } from "../../../static/js/editor/wanted.js";

const PATHS = ["name", "settings.url", "settings.headers", "settings.retries.limit", "settings.retries.delay", "conditions", "description"];
const at = (wanted) => PATHS[fieldFor(PATHS, wanted)];

test("a path is about its field, the first field inside it, or the field around it", () => {
  assert.equal(at("settings.url"), "settings.url");
  assert.equal(at("settings.retries"), "settings.retries.limit");
  assert.equal(at("settings.retries.delay"), "settings.retries.delay");
  assert.equal(at("settings.retries.backoff"), "settings.retries.limit");
  assert.equal(at("settings.headers.X-Token.2"), "settings.headers");
  assert.equal(at("conditions"), "conditions");
  assert.equal(at("settings"), "settings.url");
  assert.equal(at("nowhere.at.all"), undefined);
  assert.equal(at(""), undefined);
  assert.equal(at("nam"), undefined);
});

test("in a list and a map the row is meant", () => {
  assert.equal(rowFor("settings.to", "settings.to.1", ["", ""]), 1);
  assert.equal(rowFor("settings.to", "settings.to.7", ["", ""]), -1);
  assert.equal(rowFor("settings.to", "settings.to.2", ["", ""]), -1);
  assert.equal(rowFor("settings.to", "settings.to", ["", ""]), -1);
  assert.equal(rowFor("settings.headers", "settings.headers.X-Token.0", ["Accept", "X-Token"]), 1);
  assert.equal(rowFor("settings.headers", "settings.headers.a.b", ["a.b", "c"]), 0);
  assert.equal(rowFor("settings.headers", "settings.headers.1", ["1", "Accept"]), 0); // a name that looks like a number
});
