"""Read models for pages and APIs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from engine.core.facts import Fact as CoreFact
from engine.core.facts import FactType
from engine.models import Fact, Instance, Step

OPEN_WAITS = ("waiting", "held", "retrying")


@dataclass(frozen=True, slots=True)
class Wait:
    """What an instance waits for. `kind`: timer, event or person."""

    task: str
    iteration: int
    kind: str
    event_type: str
    wakes_at: datetime | None
    due_at: datetime | None


def in_order(steps: Iterable[Step]) -> list[Step]:
    """Steps as they began; those of one moment as they ended, what has not ended last. What has not even become ready
    comes at the end, or where it was settled.

    Not by their ids: those that one transaction begins are written in groups of a kind.
    """
    return sorted(steps, key=_moments)


def _moments(step: Step) -> tuple[datetime, datetime, int]:
    began = step.started_at or step.ready_at or step.ended_at or _NEVER
    return began, step.ended_at or _NEVER, step.pk


_NEVER: Final = datetime.max.replace(tzinfo=UTC)


def facts_after(instance: Instance, number: int = 0, *, limit: int = 1000) -> list[Fact]:
    """Facts with a higher number, in order; without gaps, unless `thinning` has taken some out."""
    return list(instance.facts.filter(number__gt=number).order_by("number")[:limit])


def waiting_for(instance: Instance) -> list[Wait]:
    """What an unfinished instance waits for."""
    if instance.is_final:
        return []
    steps = instance.steps.filter(status__in=OPEN_WAITS).order_by("pk")
    return [
        Wait(step.task, step.iteration, step.waits_for or "timer", step.event_type, step.wakes_at, step.due_at)
        for step in steps
    ]


def told_facts(instance: Instance) -> list[CoreFact]:
    """The told facts of its whole history as the core has them: folded again, they give the same state."""
    rows = instance.facts.filter(is_derived=False).order_by("number")
    return [CoreFact(FactType(row.type), row.at, row.task or None, row.iteration, row.data) for row in rows]
