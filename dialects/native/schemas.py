"""Every shape on the wire as JSON Schema (draft 2020-12): requests are checked with it, the reference page shows it."""

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

# ---------------------------------------------------------------- what is sent
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

# ---------------------------------------------------------------- what is answered
FLOW: Final = record(
    {
        "key": {"type": "string"},
        "name": {"type": "string"},
        "description": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "origin": {"type": "string"},
        "enabled": {"type": "boolean"},
        "revision": {"type": "integer", "description": "Of the draft; send it as `If-Match`."},
        "live_version": nullable({"type": "integer"}),
        "created_at": MOMENT,
        "updated_at": MOMENT,
    }
)
VERSION: Final = record(
    {
        "flow": {"type": "string"},
        "number": {"type": "integer"},
        "note": {"type": "string"},
        "is_live": {"type": "boolean"},
        "graph_hash": {"type": "string", "description": "SHA-256 of the canonical flow file."},
        "published_at": MOMENT,
        "published_by": {"type": "string"},
        "flow_file": {"type": "object", "description": "Only when one version is asked for."},
    }
)
DIFF: Final = record(
    {
        "from": {"type": "integer"},
        "to": {"type": "integer"},
        "is_equal": {"type": "boolean"},
        "changes": {
            "type": "array",
            "items": record(
                {
                    "what": {"type": "string", "description": "`task`, `phase`, `edge` or `flow`."},
                    "key": {"type": "string"},
                    "change": {"enum": ["added", "removed", "changed", "moved"]},
                    "field": nullable({"type": "string"}),
                    "before": ANY_JSON,
                    "after": ANY_JSON,
                }
            ),
        },
    }
)
ERROR: Final = nullable(
    {
        "type": "object",
        "properties": {"name": {"type": "string"}, "message": {"type": "string"}, "task": {"type": "string"}},
    }
)
ATTEMPT: Final = record(
    {
        "number": {"type": "integer"},
        "started_at": MOMENT,
        "ended_at": nullable(MOMENT),
        "error": ERROR,
        "compensation": {"type": "boolean", "description": "It was an attempt of the step's compensation."},
    }
)
STEP: Final = record(
    {
        "task": {"type": "string"},
        "name": {"type": "string"},
        "kind": {"type": "string"},
        "iteration": {"type": "integer", "description": "The round of a loop, from 1."},
        "status": {"enum": list(STEP_STATUSES)},
        "attempts": {"type": "array", "items": ref("Attempt")},
        "input": ANY_JSON,
        "output": {"description": "Any JSON; `[REDACTED]` where the task is marked sensitive."},
        "error": ERROR,
        "started_at": nullable(MOMENT),
        "ended_at": nullable(MOMENT),
        "wakes_at": nullable(MOMENT),
        "calls": {
            "type": "array",
            "description": "The instances it has called; `status` is null once one has been removed.",
            "items": record(
                {"flow": {"type": "string"}, "instance": {"type": "string"}, "status": nullable({"type": "string"})}
            ),
        },
    }
)
WAIT: Final = record(
    {
        "task": {"type": "string"},
        "iteration": {"type": "integer"},
        "for": {
            "enum": ["timer", "start", "event", "person", "child"],
            "description": "`start`: its scheduled moment; `child`: the end of an instance it has called.",
        },
        "event_type": {"type": "string"},
        "assigned_to": {"type": "array", "items": {"type": "string"}},
        "claimed_by": nullable({"type": "string"}),
        "due_at": nullable(MOMENT),
        "wakes_at": nullable(MOMENT),
    }
)
INSTANCE_PROPERTIES: Final[Schema] = {
    "id": {"type": "string"},
    "flow": {"type": "string"},
    "version": {"type": "integer"},
    "status": {"enum": list(INSTANCE_STATUSES)},
    "error": ERROR,
    "trigger": {
        "type": "object",
        "description": "What started it: `{type, by, …}`; where that was a step of another instance, with `caller`: its"
        " `{flow, instance, task, iteration}`.",
    },
    "created_at": MOMENT,
    "started_at": nullable(MOMENT),
    "ended_at": nullable(MOMENT),
}
INSTANCE_SUMMARY: Final = record(INSTANCE_PROPERTIES)
INSTANCE: Final = record(
    {
        **INSTANCE_PROPERTIES,
        "input": ANY_JSON,
        "output": ANY_JSON,
        "steps": {"type": "array", "items": ref("Step")},
        "waiting_for": {"type": "array", "items": ref("Wait")},
        "warnings": {
            "type": "array",
            "description": "The limits of its flow that it has nearly used up.",
            "items": record({"limit": {"type": "string"}, "count": {"type": "integer"}, "most": {"type": "integer"}}),
        },
    }
)
INSTANCES: Final = record({"items": {"type": "array", "items": ref("InstanceSummary")}})
MIGRATION: Final = record(
    {
        "is_possible": {"type": "boolean"},
        "from": {"type": "integer"},
        "to": {"type": "integer"},
        "obstacles": {
            "type": "array",
            "items": record(
                {
                    "task": {"type": "string"},
                    "iteration": {"type": "integer"},
                    "status": {"type": "string"},
                    "reason": {"type": "string"},
                }
            ),
        },
        "carried": {
            "type": "array",
            "items": record(
                {
                    "task": {"type": "string"},
                    "to": {"type": "string"},
                    "iteration": {"type": "integer"},
                    "status": {"type": "string"},
                }
            ),
        },
        "passed_over": {
            "type": "array",
            "items": {"type": "string"},
            "description": "New tasks that stand before what has begun: they are skipped.",
        },
    }
)
BULK_RESULT: Final = record(
    {
        "action": {"enum": list(ACTIONS)},
        "done": {"type": "array", "items": record({"id": {"type": "string"}, "flow": {"type": "string"}})},
        "refused": {
            "type": "array",
            "items": record(
                {
                    "id": {"type": "string"},
                    "flow": nullable({"type": "string"}),
                    "reason": {"type": "string"},
                    "errors": {
                        "type": "array",
                        "items": record({"path": {"type": "string"}, "message": {"type": "string"}}),
                    },
                }
            ),
        },
        "next": nullable({"type": "string", "description": "Send it as `cursor` for the rest; null when all is done."}),
    }
)
FACT: Final = record(
    {
        "number": {"type": "integer"},
        "type": {"type": "string"},
        "at": MOMENT,
        "task": nullable({"type": "string"}),
        "iteration": {"type": "integer"},
        "data": {"type": "object"},
    }
)
FACTS: Final = record(
    {
        "items": {"type": "array", "items": ref("Fact")},
        "next": nullable({"type": "integer", "description": "Send it as `after`; null when there are no more."}),
    }
)
INBOX_TASK: Final = record(
    {
        "instance": {"type": "string"},
        "flow": {"type": "string"},
        "task": {"type": "string"},
        "name": {"type": "string"},
        "kind": {"type": "string"},
        "iteration": {"type": "integer"},
        "status": {"enum": ["waiting", "held"]},
        "assigned_to": {"type": "array", "items": {"type": "string"}},
        "claimed_by": nullable({"type": "string"}),
        "due_at": nullable(MOMENT),
        "form": nullable({"type": "object", "description": "The JSON Schema that `output` must fit."}),
        "branches": {"type": "array", "items": {"type": "string"}, "description": "For a manual decision."},
    }
)
EVENT_RECEIVED: Final = record({"id": {"type": "integer"}, "type": {"type": "string"}, "received_at": MOMENT})
PROBLEM: Final[Schema] = {
    "type": "object",
    "description": "RFC 9457.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": record({"path": {"type": "string"}, "message": {"type": "string"}}),
        },
    },
    "required": ["type", "title", "status"],
}

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

SHAPES: Final[dict[str, Schema]] = {
    "Entity": ENTITY,
    "EntityPage": page_of("Entity"),
    "EntityInput": ENTITY_INPUT,
    "EntityChange": ENTITY_CHANGE,
    "PortalLink": PORTAL_LINK,
    "Automation": AUTOMATION,
    "AutomationPage": page_of("Automation"),
    "AutomationInput": AUTOMATION_INPUT,
    "AutomationRun": AUTOMATION_RUN,
    "AutomationRunPage": page_of("AutomationRun"),
    "Run": RUN,
    "RunEnded": RUN_ENDED,
    "Journey": JOURNEY,
    "JourneyPage": page_of("Journey"),
    "JourneyInput": JOURNEY_INPUT,
    "Flow": FLOW,
    "FlowPage": page_of("Flow"),
    "Version": VERSION,
    "VersionPage": page_of("Version"),
    "Diff": DIFF,
    "Instance": INSTANCE,
    "InstanceSummary": INSTANCE_SUMMARY,
    "InstancePage": page_of("InstanceSummary"),
    "Instances": INSTANCES,
    "Step": STEP,
    "Attempt": ATTEMPT,
    "Wait": WAIT,
    "Migration": MIGRATION,
    "BulkResult": BULK_RESULT,
    "Fact": FACT,
    "Facts": FACTS,
    "InboxTask": INBOX_TASK,
    "InboxPage": page_of("InboxTask"),
    "EventReceived": EVENT_RECEIVED,
    "Problem": PROBLEM,
    "Publish": PUBLISH,
    "Start": START,
    "StartBatch": START_BATCH,
    "Event": EVENT,
    "Message": MESSAGE,
    "Intervention": INTERVENTION,
    "Terminate": TERMINATE,
    "Restart": RESTART,
    "Retry": RETRY,
    "Close": CLOSE,
    "Migrate": MIGRATE,
    "Revert": REVERT,
    "Bulk": BULK,
    "Complete": COMPLETE,
    "Skip": SKIP,
    "Assign": ASSIGN,
    "Claim": CLAIM,
    "Nothing": NOTHING,
}
