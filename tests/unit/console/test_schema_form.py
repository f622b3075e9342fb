"""A form from a JSON Schema: every supported field, and the JSON that comes of it."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from designer.schema_form import SchemaForm


def schema_of(**properties: Any) -> dict[str, Any]:
    required = [key for key, schema in properties.items() if schema.pop("must", False)]
    return {"type": "object", "properties": properties, "required": required}


def filled(schema: Any, *values: str | list[str], **kwargs: Any) -> SchemaForm:
    data = QueryDict(mutable=True)
    for number, value in enumerate(values):
        data.setlist(f"field-{number}", value if isinstance(value, list) else [value])
    return SchemaForm(schema, data, **kwargs)


def output_of(schema: Any, *values: str | list[str], **kwargs: Any) -> Any:
    form = filled(schema, *values, **kwargs)
    assert form.is_valid(), form.errors
    return form.output()


@pytest.mark.parametrize(
    ("schema", "typed", "value"),
    [
        ({"type": "string"}, "hello", "hello"),
        ({"type": "string", "maxLength": 2000}, "two\r\nlines", "two\r\nlines"),
        ({"type": "string", "format": "email"}, "a@example.com", "a@example.com"),
        ({"type": "string", "format": "date"}, "2026-03-01", "2026-03-01"),
        ({"type": "string", "format": "date-time"}, "2026-03-01T09:30", "2026-03-01T09:30:00+01:00"),
        ({"type": "integer", "minimum": 1}, "3", 3),
        ({"type": "number"}, "2.5", 2.5),
        ({"type": ["number", "null"]}, "2", 2.0),
        ({"type": "boolean"}, "on", True),
        ({"enum": ["red", "green"]}, "1", "green"),
        ({"enum": [1, None, {"a": 1}]}, "2", {"a": 1}),
        ({"oneOf": [{"const": "r", "title": "Red"}, {"const": "g"}]}, "0", "r"),
        ({"type": "array", "items": {"type": "string"}}, "a\n\n b \n", ["a", "b"]),
        ({"type": "array", "items": {"enum": ["x", "y", "z"]}}, ["0", "2"], ["x", "z"]),
        ({"type": "array", "items": {"type": "integer"}}, "[1, 2]", [1, 2]),
        ({"$ref": "#/elsewhere"}, '{"a": 1}', {"a": 1}),
    ],
)
def test_each_type_of_field_gives_its_json(schema: dict[str, Any], typed: Any, value: Any) -> None:
    assert output_of(schema_of(it=schema | {"must": True}), typed, timezone="Europe/Berlin") == {"it": value}


def test_optional_fields_left_empty_are_left_out() -> None:
    schema = schema_of(a={"type": "string"}, b={"type": "integer"}, c={"enum": [1]}, d={"type": "array"})
    assert output_of(schema, "", "", "", "") == {}


def test_an_unticked_box_is_false() -> None:
    assert output_of(schema_of(ok={"type": "boolean", "must": True})) == {"ok": False}


def test_a_box_that_must_be_ticked_is_asked_for() -> None:
    form = filled(schema_of(ok={"type": "boolean", "const": True, "must": True}))
    assert not form.is_valid()


def test_required_fields_are_asked_for_and_values_kept() -> None:
    form = filled(schema_of(name={"type": "string", "must": True}, note={"type": "string"}), "", "kept")
    assert not form.is_valid()
    assert "field-0" in form.errors
    assert form["field-1"].value() == "kept"


def test_objects_within_objects_are_filled_in_flat_and_come_out_nested() -> None:
    schema = schema_of(address={"properties": {"city": {"type": "string"}, "zip": {"type": "string"}}})
    form = filled(schema, "Bonn", "")
    assert [field.label for field in form] == ["Address · City", "Address · Zip"]
    assert form.is_valid()
    assert form.output() == {"address": {"city": "Bonn"}}


def test_titles_and_descriptions_stay_text() -> None:
    form = SchemaForm(schema_of(a={"title": "<script>1</script>", "description": "<b>x</b>", "type": "string"}))
    page = form.as_p()
    assert "<script>" not in page
    assert "<b>" not in page


def test_keys_become_labels() -> None:
    form = SchemaForm(schema_of(carrier_name={}, carrierName={}))
    assert [field.label for field in form] == ["Carrier name", "Carrier name"]


def test_a_few_required_choices_are_radios_and_many_are_a_list() -> None:
    form = SchemaForm(schema_of(few={"enum": ["a", "b"], "must": True}, many={"enum": list("abcdefgh"), "must": True}))
    assert isinstance(form.fields["field-0"].widget, forms.RadioSelect)
    assert not isinstance(form.fields["field-1"].widget, forms.RadioSelect)


def test_a_schema_that_is_no_object_has_one_field() -> None:
    assert output_of({"type": "string"}, "yes") == "yes"


def test_problems_of_the_service_stand_beside_their_fields() -> None:
    form = filled(schema_of(a={"type": "string"}, b={"properties": {"c": {"type": "string"}}}), "x", "y")
    assert form.is_valid()
    form.add_problems([("output.b.c", "too short"), ("/a", "no"), ("$", "altogether wrong")])
    assert form.errors["field-1"] == ["too short"]
    assert form.errors["field-0"] == ["no"]
    assert form.non_field_errors() == ["altogether wrong"]


@pytest.mark.parametrize("typed", ["{", '{"a": 1, "a": 2}', "NaN", "[" * 100_000, '"\\ud800"', "x" * (1024 * 1024 + 1)])
def test_bad_json_typed_in_is_refused_where_it_stands(typed: str) -> None:
    form = filled(schema_of(it={"type": "object", "must": True}), typed)
    assert not form.is_valid()
    assert "field-0" in form.errors


@pytest.mark.parametrize("typed", ["7", "-1", "x", "²"])
def test_a_choice_that_is_none_is_refused(typed: str) -> None:
    assert not filled(schema_of(it={"enum": ["a"], "must": True}), typed).is_valid()


words = st.sampled_from(["type", "enum", "properties", "required", "items", "format", "title", "description", "minimum",
                         "maxLength", "default", "oneOf", "const", "enumNames"])  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["string", "integer", "array", "date", "x"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(words, values, max_size=4))
def test_no_schema_breaks_the_form(schema: Any) -> None:
    form = SchemaForm(schema, QueryDict())
    form.as_p()
    if form.is_valid():
        form.output()
