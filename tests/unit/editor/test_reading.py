"""What is typed into a form, as JSON: by the field's type, or refused with a reason."""

from __future__ import annotations

from typing import Any

import pytest

from designer.graph.fields import Choice, Field, FieldType
from designer.inspector.reading import ValueRefused, read_value


def field(kind: FieldType, **more: Any) -> Field:
    return Field(key="it", type=kind, label="It", **more)


TEXT = field(FieldType.TEXT)


@pytest.mark.parametrize(
    ("of", "typed", "value"),
    [
        (TEXT, "  a name ", "a name"),
        (TEXT, "   ", None),
        (field(FieldType.LONGTEXT), "one\r\ntwo", "one\ntwo"),
        (field(FieldType.NUMBER), "12", 12),
        (field(FieldType.NUMBER), "1.5", 1.5),
        (field(FieldType.NUMBER), "", None),
        (field(FieldType.NUMBER, is_templated=True), "{{ input.n }}", "{{ input.n }}"),
        (field(FieldType.BOOLEAN), True, True),
        (field(FieldType.BOOLEAN), "off", False),
        (field(FieldType.DURATION), "2 days", "2 days"),
        (field(FieldType.CHOICE, choices=(Choice("a", "A"),)), "a", "a"),
        (field(FieldType.JSON), '{"a": [1]}', {"a": [1]}),
        (field(FieldType.JSON), "{{ input.order }}", "{{ input.order }}"),
        (field(FieldType.JSON), "plain words", "plain words"),
        (field(FieldType.JSON), '"12"', "12"),
        (field(FieldType.JSON), "12", 12),
        (field(FieldType.JSON_SCHEMA), '{"type": "object"}', {"type": "object"}),
        (field(FieldType.LIST, of=TEXT), ["a", "", " b "], ["a", "b"]),
        (field(FieldType.LIST, of=TEXT), ["", " "], None),
        (field(FieldType.MAP, of=TEXT), [["a", "1"], ["", ""], ["b", ""]], {"a": "1", "b": ""}),
        (field(FieldType.REQUIREMENTS), ["a", "phase:p", "a", ""], [{"task": "a"}, {"phase": "p"}]),
        (field(FieldType.REQUIREMENTS), [""], None),
    ],
)
def test_what_is_typed_is_read_by_the_type_of_its_field(of: Field, typed: Any, value: Any) -> None:
    assert read_value(of, typed) == value


@pytest.mark.parametrize(
    ("of", "typed", "reason"),
    [
        (field(FieldType.NUMBER), "many", "give a number"),
        (field(FieldType.NUMBER, is_whole=True), "1.5", "whole"),
        (field(FieldType.NUMBER, maximum=3), "4", "at most 3"),
        (field(FieldType.BOOLEAN), "perhaps", "true or false"),
        (field(FieldType.DURATION), "5", "unit"),
        (field(FieldType.CHOICE, choices=(Choice("a", "A"),)), "b", "none of"),
        (field(FieldType.JSON), '{"a": ', "is not JSON"),
        (field(FieldType.JSON), '{"a": 1, "a": 2}', "It"),
        (field(FieldType.JSON_SCHEMA), "words", "is not JSON"),
        (field(FieldType.JSON_SCHEMA), '{"type": "nothing"}', "Schema"),
        (field(FieldType.LIST, of=TEXT), "a", "a list"),
        (field(FieldType.LIST, of=TEXT), [1], "give a text"),
        (field(FieldType.MAP, of=TEXT), [["a", "1"], ["a", "2"]], "twice"),
        (field(FieldType.MAP, of=TEXT), [["", "1"]], "a key"),
        (field(FieldType.MAP, of=TEXT), [3], "keys and values"),
        (TEXT, {"a": 1}, "give a text"),
        (TEXT, "x" * 10_001, "at most"),
        (field(FieldType.REQUIREMENTS), [{"task": 1}], "task"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_reason(of: Field, typed: Any, reason: str) -> None:
    with pytest.raises(ValueRefused, match=reason):
        read_value(of, typed)
