"""The same done to many instances: chosen ones, or all that a filter finds, a bounded number at a time.

Each instance is changed in a transaction of its own, with a fact and an audit entry of its own; what is refused is
answered with its reason and holds up nobody else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from django.db.models import QuerySet

from accounts.audit import record
from accounts.scope import Scope
from designer.graph.model import Json
from engine.models import Instance
from engine.services import interventions
from engine.services.errors import InvalidInput, NotLegalNow
from engine.services.events import send_event
from engine.services.moving import MigrationRefused, migrate

MOST_AT_ONCE: Final = 500
"""Instances that one call looks at; the rest is for the next."""
MOST_SECONDS: Final = 20.0
"""After so long no further instance is begun, so that a request ends."""

Given = Mapping[str, Any]
Act = Callable[[Scope, Instance], object]


@dataclass(frozen=True, slots=True)
class Refused:
    """An instance to which it was not done. `problems`: (path, message), of what was given or is in the way."""

    instance: Instance
    reason: str
    problems: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What came of it. `next`: the id of the last instance that was looked at, where there are more behind it."""

    action: str
    done: tuple[Instance, ...]
    refused: tuple[Refused, ...]
    next: int | None = None


def bulk(
    scope: Scope,
    instances: QuerySet[Instance],
    action: str,
    given: Given = MappingProxyType({}),
    *,
    limit: int = MOST_AT_ONCE,
    after: int | None = None,
) -> BulkResult:
    """Do `action` (one of `ACTIONS`) to `instances`, oldest first, at most `limit` of them; begin behind `after`.

    `given` is what the action takes, by name: `reason`; `rollback`; `reasons`, `note`; `from_task`; `input`,
    `version`; `mapping`, `dry_run`; `type`, `payload`. Only instances of the scope's environment are touched. Raises
    `InvalidInput` for an action that there is not, or when something it needs is missing.
    """
    act = _act(action, given)
    most = min(limit, MOST_AT_ONCE)
    rows = instances.filter(environment=scope.environment, pk__gt=after or 0).order_by("pk")
    found = list(rows.select_related("flow", "version", "environment")[: most + 1])
    more = len(found) > most
    done: list[Instance] = []
    refused: list[Refused] = []
    deadline = time.monotonic() + MOST_SECONDS
    last: int | None = None
    for place, instance in enumerate(found[:most]):
        if place and time.monotonic() > deadline:
            more = True
            break
        refusal = _try(act, scope, instance)
        if refusal is None:
            done.append(instance)
        else:
            refused.append(refusal)
        last = instance.pk
    if (done or refused) and not given.get("dry_run"):
        counts = {"done": len(done), "refused": len(refused)}
        record(scope, f"instances.{action}", scope.environment, after={**counts, "reason": given.get("reason", "")})
    return BulkResult(action, tuple(done), tuple(refused), last if more else None)


def _try(act: Act, scope: Scope, instance: Instance) -> Refused | None:
    try:
        act(scope, instance)
    except MigrationRefused as blocked:
        obstacles = blocked.report.obstacles
        return Refused(instance, str(blocked), tuple((one.task, one.reason) for one in obstacles))
    except NotLegalNow as illegal:
        return Refused(instance, str(illegal))
    except InvalidInput as invalid:
        return Refused(instance, str(invalid), invalid.problems)
    return None


# -- what can be done -------------------------------------------------------------------------------------------------


def _reason(given: Given) -> str:
    return str(given.get("reason", ""))


def _terminate(given: Given) -> Act:
    rollback = bool(given.get("rollback"))
    return lambda scope, one: interventions.terminate(scope, one, reason=_reason(given), rollback=rollback)


def _close(given: Given) -> Act:
    reasons, note = list(given.get("reasons", ())), str(given.get("note", ""))
    return lambda scope, one: interventions.close(scope, one, reasons=reasons, note=note)


def _restart(given: Given) -> Act:
    start = given.get("from_task")
    return lambda scope, one: interventions.restart(scope, one, from_task=start, reason=_reason(given))


def _retry(given: Given) -> Act:
    edited = {name: given[name] for name in ("input", "version") if name in given}
    return lambda scope, one: interventions.retry(scope, one, reason=_reason(given), **edited)


def _migrate(given: Given) -> Act:
    version, mapping = _needed(given, "version"), given.get("mapping")
    if not given.get("dry_run"):
        return lambda scope, one: migrate(scope, one, version=version, mapping=mapping, reason=_reason(given))

    def look(scope: Scope, one: Instance) -> None:
        report = migrate(scope, one, version=version, mapping=mapping, dry_run=True)
        if not report.is_possible:
            raise MigrationRefused(report)

    return look


def _send_event(given: Given) -> Act:
    type, payload = _needed(given, "type"), given.get("payload")
    return lambda scope, one: send_event(scope, one, type=type, payload=payload)


def _needed(given: Given, name: str) -> Json:
    if name not in given:
        raise InvalidInput([(name, "is needed for this action")])
    return given[name]


ACTIONS: Final[Mapping[str, Callable[[Given], Act]]] = MappingProxyType(
    {
        "pause": lambda given: lambda scope, one: interventions.pause(scope, one, reason=_reason(given)),
        "resume": lambda given: lambda scope, one: interventions.resume(scope, one, reason=_reason(given)),
        "terminate": _terminate,
        "close": _close,
        "restart": _restart,
        "retry": _retry,
        "migrate": _migrate,
        "send_event": _send_event,
    }
)


def _act(action: str, given: Given) -> Act:
    make = ACTIONS.get(action)
    if make is None:
        raise InvalidInput([("action", f"must be one of {_listed(ACTIONS)}")])
    return make(given)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
