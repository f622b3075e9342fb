"""Instances with a retention of their own: it beats that of their workflow, which goes by versions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from dialects.cloudflare.bodies import CreateInstance
from dialects.cloudflare.models import Keeping
from engine.models import Instance
from engine.services.removing import remove_instances

MOST_REMOVED: Final = 200
BETWEEN_SWEEPS: Final = timedelta(seconds=10)
_next_sweep: list[datetime] = []
"""When this process looks again."""


def keep(created: Iterable[tuple[Instance, CreateInstance]]) -> None:
    """Note what was said about new instances."""
    rows = [
        Keeping(
            instance=instance,
            success_ms=_whole(wanted.retention.get("success_retention")),
            error_ms=_whole(wanted.retention.get("error_retention")),
        )
        for instance, wanted in created
        if wanted.retention
    ]
    if rows:
        Keeping.objects.bulk_create(rows)


def _whole(ms: float | None) -> int | None:
    return None if ms is None else max(1, round(ms))


def remove_outlived(now: datetime, limit: int = MOST_REMOVED) -> int:
    """Remove ended instances whose own time is over, those that ended first before others. Answers how many."""
    over: list[int] = []
    for name, ended in (("success_ms", Q(instance__status="complete")), ("error_ms", ~Q(instance__status="complete"))):
        kept = Keeping.objects.filter(ended).exclude(**{name: None})
        for ms in kept.order_by(name).values_list(name, flat=True).distinct():  # few: people keep things alike
            alike = kept.filter(**{name: ms}, instance__ended_at__lte=now - timedelta(milliseconds=ms))
            over += alike.order_by("instance__ended_at").values_list("pk", flat=True)[:limit]
    if not over:
        return 0
    rows = Instance.objects.filter(pk__in=over).finished()
    return remove_instances(rows.order_by("ended_at"), limit)


def sweep_outlived(now: datetime) -> int:
    """`remove_outlived` for a loop that asks every second: it looks no more often than every ten. Answers how many."""
    if _next_sweep and now < _next_sweep[0]:
        return 0
    _next_sweep[:] = [now + BETWEEN_SWEEPS]
    return remove_outlived(now)
