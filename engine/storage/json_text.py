"""JSON to text and back, fast."""

from __future__ import annotations

import json
from typing import Any

import orjson


def write(value: Any) -> str:
    """Compact JSON text. Datetimes become ISO 8601. Raises TypeError for what JSON does not have."""
    return write_bytes(value).decode()


def write_bytes(value: Any) -> bytes:
    """As `write`, in UTF-8."""
    return _write(value, 0)


def write_numbered(value: Any) -> str:
    """As `write`, for documents whose keys may be whole numbers; JSON has them as text."""
    return _write(value, orjson.OPT_NON_STR_KEYS).decode()


def _write(value: Any, option: int) -> bytes:
    try:
        return orjson.dumps(value, option=option)
    except TypeError:
        # Whole numbers of more than 64 bits; everything else fails here as well.
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain).encode()


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no JSON")


def parse(text: str | bytes | None) -> Any:
    """The value of stored JSON text; None for none."""
    return None if text is None else orjson.loads(text)
