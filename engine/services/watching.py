"""Telling those who watch the engine (`engine.telemetry`) what a commit recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from django.db import transaction

from engine.core.facts import FactType
from engine.models import Instance
from engine.services.case import Case
from engine.telemetry import metrics, tracing


def is_watched() -> bool:
    """Whether anybody wants to know."""
    return metrics.is_on or tracing.is_on


def report_after_commit(cases: Sequence[Case]) -> None:
    """Count what a batch records, and send the traces of instances that end with it. Only while somebody watches."""
    if metrics.is_on:
        transaction.on_commit(lambda: metrics.count_facts(cases), robust=True)
    ended = {case.row.id: case for case in cases if any(fact.type in metrics.INSTANCE_ENDS for fact in case.facts)}
    if tracing.is_on and ended:
        transaction.on_commit(lambda: _send_traces(ended), robust=True)


def is_traced() -> bool:
    """Whether anybody wants the traces of instances that end."""
    return tracing.is_on


def count_after_commit(facts: Iterable[tuple[str, int]]) -> None:
    """Count what a batch records: types of facts, and how many times. Only where nobody wants traces."""
    if metrics.is_on:
        counts = Counter[FactType]()
        for type, count in facts:
            counts[FactType(type)] += count
        transaction.on_commit(lambda: metrics.count_types(counts), robust=True)


def _send_traces(ended: dict[int, Case]) -> None:
    rows = Instance.objects.filter(pk__in=ended)
    for pk, key, version_id, status, created_at, started_at, ended_at in rows.values_list(
        "pk", "key", "version_id", "status", "created_at", "started_at", "ended_at"
    ):
        flow = ended[pk].plan.flow.key
        if ended_at is None:
            continue
        began = started_at or created_at
        tracing.send_instance(tracing.EndedInstance(pk, key, flow, version_id, status, began, ended_at))
