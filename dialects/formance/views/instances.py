"""Instances: listing, showing, steering, and what they did."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from designer.graph.model import Json
from dialects.formance import cursors, ids
from dialects.formance.base import FormanceView
from dialects.formance.bodies import read_object
from dialects.formance.errors import bad_request, not_found
from dialects.formance.finding import find_instance, instances, steps_by_task
from dialects.formance.history import (
    FINISHED,
    error_of_instance,
    history_json,
    latest_started,
    stage_history_json,
    status_json,
)
from dialects.formance.views.workflows import YES
from dialects.formance.wire import data, instance_id, instance_json, workflow_json
from engine.models import Instance
from engine.services.errors import NotLegalNow
from engine.services.events import offer_event
from engine.services.interventions import terminate

FILTERS = ("workflowID", "running")
NOBODY_WAITS = "no stage is waiting for events"


class Instances(FormanceView):
    """`instances`"""

    def get(self, request: Request) -> Response:
        """All of them, or those of one workflow, or those that run; in version 2 page by page."""
        if self.version == 1:
            return Response(data(_written(list(_filtered(instances(self.scope), request.query_params)))))
        window = cursors.window_of(request.query_params, FILTERS)
        return Response(cursors.page(_filtered(instances(self.scope), window.filters), window, _written))


def _filtered(rows: QuerySet[Instance], wanted: Mapping[str, str]) -> QuerySet[Instance]:
    workflow, running = wanted.get("workflowID"), wanted.get("running")
    if workflow:
        rows = rows.filter(flow_id=ids.decode(ids.FLOW, workflow) or 0)
    if running:
        ended = ("complete", "errored", "terminated")
        rows = rows.exclude(status__in=ended) if running in YES else rows.filter(status__in=ended)
    return rows


def _written(rows: Sequence[Instance]) -> list[Json]:
    return [
        instance_json(row, error=error_of_instance(row), workflow=workflow_json(row.flow) if _is_live(row) else None)
        for row in rows
    ]


def _is_live(instance: Instance) -> bool:
    return instance.flow.live_version_id is not None


class OneInstance(FormanceView):
    """`instances/{instanceID}`"""

    def get(self, request: Request, instance: str) -> Response:
        """With its workflow and the statuses of its stages."""
        row = find_instance(self.scope, instance)
        steps = steps_by_task(row)
        workflow = workflow_json(row.flow) if _is_live(row) else None
        status = status_json(row, steps, instance_id(row))
        return Response(data(instance_json(row, error=error_of_instance(row), status=status, workflow=workflow)))


class Events(FormanceView):
    """`instances/{instanceID}/events`"""

    def post(self, request: Request, instance: str) -> Response:
        """Only the stage that started last hears it; an event of another name is heard and forgotten."""
        row = find_instance(self.scope, instance)
        body = read_object(request, "decoding body")
        name = body.get("name")
        if name is not None and not isinstance(name, str):
            raise bad_request("decoding body: name: expected string")
        if not name:
            raise bad_request("missing event name")
        latest = latest_started(row, steps_by_task(row))
        if row.is_final or latest is None or latest[1].status in FINISHED:
            raise bad_request(NOBODY_WAITS)
        if len(name) <= 200:
            offer_event(self.scope, row, latest[1], type=name)
        return Response(status=204)


class Abort(FormanceView):
    """`instances/{instanceID}/abort`"""

    def put(self, request: Request, instance: str) -> Response:
        """End it; nothing happens to one that has ended."""
        row = find_instance(self.scope, instance)
        if not row.is_final:
            with contextlib.suppress(NotLegalNow):  # it may have ended in the meantime
                terminate(self.scope, row, reason="Aborted through the Formance API")
        return Response(status=204)


class History(FormanceView):
    """`instances/{instanceID}/history`"""

    def get(self, request: Request, instance: str) -> Response:
        """One entry per stage that began."""
        row = find_instance(self.scope, instance)
        return Response(data(history_json(row, steps_by_task(row))))


class StageHistory(FormanceView):
    """`instances/{instanceID}/stages/{number}/history`"""

    def get(self, request: Request, instance: str, number: str) -> Response:
        """One entry per activity of the stage."""
        row = find_instance(self.scope, instance, what="stage")
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            raise not_found("stage")
        found = stage_history_json(row, steps_by_task(row), int(number), version=self.version)
        if found is None:
            raise not_found("stage")
        return Response(data(found))
