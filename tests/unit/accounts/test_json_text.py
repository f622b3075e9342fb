"""JSON text of people's data, whose numbers may be longer than orjson takes."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.json_text import json_bytes, json_str, read_json

HUGE = 2**70


def test_long_numbers_are_written_in_full_and_moments_beside_them() -> None:
    value = {"b": [HUGE, -HUGE], "at": datetime(2030, 1, 1, tzinfo=UTC), "a": "é"}
    assert json_str(value) == f'{{"b":[{HUGE},-{HUGE}],"at":"2030-01-01T00:00:00+00:00","a":"é"}}'


@pytest.mark.parametrize("option", [0, orjson.OPT_SORT_KEYS, orjson.OPT_INDENT_2, orjson.OPT_NON_STR_KEYS])
def test_they_are_written_alike(option: int) -> None:
    short, long = ({"b": [number, "é"], "a": {}} for number in (7, HUGE))
    assert json_bytes(long, option=option) == json_bytes(short, option=option).replace(b"7", str(HUGE).encode())


def test_what_json_does_not_have_is_refused_or_stood_in_for() -> None:
    with pytest.raises(TypeError):
        json_bytes([HUGE, object])
    assert json_bytes([HUGE, {1}], default=str) == f'[{HUGE},"{{1}}"]'.encode()


@given(st.lists(st.integers(-(10**400) + 1, 10**400 - 1)), st.text(max_size=40))
def test_whole_numbers_are_read_exactly_wherever_they_stand(numbers: list[int], before: str) -> None:
    value = {before: numbers, "last": numbers[-1:]}
    assert read_json(json_str(value)) == value
    assert read_json(json_bytes(value)) == value


@pytest.mark.parametrize(
    "text", ["", "{", "[1] 2", "[NaN]", f"[{HUGE}, NaN]", f"[{HUGE}, 1e999]", "[-1e999]", f"[{HUGE}", "9" * 5000]
)
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        read_json(text)


def test_digits_in_a_text_are_text() -> None:
    assert read_json(f'["{HUGE}", 1.5]') == [str(HUGE), 1.5]


def test_what_is_nested_beyond_reading_is_refused_whatever_numbers_it_has() -> None:
    for number in ("1", "1" * 30):
        with pytest.raises(ValueError, match=r"nested|depth"):
            read_json("[" * 100_000 + number + "]" * 100_000)
