"""What the designer asks of the engine: which instances a flow has, where they stand, what its triggers did."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from django.db import connection
from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from designer.graph.data_tree import NOTHING_SEEN, Shapes
from designer.graph.model import Flow, Json
from designer.graph.shapes import shape_of
from designer.models import Trigger
from designer.services.guards import Firing, FlowUse, Impact, TriedTrigger
from engine.models import Instance, Occurrence, Step
from engine.models.instance import STATUSES
from engine.sandbox.examples import sample_for
from engine.services.hiding import is_input_hidden
from engine.services.impact import impact_of
from engine.services.removing import remove_all
from engine.services.triggers import try_trigger

MOST_COUNTED: Final = 1000
LATEST: Final = 3
"""How many instances are looked at to tell what data looks like."""
MOST_STEPS_SEEN: Final = 300


def _count(status: str) -> str:
    of_status = f"c.flow_id = f.id AND c.status = '{status}'"
    return f"(SELECT count(*) FROM (SELECT 1 FROM engine_instance c WHERE {of_status} LIMIT {MOST_COUNTED}) x)"  # noqa: S608


def _as_moment(stored: Any) -> datetime:
    """A moment as the database gives it: SQLite as text, in UTC."""
    moment = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class EngineInstances:
    """The provider that `engine.apps` registers with the designer."""

    def use_of(self, flow_ids: Collection[int]) -> Mapping[int, FlowUse]:
        """Counts by status and the latest instance of each flow, in one query."""
        uses = {}
        for flow, created_at, status, *counts in self._counts_and_latest(flow_ids) if flow_ids else ():
            found = {name: number for (name, _), number in zip(STATUSES, counts, strict=True) if number}
            uses[flow] = FlowUse(found, created_at, status)
        return uses

    def _counts_and_latest(self, flow_ids: Collection[int]) -> Iterator[Sequence[Any]]:
        """For each flow that has instances: when the latest was created, its status, and the number of each status.

        Each is counted along an index and no further than `MOST_COUNTED`, so that it costs the same with a million.
        """
        counts = [_count(name) for name, _ in STATUSES]
        marks = ", ".join(["%s"] * len(flow_ids))
        # Nothing but our own words are put together here.
        sql = f"""
            SELECT f.id, i.created_at, i.status, {", ".join(counts)}
            FROM designer_flow f JOIN engine_instance i ON i.id = (
                SELECT n.id FROM engine_instance n WHERE n.flow_id = f.id ORDER BY n.id DESC LIMIT 1)
            WHERE f.id IN ({marks})"""  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(sql, list(flow_ids))
            for flow, created_at, *rest in cursor.fetchall():
                yield flow, _as_moment(created_at), *rest

    def unfinished(self, flow_id: int) -> int:
        """How many have not ended."""
        return Instance.objects.filter(flow=flow_id).unfinished().count()

    def finished(self, flow_id: int) -> int:
        """How many have ended."""
        return Instance.objects.filter(flow=flow_id).finished().count()

    def delete_finished(self, flow_id: int) -> None:
        """Delete all that have ended."""
        remove_all(Instance.objects.filter(flow=flow_id).finished())

    def impact_of(self, flow_id: int, flow: Flow, number: int) -> Impact:
        """Where the unfinished ones stand, and which could be migrated."""
        return impact_of(flow_id, flow, number)

    def firings_of(self, trigger_ids: Collection[int], *, each: int) -> Mapping[int, Sequence[Firing]]:
        """The latest firings of each trigger, in one query."""
        place = Window(RowNumber(), partition_by=F("trigger"), order_by=F("pk").desc())
        found = Occurrence.objects.filter(trigger__in=trigger_ids).annotate(place=place).filter(place__lte=each)
        firings: dict[int, list[Firing]] = {}
        for row in found.order_by("-pk").values("trigger", "at", "outcome", "reason", "instance", "instance__key"):
            firing = Firing(row["at"], row["outcome"], row["reason"], row["instance"], row["instance__key"] or "")
            firings.setdefault(row["trigger"], []).append(firing)
        return firings

    def shapes_of(self, flow_id: int) -> Shapes:
        """The shape of the latest input and context, and of the latest output of each task; two queries."""
        latest = list(Instance.objects.filter(flow=flow_id).order_by("-pk")[:LATEST])
        if not latest:
            return NOTHING_SEEN
        first = latest[0]
        steps = Step.objects.filter(instance__in=latest, status="completed", is_sensitive=False).order_by("-pk")
        outputs: dict[str, Json] = {}
        for task, output in steps.values_list("task", "output")[:MOST_STEPS_SEEN]:
            if task not in outputs and output is not None:
                outputs[task] = shape_of(output)
        seen_input = None if is_input_hidden(first) else shape_of(first.input)
        return Shapes(input=seen_input, context=shape_of(first.context), outputs=outputs)

    def example_input(self, flow: Flow) -> Json:
        """As a try without a sample begins."""
        return sample_for(flow)

    def try_trigger(self, trigger_id: int, payload: Json) -> TriedTrigger:
        """What its filter and its inputs come to for an event."""
        rows = Trigger.objects.select_related("flow__live_version")
        return try_trigger(rows.get(pk=trigger_id), payload, now=timezone.now())
