"""The JSON Schema of the flow file, made from the kinds: what `codec.decode_flow` takes, as far as a schema can say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from designer.graph.attributes import RULES, UNITS
from designer.graph.conditions import OPERATOR_WORDS, STATEMENT_TYPES
from designer.graph.decoding import (
    LEAST_NOTE_SIDE,
    LONGEST_NOTE,
    MOST_CONDITIONS,
    MOST_EDGES,
    MOST_NOTE_SIDE,
    MOST_NOTES,
    MOST_PHASES,
    MOST_STATEMENTS,
    MOST_TASKS,
    MOST_TRIGGERS,
    MOST_VALUES,
)
from designer.graph.decoding_values import FARTHEST, LONGEST_DESCRIPTION, LONGEST_NAME
from designer.graph.fields import Field, FieldType
from designer.graph.flow_fields import ENTITY_SYNC_FIELDS, LIMIT_FIELDS, RETENTION_FIELDS, TRIGGER_TYPES
from designer.graph.kinds import KINDS, Kind
from designer.graph.model import KEY_PATTERN, Join, Json, Match, NoteColour, On
from designer.graph.trials import trials_schema
from designer.graph.upgrades import FORMAT

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Json]


@lru_cache(maxsize=1)
def flow_file_schema() -> Schema:
    """JSON Schema (2020-12) of the flow file. Treat it as read-only: it is made once."""
    return {
        "$schema": DIALECT,
        "title": "Quadrille flow file",
        "type": "object",
        "required": ["format", "key"],
        "additionalProperties": False,
        "properties": {
            "format": {"const": FORMAT},
            "key": _ref("key"),
            "name": _ref("name"),
            "description": _ref("description"),
            "tags": _list({"type": "string", "minLength": 1, "maxLength": 64}, 50, uniqueItems=True),
            "timezone": {"type": "string", "description": "An IANA name.", "default": "UTC"},
            "input_schema": {
                "type": "object",
                "description": "What an instance is started with, as a JSON Schema. Without one, anything.",
            },
            "phases": _list(_ref("phase"), MOST_PHASES),
            "tasks": _list(_ref("task"), MOST_TASKS),
            "edges": _list(_ref("edge"), MOST_EDGES),
            "notes": _list(_ref("note"), MOST_NOTES, description="Remarks on the canvas; no part of what runs."),
            "closing_reasons": _list({"type": "string", "minLength": 1, "maxLength": LONGEST_NAME}, 200),
            "single_closing_reason": {"type": "boolean", "default": False},
            "triggers": _list(_ref("trigger"), MOST_TRIGGERS),
            "limits": _object(LIMIT_FIELDS),
            "retention": _object(RETENTION_FIELDS),
            "entity_sync": _list(_object(ENTITY_SYNC_FIELDS), 200),
            "extensions": {
                "type": "object",
                "description": "By dialect: what a flow made over that dialect carries beyond this format.",
                "propertyNames": {"pattern": KEY_PATTERN},
                "additionalProperties": {"type": "object"},
            },
            **trials_schema(),
        },
        "$defs": _definitions(),
    }


def _definitions() -> Schema:
    return {
        "key": {"type": "string", "pattern": KEY_PATTERN},
        "name": {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME},
        "description": {"type": "string", "maxLength": LONGEST_DESCRIPTION},
        "node": {
            "type": "string",
            "description": "trigger, the key of a task, or phase:KEY.",
            "pattern": r"^(phase:)?[a-zA-Z0-9_][a-zA-Z0-9_-]{0,63}$",
        },
        "duration": {
            "type": "string",
            "description": "A number and a unit, or ISO 8601.",
            "examples": ["10 seconds", "3 days", "PT10S"],
        },
        "requirements": _list(
            {"oneOf": [_closed({name: _ref("key")}, required=[name]) for name in ("task", "phase")]},
            None,
        ),
        "phase": _closed(
            {
                "key": _ref("key"),
                "name": _ref("name"),
                "description": _ref("description"),
                "requirements": _ref("requirements"),
                "frame": _numbers(4, "x, y, width and height on the canvas."),
            },
            required=["key"],
        ),
        "task": _task(),
        "note": _closed(
            {
                "key": _ref("key"),
                "text": {"type": "string", "maxLength": LONGEST_NOTE},
                "at": {**_pair(-FARTHEST, FARTHEST), "description": "The top left corner on the canvas."},
                "size": {**_pair(LEAST_NOTE_SIDE, MOST_NOTE_SIDE), "description": "Width and height."},
                "colour": {"enum": [colour.value for colour in NoteColour], "default": NoteColour.YELLOW.value},
            },
            required=["key", "at"],
        ),
        "edge": _closed(
            {
                "from": _ref("node"),
                "to": _ref("node"),
                "branch": {**_ref("key"), "description": "For edges out of decisions."},
                "on": {"enum": [on.value for on in On], "default": On.SUCCESS.value},
            },
            required=["from", "to"],
        ),
        "condition": _closed(
            {
                "key": _ref("key"),
                "name": {"type": "string", "maxLength": LONGEST_NAME},
                "match": {"enum": [match.value for match in Match], "default": Match.ALL.value},
                "statements": _list(_ref("statement"), MOST_STATEMENTS),
            },
            required=["key"],
        ),
        "statement": _closed(
            {
                "source": {"type": "string", "maxLength": 1000, "examples": ["input.order.total"]},
                "operator": {"enum": list(OPERATOR_WORDS)},
                "values": _list({}, MOST_VALUES),
                "type": {"enum": [None, *STATEMENT_TYPES]},
                "options": {
                    "type": "object",
                    "description": "Other rules of comparing: those for attributes of linked entities.",
                    "required": ["rules"],
                    "properties": {
                        "rules": {"const": RULES},
                        "type": {"type": "string"},
                        "sources": _list({"type": "string"}, 20),
                        "match": {"enum": ["any", "all"]},
                        "offset": _closed(
                            {"amount": {"type": "integer"}, "unit": {"enum": list(UNITS)}}, required=["amount", "unit"]
                        ),
                        "relative": {"type": "boolean"},
                    },
                    "additionalProperties": False,
                },
            },
            required=["operator"],
        ),
        "trigger": {
            "type": "object",
            "required": ["type"],
            "properties": {"type": {"enum": list(TRIGGER_TYPES)}},
            "allOf": [
                _when("type", kind.key, {**_properties(kind.fields, also=("type",))}) for kind in TRIGGER_TYPES.values()
            ],
        },
    }


def _task() -> Schema:
    return {
        **_closed(
            {
                "key": {**_ref("key"), "not": {"const": "trigger"}},
                "name": _ref("name"),
                "kind": {"enum": list(KINDS)},
                "phase": {"anyOf": [_ref("key"), {"type": "null"}]},
                "description": _ref("description"),
                "settings": {"type": "object"},
                "join": {"enum": [join.value for join in Join], "default": Join.ALL.value},
                "cancel_rest": {"type": "boolean", "default": True},
                "at": _numbers(2, "x and y on the canvas."),
            },
            required=["key", "kind"],
        ),
        "allOf": [_when("kind", kind.key, {"properties": {"settings": _settings(kind)}}) for kind in KINDS.values()],
    }


def _settings(kind: Kind) -> Schema:
    schema = {"description": kind.description, **_object(kind.fields)}
    if kind.key == "manual":
        schema["properties"]["description"] = _ref("description")
    return schema


# -- fields -----------------------------------------------------------------------------------------------------------


def field_schema(field: Field) -> Schema:
    """The JSON Schema of one field's values, with its wording."""
    schema = dict(_BY_TYPE[field.type](field))
    if field.is_templated:
        schema = {"anyOf": [schema, {"type": "string", "pattern": r"\{\{"}]}
    words = {"title": field.label, "description": field.help, "default": field.default}
    return {**{key: value for key, value in words.items() if value not in (None, "")}, **schema}


def _object(fields: Sequence[Field]) -> Schema:
    """An object of fields. What is required is for the checks to say, so that a draft can be written down."""
    schema: Schema = {"type": "object", **_properties(fields)}
    chosen = [field for field in fields if field.by]
    if chosen:
        schema["allOf"] = [
            _when(field.by, value, {"properties": {field.key: {"properties": _fields(variant)}}})
            for field in chosen
            for value, variant in field.variants.items()
        ]
    return schema


def _properties(fields: Sequence[Field], also: Sequence[str] = ()) -> Schema:
    return {"properties": {**dict.fromkeys(also, True), **_fields(fields)}, "additionalProperties": False}


def _fields(fields: Sequence[Field]) -> Schema:
    return {field.key: field_schema(field) for field in fields}


def _when(key: str, value: str, then: Schema) -> Schema:
    return {"if": {"required": [key], "properties": {key: {"const": value}}}, "then": then}


def _closed(properties: Schema, *, required: Sequence[str]) -> Schema:
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "additionalProperties": False,
    }


def _list(items: Schema, most: int | None, **more: Json) -> Schema:
    schema: Schema = {"type": "array", "items": items, **more}
    return schema if most is None else {**schema, "maxItems": most}


def _numbers(count: int, description: str) -> Schema:
    entry = {"type": "number", "multipleOf": 1, "minimum": -FARTHEST, "maximum": FARTHEST}
    numbers = {"type": "array", "items": entry, "minItems": count, "maxItems": count}
    return {"description": description, "anyOf": [numbers, {"type": "null"}]}


def _pair(least: int, most: int) -> Schema:
    entry = {"type": "number", "multipleOf": 1, "minimum": least, "maximum": most}
    return {"type": "array", "items": entry, "minItems": 2, "maxItems": 2}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _text(field: Field) -> Schema:
    schema: Schema = {"type": "string", "maxLength": field.longest}
    return {**schema, "examples": [field.example]} if field.example else schema


def _number(field: Field) -> Schema:
    bounds = {"minimum": field.minimum, "maximum": field.maximum, "multipleOf": 1 if field.is_whole else None}
    return {"type": "number", **{key: value for key, value in bounds.items() if value is not None}}


def _array(field: Field) -> Schema:
    return {"type": "array", "items": field_schema(field.entry), "maxItems": field.longest}


def _map(field: Field) -> Schema:
    return {"type": "object", "additionalProperties": field_schema(field.entry), "maxProperties": field.longest}


_BY_TYPE: Final[Mapping[FieldType, Callable[[Field], Schema]]] = {
    FieldType.TEXT: _text,
    FieldType.LONGTEXT: _text,
    FieldType.TEMPLATE: _text,
    FieldType.CEL: _text,
    FieldType.CRON: _text,
    FieldType.TIMEZONE: _text,
    FieldType.DATETIME: _text,
    FieldType.NUMBER: _number,
    FieldType.BOOLEAN: lambda field: {"type": "boolean"},
    FieldType.CHOICE: lambda field: {"enum": [choice.value for choice in field.choices]},
    FieldType.DURATION: lambda field: _ref("duration"),
    FieldType.JSON: lambda field: {},
    FieldType.JSON_SCHEMA: lambda field: {"type": "object"},
    FieldType.REFERENCE: lambda field: {"type": "string", "examples": ["start", "task:KEY", "phase:KEY"]},
    FieldType.BRANCH: lambda field: _ref("key"),
    FieldType.FLOW_KEY: lambda field: _ref("key"),
    FieldType.CONNECTION: lambda field: _ref("key"),
    FieldType.AGENT: lambda field: _ref("key"),
    FieldType.REQUIREMENTS: lambda field: _ref("requirements"),
    FieldType.CONDITIONS: lambda field: _list(_ref("condition"), MOST_CONDITIONS),
    FieldType.LIST: _array,
    FieldType.MAP: _map,
    FieldType.GROUP: lambda field: {"type": "object"} if field.by else _object(field.fields),
}
