"""Filters over events: what passes, what does not and why, and that none takes long."""

from __future__ import annotations

import time
from typing import Any

import pytest

from engine.core.filters import matches_filter, mismatch

EVENT: dict[str, Any] = {
    "amount": 60,
    "rate": 1.5,
    "carrier": "dhl",
    "paid": True,
    "note": None,
    "items": [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}],
    "huge": 10**30,
}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "event.amount > 50",
        "event.amount > 50.5",
        "event.rate > 1",
        "event.rate + event.amount == 61.5",
        'event.carrier == "dhl" && event.paid',
        "event.note == null",
        "event.items[1].n == 2",
        'event.items.exists(i, i.sku == "b")',
        "event.items.all(i, i.n > 0) && size(event.items) == 2",
        "has(event.carrier) && !has(event.missing)",
        'event.carrier in ["dhl", "ups"]',
        'event.carrier.matches("^d.l$")',
        "event.huge > 5",
    ],
)
def test_an_event_passes(text: str) -> None:
    assert mismatch(text, EVENT) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("event.amount > 100", "The filter is not met."),
        ("event.missing > 1", "no such member in mapping: 'missing'"),
        ('event.amount > "50"', "compares values that do not go together"),
        ("event.amount / 0 > 1", "divide by zero"),
        ("event.carrier", "neither true nor false"),
        ("event.amount", "neither true nor false"),
        ("event.", "This is no expression"),
        ("input.amount > 1", "not known here"),
        ("x" * 3000, "At most 2,000 characters"),
        ("(" * 300 + "event.paid" + ")" * 300, "nested too deeply"),
    ],
)
def test_an_event_does_not_pass_and_the_reason_says_why(text: str, reason: str) -> None:
    assert reason in (mismatch(text, EVENT) or "")
    assert not matches_filter(text, EVENT)


@pytest.mark.parametrize("event", [None, 7, "text", [], True])
def test_an_event_that_is_no_object_does_not_pass(event: Any) -> None:
    assert not matches_filter("event.amount > 5", event)


@pytest.mark.parametrize(
    "text",
    [
        "event.l.all(x, event.l.all(y, x + y >= 0))",
        "event.l.map(x, event.l.map(y, event.l.map(z, z))).size() > 0",
        "event.l.exists(x, x < 0)",
    ],
)
def test_a_filter_that_would_take_long_is_refused(text: str) -> None:
    started = time.monotonic()
    assert mismatch(text, {"l": list(range(20_000))}) == "The event is too large for this filter."
    assert time.monotonic() - started < 2


def test_a_regular_expression_cannot_be_made_to_take_long() -> None:
    started = time.monotonic()
    assert not matches_filter('event.s.matches("(a+)+$")', {"s": "a" * 5000 + "b"})
    assert time.monotonic() - started < 2
