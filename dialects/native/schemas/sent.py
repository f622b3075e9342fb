"""What is sent."""

from __future__ import annotations

from typing import Final

from dialects.native.schemas.making import (
    ACTIONS,
    ANY_JSON,
    INSTANCE_ID_PATTERN,
    INSTANCE_STATUSES,
    MAX_BATCH,
    MAX_BULK,
    MOMENT,
    REASON,
    Schema,
    record,
    text,
)

PUBLISH: Final = record({"note": text("What changed, for people.", most=500)})
START: Final = record(
    {
        "id": text(
            "Chosen by you, unique within the flow; made up when left out.", most=200, pattern=INSTANCE_ID_PATTERN
        ),
        "input": ANY_JSON,
        "version": {
            "type": "integer",
            "minimum": 1,
            "maximum": 2147483647,
            "description": "The live one when left out.",
        },
        "entities": {
            "type": "object",
            "description": 'Entities it is about, by what its context calls them: `{"order": "ord-1"}`.',
            "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 200},
            "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]{0,63}$"},
            "maxProperties": 50,
        },
    }
)
START_BATCH: Final = record(
    {"instances": {"type": "array", "items": START, "minItems": 1, "maxItems": MAX_BATCH}}, required=("instances",)
)
EVENT: Final = record(
    {"type": text("Which event, such as `picked-up`.", least=1, most=200), "payload": ANY_JSON}, required=("type",)
)
MESSAGE: Final = record(
    {
        "type": text("Which event, such as `SAVED_PAYMENT`.", least=1, most=200),
        "version": text("The version of its shape, for triggers that ask for one.", most=100),
        "app": text("Who sends it.", most=100),
        "payload": ANY_JSON,
    },
    required=("type",),
)
INTERVENTION: Final = record({"reason": REASON})
TASK_KEY: Final = text("A task key.", least=1, most=64)
ROLLBACK: Final[Schema] = {
    "type": "boolean",
    "description": "Undo what has started first: compensations run in reverse order of start.",
}
TERMINATE: Final = record({"rollback": ROLLBACK, "reason": REASON})
ITERATION: Final[Schema] = {
    "type": "integer",
    "minimum": 1,
    "maximum": 2147483647,
    "description": "With `from`, in a loop: as the task was in this iteration.",
}
RESTART: Final = record({"from": TASK_KEY, "iteration": ITERATION, "reason": REASON})
REVERT: Final = record({"to": TASK_KEY, "reason": REASON}, required=("to",))
WHICH_VERSION: Final[Schema] = {
    "anyOf": [{"type": "integer", "minimum": 1, "maximum": 2147483647}, {"enum": ["newest"]}]
}
RETRY: Final = record({"input": ANY_JSON, "version": WHICH_VERSION, "reason": REASON})
REASONS: Final[Schema] = {
    "type": "array",
    "items": text(least=1, most=200),
    "maxItems": 50,
    "uniqueItems": True,
    "description": "Titles of those that the flow offered when the instance started.",
}
NOTE: Final = text("In your own words.", most=1000)
CLOSE: Final = record({"reasons": REASONS, "note": NOTE}, required=("reasons",))
MAPPING: Final[Schema] = {
    "type": "object",
    "additionalProperties": text(most=64),
    "maxProperties": 1000,
    "description": "Keys of tasks that are called otherwise in the other version: old to new.",
}
DRY_RUN: Final[Schema] = {
    "type": "boolean",
    "description": "Change nothing, and say what would come of it (`Migration`).",
}
MIGRATE: Final = record(
    {"version": WHICH_VERSION, "mapping": MAPPING, "dry_run": DRY_RUN, "reason": REASON}, required=("version",)
)
BULK: Final = record(
    {
        "action": {"enum": list(ACTIONS)},
        "instances": {
            "type": "array",
            "items": record({"id": text(least=1, most=200), "flow": text(least=1, most=64)}, required=("id",)),
            "minItems": 1,
            "maxItems": MAX_BULK,
            "description": "These instances; `flow` where several flows have one with this id.",
        },
        "filter": record(
            {
                "flow": text("A flow's key.", least=1, most=64),
                "version": {"type": "integer", "minimum": 1, "maximum": 2147483647},
                "status": {"type": "array", "items": {"enum": list(INSTANCE_STATUSES)}, "minItems": 1},
                "started_after": MOMENT,
                "started_before": MOMENT,
                "q": text("Part of the id.", least=1, most=200),
            },
            description="All instances that fit, oldest first; an empty one fits every instance.",
        ),
        "limit": {"type": "integer", "minimum": 1, "maximum": MAX_BULK, "description": "How many at most."},
        "cursor": text("`next` of the answer before, to go on with a filter.", most=200),
        "reason": REASON,
        "rollback": ROLLBACK,
        "reasons": REASONS,
        "note": NOTE,
        "from": TASK_KEY,
        "input": ANY_JSON,
        "version": WHICH_VERSION,
        "mapping": MAPPING,
        "dry_run": {"type": "boolean", "description": "For `migrate`: change nothing, list what is in the way."},
        "type": text("For `send_event`: which event.", least=1, most=200),
        "payload": ANY_JSON,
    },
    required=("action",),
)
COMPLETE: Final = record(
    {"output": ANY_JSON, "branch": text("For a manual decision: the key of the branch.", least=1, most=64)}
)
SKIP: Final = record({"reason": REASON})
ASSIGN: Final = record(
    {"to": {"type": "array", "items": text("An address or a group.", least=1, most=254), "maxItems": 50}},
    required=("to",),
)
CLAIM: Final = record({"for": text("The address of the member who takes it.", least=3, most=254)}, required=("for",))
NOTHING: Final = record({})
