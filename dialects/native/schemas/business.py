"""Entities, automations and journeys: what flows are about."""

from __future__ import annotations

from typing import Final

from dialects.native.schemas.making import Schema, nullable, record, text

FREE_OBJECT: Final[Schema] = {"type": "object"}
RELATIONS: Final[Schema] = {
    "type": "array",
    "items": record(
        {"name": text("How it is related.", least=1, most=100), "entity": text("Its id.", least=1, most=200)},
        required=("name", "entity"),
    ),
}
ENTITY_INPUT: Final = record(
    {
        "schema": text("What kind of thing it is, such as `contract`.", least=1, most=100),
        "title": text("How people call it.", most=200),
        "attributes": FREE_OBJECT,
        "relations": RELATIONS,
    },
    required=("schema",),
)
ENTITY_CHANGE: Final = record({"attributes": FREE_OBJECT}, required=("attributes",))
ENTITY: Final = record(
    {
        "id": text("Its id, unique in the environment."),
        "schema": text("What kind of thing it is."),
        "title": text("How people call it."),
        "attributes": FREE_OBJECT,
        "relations": RELATIONS,
        "workflows": {"type": "object", "description": "How the flows about it stand, by flow."},
        "created_at": {"type": "string", "format": "date-time"},
        "updated_at": {"type": "string", "format": "date-time"},
    }
)
PORTAL_LINK: Final = record({"path": text("Below this server's address. Whoever has it may use it.")})
OUTCOMES: Final = ["success", "failed", "skipped", "cancelled", "hot", "no_eligible_partner", "missing_input"]
AUTOMATION_INPUT: Final = record(
    {
        "name": text(most=200),
        "actions": {"type": "array", "items": FREE_OBJECT},
        "trigger": {
            "type": "array",
            "items": FREE_OBJECT,
            "maxItems": 50,
            "description": "What starts it: `{type: entity_operation, configuration: {schema, operations}}`, …",
        },
        "outcome": {"enum": [*OUTCOMES, "slow"], "default": "success"},
        "output": FREE_OBJECT,
        "enabled": {"type": "boolean", "default": True},
    }
)
AUTOMATION: Final = record({"id": text(), **AUTOMATION_INPUT["properties"]})
AUTOMATION_RUN: Final = record(
    {
        "id": text(),
        "automation": text(),
        "task": text("The key of the task that runs it."),
        "status": {"enum": ["in_progress", *OUTCOMES]},
        "output": FREE_OBJECT,
        "error": text(),
        "created_at": {"type": "string", "format": "date-time"},
        "ended_at": nullable({"type": "string", "format": "date-time"}),
    }
)
RUN: Final = record({"entity": text("The id of the entity that is handed to it.", most=200)})
RUN_ENDED: Final = record(
    {"status": {"enum": OUTCOMES}, "output": FREE_OBJECT, "error": text("Why it failed.")}, required=("status",)
)
JOURNEY_INPUT: Final = record(
    {
        "name": text(least=1, most=200),
        "form": {"type": "object", "description": "What is filled in, as a JSON Schema."},
        "entity_schema": text("What is sent becomes an entity of this schema.", most=100),
        "public": {"type": "boolean", "default": False},
        "enabled": {"type": "boolean", "default": True},
    },
    required=("name",),
)
JOURNEY: Final = record({"id": text(), **JOURNEY_INPUT["properties"], "path": text("Its secret address.")})
