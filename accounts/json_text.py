"""JSON of people's data as text. Its whole numbers may have more digits than the 64 bits at which orjson stops."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any, Final, NoReturn

import orjson

LONG_NUMBER: Final = re.compile(r"[0-9]{19}")
"""What may be a whole number beyond 64 bits."""
DIGITS_IN_A_ROW: Final = re.compile(r"[0-9]{3}")
STRIDE: Final = 6
"""Of every 19 digits in a row at least three are among each sixth character: they are looked for there first."""


def json_bytes(value: Any, *, option: int = 0, default: Callable[[Any], Any] | None = None) -> bytes:
    """Compact UTF-8 JSON; moments in ISO 8601. `option` and `default`: as those of `orjson.dumps`.

    Raises TypeError for what JSON does not have and `default` does not stand in for.
    """
    try:
        return orjson.dumps(value, option=option, default=default)
    except TypeError:
        text = json.dumps(
            value,
            ensure_ascii=False,
            sort_keys=bool(option & orjson.OPT_SORT_KEYS),
            indent=2 if option & orjson.OPT_INDENT_2 else None,
            separators=(",", ": " if option & orjson.OPT_INDENT_2 else ":"),
            default=default or _plain,
        )
        return text.encode()


def json_str(value: Any, *, option: int = 0, default: Callable[[Any], Any] | None = None) -> str:
    """As `json_bytes`, as text."""
    return json_bytes(value, option=option, default=default).decode()


def read_json(text: str | bytes) -> Any:
    """The value of a JSON text, its whole numbers exactly, however long. Raises ValueError for what is no JSON."""
    if isinstance(text, bytes):
        text = text.decode()
    if DIGITS_IN_A_ROW.search(text[::STRIDE]) is not None and LONG_NUMBER.search(text) is not None:
        try:
            return json.loads(text, parse_float=_finite, parse_constant=_refuse_constant)
        except RecursionError as error:
            raise ValueError("It is nested too deeply.") from error
    return orjson.loads(text)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):  # would be written as null
        raise ValueError(f"{text[:40]} is too large a number")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no JSON")
