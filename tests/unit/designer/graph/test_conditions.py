"""Structured statements, evaluated purely."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from designer.graph.conditions import OPERATOR_WORDS, OPERATORS_BY_TYPE, STATEMENT_TYPES, evaluate
from designer.graph.hiding import Hidden
from designer.graph.model import NONE_MET, Condition, Json, Match, Statement
from tests.unit.designer.graph.test_loading import json_values

DATA = {
    "input": {
        "total": 1000.1,
        "count": 3,
        "tenth": 0.1,
        "text": "Grüße aus Köln",
        "number_as_text": "10",
        "flag": True,
        "nothing": None,
        "blank": "",
        "list": ["a", "b", 3],
        "no_entries": [],
        "object": {"a": 1},
        "items": [{"price": 5}, {"price": 7}],
        "day": "2026-01-31",
        "moment": "2026-01-31T23:30:00+01:00",
        "limit": 1000,
    },
    "steps": {"secret": {"output": {"token": "abc"}}},
    "now": datetime(2026, 2, 1, tzinfo=UTC),
}


def record_of(source: str, operator: str, *values: Json, type: str | None = None) -> dict[str, Json]:
    """The record of one statement about `DATA`."""
    condition = Condition("c", statements=(Statement(source, operator, values, type),))
    statement: dict[str, Json] = evaluate([condition], DATA).records[0]["statements"][0]
    return statement


@pytest.mark.parametrize(
    ("source", "operator", "values", "type"),
    [
        ("input.total", "greater_than", ["1000"], None),
        ("input.total", "greater_than", [1000], None),
        ("input.total", "less_than_or_equals", [1000.1], None),
        ("input.tenth", "equals", ["0.1"], None),
        ("input.count", "equals", [3.0], None),
        ("input.count", "any_of", ["1", "3"], None),
        ("input.count", "none_of", [1, 2], None),
        ("input.count", "not_equals", [4], None),
        ("input.total", "greater_than", ["{{ input.limit }}"], None),
        ("{{ input.total }}", "greater_than", ["{{input.limit}}"], None),
        ("input.number_as_text", "greater_than", [9], "number"),
        ("input.text", "equals", ["Grüße aus Köln"], None),
        ("input.text", "contains", ["aus", "Köln"], None),
        ("input.text", "not_contains", ["Bonn"], None),
        ("input.text", "starts_with", ["Hallo", "Grüße"], None),
        ("input.text", "ends_with", ["Köln"], None),
        ("input.count", "equals", ["3"], "text"),
        ("input.flag", "equals", ["true"], None),
        ("input.flag", "not_equals", [False], None),
        ("input.list", "contains", ["a", "3"], None),
        ("input.list", "contains", [["b"]], None),
        ("input.list", "any_of", ["z", "b"], None),
        ("input.list", "none_of", ["y", "z"], None),
        ("input.list", "equals", ["a", "b", 3], None),
        ("input.list", "equals", [["a", "b", "3"]], None),
        ("input.list", "not_equals", [["a"]], None),
        ("input.items[1].price", "equals", [7], None),
        ("input.items[-1].price", "equals", [7], None),
        ("input.day", "less_than", ["2026-02-01"], "date"),
        ("input.day", "equals", ["2026-01-31T12:00:00"], "date"),
        ("input.moment", "greater_than", ["2026-01-31T22:00:00Z"], "datetime"),
        ("input.moment", "equals", ["2026-01-31T22:30:00"], "datetime"),
        ("input.moment", "less_than", ["{{ now }}"], "datetime"),
        ("now", "greater_than", ["2026-01-31"], None),
        ("input.nothing", "is_empty", [], None),
        ("input.blank", "is_empty", [], None),
        ("input.no_entries", "is_empty", [], None),
        ("input.missing.deeper", "is_empty", [], None),
        ("input.flag", "is_not_empty", [], None),
        ("input.object", "is_not_empty", [], None),
        ("input.missing", "not_equals", ["x"], None),
        ("input.nothing", "none_of", ["x"], None),
    ],
)
def test_statements_that_hold(source: str, operator: str, values: list[Json], type: str | None) -> None:
    record = record_of(source, operator, *values, type=type)
    assert record["is_met"] is True
    assert "note" not in record or "no such value" in record["note"]


@pytest.mark.parametrize(
    ("source", "operator", "values", "type"),
    [
        ("input.total", "greater_than", ["1000.1"], None),
        ("input.total", "less_than", [1000], None),
        ("input.count", "any_of", [], None),
        ("input.text", "contains", [], None),
        ("input.text", "equals", ["grüße aus köln"], None),
        ("input.flag", "is_empty", [], None),
        ("input.list", "contains", ["a", "z"], None),
        ("input.list", "equals", ["b", "a", 3], None),
        ("input.blank", "is_not_empty", [], None),
        ("input.flag", "equals", [False], None),
    ],
)
def test_statements_that_do_not_hold_need_no_note(
    source: str, operator: str, values: list[Json], type: str | None
) -> None:
    record = record_of(source, operator, *values, type=type)
    assert record["is_met"] is False
    assert "note" not in record


@pytest.mark.parametrize(
    ("source", "operator", "values", "type", "words"),
    [
        ("input.text", "greater_than", ["a"], None, "number, date or datetime"),
        ("input.text", "equals", [1], "number", "no number"),
        ("input.total", "equals", ["abc"], None, "no number"),
        ("input.total", "equals", ["NaN"], None, "no number"),
        ("input.total", "starts_with", ["1"], None, "has no"),
        ("input.total", "equals", [1, 2], None, "exactly one"),
        ("input.total", "equals", [], None, "exactly one"),
        ("input.text", "equals", ["x"], "boolean", "neither true nor false"),
        ("input.text", "equals", ["2026-01-01"], "date", "no date"),
        ("input.day", "less_than", ["soon"], "datetime", "no date and time"),
        ("input.object", "equals", ["x"], None, "object"),
        ("input.text", "contains", ["x"], "list", "no list"),
        ("input.flag", "equals", [["x"]], None, "neither true nor false"),
        ("input.count", "less_than", ["{{ input.missing }}"], None, "Nothing is no number"),
        ("input.missing", "equals", ["x"], None, "no such value"),
        ("not a path", "equals", ["x"], None, "no such value"),
        ("input.count", "resembles", [3], None, "no operator"),
    ],
)
def test_a_mismatch_is_not_met_and_says_why(
    source: str, operator: str, values: list[Json], type: str | None, words: str
) -> None:
    record = record_of(source, operator, *values, type=type)
    assert record["is_met"] is False
    assert words in record["note"]


def condition(key: str, *holds: bool, match: Match = Match.ALL) -> Condition:
    """A condition of statements that hold or do not."""
    return Condition(key, match=match, statements=tuple(Statement("input.flag", "equals", (value,)) for value in holds))


def test_all_met_branches_are_taken_in_their_order() -> None:
    found = evaluate([condition("b", True), condition("x", False), condition("a", True)], DATA)
    assert found.branches == ("b", "a")
    assert [record["is_met"] for record in found.records] == [True, False, True]


def test_without_parallel_the_first_met_branch_is_taken_and_the_rest_is_not_looked_at() -> None:
    found = evaluate([condition("x", False), condition("b", True), condition("a", True)], DATA, parallel=False)
    assert found.branches == ("b",)
    assert [record["key"] for record in found.records] == ["x", "b"]


def test_when_none_is_met_the_branch_for_that_is_taken() -> None:
    assert evaluate([condition("x", False)], DATA).branches == (NONE_MET,)
    assert evaluate([], DATA).branches == (NONE_MET,)


def test_all_is_and_and_any_is_or() -> None:
    assert evaluate([condition("c", True, False)], DATA).branches == (NONE_MET,)
    assert evaluate([condition("c", True, False, match=Match.ANY)], DATA).branches == ("c",)


def test_a_condition_without_statements_is_never_met() -> None:
    assert evaluate([condition("c"), condition("d", match=Match.ANY)], DATA).branches == (NONE_MET,)


def test_a_record_shows_what_was_seen_and_compared() -> None:
    record = record_of("{{ input.total }}", "greater_than", "{{ input.limit }}")
    assert record == {
        "source": "input.total",
        "operator": "greater_than",
        "values": [1000],
        "saw": 1000.1,
        "is_met": True,
    }


def test_a_record_keeps_little_of_what_is_large() -> None:
    data: dict[str, Any] = {"input": {"text": "x" * 10_000, "list": list(range(100)), "object": {"a": 1, "b": 2}}}
    statements = tuple(Statement(f"input.{key}", "is_not_empty") for key in ("text", "list", "object"))
    found = evaluate([Condition("c", statements=statements)], data)
    text, entries, keys = (statement["saw"] for statement in found.records[0]["statements"])
    assert len(text) == 501
    assert len(entries) == 11
    assert keys == {"…": "2 keys"}


def test_values_of_sensitive_steps_are_compared_but_not_shown() -> None:
    statement = Statement("steps.secret.output.token", "equals", ("{{ steps.secret.output.token }}",))
    found = evaluate([Condition("c", statements=(statement,))], DATA, hidden=Hidden(frozenset({"secret"})))
    record = found.records[0]["statements"][0]
    assert found.branches == ("c",)
    assert record["saw"] == "[REDACTED]"
    assert record["values"] == ["[REDACTED]"]


@given(
    saw=json_values,
    operator=st.sampled_from([*OPERATOR_WORDS, "unknown"]),
    values=st.lists(json_values, max_size=3),
    type=st.sampled_from([None, *STATEMENT_TYPES]),
)
def test_whatever_is_compared_nothing_is_raised(saw: Json, operator: str, values: list[Json], type: str | None) -> None:
    condition = Condition("c", statements=(Statement("input.x", operator, tuple(values), type),))
    found = evaluate([condition], {"input": {"x": saw}})
    assert found.branches in (("c",), (NONE_MET,))


def test_every_type_has_operators_and_every_operator_a_type() -> None:
    assert set(OPERATORS_BY_TYPE) == set(STATEMENT_TYPES)
    assert {operator for offered in OPERATORS_BY_TYPE.values() for operator in offered} == set(OPERATOR_WORDS)
