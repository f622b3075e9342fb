"""Templates in settings: types kept, clear errors, and limits that hold against hostile templates."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from designer.graph.references import FILTERS
from engine.core.templates import DataTooLarge, TemplateError, render_text, render_value

NOW = "2026-03-02T12:00:00+00:00"
DATA: dict[str, Any] = {
    "input": {
        "name": "Ann",
        "total": 12,
        "rate": 1.5,
        "paid": True,
        "note": None,
        "items": [{"sku": "a"}, {"sku": "b"}],
    },
    "steps": {"fetch": {"output": {"total": 3}}, "my task": {"output": "x"}},
    "vars": {},
    "now": NOW,
}
HUGE = {**DATA, "input": {"text": "x" * 900_000, "list": list(range(100_000))}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ input }}", {"n": 2**70}),
        ("{{ input | json }}", f'{{"n":{2**70}}}'),
        ("It is {{ input }}, {{ input.n }}.", f'It is {{"n":{2**70}}}, {2**70}.'),
    ],
)
def test_numbers_of_more_than_64_bits_are_written_in_full(text: str, value: Any) -> None:
    assert render_value(text, {**DATA, "input": {"n": 2**70}}) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ input.total }}", 12),
        ("{{input.rate}}", 1.5),
        ("  {{ input.paid }} ", True),
        ("{{ input.note }}", None),
        ("{{ input.items }}", [{"sku": "a"}, {"sku": "b"}]),
        ("{{ input.items[1].sku }}", "b"),
        ("{{ input.items[-1].sku }}", "b"),
        ('{{ steps["my task"].output }}', "x"),
        ("{{ input.items.size }}", 2),
        ("{{ input.items.first.sku }}", "a"),
        ("{{ input }}", DATA["input"]),
    ],
)
def test_a_lone_reference_keeps_its_type(text: str, value: object) -> None:
    assert render_text(text, DATA) == value
    assert type(render_text(text, DATA)) is type(value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Dear {{ input.name }}!", "Dear Ann!"),
        ("{{ input.total }} EUR", "12 EUR"),
        ("{{ input.total }}{{ input.total }}", "1212"),
        ("{{ input.paid }}, {{ input.note }}.", "true, ."),
        ("{{ input.total | plus: 1 }}", "13"),
        ("{{ input.items | map: 'sku' | join: '+' }}", "a+b"),
        ("{% for item in input.items %}[{{ item.sku }}]{% endfor %}", "[a][b]"),
        ("{% if input.total > 10 %}big{% else %}small{% endif %}", "big"),
        ("First: {{ input.items[0] }}", 'First: {"sku":"a"}'),
        ('{"items": {{ input.items | json }}}', '{"items": [{"sku":"a"},{"sku":"b"}]}'),
        ("<b>{{ '<i>' }}</b>", "<b><i></b>"),
        ("{{ 'now' | date: '%d.%m.%Y' }}", "02.03.2026"),
        ("{{ now | date: '%H' }} h", "12 h"),
        ("no template at all", "no template at all"),
        ("{% raw %}{{ this }}{% endraw %}", "{{ this }}"),
    ],
)
def test_any_other_template_becomes_text(text: str, shown: str) -> None:
    assert render_text(text, DATA) == shown


def test_templates_are_rendered_deep_inside_of_settings() -> None:
    value = {"to": ["{{ input.name }}", 7], "body": {"n": "{{ input.total }}", "{{ key }}": "stays"}, "none": None}
    assert render_value(value, DATA) == {"to": ["Ann", 7], "body": {"n": 12, "{{ key }}": "stays"}, "none": None}


# -- what is not there ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "{{ input.nmae }}",
        "Dear {{ input.nmae }}",
        "{{ input.nmae | upcase }}",
        "{{ input.nmae | date: '%Y' }}",
        "{% for x in input.nmae %}{% endfor %}",
        "{{ input.nmae.deeper }} ",
    ],
)
def test_a_name_that_is_not_there_is_an_error_that_says_so(text: str) -> None:
    with pytest.raises(TemplateError, match=r"There is no input\.nmae") as caught:
        render_value({"body": [text]}, DATA, "inputs")
    assert caught.value.path == "inputs.body[0]"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{{ input.nmae | default: 'you' }}", "you"),
        ("Dear {{ input.nmae | default: input.name }}", "Dear Ann"),
        ("{% if input.nmae %}a{% else %}b{% endif %}", "b"),
        ("{% unless input.nmae %}b{% endunless %}", "b"),
        ("{% if input.nmae == nil %}b{% endif %}", "b"),
    ],
)
def test_a_name_that_is_not_there_may_be_tested_and_replaced(text: str, shown: str) -> None:
    assert render_text(text, DATA) == shown


@pytest.mark.parametrize(
    "text",
    [
        "{{ input.name",
        "{% if %}",
        "{% endfor %}",
        "{{ input.name | shout }}",
        "{{ input.total | divided_by: 0 }}",
        "{% include 'secrets' %}",
        "{% render 'secrets' %}",
        "{{ | }}",
        "{% unknown %}",
    ],
)
def test_a_broken_template_is_an_error_not_a_crash(text: str) -> None:
    with pytest.raises(TemplateError):
        render_text(text, DATA)


# -- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "{% for i in (1..1000000000) %}x{% endfor %}",
        "{% for i in (1..9999) %}{% for j in (1..9999) %}x{% endfor %}{% endfor %}",
        "{% for i in (1..9999) %}{{ input.text }}{% endfor %}",
        "{% assign x = 'ab' %}{% for i in (1..60) %}{% assign x = x | append: x %}{% endfor %}",
        "{% assign x = 9 %}{% for i in (1..60) %}{% assign x = x | times: x %}{% endfor %}",
        "{{ input.text | replace: 'x', input.text }}",
        "{{ input.text | replace: '', input.text }}",
        "{{ input.list | join: input.text }}",
        "{{ (1..1000000000) | join: ',' }}",
        "{{ input.list | uniq | size }}",
        "{% for i in (1..9999) %}{% assign y = input.text | upcase %}{% endfor %}",
        "{% for i in (1..9999) %}{% if input.text contains 'y' %}{% endif %}{% endfor %}",
        "{{ 5 | date: '%999999999d' }}",
        "{{ now | date: '%0999999d' }}",
        "{% if true %}" * 100 + "{% endif %}" * 100,
        "{{ input.text }}{{ input.text }}",
    ],
)
def test_no_template_takes_long_or_makes_much(text: str) -> None:
    started = time.monotonic()
    with pytest.raises(TemplateError):
        render_text(text, HUGE)
    assert time.monotonic() - started < 3


def test_many_references_to_a_large_value_are_too_much_together() -> None:
    assert render_value(["{{ input.text }}"], HUGE)
    with pytest.raises(DataTooLarge, match="larger than 1 MiB"):
        render_value(["{{ input.list }}", "{{ input.list }}"], HUGE)


def test_settings_that_are_nested_too_deeply_are_refused() -> None:
    value: Any = "{{ input.name }}"
    for _ in range(100):
        value = [value]
    with pytest.raises(TemplateError, match="deeper than 64"):
        render_value(value, DATA)


def test_a_template_reads_no_clock() -> None:
    assert render_text("{{ 'today' | date: '%Y-%m-%d' }} {{ 'now' | date: '%H:%M' }}", DATA) == "2026-03-02 12:00"


def test_rendering_changes_nothing_in_the_data() -> None:
    before = repr(DATA)
    render_text("{% assign input = 1 %}{{ input }}{{ steps.fetch.output | json }}", DATA)
    assert repr(DATA) == before


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=60, deadline=None)
@given(value=JSON)
def test_a_lone_reference_answers_the_very_value(value: Any) -> None:
    assert render_value({"a": "{{ input.value }}"}, {"input": {"value": value}}) == {"a": value}


@settings(max_examples=150, deadline=None)
@given(value=JSON, name=st.sampled_from(sorted(FILTERS)), argument=JSON)
def test_no_filter_raises_anything_but_a_template_error(value: Any, name: str, argument: Any) -> None:
    data = {"input": {"value": value, "argument": argument}, "now": NOW}
    for text in (f"{{{{ input.value | {name} }}}}", f"{{{{ input.value | {name}: input.argument }}}} "):
        with suppress(TemplateError):
            assert isinstance(render_text(text, data), str)
