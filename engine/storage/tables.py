"""The engine's tables as the SQL has them: columns with their types, and what they hold unless told otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

Row = Sequence[Any]
TEXT, WHOLE, BIG, MOMENT, JSON, TRUTH = "text", "integer", "bigint", "moment", "json", "boolean"

STEP_TYPES: Final[Mapping[str, str]] = {
    "instance_id": BIG,
    "task": TEXT,
    "iteration": WHOLE,
    "environment_id": BIG,
    "kind": TEXT,
    "status": TEXT,
    "attempt": WHOLE,
    "attempts": JSON,
    "claimable_at": MOMENT,
    "lease_owner": TEXT,
    "lease_token": BIG,
    "lost_leases": WHOLE,
    "ready_at": MOMENT,
    "started_at": MOMENT,
    "ended_at": MOMENT,
    "wakes_at": MOMENT,
    "input": JSON,
    "output": JSON,
    "error": JSON,
    "is_sensitive": TRUTH,
    "is_past": TRUTH,
    "waits_for": TEXT,
    "event_type": TEXT,
    "event_filter": TEXT,
    "assigned_to": JSON,
    "claimed_by_id": BIG,
    "due_at": MOMENT,
}
STEP_KEY: Final = ("instance_id", "task", "iteration")
NEW_STEP: Final[Mapping[str, Any]] = {
    "status": "",
    "attempt": 0,
    "attempts": [],
    "lease_owner": "",
    "lease_token": 0,
    "lost_leases": 0,
    "is_sensitive": False,
    "is_past": False,
    "waits_for": "",
    "event_type": "",
    "event_filter": "",
    "assigned_to": [],
}
"""What the columns of a new step hold that a patch does not name; the others are empty."""
INSTANCE_TYPES: Final[Mapping[str, str]] = {
    "id": BIG,
    "environment_id": BIG,
    "flow_id": BIG,
    "version_id": BIG,
    "key": TEXT,
    "status": TEXT,
    "state": TEXT,
    "fact_count": WHOLE,
    "input": JSON,
    "context": JSON,
    "vars": JSON,
    "output": JSON,
    "error": JSON,
    "trigger": JSON,
    "started_by_id": BIG,
    "created_at": MOMENT,
    "started_at": MOMENT,
    "ended_at": MOMENT,
}
NEW_INSTANCE: Final = tuple(name for name in INSTANCE_TYPES if name != "id")
FACT_TYPES: Final[Mapping[str, str]] = {
    "instance_id": BIG,
    "number": WHOLE,
    "type": TEXT,
    "at": MOMENT,
    "task": TEXT,
    "iteration": WHOLE,
    "data": JSON,
    "is_derived": TRUTH,
}
TIMER_TYPES: Final[Mapping[str, str]] = {
    "instance_id": BIG,
    "task": TEXT,
    "iteration": WHOLE,
    "purpose": TEXT,
    "due_at": MOMENT,
    "is_suspended": TRUTH,
}
EVENT_TYPES: Final[Mapping[str, str]] = {"instance_id": BIG, "type": TEXT, "payload": JSON, "received_at": MOMENT}
INBOUND_EVENT_TYPES: Final[Mapping[str, str]] = {
    "environment_id": BIG,
    "type": TEXT,
    "version": TEXT,
    "app": TEXT,
    "payload": JSON,
    "received_at": MOMENT,
}
OCCURRENCE_TYPES: Final[Mapping[str, str]] = {
    "environment_id": BIG,
    "trigger_id": BIG,
    "flow_id": BIG,
    "type": TEXT,
    "at": MOMENT,
    "dedupe": TEXT,
    "payload": JSON,
    "outcome": TEXT,
    "reason": TEXT,
    "instance_id": BIG,
    "inbound_event_id": BIG,
}

INSTANCES, STEPS = "engine_instance", "engine_step"
SAME_STEP: Final = " AND ".join(f"engine_step.{name} = x.{name}" for name in STEP_KEY)


def types_of(known: Mapping[str, str], columns: Iterable[str]) -> Mapping[str, str]:
    """The types of some columns, in that order."""
    return {name: known[name] for name in columns}
