"""Triggers: listing, making, showing, deleting, trying; and what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from designer.graph.model import Json
from dialects.formance import cursors, ids
from dialects.formance.base import FormanceView
from dialects.formance.bodies import read_object
from dialects.formance.errors import Code, FormanceError, bad_request
from dialects.formance.expressions import ExpressionError, compile_expression
from dialects.formance.finding import find_trigger, find_workflow, is_deleted, triggers
from dialects.formance.history import error_of_instance
from dialects.formance.models import EventTrigger, TriggerOccurrence
from dialects.formance.stages import go_type
from dialects.formance.triggers import delete_trigger, make_trigger, tried
from dialects.formance.wire import data, instance_id, instance_json, without_nulls

LIMITS = {"event": 200, "name": 500, "version": 100}


class Triggers(FormanceView):
    """`triggers`"""

    def get(self, request: Request) -> Response:
        """All of them, or those whose names contain `name`; in version 2 page by page."""
        if self.version == 1:
            return Response(data(_written(list(_named(triggers(self.scope), request.query_params)))))
        window = cursors.window_of(request.query_params, ("name",))
        return Response(cursors.page(_named(triggers(self.scope), window.filters), window, _written))

    def post(self, request: Request) -> Response:
        """Make one."""
        fields = read_trigger(read_object(request, "decoding body"))
        try:
            flow = find_workflow(self.scope, fields.pop("workflowID"))
        except FormanceError:
            raise FormanceError(404, Code.NOT_FOUND, "workflow does not exists") from None
        if is_deleted(flow):
            raise FormanceError(404, Code.NOT_FOUND, "workflow does not exists")
        return Response(data(trigger_json(make_trigger(self.scope, flow, fields))), status=201)


def read_trigger(body: Mapping[str, Json]) -> dict[str, Any]:
    """The fields of a TriggerData. Raises FormanceError 400."""
    given = {key: value for key, value in body.items() if value is not None}
    for key in ("event", "workflowID", "name", "version", "filter"):
        if not isinstance(given.get(key, ""), str):
            raise bad_request(f"decoding body: {key}: expected string but was {go_type(given[key])}")
        if len(given.get(key, "")) > LIMITS.get(key, 5_000):
            raise bad_request(f"validating data: {key} is too long")
    if not given.get("event"):
        raise bad_request("validating data: missing event")
    if not given.get("workflowID"):
        raise bad_request("validating data: missing workflow id")
    vars = given.get("vars")
    if vars is not None and not isinstance(vars, Mapping):
        raise bad_request(f"decoding body: vars: expected an object but was {go_type(vars)}")
    for key, value in (vars or {}).items():
        if not isinstance(value, str):
            raise bad_request(f"decoding body: vars: {key[:60]}: expected string but was {go_type(value)}")
    for text in (given.get("filter", ""), *(vars or {}).values()):
        _refuse_unreadable(text)
    texts = {key: given.get(key, "") for key in ("event", "workflowID", "name", "version", "filter")}
    return {**texts, "vars": None if vars is None else dict(vars)}


def _refuse_unreadable(text: str) -> None:
    if text == "":
        return
    try:
        compile_expression(text)
    except ExpressionError as error:
        raise bad_request(f"validating data: error compiling expression '{text[:200]}': {error}") from error


def _named(rows: QuerySet[EventTrigger], wanted: Mapping[str, str]) -> QuerySet[EventTrigger]:
    return rows.filter(name__icontains=wanted["name"]) if wanted.get("name") else rows


def _written(rows: Sequence[EventTrigger]) -> list[Json]:
    return [trigger_json(row) for row in rows]


def trigger_json(trigger: EventTrigger) -> dict[str, Any]:
    """A Trigger."""
    return without_nulls(
        {
            "id": ids.encode(ids.TRIGGER, trigger.pk),
            "createdAt": trigger.created_at,
            "event": trigger.event,
            "workflowID": ids.encode(ids.FLOW, trigger.flow_id),
            "name": trigger.name or None,
            "version": trigger.version or None,
            "filter": trigger.filter or None,
            "vars": trigger.vars,
        }
    )


class OneTrigger(FormanceView):
    """`triggers/{triggerID}`"""

    def get(self, request: Request, trigger: str) -> Response:
        """One of them."""
        return Response(data(trigger_json(find_trigger(self.scope, trigger))))

    def delete(self, request: Request, trigger: str) -> Response:
        """It fires no more; its occurrences are kept."""
        delete_trigger(self.scope, find_trigger(self.scope, trigger))
        return Response(status=204)


class TryTrigger(FormanceView):
    """`triggers/{triggerID}/test`"""

    def post(self, request: Request, trigger: str) -> Response:
        """What its filter and its variables come to for a payload; nothing is started or stored."""
        row = find_trigger(self.scope, trigger)
        return Response(data(tried(row, read_object(request, "decoding body"))))


class Occurrences(FormanceView):
    """`triggers/{triggerID}/occurrences`"""

    def get(self, request: Request, trigger: str) -> Response:
        """Newest first; in version 2 page by page."""
        row = find_trigger(self.scope, trigger)
        rows = row.occurrences.exclude(outcome=TriggerOccurrence.Outcome.WAITING)
        rows = rows.select_related("instance__flow", "trigger").order_by("-at", "-pk")
        if self.version == 1:
            return Response(data(_occurrences(list(rows))))
        return Response(cursors.page(rows, cursors.window_of(request.query_params, ()), _occurrences))


def _occurrences(rows: Sequence[TriggerOccurrence]) -> list[Json]:
    return [occurrence_json(row) for row in rows]


def occurrence_json(row: TriggerOccurrence) -> dict[str, Any]:
    """A TriggerOccurrence."""
    instance = row.instance
    return without_nulls(
        {
            "id": str(row.pk),
            "triggerID": ids.encode(ids.TRIGGER, row.trigger_id),
            "date": row.at,
            "event": row.event,
            "workflowInstanceID": None if instance is None else instance_id(instance),
            "workflowInstance": None
            if instance is None
            else instance_json(instance, error=error_of_instance(instance)),
            "error": row.error or None,
        }
    )
