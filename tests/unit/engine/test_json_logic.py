"""JSON-logic rules: every operator, the order in which values are compared, and what never is an error."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.core.json_logic import OPERATORS, RuleTooLarge, holds, variables

NOW = datetime(2030, 5, 1, 12, tzinfo=UTC)
DATA: dict[str, Any] = {
    "payload": {
        "n": 5,
        "text": "Hello World",
        "yes": True,
        "list": [1, 2, 3],
        "people": [{"age": 20}, {"age": 40}],
        "day": "2030-04-21T12:00:00+00:00",
        "empty": "",
    },
    "subscriber": {"firstName": "Ada"},
}


def var(path: str) -> dict[str, Any]:
    """A variable."""
    return {"var": path}


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ({"==": [var("payload.n"), "5"]}, True),
        ({"===": [var("payload.n"), "5"]}, False),
        ({"=": [var("payload.yes"), "true"]}, True),
        ({"!=": [var("payload.text"), "x"]}, True),
        ({"!==": [var("payload.n"), 5]}, False),
        ({">": [var("payload.n"), 4]}, True),
        ({">=": [var("payload.n"), "5"]}, True),
        ({"<": [var("payload.text"), 4]}, False),
        ({"<=": [1, var("payload.n"), 9]}, True),
        ({"<=": [1, var("payload.n"), 4]}, False),
        ({">": [var("payload.day"), "2030-01-01T00:00:00Z"]}, True),
        ({"and": [True, var("payload.yes")]}, True),
        ({"or": [False, var("payload.missing")]}, False),
        ({"!": [var("payload.missing")]}, True),
        ({"!!": [var("payload.list")]}, True),
        ({"if": [False, True, var("payload.yes")]}, True),
        ({"in": ["World", var("payload.text")]}, True),
        ({"in": [2, var("payload.list")]}, True),
        ({"notIn": [9, var("payload.list")]}, True),
        ({"contains": [var("payload.text"), "world"]}, True),
        ({"doesNotContain": [var("payload.text"), "moon"]}, True),
        ({"doesNotContain": [var("payload.missing"), "moon"]}, False),
        ({"startsWith": [var("subscriber.firstName"), "A"]}, True),
        ({"beginsWith": [var("subscriber.firstName"), "B"]}, False),
        ({"endsWith": [var("payload.text"), "World"]}, True),
        ({"doesNotBeginWith": [var("payload.text"), "World"]}, True),
        ({"doesNotEndWith": [var("payload.text"), "World"]}, False),
        ({"null": [var("payload.missing")]}, True),
        ({"null": [var("payload.empty")]}, True),
        ({"notNull": [var("payload.n")]}, True),
        ({"between": [var("payload.n"), [1, 5]]}, True),
        ({"between": [var("payload.n"), 6, 9]}, False),
        ({"notBetween": [var("payload.n"), [6, 9]]}, True),
        ({"notBetween": [var("payload.text"), [6, 9]]}, False),
        ({"moreThanXAgo": [var("payload.day"), {"amount": 9, "unit": "days"}]}, True),
        ({"lessThanXAgo": [var("payload.day"), {"amount": 2, "unit": "weeks"}]}, True),
        ({"withinLast": [var("payload.day"), {"amount": 3, "unit": "days"}]}, False),
        ({"notWithinLast": [var("payload.day"), {"amount": 3, "unit": "days"}]}, True),
        ({"exactlyXAgo": [var("payload.day"), {"amount": 10, "unit": "days"}]}, True),
        ({"exactlyXAgo": [var("payload.day"), {"amount": 12, "unit": "days"}]}, False),
        ({"moreThanXAgo": [var("payload.day"), {"amount": 0, "unit": "days"}]}, False),
        ({"moreThanXAgo": [var("payload.day"), {"amount": 1, "unit": "moons"}]}, False),
        ({"all": [var("payload.people"), {">": [var("age"), 18]}]}, True),
        ({"some": [var("payload.people"), {">": [var("age"), 30]}]}, True),
        ({"none": [var("payload.people"), {">": [var("age"), 50]}]}, True),
        ({"==": [{"reduce": [var("payload.list"), {"+": [var("current"), var("accumulator")]}, 0]}, 6]}, True),
        ({"==": [{"cat": [var("subscriber.firstName"), "!"]}, "Ada!"]}, True),
        ({"==": [{"substr": [var("payload.text"), 0, 5]}, "Hello"]}, True),
        ({"==": [{"%": [7, 4]}, 3]}, True),
        ({"missing": ["payload.nothing"]}, True),
        ({"nonsense": [1, 2]}, False),
        ({"/": [1, 0]}, False),
        ({"==": [1]}, False),
        ({}, False),
        ([], False),
        ("text", True),
    ],
)
def test_a_rule_holds_or_not(rule: Any, wanted: bool) -> None:
    assert holds(rule, DATA, now=NOW) is wanted


def test_no_operator_breaks_on_anything() -> None:
    odd: list[Any] = [[], [None], [None, None], [{}, []], ["x", 1, True], [[1], {"a": 1}, None]]
    for operator in OPERATORS:
        for operands in odd:
            holds({operator: operands}, DATA, now=NOW)


def test_a_rule_that_is_too_deep_is_refused() -> None:
    rule: Any = True
    for _ in range(60):
        rule = {"!": [rule]}
    with pytest.raises(RuleTooLarge):
        holds(rule, DATA, now=NOW)


def test_the_variables_of_a_rule_are_known() -> None:
    rule = {"and": [var("payload.a"), {"==": [{"var": ["b.c", 1]}, 2]}, {"some": [var("list"), var("inner")]}]}
    assert list(variables(rule)) == ["payload.a", "b.c", "list"]
