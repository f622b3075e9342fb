"""What is answered."""

from __future__ import annotations

from typing import Final

from dialects.native.schemas.making import (
    ACTIONS,
    ANY_JSON,
    INSTANCE_STATUSES,
    MOMENT,
    STEP_STATUSES,
    Schema,
    nullable,
    record,
    ref,
)

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
