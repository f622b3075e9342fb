"""Filters over events."""

from __future__ import annotations

import pytest

from designer.graph.cel import filter_reason


@pytest.mark.parametrize(
    "text",
    [
        "event.amount > 50",
        "event.items.exists(item, item.price > 5)",
        "has(event.carrier) && event.carrier in ['dhl', 'ups']",
        "size(event.items) > 1 || event.a.b == 'x'",
        "timestamp(event.at) > timestamp('2026-01-01T00:00:00Z')",
        "type(event.x) == int ? true : false",
    ],
)
def test_an_expression_over_the_event_is_a_filter(text: str) -> None:
    assert filter_reason(text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Write an expression"),
        ("event.amount >", "no expression"),
        ("evnt.amount > 1", 'Did you mean "event"?'),
        ("input.amount > 1", "A filter sees event"),
        ("(" * 900 + "1" + ")" * 900, "too deeply"),
        ("event.a == '" + "x" * 2000 + "'", "2,000 characters"),
    ],
)
def test_anything_else_is_refused_with_its_reason(text: str, words: str) -> None:
    assert words in (filter_reason(text) or "")
