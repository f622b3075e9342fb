"""Steering instances: each a POST that answers the instance, or 409 with the reason when it is not legal now; and the
same for many at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import ApiScope
from accounts.scope import Scope
from dialects.native import openapi
from dialects.native.base import NativeView
from dialects.native.finding import find_instance
from dialects.native.schemas import sent
from dialects.native.views.instances import moment_in
from dialects.native.wire import bulk_json, instance_json, migration_json
from dialects.shared.bodies import read_object
from dialects.shared.cursors import decode_cursor
from dialects.shared.idempotency import answer_once
from dialects.shared.problems import invalid
from engine.models import Instance
from engine.services import interventions
from engine.services.bulk import MOST_AT_ONCE, bulk
from engine.services.moving import migrate


def steering(summary: str, takes: str) -> Callable[[openapi.View], openapi.View]:
    """Document one intervention."""
    return openapi.operation(
        "Instances",
        summary,
        takes=takes,
        answers={200: "Instance"},
        refuses=(400, 404, 409, 422),
        parameters=(openapi.WHICH_FLOW, openapi.IDEMPOTENCY),
    )


class Intervention(NativeView):
    """Base of the interventions: finds the instance, applies, answers it as it stands afterwards."""

    needs = {"POST": ApiScope.INSTANCES_WRITE}
    body_schema: ClassVar[Mapping[str, Any]] = sent.INTERVENTION

    def answer(self, request: Request, instance: str) -> Response:
        """Apply once and show the instance."""

        def act() -> Response:
            found = find_instance(self.scope, instance, request.query_params)
            special = self.apply(found, read_object(request, self.body_schema))
            return special or Response(instance_json(find_instance(self.scope, instance, request.query_params)))

        return answer_once(request, self.scope, act)

    def apply(self, instance: Instance, body: Mapping[str, Any]) -> Response | None:
        """Call the service. Answers None to have the instance shown."""
        raise NotImplementedError


class Pause(Intervention):
    """`/instances/{id}/pause`"""

    def apply(self, instance: Instance, body: Mapping[str, Any]) -> None:
        """Stop waits and delays; attempts under way may finish."""
        interventions.pause(self.scope, instance, reason=body.get("reason", ""))

    @steering("Pause", "Intervention")
    def post(self, request: Request, instance: str) -> Response:
        """Waits, delays and retry pauses stop at once; attempts under way may finish."""
        return self.answer(request, instance)


class Resume(Intervention):
    """`/instances/{id}/resume`"""

    def apply(self, instance: Instance, body: Mapping[str, Any]) -> None:
        """Go on; timers shift by the length of the pause."""
        interventions.resume(self.scope, instance, reason=body.get("reason", ""))

    @steering("Resume", "Intervention")
    def post(self, request: Request, instance: str) -> Response:
        """Goes on; every open timer is shifted by the length of the pause."""
        return self.answer(request, instance)


class Terminate(Intervention):
    """`/instances/{id}/terminate`"""

    body_schema = sent.TERMINATE

    def apply(self, instance: Instance, body: Mapping[str, Any]) -> None:
        """End it now, or once it is rolled back."""
        rollback = bool(body.get("rollback"))
        interventions.terminate(self.scope, instance, reason=body.get("reason", ""), rollback=rollback)

    @steering("Terminate", "Terminate")
    def post(self, request: Request, instance: str) -> Response:
        """Cancels what runs; final. With `rollback` it is `rolling_back` until what has started is undone."""
        return self.answer(request, instance)


class Restart(Intervention):
    """`/instances/{id}/restart`"""

    body_schema = sent.RESTART

    def apply(self, instance: Instance, body: Mapping[str, Any]) -> None:
        """Begin again."""
        interventions.restart(
            self.scope,
            instance,
            reason=body.get("reason", ""),
            from_task=body.get("from"),
            from_iteration=body.get("iteration"),
        )

    @steering("Restart", "Restart")
    def post(self, request: Request, instance: str) -> Response:
        """Begins again with the same id and input. With `from`, what was settled before that task is kept."""
        return self.answer(request, instance)


class Retry(Intervention):
    """`/instances/{id}/retry`"""

    body_schema = sent.RETRY

    def apply(self, instance: Instance, body: Mapping[str, Any]) -> None:
        """Run the failed steps again."""
        given = {name: body[name] for name in ("input", "version") if name in body}
        interventions.retry(self.scope, instance, reason=body.get("reason", ""), **given)

    @steering("Retry", "Retry")
    def post(self, request: Request, instance: str) -> Response:
        """Runs the failed steps of a failed instance again, also with another `input`, or on another `version`: then it
        is migrated first."""
        return self.answer(request, instance)


class Revert(Intervention):
    """`/instances/{id}/revert`"""

    body_schema = sent.REVERT

    def apply(self, instance: Instance, body: Mapping[str, Any]) -> None:
        """Go back to a human task."""
        interventions.revert(self.scope, instance, to=body["to"], reason=body.get("reason", ""))

    @steering("Revert to a task", "Revert")
    def post(self, request: Request, instance: str) -> Response:
        """A finished human task becomes current again, and everything after it starts over."""
        return self.answer(request, instance)


class Close(Intervention):
    """`/instances/{id}/close`"""

    body_schema = sent.CLOSE

    def apply(self, instance: Instance, body: Mapping[str, Any]) -> None:
        """End it early with reasons."""
        interventions.close(self.scope, instance, reasons=body["reasons"], note=body.get("note", ""))

    @steering("Close with reasons", "Close")
    def post(self, request: Request, instance: str) -> Response:
        """Terminates it, with `reasons` of those that the flow offered when the instance started."""
        return self.answer(request, instance)


class Migrate(Intervention):
    """`/instances/{id}/migrate`"""

    body_schema = sent.MIGRATE

    def apply(self, instance: Instance, body: Mapping[str, Any]) -> Response | None:
        """Move it to another version, or say what would come of that."""
        report = migrate(
            self.scope,
            instance,
            version=body["version"],
            mapping=body.get("mapping"),
            dry_run=bool(body.get("dry_run")),
            reason=body.get("reason", ""),
        )
        return None if report.is_done else Response(migration_json(report))

    @steering("Migrate to another version", "Migrate")
    def post(self, request: Request, instance: str) -> Response:
        """It goes on in another version of its flow, if every step that began has a place there; else a 409 lists in
        `errors` what is in the way. With `dry_run` nothing is changed, and a `Migration` is answered."""
        return self.answer(request, instance)


class Bulk(NativeView):
    """`/instances/bulk`"""

    needs = {"POST": ApiScope.INSTANCES_WRITE}

    @openapi.operation(
        "Instances",
        "Do the same to many instances",
        takes="Bulk",
        answers={200: "BulkResult"},
        refuses=(400, 413, 422),
        parameters=(openapi.IDEMPOTENCY,),
    )
    def post(self, request: Request) -> Response:
        """One action for the `instances` that are named, or for all that fit the `filter`, each in a transaction of its
        own. What was refused is listed with its reason. A call looks at 500 instances at most: `next` leads on."""

        def act() -> Response:
            body = read_object(request, sent.BULK)
            rows, missing = chosen_instances(self.scope, body)
            given = {name: body[name] for name in body.keys() & GIVEN} | {"from_task": body.get("from")}
            limit = body.get("limit", MOST_AT_ONCE)
            after = decode_cursor(body["cursor"]) if body.get("cursor") else None
            result = bulk(self.scope, rows, body["action"], given, limit=limit, after=after)
            return Response(bulk_json(result, missing))

        return answer_once(request, self.scope, act)


GIVEN = frozenset(
    {"reason", "rollback", "reasons", "note", "input", "version", "mapping", "dry_run", "type", "payload"}
)
"""What of a bulk request is the action's."""


def chosen_instances(scope: Scope, body: Mapping[str, Any]) -> tuple[QuerySet[Instance], list[dict[str, Any]]]:
    """The instances that a bulk request means, and those it names that there are not. Raises Problem 422."""
    if ("instances" in body) == ("filter" in body):
        raise invalid([("", "needs either `instances` or `filter`")])
    rows: QuerySet[Instance] = Instance.objects.within(scope)
    if "filter" in body:
        return fitting(rows, body["filter"]), []
    if "cursor" in body:
        raise invalid([("cursor", "goes with `filter` only")])
    ids: list[int] = []
    missing: list[dict[str, Any]] = []
    known: dict[str, list[tuple[str, int]]] = {}
    named = rows.filter(key__in={one["id"] for one in body["instances"]})
    for key, flow, pk in named.values_list("key", "flow__key", "pk"):
        known.setdefault(key, []).append((flow, pk))
    for one in body["instances"]:
        found = [pk for flow, pk in known.get(one["id"], ()) if one.get("flow") in (None, flow)]
        if len(found) == 1:
            ids += found
        else:
            reason = "Several flows have an instance with this id: name its flow." if found else "There is none."
            missing.append({"id": one["id"], "flow": one.get("flow"), "reason": reason})
    return rows.filter(pk__in=ids), missing


def fitting(rows: QuerySet[Instance], wanted: Mapping[str, Any]) -> QuerySet[Instance]:
    """The rows that fit a filter. Raises Problem 400 for a moment that is none."""
    conditions = Q()
    if "flow" in wanted:
        conditions &= Q(flow__key=wanted["flow"])
    if "version" in wanted:
        conditions &= Q(version__number=wanted["version"])
    if "status" in wanted:
        conditions &= Q(status__in=wanted["status"])
    if "started_after" in wanted:
        conditions &= Q(started_at__gt=moment_in(wanted["started_after"], "filter.started_after"))
    if "started_before" in wanted:
        conditions &= Q(started_at__lt=moment_in(wanted["started_before"], "filter.started_before"))
    if "q" in wanted:
        conditions &= Q(key__icontains=wanted["q"])
    return rows.filter(conditions)
