"""JSON to text and back, fast."""

from __future__ import annotations

from typing import Any

import orjson

from accounts.json_text import json_bytes, json_str, read_json


def write(value: Any) -> str:
    """Compact JSON text. Datetimes become ISO 8601. Raises TypeError for what JSON does not have."""
    return json_str(value)


def write_bytes(value: Any) -> bytes:
    """As `write`, in UTF-8."""
    return json_bytes(value)


def write_numbered(value: Any) -> str:
    """As `write`, for documents whose keys may be whole numbers; JSON has them as text."""
    return json_str(value, option=orjson.OPT_NON_STR_KEYS)


def parse(text: str | bytes | None) -> Any:
    """The value of stored JSON text; None for none."""
    return None if text is None else read_json(text)
