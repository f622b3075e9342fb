"""An example of what a JSON Schema describes: what a try goes on with where nobody typed anything in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from designer.graph.model import Json

DEEPEST: Final = 6
MOST_ITEMS: Final = 20
_TEXTS: Final = {
    "email": "somebody@example.com",
    "date": "2030-05-01",
    "date-time": "2030-05-01T09:00:00Z",
    "time": "09:00:00",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ipv4": "192.0.2.1",
}


def example_of(schema: Json, *, depth: int = 0) -> Json:
    """A value that fits as far as that can be told from the usual keywords. Without a schema an empty object."""
    if not isinstance(schema, Mapping) or depth > DEEPEST:
        return {} if depth == 0 else None
    if "default" in schema:
        return schema["default"]
    for name in ("examples", "enum"):
        values = schema.get(name)
        if isinstance(values, Sequence) and not isinstance(values, str) and values:
            return values[0]
    if "const" in schema:
        return schema["const"]
    for name in ("oneOf", "anyOf", "allOf"):
        ways = schema.get(name)
        if "type" not in schema and isinstance(ways, Sequence) and ways:
            return example_of(ways[0], depth=depth)
    return _of_type(_type_of(schema), schema, depth)


def _type_of(schema: Mapping[str, Json]) -> str:
    given = schema.get("type")
    if isinstance(given, Sequence) and not isinstance(given, str):
        given = next((name for name in given if name != "null"), "null")
    return given if isinstance(given, str) else "object" if "properties" in schema else "any"


def _of_type(type: str, schema: Mapping[str, Json], depth: int) -> Json:
    if type == "object":
        properties = schema.get("properties")
        known = properties if isinstance(properties, Mapping) else {}
        return {name: example_of(each, depth=depth + 1) for name, each in known.items()}
    if type == "array":
        count = min(int(_number(schema.get("minItems"), 1)), MOST_ITEMS)
        return [example_of(schema.get("items"), depth=depth + 1) for _ in range(count)]
    if type in ("integer", "number"):
        above = schema.get("exclusiveMinimum")
        number = _number(schema.get("minimum"), _number(above, 0) + 1 if above is not None else 1)
        number = min(number, _number(schema.get("maximum"), number))
        return int(number) if type == "integer" or number == int(number) else number
    if type == "boolean":
        return True
    return _text(schema) if type == "string" else None if type == "null" else {} if depth == 0 else "example"


def _text(schema: Mapping[str, Json]) -> str:
    text = _TEXTS.get(str(schema.get("format", "")), str(schema.get("title") or "example"))
    least, most = _number(schema.get("minLength"), 0), _number(schema.get("maxLength"), 10_000)
    return text.ljust(int(min(least, 1000)), ".")[: max(int(most), 0)]


def _number(value: Json, default: float) -> float:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else default
