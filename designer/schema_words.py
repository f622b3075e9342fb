"""What people read where a JSON Schema names things: labels of keys, values and choices. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def words_of_key(key: str) -> str:
    """`carrier_name` and `carrierName` as a label: "Carrier name"."""
    spaced = "".join(f" {c.lower()}" if c.isupper() and i and key[i - 1].islower() else c for i, c in enumerate(key))
    words = spaced.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:] if words else key


def label_of(key: str, schema: Any) -> str:
    """The title that the schema of a property gives it, else the words of its key."""
    title = schema.get("title") if isinstance(schema, Mapping) else None
    return title if isinstance(title, str) and title else words_of_key(key)


def choices_of(schema: Any) -> tuple[list[Any], list[str]] | None:
    """The values and labels of an enum, also as `oneOf: [{const, title}]`; None where there is neither."""
    if not isinstance(schema, Mapping):
        return None
    values = schema.get("enum")
    if isinstance(values, list) and values:
        named = schema.get("enumNames")
        names = named if isinstance(named, list) and len(named) == len(values) else values
        return values, [_name(name) for name in names]
    options = schema.get("oneOf")
    if isinstance(options, list) and options and all(isinstance(o, Mapping) and "const" in o for o in options):
        return [option["const"] for option in options], [_name(o.get("title", o["const"])) for o in options]
    return None


def _name(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
