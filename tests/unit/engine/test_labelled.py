"""What an instance was started with, for people who read no JSON."""

from __future__ import annotations

from typing import Any

import pytest

from engine.display.labelled import LONGEST, MOST_ROWS, labelled

SCHEMA: Any = {
    "type": "object",
    "properties": {
        "order": {
            "type": "object",
            "title": "Order",
            "properties": {
                "total": {"type": "number"},
                "customerEmail": {"type": "string", "title": "Customer's email"},
                "sent_at": {"type": "string", "format": "date-time"},
                "colour": {"oneOf": [{"const": "r", "title": "Red"}, {"const": "b", "title": "Blue"}]},
            },
        },
        "is_gift": {"type": "boolean"},
    },
}


def told(value: Any, schema: Any = SCHEMA, **more: Any) -> list[tuple[str, str]]:
    return [(row.label, row.text) for row in labelled(value, schema, **more)]


def test_values_come_in_the_order_and_with_the_words_of_the_schema() -> None:
    value = {
        "note_to_us": "Ring twice",
        "is_gift": False,
        "order": {"customerEmail": "c@example.com", "total": 80, "colour": "b", "sent_at": "2026-07-01T10:00:00Z"},
    }
    assert told(value, timezone="Europe/Berlin") == [
        ("Order · Total", "80"),
        ("Order · Customer's email", "c@example.com"),
        ("Order · Sent at", "2026-07-01 12:00 Europe/Berlin"),
        ("Order · Colour", "Blue"),
        ("Is gift", "No"),
        ("Note to us", "Ring twice"),
    ]


def test_lists_are_told_in_a_line_or_one_by_one() -> None:
    value = {"tags": ["a", "b"], "none": [], "items": [{"name": "Mug", "count": 2}, {"name": "Pen"}]}
    assert told(value, None) == [
        ("Tags", "a, b"),
        ("None", "none"),
        ("Items · 1 · Name", "Mug"),
        ("Items · 1 · Count", "2"),
        ("Items · 2 · Name", "Pen"),
    ]


@pytest.mark.parametrize("value", [None, {}, [], "text", 5, {"a": None, "b": ""}])
def test_what_has_no_parts_has_no_labels(value: Any) -> None:
    assert told(value) == []


def test_what_is_large_or_deep_is_bounded() -> None:
    assert len(told({f"k{n}": n for n in range(500)})) == MOST_ROWS
    assert len(told({"a": "x" * 5000})[0][1]) == LONGEST + 1
    assert told({"a": {"b": {"c": {"d": {"e": [{}]}}}}}) == [("A · B · C · D", '{"e": [{}]}')]


def test_lists_within_lists_are_bounded_too() -> None:
    nested: Any = 1
    for _ in range(600):
        nested = [nested]
    ((label, text),) = told({"a": nested})
    assert (label, text.startswith("[[[")) == ("A · 1 · 1 · 1", True)
    assert told({"a": {"b": {"c": {"d": [["x"], "y"]}}}}) == [("A · B · C · D", '[["x"], "y"]')]


@pytest.mark.parametrize(
    ("moment", "zone"),
    [
        ("0001-01-01T00:00:00Z", "America/New_York"),
        ("9999-12-31T23:59:59Z", "Europe/Berlin"),
        ("0001-01-01T00:00:00+14:00", "UTC"),
        ("2026-07-01T10:00:00", "Europe/Berlin"),
        ("soon", "UTC"),
    ],
)
def test_a_moment_beyond_the_calendar_or_of_no_zone_is_shown_as_it_is(moment: str, zone: str) -> None:
    schema = {"properties": {"at": {"type": "string", "format": "date-time"}}}
    assert told({"at": moment}, schema, timezone=zone) == [("At", moment)]


@pytest.mark.parametrize("schema", [5, [], {"properties": 5}, {"properties": {"a": 7, "b": {"enum": 3, "format": 9}}}])
def test_a_schema_that_says_nothing_is_passed_over(schema: Any) -> None:
    assert told({"a": [1], "b": "x"}, schema) == [("A", "1"), ("B", "x")]
