"""Paths into an instance's data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from designer.graph.paths import MISSING, lone_reference, parse_path, resolve, written


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("input", ("input",)),
        ("input.order.items[0].total", ("input", "order", "items", 0, "total")),
        ("steps.my-task.output", ("steps", "my-task", "output")),
        ('steps["1st"].output', ("steps", "1st", "output")),
        ("steps['a b'][-1]", ("steps", "a b", -1)),
        ("input.items.0.price", ("input", "items", 0, "price")),
    ],
)
def test_a_path_is_read(text: str, path: tuple[str | int, ...]) -> None:
    assert parse_path(text) == path


@pytest.mark.parametrize("text", ["", ".", "a.", "a..b", "a b", "[0]", "a[", "a[x]", "a | b", "a" * 1001, "a.b'c"])
def test_what_is_no_path_is_none(text: str) -> None:
    assert parse_path(text) is None


@given(
    st.tuples(st.from_regex(r"[a-z_][a-z0-9_-]{0,5}", fullmatch=True)),
    st.lists(
        st.integers(-99, 99) | st.text(st.characters(exclude_characters="\"'", exclude_categories=["Cs"]), max_size=6)
    ),
)
def test_a_written_path_is_read_again(root: tuple[str], rest: list[str | int]) -> None:
    path = (*root, *rest)
    again = parse_path(written(path))
    assert again is not None
    assert tuple(map(str, again)) == tuple(map(str, path))


def test_a_value_is_found_where_the_path_leads() -> None:
    data = {"input": {"items": [{"price": 5}, {"price": None}], "7": "seven"}}
    assert resolve("input.items[0].price", data) == 5
    assert resolve("input.items[-1].price", data) is None
    assert resolve("input.7", data) == "seven"
    for nowhere in ("input.items[2]", "input.items.price", "input.items[0].price.more", "output", "a..b"):
        assert resolve(nowhere, data) is MISSING


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("{{ input.x }}", "input.x"),
        (" {{input.x}} ", "input.x"),
        ("{{- input.x -}}", "input.x"),
        ("{{ input.x | upcase }}", None),
        ("{{ input.x }} and {{ input.y }}", None),
        ("total {{ input.x }}", None),
        ("input.x", None),
    ],
)
def test_a_lone_reference_is_told_from_a_text(text: str, path: str | None) -> None:
    assert lone_reference(text) == path
