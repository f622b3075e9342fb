"""Patterns over events, row by row of what the vendor lists."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.event_patterns import fits, problem_of

THING = {
    "first": "John",
    "email": "j.doe@email.com",
    "nothing": None,
    "empty": "",
    "price": 15,
    "flag": True,
    "tags": ["a", "b"],
    "address": {"country": "Germany"},
}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({}, True),
        ({"nothing": [None]}, True),
        ({"first": [None]}, False),
        ({"absent": [None]}, False),
        ({"empty": [""]}, True),
        ({"first": ["John"]}, True),
        ({"first": ["john"]}, False),
        ({"first": [{"equals-ignore-case": "john"}]}, True),
        ({"first": ["John"], "price": [15]}, True),
        ({"first": ["John"], "price": [16]}, False),
        ({"first": ["Jane", "John"]}, True),
        ({"$or": [{"first": ["Jane"]}, {"price": [15]}]}, True),
        ({"$or": [{"first": ["Jane"]}, {"price": [16]}], "email": [{"exists": True}]}, False),
        ({"first": [{"anything-but": ["Jane"]}]}, True),
        ({"first": [{"anything-but": ["Jane", "John"]}]}, False),
        ({"first": [{"anything-but": "John"}]}, False),
        ({"absent": [{"anything-but": ["Jane"]}]}, False),
        ({"price": [{"numeric": ["=", 15]}]}, True),
        ({"price": [{"numeric": [">", 10, "<=", 20]}]}, True),
        ({"price": [{"numeric": [">", 10, "<=", 14.5]}]}, False),
        ({"first": [{"numeric": [">", 0]}]}, False),
        ({"flag": [{"numeric": ["=", 1]}]}, False),
        ({"flag": [1]}, False),
        ({"flag": [True]}, True),
        ({"email": [{"exists": True}]}, True),
        ({"email": [{"exists": False}]}, False),
        ({"absent": [{"exists": False}]}, True),
        ({"email": [{"prefix": "j."}]}, True),
        ({"email": [{"suffix": ".png"}]}, False),
        ({"email": [{"wildcard": "*@email.com"}]}, True),
        ({"email": [{"wildcard": "j*doe*.com"}]}, True),
        ({"email": [{"wildcard": "j*doe*doe*"}]}, False),
        ({"first": [{"wildcard": "Jo*ohn"}]}, False),
        ({"first": [{"wildcard": "John"}]}, True),
        ({"tags": ["b"]}, True),
        ({"tags": [{"prefix": "c"}]}, False),
        ({"address": {"country": ["Germany"]}}, True),
        ({"address": {"country": ["France"]}}, False),
        ({"address.country": ["Germany"]}, True),
        ({"$or": [{"address.town": [{"exists": True}]}, {"address.country": [{"exists": True}]}]}, True),
        ({"first": "John"}, False),
        ({"first": [{"cidr": "10.0.0.0/8"}]}, False),
        ({"first": [{}]}, False),
        ({"price": [{"numeric": [">"]}]}, False),
        ({"$or": {}}, False),
        ([], False),
    ],
)
def test_a_pattern_fits_or_does_not(pattern: Any, expected: bool) -> None:
    assert fits(pattern, THING) is expected


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ({"a": ["x", {"exists": True}], "$or": [{"b": {"c": [1]}}]}, None),
        ([], "filter must be an object"),
        ({"a": "x"}, "filter.a must be a list of what the value may be"),
        ({"a": []}, "filter.a must be a list of what the value may be"),
        ({"a": [[1]]}, "filter.a has a list in its list"),
        ({"a": [{"exists": 1}]}, "filter.a: exists is true or false"),
        ({"a": [{"cidr": "x"}]}, "filter.a: a test is one of exists, equals-ignore-case"),
        ({"a": [{"numeric": ["~", 1]}]}, "filter.a: numeric is a list such as"),
        ({"a": [{"prefix": 1}]}, "filter.a: prefix is a text"),
        ({"$or": [{"a": 1}]}, "filter.$or[0].a must be a list"),
        ({"$or": {"a": ["x"]}}, "filter.$or must be a list"),
    ],
)
def test_what_cannot_be_read_is_named(pattern: Any, problem: str | None) -> None:
    found = problem_of(pattern, "filter")
    assert found is None if problem is None else str(found).startswith(problem)


def test_patterns_that_are_nested_without_end_fit_nothing() -> None:
    pattern: Any = {"a": ["x"]}
    for _ in range(100):
        pattern = {"$or": [pattern]}
    assert not fits(pattern, {"a": "x"})
    assert problem_of(pattern) is not None
