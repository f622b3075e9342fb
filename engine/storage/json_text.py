"""JSON to text and back, fast."""

from __future__ import annotations

import json
from typing import Any

import orjson


def write(value: Any) -> str:
    """Compact JSON text. Datetimes become ISO 8601. Raises TypeError for what JSON does not have."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return _write_long(value).decode()


def write_bytes(value: Any) -> bytes:
    """As `write`, in UTF-8."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return _write_long(value)


def write_numbered(value: Any) -> str:
    """As `write`, for documents whose keys may be whole numbers; JSON has them as text."""
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        return _write_long(value).decode()


def _write_long(value: Any) -> bytes:
    """Whole numbers may have more than 64 bits; everything else that orjson refuses is refused here as well."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain).encode()


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no JSON")


def parse(text: str | bytes | None) -> Any:
    """The value of stored JSON text; None for none."""
    return None if text is None else orjson.loads(text)
