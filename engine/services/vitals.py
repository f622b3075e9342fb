"""How the engine is: what waits for a worker, since when, and what is overdue. A handful of bounded queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, Min, Q, QuerySet

from engine.models import InboundEvent, Instance, Step, Timer
from engine.storage import storage

MOST_COUNTED: Final = 10_000
"""Nothing is counted beyond this: whoever looks wants to know that it is much, not how much."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many there are (at most `MOST_COUNTED`), and how long the oldest has waited."""

    count: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class Vitals:
    """A look at the engine. What is overdue by more than seconds says that no worker runs, or too few."""

    instances: Mapping[str, int]
    """Unfinished ones by status."""
    running: int
    """Attempts under way."""
    claimable: Backlog
    """Steps that wait for a worker."""
    timers: Backlog
    """Timers whose moment has passed."""
    events: Backlog
    """Events that no trigger has been asked about."""

    @property
    def queue_age_seconds(self) -> float:
        """How long the longest waiting piece of work has waited for somebody to do it."""
        return max(self.claimable.oldest_seconds, self.timers.oldest_seconds, self.events.oldest_seconds)


def look(now: datetime) -> Vitals:
    """Ask the database."""
    queued = Step.objects.filter(lease_owner="", claimable_at__lte=now)
    lost = Step.objects.filter(~Q(lease_owner=""), claimable_at__lte=now)
    by_status = Instance.objects.unfinished().order_by().values_list("status").annotate(count=Count("pk"))
    return Vitals(
        instances=dict(by_status),
        running=_at_most(Step.objects.filter(~Q(lease_owner=""), claimable_at__gt=now)),
        claimable=Backlog(_at_most(queued) + _at_most(lost), _seconds_since(storage().oldest_claimable(now), now)),
        timers=_backlog(Timer.objects.filter(due_at__lte=now, is_suspended=False), "due_at", now),
        events=_backlog(InboundEvent.objects.filter(matched_at=None), "received_at", now),
    )


def queue_age_seconds(now: datetime) -> float:
    """As `look(now).queue_age_seconds`, without counting."""
    oldest = [
        _seconds_since(storage().oldest_claimable(now), now),
        _oldest(Timer.objects.filter(due_at__lte=now, is_suspended=False), "due_at", now),
        _oldest(InboundEvent.objects.filter(matched_at=None), "received_at", now),
    ]
    return max(oldest)


def _backlog(rows: QuerySet[Any], moment: str, now: datetime) -> Backlog:
    return Backlog(_at_most(rows), _oldest(rows, moment, now))


def _at_most(rows: QuerySet[Any]) -> int:
    return rows.order_by()[:MOST_COUNTED].count()


def _oldest(rows: QuerySet[Any], moment: str, now: datetime) -> float:
    return _seconds_since(rows.order_by().aggregate(since=Min(moment))["since"], now)


def _seconds_since(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
