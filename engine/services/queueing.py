"""How many instances of a flow run at once: the rest stay queued and start in order, as others end.

The limit is that of the flow's live version and counts what runs, waits or is paused. Whoever counts holds the flow's
row, so that two never give the same place away. A person who retries or takes back an ended instance goes past it. All
flows of an environment share another limit (`crowding`).
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from designer.models import Flow
from designer.services.versions import plan_of
from engine.core.facts import FactType
from engine.models import Instance
from engine.services.advancing import Change, change_instances, report_broken
from engine.services.crowding import least, room_in

MOST_AT_ONCE = 100


def room_to_start(flow: Flow) -> int | None:
    """How many new instances may start now, after those that are queued already; None where there is no limit.

    With a limit it locks the flow until the transaction ends.
    """
    limit = _limit_of(flow)
    if limit is None:
        return None
    _lock(flow.pk)
    return max(0, limit - _counted(flow).count())


def start_queued_instances(now: datetime, limit: int = MOST_AT_ONCE) -> int:
    """Start instances that are queued, of each flow the oldest first, as far as its limit allows. Answers how many."""
    if not Instance.objects.filter(status="queued").exists():
        return 0
    queued = Instance.objects.filter(flow=OuterRef("pk"), status="queued")
    flows = Flow.objects.filter(Exists(queued), is_enabled=True).order_by("pk").values_list("pk", flat=True)
    return sum(start_queued_of(flow_id, now, limit) for flow_id in list(flows))


def start_queued_of(flow_id: int, now: datetime, limit: int = MOST_AT_ONCE) -> int:
    """Start the oldest queued instances of one flow, as far as its limit allows. Answers how many."""
    with transaction.atomic():
        flow = _lock(flow_id)
        if flow is None or not flow.is_enabled:
            return 0
        queued = Instance.objects.filter(flow=flow, status="queued").order_by("pk").values_list("pk", flat=True)
        most = _limit_of(flow)
        running = _counted(flow).exclude(status="queued").count() if most else 0
        room = least(limit, None if most is None else most - running, room_in(flow.environment_id, limit)) or 0
        started, passed_over = 0, 0
        while started < room and (chosen := list(queued[passed_over : passed_over + room - started])):
            changes = [Change(pk, lambda case: case.tell(case.fact(FactType.INSTANCE_STARTED))) for pk in chosen]
            outcomes = change_instances(changes, now=now)
            report_broken(changes, outcomes)
            refused = sum(outcome.refusal is not None for outcome in outcomes)
            started += len(chosen) - refused
            passed_over += refused  # it is still queued, but the others do not wait for it
        return started


def _counted(flow: Flow) -> QuerySet[Instance]:
    """Those that take a place, or are to have one. A flow may let those that wait or are paused take none."""
    rows: QuerySet[Instance] = Instance.objects.filter(flow=flow).unfinished()
    if flow.live_version_id is not None:
        limits = plan_of(flow.live_version_id).flow.limits
        if limits.get("concurrency_counts") == "running":
            rows = rows.exclude(status__in=["waiting", "paused"])
    return rows


def _limit_of(flow: Flow) -> int | None:
    if flow.live_version_id is None:
        return None
    limit = plan_of(flow.live_version_id).flow.limits.get("concurrency")
    return limit if isinstance(limit, int) and not isinstance(limit, bool) else None


def _lock(flow_id: int) -> Flow | None:
    """One at a time counts and starts. Weaker than what forbids rows that refer to the flow."""
    no_key = connection.features.has_select_for_no_key_update
    rows = Flow.objects.select_for_update(of=("self",), no_key=no_key).defer("draft_document")
    return rows.filter(pk=flow_id).first()
