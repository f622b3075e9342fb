"""Removing instances that have ended, for good.

One that goes may still have something to tell: how it ended, to the step that called it; that they are to stop, to
those it called. Both are stored (`Signal`) and delivered right after, but a machine may be off, or a message put back,
for longer than instances are kept. Then the message takes along what it tells of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from django.db import connection, transaction
from django.db.models import QuerySet

from engine.calls.models import Signal
from engine.models import Instance
from engine.services.calls import take_along

MOST_FACTS: Final = 20_000
"""Facts removed in one transaction, unless a single instance has more: the others are not to wait for long."""


MOST_AT_ONCE: Final = 500
"""Instances that are looked at together where all are removed."""


def remove_all(ended: QuerySet[Instance]) -> None:
    """Remove all of `ended`, in the caller's transaction; wait for those that others hold."""
    while remove_instances(ended, MOST_AT_ONCE, waits=True):
        pass


def remove_instances(ended: QuerySet[Instance], limit: int, *, waits: bool = False) -> int:
    """Remove up to `limit` of `ended`, fewer where they have many facts. Answers how many; 0 when there are none, or
    when others hold them all (unless it `waits` for those).

    What is not in `ended` any more when its row is held, because somebody has begun it again, stays.
    """
    with transaction.atomic():
        wanted = list(ended.values_list("pk", flat=True)[:limit])
        signals = _signals_of(wanted)
        skip = connection.features.has_select_for_update_skip_locked and not waits
        rows = ended.filter(pk__in=wanted).select_for_update(skip_locked=skip, of=("self",))
        chosen = _bounded(rows.values_list("pk", "fact_count"))
        for signal in signals:
            if signal.instance_id in chosen:
                take_along(signal)
        Instance.objects.filter(pk__in=chosen).delete()
    return len(chosen)


def _signals_of(instances: Collection[int]) -> list[Signal]:
    """What they have yet to tell, held before the instances are: in the order of those who deliver it."""
    if not instances:
        return []
    kinds = (Signal.Kind.ENDED, Signal.Kind.CANCEL)
    return list(Signal.objects.select_for_update().filter(kind__in=kinds, instance_id__in=instances))


def _bounded(rows: Iterable[tuple[int, int]]) -> set[int]:
    """At least one, and no more than a transaction should remove."""
    chosen: set[int] = set()
    facts = 0
    for pk, fact_count in rows:
        if chosen and facts + fact_count > MOST_FACTS:
            break
        facts += fact_count
        chosen.add(pk)
    return chosen
