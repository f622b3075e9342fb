import assert from "node:assert/strict";
import { test } from "node:test";

import { COLOURS, peopleOf, turnover, whereIs } from "../../../static/js/editor/people.js";

const entry = (id, more = {}) => ({ tab: `t${id}`, id, name: `P${id}`, initials: "P", is_looking: false, joined: id, selected: [], cursor: null, ...more });

test("everyone has a colour of their own, whoever looks", () => {
  const people = peopleOf([entry(1), entry(9), entry(17), entry(2)]);
  assert.deepEqual(people.map(({ colour }) => colour), [1, 2, 3, 4]);
  assert.equal(peopleOf([entry(1), entry(9)])[1].colour, 2);
});

test("more people than colours still get one each", () => {
  const many = peopleOf([...Array(COLOURS + 3).keys()].map((id) => entry(id)));
  assert.ok(many.every(({ colour }) => colour >= 0 && colour < COLOURS));
});

test("somebody with two pages is one person, where they came last", () => {
  const people = peopleOf([entry(1, { tab: "a", selected: ["x"] }), entry(2), entry(1, { tab: "b", selected: ["y"] })]);
  assert.deepEqual(people.map(({ id, selected }) => [id, selected]), [[1, ["y"]], [2, []]]);
});

test("where somebody is, in words", () => {
  const nameOf = (ref) => ({ a: "Charge", b: "Pack" })[ref] ?? "";
  assert.equal(whereIs(entry(1), nameOf), "at the flow");
  assert.equal(whereIs(entry(1, { selected: ["a"] }), nameOf), "at Charge");
  assert.equal(whereIs(entry(1, { selected: ["a", "b"] }), nameOf), "at Pack and 1 more");
  assert.equal(whereIs(entry(1, { selected: ["gone"] }), nameOf), "at the flow");
});

test("who came and who went", () => {
  const [before, after] = [peopleOf([entry(1), entry(2)]), peopleOf([entry(2), entry(3)])];
  const { came, went } = turnover(before, after);
  assert.deepEqual([came.map(({ id }) => id), went.map(({ id }) => id)], [[3], [1]]);
});
