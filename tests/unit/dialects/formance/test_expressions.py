"""The language of trigger filters and variables."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.formance.expressions import ExpressionError, as_text, compile_expression, evaluate
from dialects.formance.expressions.functions import Wrong

EVENT: dict[str, Any] = {
    "type": "PAY-IN",
    "amount": 12900,
    "rate": 0.5,
    "tags": ["a", "b", "c"],
    "items": [{"price": 5, "sku": "x"}, {"price": 20, "sku": "y"}],
    "nested": {"deep": {"er": True}},
    "nothing": None,
    "links": [{"name": "source_account", "uri": "http://a"}, {"name": "two", "uri": "b"}, {"name": "two", "uri": "c"}],
}


def fetch(uri: str) -> Any:
    """What a link leads to."""
    if uri != "http://a":
        raise Wrong("cannot fetch")
    return {"data": {"name": "ada"}}


def value(text: str, event: Any = EVENT) -> Any:
    """What an expression comes to."""
    return evaluate(text, event, fetch)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1_000 + 2 * 3", 1006),
        ("2 ** 3 ** 2", 512.0),
        ("7 / 2", 3.5),
        ("4 / 2", 2.0),
        ("-7 % 3", -1),
        ("'a' + \"b\" + `c`", "abc"),
        ("'it\\'s\\n'", "it's\n"),
        ("true and not false", True),
        ("!true || false", False),
        ("1 < 2 && 2 <= 2.0", True),
        ('event.type == "PAY-IN" && event.amount > 5000', True),
        ("event.missing == nil", True),
        ("event.nothing?.deep", None),
        ("event.missing?.a ?? 'none'", "none"),
        ("event.missing.a ?? 'none'", "none"),
        ("unknown ?? 7", 7),
        ("event.amount > 10000 ? 'big' : 'small'", "big"),
        ("event.tags[0] + event.tags[-1]", "ac"),
        ("event.tags[1:]", ["b", "c"]),
        ("event.tags[:1]", ["a"]),
        ('event["type"]', "PAY-IN"),
        ("'b' in event.tags", True),
        ("'z' not in event.tags", True),
        ("'deep' in event.nested", True),
        ("event.type contains 'AY'", True),
        ("event.type startsWith 'PAY' and event.type endsWith 'IN'", True),
        ("event.type matches '^PAY-(IN|OUT)$'", True),
        ("1..3", [1, 2, 3]),
        ("all(event.items, #.price > 1)", True),
        ("any(event.items, .price > 10)", True),
        ("none(event.items, {.price > 100})", True),
        ("one(event.items, .sku == 'x')", True),
        ("count(event.items, .price > 1)", 2),
        ("filter(event.tags, # != 'b')", ["a", "c"]),
        ("map(1..3, # * 2)", [2, 4, 6]),
        ("find(event.items, .price > 10).sku", "y"),
        ("event.items | filter(.price > 10) | map(.sku)", ["y"]),
        ("event.tags | join('-') | upper()", "A-B-C"),
        ("len(event.tags) + len('abc')", 6),
        ("split('a,b', ',')", ["a", "b"]),
        ("replace('aa', 'a', 'b')", "bb"),
        ("trim('  x ')", "x"),
        ("indexOf('abc', 'c')", 2),
        ("hasPrefix('abc', 'a') and hasSuffix('abc', 'c')", True),
        ("int('42') + int(3.9)", 45),
        ("float('1.5')", 1.5),
        ("string(12) + type([])", "12array"),
        ("abs(-3) + max(1, 2, [5]) + min(4, 9)", 12),
        ("ceil(1.2) + floor(1.8) + round(2.5)", 6.0),
        ("sum([1, 2, 3])", 6),
        ("first(event.tags) + last(event.tags)", "ac"),
        ("keys({a: 1, 'b': 2})", ["a", "b"]),
        ("values({a: 1})", [1]),
        ("fromJSON('{\"a\": [1]}').a[0]", 1),
        ("date('2026-01-02T00:00:00Z') > date('2026-01-01')", True),
        ("duration('1h') > duration('30m')", True),
        ("now() > date('2020-01-01')", True),
        ('link(event, "source_account").name', "ada"),
        ("{a: {b: [1, 2]}}.a.b[1]", 2),
        ("// a comment\n1 /* and one */ + 1", 2),
        ("not (1 == 2)", True),
        ("1 == true", False),
    ],
)
def test_an_expression_has_a_value(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("event.", "expected name (1:7)"),
        ("1 +", "unexpected token EOF (1:4)"),
        ("a b", 'unexpected token Name("b") (1:3)'),
        ("foo(1)", "unknown name foo (1:1)"),
        ("'open", "unrecognized character"),
        ("(" * 80 + "1" + ")" * 80, "nested too deeply"),
        ("x" * 5000, "at most 4096 bytes"),
    ],
)
def test_what_cannot_be_read_does_not_compile(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        compile_expression(text)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("text", "event", "message"),
    [
        ("event.name", None, "cannot fetch name from <nil> (1:7)"),
        ("event.missing.name", EVENT, "cannot fetch name from <nil> (1:15)"),
        ("event.missing + 1", EVENT, "invalid operation: <nil> + int"),
        ("event.missing > 1", EVENT, "invalid operation: <nil> > int"),
        ("event.tags[5]", EVENT, "index out of range: 5 (array length is 3)"),
        ("1 % 0", EVENT, "integer divide by zero"),
        ("1 and true", EVENT, "expected bool"),
        ('link(event, "nope")', EVENT, "link 'nope' not defined for object"),
        ('link(event, "two")', EVENT, "multiple link 'two'"),
        ('link(event, "two")', {"links": -1}, "link 'two' not defined for object"),
        ('link(event, "two")', {"links": {"name": "two"}}, "link 'two' not defined for object"),
        ("link(event)", EVENT, "expect two arguments, got 1"),
        ("len(1)", EVENT, "invalid argument for len (type int)"),
        ("trim()", EVENT, "not enough arguments to call trim"),
        ("1..100000", EVENT, "memory budget exceeded"),
        ("10 ** 400", EVENT, "too large"),
        ("event.type matches '(a+)+$'", EVENT, "repeats what repeats"),
        ("event.type matches '(?=a)'", EVENT, "unsupported Perl syntax"),
    ],
)
def test_what_cannot_be_evaluated_is_an_error(text: str, event: Any, message: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        value(text, event)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('event.type.startsWith("PAY") && has(event.amount)', True),
        ("has(event.nope)", False),
        ("event.items.exists(i, i.price > 10)", True),
        ("event.items.filter(i, i.price > 10)[0].sku", "y"),
        ("event.tags.map(t, t.upper())", ["A", "B", "C"]),
        ("size(event.tags) + size('abc')", 6),
        ("double(event.amount) / 8.0", 1612.5),
        ('link(event, "source_account").name.startsWith("a")', True),
        ("event.nothing == null || has(event.nope)", True),
    ],
)
def test_what_is_written_in_cel_has_a_value_too(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('link(event, "nope").name.startsWith("a")', "link 'nope' not defined for object"),
        ('link(event, "two").name.startsWith("a")', "multiple link 'two'"),
        ("event.nope.startsWith('a')", "nope"),
        ("size(event.amount)", "cannot be applied"),
    ],
)
def test_what_breaks_in_cel_is_an_error_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=r"\(1:1\)$") as refused:
        value(text)
    assert message in str(refused.value)


@pytest.mark.parametrize("text", ["event.items.steal(1)", "open('/etc/passwd')", "other.exists(o, o)", "has(other.a)"])
def test_what_neither_language_knows_does_not_compile(text: str) -> None:
    with pytest.raises(ExpressionError):
        compile_expression(text)


def test_evaluation_ends_in_time() -> None:
    started = time.monotonic()
    with pytest.raises(ExpressionError, match=r"takes too long|memory budget"):
        value("count(1..9999, count(1..9999, count(1..9999, # > 1) > 1) > 1)")
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ("x", "x"),
        (True, "true"),
        (2_500_000.0, "2500000"),
        (2.5e21, "2500000000000000000000"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (10**30, "1" + "0" * 30),
        (None, ""),
        ([1, {"a": None}], '[1,{"a":null}]'),
        (timedelta(hours=1, minutes=30), "1h30m0s"),
        (datetime(2026, 3, 4, tzinfo=UTC), "2026-03-04T00:00:00Z"),
    ],
)
def test_values_become_variables(found: Any, text: str) -> None:
    assert as_text(found) == text


@given(st.text(alphabet="event.()[]{}#'\"`|&!?:+-*/%<>=,0123456789 abcintlmor\\", max_size=60))
def test_nothing_but_an_expression_error_is_ever_raised(text: str) -> None:
    with contextlib.suppress(ExpressionError):
        value(text)
