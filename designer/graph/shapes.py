"""The shape of JSON values as a JSON Schema: names and types, never the values themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from designer.graph.model import Json

DEEPEST: Final = 6
MOST_KEYS: Final = 60
_TYPES: Final[Mapping[type, str]] = {bool: "boolean", int: "number", float: "number", str: "string"}


def shape_of(value: Json, depth: int = 0) -> dict[str, Json]:
    """A JSON Schema that `value` fits: `{"type": "object", "properties": …}` and so on; `{}` where nothing is known.

    A list has the shape of its first entry. What lies deeper than `DEEPEST` or beyond `MOST_KEYS` is left out.
    """
    if isinstance(value, Mapping):
        if depth >= DEEPEST:
            return {"type": "object"}
        names = [name for name in value if isinstance(name, str)][:MOST_KEYS]
        return {"type": "object", "properties": {name: shape_of(value[name], depth + 1) for name in names}}
    if isinstance(value, (list, tuple)):
        return {"type": "array", "items": shape_of(value[0], depth + 1)} if value and depth < DEEPEST else _LIST.copy()
    known = _TYPES.get(type(value))
    return {"type": known} if known else {}


_LIST: Final[dict[str, Json]] = {"type": "array"}


def merged(declared: Json, seen: Json) -> Json:
    """A declared shape, with what was seen where the declaration says nothing."""
    if not isinstance(declared, Mapping) or not declared:
        return seen if isinstance(seen, Mapping) else {}
    if not isinstance(seen, Mapping):
        return declared
    properties, more = declared.get("properties"), seen.get("properties")
    if isinstance(more, Mapping) and declared.get("additionalProperties") is not False:
        own: Mapping[str, Json] = properties if isinstance(properties, Mapping) else {}
        both = {name: merged(own.get(name), more.get(name)) for name in dict.fromkeys([*own, *more])}
        return {**declared, "properties": both}
    if "items" in seen and "items" not in declared:
        return {**declared, "items": seen["items"]}
    return declared
