"""Whether workflows have faults, kept beside them so that the database can filter by status.

Faults follow from a flow's draft, from what its steps keep beside it, and from the payload's schema. A workflow is
looked at again when its draft has another revision, or when one of the others has been stored anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db.models import F, Q, QuerySet

from dialects.novu.models import Step, Workflow
from dialects.novu.wire import whole
from engine.notifying.models import MessagePolicy

MOST_AT_ONCE: Final = 100


def look_at_changed(rows: QuerySet[Workflow]) -> None:
    """Look at those that may have other faults than before. One query where there are none."""
    stale = rows.filter(Q(checked_revision=None) | ~Q(checked_revision=F("flow__draft_revision")))
    while found := list(stale.order_by("pk")[:MOST_AT_ONCE]):
        for row in found:
            is_faulty = any(issues.get("controls") for issues in whole(row).issues)
            revision = row.flow.draft_revision
            Workflow.objects.filter(pk=row.pk).update(is_faulty=is_faulty, checked_revision=revision)
        if len(found) < MOST_AT_ONCE:
            return


def with_status(rows: QuerySet[Workflow], statuses: Sequence[str]) -> QuerySet[Workflow]:
    """Those of one of these statuses (contract 6.1)."""
    look_at_changed(rows)
    wanted = Q(pk=None)
    for status in statuses:
        if status == "INACTIVE":
            wanted |= Q(flow__is_enabled=False)
        else:
            wanted |= Q(flow__is_enabled=True, is_faulty=status == "ERROR")
    return rows.filter(wanted)


def forget_step(sender: type[Step], instance: Step, **_: Any) -> None:
    """A step was stored: look at its workflow again."""
    Workflow.objects.filter(pk=instance.workflow_id).update(checked_revision=None)


def forget_policy(sender: type[MessagePolicy], instance: MessagePolicy, **_: Any) -> None:
    """How a flow notifies was stored: look at its workflow again."""
    Workflow.objects.filter(flow=instance.flow_id).update(checked_revision=None)
