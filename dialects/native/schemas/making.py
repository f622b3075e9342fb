"""What the shapes are made of."""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]

MAX_BATCH: Final = 100
MAX_BULK: Final = 500  # as engine.services.bulk has it
ACTIONS: Final = ("pause", "resume", "terminate", "close", "restart", "retry", "migrate", "send_event")
INSTANCE_ID_PATTERN: Final = r"^[A-Za-z0-9_][A-Za-z0-9_.:@~-]{0,199}$"  # as engine.services.instances has it


def ref(name: str) -> Schema:
    """A reference to a component of the OpenAPI document."""
    return {"$ref": f"#/components/schemas/{name}"}


def record(properties: Schema, *, required: tuple[str, ...] = (), description: str = "") -> Schema:
    """An object that has these properties and no others."""
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = list(required)
    if description:
        schema["description"] = description
    return schema


def nullable(schema: Schema) -> Schema:
    """The schema, or null."""
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def text(description: str = "", *, most: int = 2000, least: int = 0, **more: Any) -> Schema:
    """A text of bounded length."""
    schema: Schema = {"type": "string", "maxLength": most, **more}
    if least:
        schema["minLength"] = least
    return {**schema, "description": description} if description else schema


def page_of(name: str) -> Schema:
    """A list of a component, with the cursor of the next page."""
    return {
        "type": "object",
        "properties": {"items": {"type": "array", "items": ref(name)}, "next": nullable({"type": "string"})},
        "required": ["items", "next"],
    }


MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
ANY_JSON: Final[Schema] = {"description": "Any JSON, at most 1 MiB."}
REASON: Final = text("Why, for the history.", most=1000)

INSTANCE_STATUSES: Final = (
    "queued", "running", "waiting", "paused", "waiting_for_pause", "rolling_back", "complete", "errored", "terminated",
)  # fmt: skip
STEP_STATUSES: Final = (
    "blocked", "ready", "running", "waiting", "retrying", "held", "completed", "skipped", "failed", "cancelled",
    "rolling_back", "rolled_back", "rollback_failed",
)  # fmt: skip
