"""What the designer asks of the engine: which instances a flow has, where they stand, what its triggers did."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from django.db.models import Count, F, Max, Window
from django.db.models.functions import RowNumber

from designer.services.guards import Firing, FlowUse
from engine.models import Instance, Occurrence, Step

FINISHED = ("complete", "errored", "terminated")
OPEN_STEPS = ("blocked", "ready", "running", "waiting", "retrying", "held")


class EngineInstances:
    """The provider that `engine.apps` registers with the designer."""

    def use_of(self, flow_ids: Collection[int]) -> Mapping[int, FlowUse]:
        """Counts by status and the latest instance of each flow, in two queries."""
        grouped = Instance.objects.filter(flow__in=flow_ids).values("flow_id", "status").order_by()
        counts: dict[int, dict[str, int]] = {}
        latest: dict[int, int] = {}
        for row in grouped.annotate(number=Count("pk"), latest=Max("pk")):
            counts.setdefault(row["flow_id"], {})[row["status"]] = row["number"]
            latest[row["flow_id"]] = max(row["latest"], latest.get(row["flow_id"], 0))
        last = Instance.objects.filter(pk__in=latest.values()).values_list("flow_id", "created_at", "status")
        return {flow: FlowUse(counts[flow], created_at, status) for flow, created_at, status in last}

    def unfinished(self, flow_id: int) -> int:
        """How many have not ended."""
        return Instance.objects.filter(flow=flow_id).unfinished().count()

    def finished(self, flow_id: int) -> int:
        """How many have ended."""
        return Instance.objects.filter(flow=flow_id, status__in=FINISHED).count()

    def delete_finished(self, flow_id: int) -> None:
        """Delete all that have ended."""
        Instance.objects.filter(flow=flow_id, status__in=FINISHED).delete()

    def standing_at(self, flow_id: int) -> Mapping[str, int]:
        """How many unfinished instances have an open step, by task key."""
        steps = Step.objects.filter(instance__flow=flow_id, status__in=OPEN_STEPS)
        steps = steps.exclude(instance__status__in=FINISHED)
        grouped = steps.values("task").order_by().annotate(number=Count("instance", distinct=True))
        return {row["task"]: row["number"] for row in grouped}

    def firings_of(self, trigger_ids: Collection[int], *, each: int) -> Mapping[int, Sequence[Firing]]:
        """The latest firings of each trigger, in one query."""
        place = Window(RowNumber(), partition_by=F("trigger"), order_by=F("pk").desc())
        found = Occurrence.objects.filter(trigger__in=trigger_ids).annotate(place=place).filter(place__lte=each)
        firings: dict[int, list[Firing]] = {}
        for row in found.order_by("-pk").values("trigger", "at", "outcome", "reason", "instance", "instance__key"):
            firing = Firing(row["at"], row["outcome"], row["reason"], row["instance"], row["instance__key"] or "")
            firings.setdefault(row["trigger"], []).append(firing)
        return firings
