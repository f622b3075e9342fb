"""Instances with a retention of their own: it beats that of their workflow, which goes by versions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from dialects.cloudflare.bodies import CreateInstance
from dialects.cloudflare.models import Keeping
from engine.models import Instance
from engine.services.removing import remove_instances

MOST_REMOVED: Final = 200
BETWEEN_SWEEPS: Final = timedelta(seconds=10)
MOST_LOOKED_AT: Final = 2_000
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
    ended = Keeping.objects.filter(instance__ended_at__isnull=False).order_by("instance__ended_at")
    rows = ended.values_list("instance", "instance__status", "instance__ended_at", "success_ms", "error_ms")
    found = list(rows[:MOST_LOOKED_AT])
    over = [pk for pk, status, ended_at, *kept in found if _is_over(status, ended_at, kept, now)][:limit]
    if not over:
        return 0
    return remove_instances(Instance.objects.filter(pk__in=over).finished().order_by("ended_at"), limit)


def sweep_outlived(now: datetime) -> int:
    """`remove_outlived` for a loop that asks every second: it looks no more often than every ten. Answers how many."""
    if _next_sweep and now < _next_sweep[0]:
        return 0
    _next_sweep[:] = [now + BETWEEN_SWEEPS]
    return remove_outlived(now)


def _is_over(status: str, ended_at: datetime | None, kept: Sequence[int | None], now: datetime) -> bool:
    ms = kept[0] if status == "complete" else kept[1]
    return ms is not None and ended_at is not None and ended_at + timedelta(milliseconds=ms) <= now
