"""JSON of people's data as text. Its whole numbers may have more digits than the 64 bits at which orjson stops."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import orjson


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


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no JSON")
