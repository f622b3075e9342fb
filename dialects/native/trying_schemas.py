"""The shapes of trying a flow: what is sent and what is answered."""

from __future__ import annotations

from typing import Final

from designer.graph.trials import trials_schema
from dialects.native.schemas.answered import ERROR
from dialects.native.schemas.making import ANY_JSON, INSTANCE_STATUSES, MOMENT, Schema, nullable, record, ref

_TRIALS: Final = trials_schema()
CASE: Final[Schema] = _TRIALS["cases"]["items"]
ANSWERS: Final[Schema] = CASE["properties"]["answers"]
TRY: Final = record({"input": ANY_JSON, "answers": ANSWERS})
CASES: Final = record(
    {
        "sample_input": {"description": "What a try starts with. Any JSON, at most 1 MiB."},
        "cases": _TRIALS["cases"],
        "cases_must_pass": {"type": "boolean", "description": "Publishing is refused while a case fails."},
    }
)
_WORDS: Final[Schema] = {"type": "object", "additionalProperties": {"type": "string"}}
TRIED_STEP: Final = record(
    {
        "number": {"type": "integer"},
        "at": {**MOMENT, "description": "In the time of the try, which begins on Monday, 7 January 2030."},
        "task": {"type": "string"},
        "name": {"type": "string"},
        "kind": {"type": "string"},
        "iteration": {"type": "integer"},
        "attempt": {"type": "integer"},
        "outcome": {
            "enum": [
                "waiting", "completed", "decided", "skipped", "failed", "retrying", "cancelled", "blocked",
                "rolled_back", "rollback_failed",
            ]
        },
        "words": {"type": "string"},
        "answered": {
            "enum": ["run", "given", "example"],
            "description": "It ran as it will; by a given answer; by an example that was made up.",
        },
        "input": ANY_JSON,
        "sent": {"description": "What would have left: a request, a mail, a message, a transfer, a prompt."},
        "output": {"description": "Any JSON; `[REDACTED]` where the task is marked sensitive."},
        "error": ERROR,
        "branches": {"type": "array", "items": {"type": "string"}},
        "conditions": {"type": "array", "items": {"type": "object"}},
        "marks": record({"tasks": _WORDS, "edges": _WORDS, "phases": _WORDS}, description="What changed on the graph."),
    }
)  # fmt: skip
TRIED: Final = record(
    {
        "status": {"enum": list(INSTANCE_STATUSES)},
        "stopped": nullable({"type": "string", "description": "Why it came to no end of its own."}),
        "output": ANY_JSON,
        "error": ERROR,
        "started_at": MOMENT,
        "ended_at": MOMENT,
        "path": {"type": "array", "items": {"type": "string"}},
        "edges_taken": {"type": "array", "items": {"type": "string"}},
        "steps": {"type": "array", "items": ref("TriedStep")},
    }
)
DIFFERENCE: Final = record(
    {
        "what": {"enum": ["status", "path", "output", "run"]},
        "words": {"type": "string"},
        "expected": {},
        "actual": {},
    }
)
CASE_RESULTS: Final = record(
    {
        "passed": {"type": "boolean"},
        "cases": {
            "type": "array",
            "items": record(
                {
                    "name": {"type": "string"},
                    "passed": {"type": "boolean"},
                    "differences": {"type": "array", "items": DIFFERENCE},
                    "status": nullable({"type": "string"}),
                    "path": {"type": "array", "items": {"type": "string"}},
                }
            ),
        },
        "coverage": record(
            {
                "edges": {"type": "integer"},
                "taken": {"type": "integer"},
                "percent": {"type": "integer"},
                "missed": {
                    "type": "array",
                    "items": record({"edge": {"type": "string"}, "words": {"type": "string"}}),
                },
            }
        ),
    }
)
TRYING_SHAPES: Final[dict[str, Schema]] = {
    "Try": TRY,
    "Tried": TRIED,
    "TriedStep": TRIED_STEP,
    "Case": CASE,
    "Cases": CASES,
    "CaseResults": CASE_RESULTS,
}
