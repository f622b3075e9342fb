"""Previews: example values for what a step may name (contract 8.6), with given values over them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from designer.graph.model import Json


def example_of(schema: Json, name: str = "value") -> Json:
    """An example of a schema: the last part of its name for a text, 1 for numbers, true, a list of one."""
    if not isinstance(schema, Mapping):
        return name
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return schema["enum"][0]
    type = schema.get("type")
    type = type[0] if isinstance(type, list) and type else type
    match type:
        case "number" | "integer":
            return 1
        case "boolean":
            return True
        case "null":
            return None
        case "array":
            return [example_of(schema.get("items", {"type": "string"}), name)]
        case "object":
            return {key: example_of(entry, key) for key, entry in (schema.get("properties") or {}).items()}
    if "properties" in schema:
        return {key: example_of(entry, key) for key, entry in schema["properties"].items()}
    return name


def laid_over(example: Json, given: Json) -> Json:
    """`example` with given values in their places."""
    if isinstance(example, Mapping) and isinstance(given, Mapping):
        merged: dict[str, Any] = dict(example)
        for key, value in given.items():
            merged[key] = laid_over(example[key], value) if key in example else value
        return merged
    return given
