"""What is read as JSON can be stored, and can be written and read again."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.clean_json import BadJson, clean_json, clean_value

KIB = 1024
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
values = st.recursive(scalars | texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=20)


@given(values)
def test_good_json_is_read_as_python_reads_it(value: object) -> None:
    assert clean_json(json.dumps(value), max_bytes=64 * KIB) == value


@pytest.mark.parametrize(
    ("raw", "path", "part"),
    [
        ('{"a": 1, "a": 2}', "$", "key 'a' twice"),
        ('{"x": [{"b": 1, "b": 1}]}', "$", "key 'b' twice"),
        ("[NaN]", "$", "NaN"),
        ("[-Infinity]", "$", "-Infinity"),
        ("[1, 1e999]", "$[1]", "finite"),
        ('{"k": "a\\u0000b"}', "$.k", "NUL"),
        ('{"a\\u0000": 1}', "$", "NUL"),
        ('{"k": ["ok", "\\ud800"]}', "$.k[1]", "surrogate"),
        ('{"\\udfff": 1}', "$", "surrogate"),
        ("1" * 401, "$", "digits"),
        ("", "$", "line 1, column 1"),
        ("{'a': 1}", "$", "line 1, column 2"),
        ("[1] 2", "$", "line 1, column 5"),
        (b'"\xff"', "$", "UTF-8"),
        (b"\xff\xfe", "$", "UTF-8"),
    ],
)
def test_bad_json_is_refused_with_its_place(raw: str | bytes, path: str, part: str) -> None:
    with pytest.raises(BadJson) as refused:
        clean_json(raw, max_bytes=KIB)
    assert refused.value.path == path
    assert part in refused.value.message


@pytest.mark.parametrize(
    "raw", ["[" * 100_000, '{"a":' * 100_000 + "1" + "}" * 100_000, '["' + "[" * 99 + '",' + "[" * 65]
)
def test_depth_is_refused_before_the_parser_recurses(raw: str) -> None:
    with pytest.raises(BadJson, match="more than 64 levels"):
        clean_json(raw, max_bytes=1024 * KIB)


def test_brackets_inside_text_are_not_depth() -> None:
    text = '[\\"{' * 200
    assert clean_json(json.dumps([text]), max_bytes=8 * KIB) == [text]


def test_exactly_the_allowed_depth_is_taken() -> None:
    assert clean_json("[" * 3 + "1" + "]" * 3, max_bytes=KIB, max_depth=3) == [[[1]]]
    with pytest.raises(BadJson, match="more than 2 levels"):
        clean_json("[" * 3 + "1" + "]" * 3, max_bytes=KIB, max_depth=2)


def test_size_is_counted_in_bytes_not_in_characters() -> None:
    assert clean_json('"ää"', max_bytes=6) == "ää"
    with pytest.raises(BadJson, match="larger than 5 bytes"):
        clean_json('"ää"', max_bytes=5)


def test_a_byte_order_mark_is_ignored() -> None:
    assert clean_json(b"\xef\xbb\xbf[1]", max_bytes=KIB) == [1]


@pytest.mark.parametrize("value", [{1: "a"}, {"s": {1, 2}}, [b"x"], float("nan"), {"d": object()}])
def test_a_value_that_json_does_not_have_is_refused(value: object) -> None:
    with pytest.raises(BadJson):
        clean_value(value)


def test_a_value_deeper_than_python_can_recurse_is_refused() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(BadJson, match="more than 64 levels"):
        clean_value(deep)


def test_a_message_never_carries_a_whole_hostile_key() -> None:
    with pytest.raises(BadJson) as refused:
        clean_json(json.dumps({"k\n" * 500: "\0"}), max_bytes=64 * KIB)
    assert len(refused.value.path) < 80
    assert "\n" not in refused.value.path
