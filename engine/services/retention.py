"""Finished instances go after their flow's retention, in bounded batches beside those that run.

The retention is that of the flow's live version: `success` for instances that are complete, `failure` for those that
failed or were terminated, each counted from the end. Where it is not set they are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q

from designer.graph.durations import BadDuration, parse_duration
from designer.models import Flow
from designer.services.versions import plan_of
from engine.core.schedule import zone_of
from engine.models import Instance
from engine.services.removing import remove_instances

MOST_INSTANCES: Final = 200
"""Instances removed in one transaction."""
ENDS: Final = {"success": ("complete",), "failure": ("errored", "terminated")}


@dataclass(frozen=True, slots=True)
class Expiry:
    """Instances of a flow with one of these statuses that ended before a moment have had their time."""

    flow_id: int
    statuses: Sequence[str]
    ended_before: datetime


def remove_finished(now: datetime, limit: int = MOST_INSTANCES) -> int:
    """Remove one batch of each flow's instances whose time is over. Answers how many; 0 when there are no more."""
    return sum(_remove(expiry, limit) for expiry in expiries(now))


def expiries(now: datetime) -> Iterator[Expiry]:
    """What may go, of every flow that says so."""
    flows = Flow.objects.filter(live_version__document__contains='"retention"').order_by("pk")
    for pk, version_id in flows.values_list("pk", "live_version_id").iterator():
        flow = plan_of(version_id).flow
        for name, statuses in ENDS.items():
            try:
                yield Expiry(pk, statuses, parse_duration(flow.retention[name]).before(now, zone_of(flow.timezone)))
            except (KeyError, BadDuration):
                continue  # not set: kept for ever


def _remove(expiry: Expiry, limit: int) -> int:
    ended = Instance.objects.filter(
        flow=expiry.flow_id, status__in=expiry.statuses, ended_at__lt=expiry.ended_before
    ).order_by("ended_at")
    # Those that were started with a retention of their own are somebody else's to remove.
    own = "success_retention" if "complete" in expiry.statuses else "error_retention"
    # (Both questions: of an instance that has none the second alone is neither true nor false.)
    ended = ended.exclude(Q(trigger__has_key="retention") & Q(trigger__retention__has_key=own))
    return remove_instances(ended, limit) if ended.exists() else 0
