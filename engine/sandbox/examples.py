"""An example of what a JSON Schema describes: what a try goes on with where nobody typed anything in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from designer.graph.model import Flow, Json
from designer.graph.references import references_of

DEEPEST: Final = 6
MOST_ITEMS: Final = 20
SOMETHING: Final = "example"
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


def example_for(schema: Json, read: Iterable[tuple[Json, ...]]) -> Json:
    """An example of `schema` in which everything is there that is read of it: `read` are paths into the value."""
    value = example_of(schema)
    for path in read:
        value = _with(value, path)
    return value


def _with(value: Json, path: tuple[Json, ...]) -> Json:
    """The value with something at the path; what is there already stays."""
    if not path:
        return SOMETHING if value is None else value
    step, rest = path[0], path[1:]
    if isinstance(step, int) and not isinstance(step, bool):
        items = list(value) if isinstance(value, (list, tuple)) else []
        if not 0 <= step < MOST_ITEMS:
            return value if value is not None else items
        items += [None] * (step + 1 - len(items))
        items[step] = _with(items[step], rest)
        return items
    if value not in (None, SOMETHING) and not isinstance(value, Mapping):
        return value
    known = dict(value) if isinstance(value, Mapping) else {}
    if str(step) in ("size", "first", "last"):  # of a list or a text
        return value if value is not None else SOMETHING
    return {**known, str(step): _with(known.get(str(step)), rest)}


def reads_of(flow: Flow) -> dict[str, list[tuple[Json, ...]]]:
    """What the tasks of a flow read: of each step's output by its key, and of the input under the empty key."""
    found: dict[str, list[tuple[Json, ...]]] = {}
    for task in flow.tasks.values():
        for reference in references_of(task):
            path = tuple(reference.path)
            if path[:1] in (("input",), ("payload",)):
                found.setdefault("", []).append(path[1:])
            elif len(path) > 2 and path[0] == "steps" and path[2] == "output":
                found.setdefault(str(path[1]), []).append(path[3:])
    return found


def sample_for(flow: Flow) -> Json:
    """A sample input: what the flow declares or a start form asks for, and what the tasks read of it."""
    forms = [trigger.get("form") for trigger in flow.triggers if trigger.get("type") == "form"]
    schema = flow.input_schema or (forms[0] if forms else None)
    is_closed = isinstance(schema, Mapping) and schema.get("additionalProperties") is False
    return example_for(schema, () if is_closed else reads_of(flow).get("", ()))


def names_for(flow: Flow) -> list[str]:
    """The names that an input of the flow may have at any depth, each once: those of its sample."""
    return list(dict.fromkeys(_names_in(sample_for(flow))))


def _names_in(value: Json) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            yield from _names_in(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _names_in(inner)


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
