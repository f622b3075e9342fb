"""What tasks put out, as JSON Schemas, as far as that is known before they run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from designer.graph.kinds import kind_of
from designer.graph.model import Json, Task
from designer.graph.paths import lone_reference
from designer.graph.shapes import shape_of
from designer.graph.wording import mapping

Schema = Mapping[str, Json]


def _object(**properties: Json) -> Schema:
    return {"type": "object", "properties": properties}


TEXT: Final[Schema] = {"type": "string"}
NUMBER: Final[Schema] = {"type": "number"}
BOOLEAN: Final[Schema] = {"type": "boolean"}
MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
ANYTHING: Final[Schema] = {}
ERROR: Final = _object(
    name={**TEXT, "description": "Of which sort it is."},
    message={**TEXT, "description": "What went wrong, in words."},
)
"""What there is of the error of a step."""


def _values(task: Task) -> Schema:
    values = mapping(mapping(task.settings.get("inputs")).get("values"))
    return _object(**{str(name): value_shape(value) for name, value in values.items()})


def value_shape(value: Json) -> Schema:
    """The shape of a setting once it is rendered: anything where it is one reference, else as it is written."""
    return ANYTHING if isinstance(value, str) and lone_reference(value) else shape_of(value)


def _http(task: Task) -> Schema:
    body = mapping(mapping(task.settings.get("inputs")).get("answer_schema"))
    return _object(
        status={**NUMBER, "description": "The HTTP status, such as 200."},
        headers={"type": "object", "description": "By lower-case name."},
        body=body or {"description": "The body: as JSON where it is JSON, else a text."},
    )


def _automation(task: Task) -> Schema | None:
    known = _ACTIONS.get(str(task.settings.get("action")))
    return known(task) if known else None


def _agent(task: Task) -> Schema:
    return mapping(task.settings.get("answer_schema")) or TEXT


def _call(task: Task) -> Schema:
    return _object(flow=TEXT, instance=TEXT) if task.settings.get("wait") is False else ANYTHING


_ACTIONS: Final[Mapping[str, Callable[[Task], Schema]]] = {
    "http_request": _http,
    "send_email": lambda task: _object(message_id=TEXT),
    "set_values": _values,
}
_KINDS: Final[Mapping[str, Callable[[Task], Schema | None]]] = {
    "automation": _automation,
    "manual": lambda task: mapping(task.settings.get("form")),
    "ai_agent": _agent,
    "call": _call,
    "decision": lambda task: _object(branches={"type": "array", "items": TEXT, "description": "Those that are met."}),
    "delay": lambda task: _object(woke_at=MOMENT),
    "wait_event": lambda task: {"description": "The payload of the event."},
    "digest": lambda task: _object(
        events={"type": "array", "items": {"type": "object"}}, eventCount=NUMBER, is_merged=BOOLEAN, is_at_once=BOOLEAN
    ),
    "throttle": lambda task: _object(throttled=BOOLEAN, threshold=NUMBER, executionCount=NUMBER),
}


def output_schema(task: Task) -> Schema:
    """A JSON Schema of the output of a task; empty where anything may come."""
    known = _KINDS.get(task.kind)
    schema = known(task) if known is not None else None
    if schema is not None:
        return schema
    keys = kind_of(task).output_keys(task)
    return _object(**dict.fromkeys(keys, ANYTHING)) if keys is not None else ANYTHING
