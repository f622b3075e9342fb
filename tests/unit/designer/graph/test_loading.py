"""Texts are read with suspicion."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from designer.graph.loading import LARGEST_FILE_BYTES, load_text, plain_scalar, write_yaml
from designer.graph.problems import FlowFileInvalid, PathProblem


def problem_of(raw: bytes | str, **kwargs: str) -> PathProblem:
    """The one problem that reading answers."""
    with pytest.raises(FlowFileInvalid) as caught:
        load_text(raw, **kwargs)
    return caught.value.problems[0]


@pytest.mark.parametrize(
    ("kwargs", "raw", "value"),
    [
        ({"media_type": "application/yaml"}, "a: 1", {"a": 1}),
        ({"media_type": "application/json"}, '{"a": 1}', {"a": 1}),
        ({"name": "flow.YML"}, "[1, 2]", [1, 2]),
        ({"name": "flow.json"}, "[1, 2]", [1, 2]),
        ({}, "a: 1", {"a": 1}),
        ({}, '\n {"a": 1}', {"a": 1}),
        ({}, "\ufeffa: 1", {"a": 1}),
        ({}, "", None),
    ],
)
def test_the_media_type_then_the_name_then_the_text_say_what_it_is(
    kwargs: dict[str, str], raw: str, value: Any
) -> None:
    assert load_text(raw, **kwargs) == value
    assert load_text(raw.encode(), **kwargs) == value


def test_yaml_keeps_on_and_no_and_dates_as_texts() -> None:
    text = "on: error\nno: no\nday: 2026-01-31\ntime: 12:30:45\nflag: true\nnothing: ~\nhex: 0x1f\nfloat: 1e3\nstr: '1'"
    assert load_text(text) == {
        "on": "error",
        "no": "no",
        "day": "2026-01-31",
        "time": "12:30:45",
        "flag": True,
        "nothing": None,
        "hex": 31,
        "float": 1000.0,
        "str": "1",
    }


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("a: 1\nb: {c: 1, c: 2}", "b", "twice"),
        ("a: !!python/object:os.system x", "a", "tag"),
        ("a: !!set {x}", "a", "tag"),
        ("? [1, 2]\n: x", "", "plain text"),
        ("a: 1\n---\nb: 2", "", "several"),
        ("a: [*b]", "a", "anchor"),
        ("a: [1, 2", "", "YAML"),
        ("a: \tb: c", "", "YAML"),
    ],
)
def test_what_yaml_must_not_hold_is_refused_where_it_stands(text: str, path: str, words: str) -> None:
    problem = problem_of(text, name="x.yaml")
    assert problem.path == path
    assert words in problem.message


def test_an_alias_repeats_its_anchor() -> None:
    assert load_text("a: &x {k: 1}\nb: *x") == {"a": {"k": 1}, "b": {"k": 1}}


def test_many_aliases_and_their_explosion_are_refused() -> None:
    assert "aliases" in problem_of("a: &x 1\nb: [" + ", ".join(["*x"] * 101) + "]").message
    laughs = "l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n" + "".join(
        f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 9)
    )
    assert "Too many values" in problem_of(laughs).message
    assert "deeply" in problem_of("a: &x [*x]").message


def test_a_hundred_thousand_levels_are_refused_as_json_and_as_yaml() -> None:
    assert "deeply" in problem_of("[" * 100_000 + "]" * 100_000, name="x.json").message
    assert "deeply" in problem_of("[" * 100_000 + "]" * 100_000, name="x.yaml").message
    assert "deeply" in problem_of('{"a":' * 65 + "1" + "}" * 65).message


def test_what_is_too_large_is_refused_unread() -> None:
    assert "5 MiB" in problem_of(b" " * (LARGEST_FILE_BYTES + 1)).message
    assert "5 MiB" in problem_of("é" * (LARGEST_FILE_BYTES // 2 + 1)).message


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ('{"a": 1, "a": 2}', "twice"),
        ('{"a": NaN}', "no JSON number"),
        ('{"a": -Infinity}', "no JSON number"),
        ('{"a": 1e999}', "Infinity"),
        ('{"a": 9223372036854775808}', "64 bits"),
        ('{"a": ' + "9" * 5000 + "}", "digits"),
        ('{"a": "\\u0000"}', "NUL"),
        ('{"a": "\\ud800"}', "surrogate"),
        ('{"a": }', "line 1"),
        (b'{"a": "\xff"}', "UTF-8"),
    ],
)
def test_what_json_must_not_hold_is_refused(raw: str | bytes, words: str) -> None:
    assert words in problem_of(raw, name="x.json").message


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["a", "on", "no", "edges", "tags", "1"]), json_values))
def test_whatever_is_written_as_yaml_is_read_again(value: dict[str, Any]) -> None:
    assert load_text(write_yaml(value), name="x.yaml") == value


@given(json_values)
def test_whatever_is_written_as_json_is_read_again(value: Any) -> None:
    assert load_text(json.dumps(value), name="x.json") == value


def test_a_plain_scalar_that_looks_like_nothing_special_is_a_text() -> None:
    for text in ("yes", "off", "1_000", "0b1", ".inf", ".nan", "1.2.3", "+", "1:30"):
        assert plain_scalar(text) == text
