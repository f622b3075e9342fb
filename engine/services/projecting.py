"""What of a fact shows on the rows of steps and instances: the columns that people and queries look at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from engine.core.facts import Fact, FactType
from engine.storage.contract import StepKey

if TYPE_CHECKING:
    from engine.services.case import Case

Columns = dict[str, Any]

NOT_CLAIMED: Final[Columns] = {"claimable_at": None, "lease_owner": "", "lease_token": 0}
NOT_WAITING: Final[Columns] = {"waits_for": "", "wakes_at": None}


def project_fact(case: Case, fact: Fact) -> None:
    """Note what `fact` changes on the rows."""
    of_step = _OF_STEPS.get(fact.type)
    if of_step is not None and fact.task is not None:
        step = StepKey(case.row.id, fact.task, fact.iteration)
        case.patch(step, may_be_new=_may_be_new(fact)).columns.update(of_step(fact))
        if fact.type in _GIVES and (fact.data.get("to") or fact.data.get("assigned_to")):
            case.assigned[step] = None
        return
    of_instance = _OF_INSTANCES.get(fact.type)
    if of_instance is not None:
        of_instance(case, fact)


_GIVES: Final = frozenset({FactType.STEP_WAITING, FactType.STEP_ASSIGNED})
"""Facts with which a task may become somebody's."""


# -- steps ------------------------------------------------------------------------------------------------------------


def _ready(fact: Fact) -> Columns:
    fresh = {"ended_at": None, "output": None, "error": None} if fact.derived else {}
    return {"status": "ready", "ready_at": fact.at, "claimed_by_id": None, **fresh, **NOT_CLAIMED, **NOT_WAITING}


def _waiting(fact: Fact) -> Columns:
    columns: Columns = {"status": "waiting", "waits_for": fact.data.get("for", ""), **NOT_CLAIMED}
    columns["event_type"] = fact.data.get("event_type", "")
    columns["assigned_to"] = fact.data.get("assigned_to", [])
    if "for" in fact.data and not fact.derived:
        columns["started_at"] = fact.at
    if "error" in fact.data:  # it failed, and stays open for a person
        columns |= {"error": fact.data["error"], "ended_at": None}
    elif fact.derived:  # set to be started by a person: it was never ready by itself
        columns["ready_at"] = fact.at
    return columns


def _settled(status: str) -> Callable[[Fact], Columns]:
    def columns(fact: Fact) -> Columns:
        found = {"status": status, "ended_at": fact.at, **NOT_CLAIMED, **NOT_WAITING}
        if status == "failed":
            found["error"] = fact.data.get("error")
        return found

    return columns


def _attempt_started(fact: Fact) -> Columns:
    if fact.data.get("compensation"):
        return {"status": "rolling_back"}
    return {"status": "running", "attempt": fact.data.get("number", 1)}


def _retry_scheduled(fact: Fact) -> Columns:
    return {} if fact.data.get("compensation") else {"status": "retrying"}


def _due(fact: Fact) -> Columns:
    return {"due_at": datetime.fromisoformat(fact.data["due_at"]) if fact.data["due_at"] else None}


def _rollback_stopped(fact: Fact) -> Columns:
    return {"status": "rollback_failed", **NOT_CLAIMED, "wakes_at": None}


_OF_STEPS: Final[dict[FactType, Callable[[Fact], Columns]]] = {
    FactType.STEP_READY: _ready,
    FactType.STEP_BLOCKED: lambda fact: {"status": "blocked"},
    FactType.STEP_STARTED: lambda fact: {"started_at": fact.at},
    FactType.ATTEMPT_STARTED: _attempt_started,
    FactType.ATTEMPT_FAILED: lambda fact: dict(NOT_CLAIMED),
    FactType.ATTEMPT_TIMED_OUT: lambda fact: dict(NOT_CLAIMED),
    FactType.RETRY_SCHEDULED: _retry_scheduled,
    FactType.STEP_WAITING: _waiting,
    FactType.STEP_SCHEDULED: lambda fact: {"status": "waiting", "waits_for": "start", **NOT_CLAIMED},
    FactType.STEP_PUT_ON_HOLD: lambda fact: {"status": "held"},
    FactType.STEP_RELEASED: lambda fact: {"status": "waiting"},
    FactType.STEP_COMPLETED: _settled("completed"),
    FactType.STEP_SKIPPED: _settled("skipped"),
    FactType.STEP_FAILED: _settled("failed"),
    FactType.STEP_CANCELLED: _settled("cancelled"),
    FactType.STEP_ASSIGNED: lambda fact: {"assigned_to": list(fact.data.get("to", ()))},
    FactType.STEP_ROLLED_BACK: lambda fact: {"status": "rolled_back", **NOT_CLAIMED, "wakes_at": None},
    FactType.ROLLBACK_FINISHED: _rollback_stopped,
    FactType.DUE_DATE_SET: _due,
}
_MAY_BE_NEW: Final = frozenset(
    {
        FactType.STEP_READY,
        FactType.STEP_BLOCKED,
        FactType.STEP_SKIPPED,
        FactType.STEP_FAILED,
        FactType.STEP_CANCELLED,
    }
)
"""Facts with which a step may come into being."""


def _may_be_new(fact: Fact) -> bool:
    """A derived wait is that of a step which a person is to start: nothing came before it."""
    return fact.type in _MAY_BE_NEW or (fact.type is FactType.STEP_WAITING and fact.derived)


# -- the instance -----------------------------------------------------------------------------------------------------


def _started(case: Case, fact: Fact) -> None:
    case.columns["started_at"] = fact.at


def _ended(case: Case, fact: Fact) -> None:
    case.columns["ended_at"] = fact.at


def _failed(case: Case, fact: Fact) -> None:
    case.columns |= {"ended_at": fact.at, "error": fact.data.get("error")}


def _rolling_back(case: Case, fact: Fact) -> None:
    if fact.data.get("error") is not None:
        case.columns["error"] = fact.data["error"]


def _restarted(case: Case, fact: Fact) -> None:
    case.columns |= {"ended_at": None, "output": None, "error": None}
    if fact.data.get("from") is None:
        case.columns |= {"started_at": None, "vars": {}}
        case.var_changes.clear()


def _reopened(case: Case, fact: Fact) -> None:
    case.columns |= {"ended_at": None, "output": None, "error": None}


def _held(case: Case, fact: Fact) -> None:
    case.must_hold = True


def _resumed(case: Case, fact: Fact) -> None:
    case.must_hold = False
    case.is_resumed = True


_OF_INSTANCES: Final[dict[FactType, Callable[[Case, Fact], None]]] = {
    FactType.INSTANCE_STARTED: _started,
    FactType.INSTANCE_COMPLETED: _ended,
    FactType.INSTANCE_TERMINATED: _ended,
    FactType.INSTANCE_FAILED: _failed,
    FactType.ROLLBACK_STARTED: _rolling_back,
    FactType.INSTANCE_RESTARTED: _restarted,
    FactType.INSTANCE_RETRIED: _reopened,
    FactType.INSTANCE_REVERTED: _reopened,
    FactType.INSTANCE_PAUSE_REQUESTED: _held,
    FactType.INSTANCE_RESUMED: _resumed,
}
