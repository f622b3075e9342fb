"""Events to try a trigger with."""

from __future__ import annotations

from typing import Any

import pytest

from designer.graph.sample_events import sample_event

SAMPLE = {"order": {"id": "7", "total": 80}, "note": "soon"}


@pytest.mark.parametrize(
    ("filter", "inputs", "expected"),
    [
        ("", None, SAMPLE),
        ("event.order.total > 100 && event.country == 'DE'", None,
         {"order": {"id": "7", "total": 101}, "note": "soon", "country": "DE"}),
        ("event.order.total >= 10", None, SAMPLE),
        ("", {"order": "{{ event }}"}, {"id": "7", "total": 80}),
        ("event.total > 0", {"order": "{{ event }}"}, {"id": "7", "total": 80}),
        ("event.paid == true", {"note": "{{event.a.b}}"}, {"a": {"b": "soon"}, "paid": True}),
        ("", {"order": "event.order", "who": "event.customer.name"},
         {"order": {"id": "7", "total": 80}, "customer": {"name": "example"}}),
        ("", {"who": "{{ event.first }} {{ event.last | upcase }}"}, {"first": "example", "last": "example"}),
        ('event.key.startsWith("a") && event.weight < 1.5', {}, {"key": "example", "weight": 0.5}),
        ("", {"fixed": 3}, {}),
    ],
)  # fmt: skip
def test_the_filter_passes_and_the_inputs_find_the_sample(
    filter: str, inputs: dict[str, Any] | None, expected: Any
) -> None:
    assert sample_event(SAMPLE, filter=filter, inputs=inputs) == expected


@pytest.mark.parametrize("sample", [None, 3, ["a"], "text"])
def test_any_sample_will_do(sample: Any) -> None:
    assert sample_event(sample, filter="event.a == 1", inputs=None) == {"a": 1}
