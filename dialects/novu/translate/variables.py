"""What templates of a step may name, as a JSON Schema (contract 6.2), and where templates stand in control values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from designer.graph.model import Json
from designer.graph.paths import DataPath
from designer.graph.references import is_template, read_template, texts_of

SUBSCRIBER_FIELDS: Final = (
    "subscriberId",
    "firstName",
    "lastName",
    "email",
    "phone",
    "avatar",
    "locale",
    "timezone",
)
WORKFLOW_FIELDS: Final = ("workflowId", "name", "description", "tags", "severity")
TAG: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
NOT_TEMPLATES: Final = frozenset({"skip", "type", "unit", "cron", "digestKey", "dynamicKey", "throttleKey", "method"})


@dataclass(frozen=True, slots=True)
class StepView:
    """A step as the others see it."""

    step_id: str
    type: str
    values: Mapping[str, Json]


def templates_of(values: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """Every template in control values, with the dotted path of where it stands."""
    for key, value in values.items():
        if key in NOT_TEMPLATES:
            continue
        for path, text in texts_of(value, (key,)):
            if is_template(text):
                yield ".".join(map(str, path)), text


def payload_paths(steps: Sequence[StepView]) -> list[DataPath]:
    """What of the payload any of the steps names, in the order of first use."""
    found: dict[DataPath, None] = {}
    for step in steps:
        for _, text in templates_of(step.values):
            for path in read_template(text).paths:
                if path[0] == "payload" and len(path) > 1:
                    found[path[1:]] = None
        for key in ("digestKey", "dynamicKey", "throttleKey"):
            name = step.values.get(key)
            if isinstance(name, str) and name.startswith("payload."):
                found[tuple(name.split(".")[1:])] = None
    return list(found)


def schema_of_paths(paths: Sequence[DataPath]) -> dict[str, Any]:
    """An object schema that has these paths."""
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    for path in paths:
        place = schema
        for part in path:
            if isinstance(part, int):
                place.pop("properties", None)
                place["type"] = "array"
                place = place.setdefault("items", {"type": "string"})
                continue
            if place.get("type") != "object":
                place["type"] = "object"
            place = place.setdefault("properties", {}).setdefault(part, {"type": "string"})
    return schema


def variables_of(
    steps: Sequence[StepView], number: int, payload_schema: Json, context: Mapping[str, Json] | None = None
) -> dict[str, Any]:
    """What the step at place `number` may name."""
    payload = payload_schema if isinstance(payload_schema, Mapping) else schema_of_paths(payload_paths(steps))
    earlier: dict[str, Any] = {}
    for step in steps[:number]:
        if step.type == "digest":
            earlier[step.step_id] = _DIGEST
        elif step.type == "http_request":
            schema = step.values.get("responseBodySchema")
            earlier[step.step_id] = dict(schema) if isinstance(schema, Mapping) else {"type": "object"}
    subscriber = {name: {"type": "string"} for name in SUBSCRIBER_FIELDS}
    return {
        "type": "object",
        "properties": {
            "subscriber": {
                "type": "object",
                "properties": {**subscriber, "data": {"type": "object", "additionalProperties": True}},
                "additionalProperties": False,
            },
            "payload": dict(payload),
            "steps": {"type": "object", "properties": earlier, "additionalProperties": False},
            "workflow": {"type": "object", "properties": {name: {"type": "string"} for name in WORKFLOW_FIELDS}},
            "context": {"type": "object", "additionalProperties": True},
        },
        "additionalProperties": False,
    }


_DIGEST: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {
        "eventCount": {"type": "number"},
        "events": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "id": {"type": "string"},
                    "time": {"type": "string"},
                    "payload": {"type": "object", "additionalProperties": True},
                },
            },
        },
    },
}


def is_known(path: Sequence[str | int], schema: Json) -> bool:
    """Whether a schema has a place for a path. Where it says nothing about what is inside, anything may be."""
    for part in path:
        if not isinstance(schema, Mapping):
            return True
        if part in ("size", "first", "last") and schema.get("type") in ("array", "string"):
            return True
        if isinstance(part, int) or schema.get("type") == "array":
            schema = schema.get("items", True)
            continue
        properties = schema.get("properties")
        if isinstance(properties, Mapping) and part in properties:
            schema = properties[part]
        elif schema.get("additionalProperties"):
            schema = schema["additionalProperties"]
        else:
            # An object that declares nothing is open; one that declares something holds just that.
            return not properties and schema.get("additionalProperties") is not False and _may_hold(schema)
    return True


def _may_hold(schema: Mapping[str, Json]) -> bool:
    return schema.get("type", "object") == "object" or "type" not in schema


def needs_payload_check(schema: Json) -> bool:
    """Whether names of the payload can be unknown at all: only where the workflow declares its payload."""
    return isinstance(schema, Mapping) and bool(schema.get("properties"))
