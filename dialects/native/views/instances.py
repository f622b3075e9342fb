"""Starting, listing and watching instances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import ApiScope
from accounts.scope import Scope
from dialects.native import openapi
from dialects.native.base import NativeView
from dialects.native.finding import find_flow_to_start, find_instance
from dialects.native.schemas import making, sent
from dialects.native.wire import fact_json, instance_json, instance_summary
from dialects.shared.bodies import read_object
from dialects.shared.cursors import newest_first, page_json, whole_number
from dialects.shared.idempotency import answer_once, remember
from dialects.shared.problems import Problem, invalid
from dialects.shared.waiting import LONGEST_SECONDS, wait_until_ended
from engine.entities.models import Entity
from engine.entities.store import refer_to
from engine.models import Instance
from engine.services.instances import StartRequest, start_instances

MOST_FACTS = 1000


class StartInstance(NativeView):
    """`/flows/{key}/instances`"""

    needs = {"POST": ApiScope.INSTANCES_WRITE}
    may_believe = True

    @openapi.operation(
        "Instances",
        "Start an instance",
        takes="Start",
        answers={201: "Instance"},
        refuses=(400, 404, 409, 413, 422),
        parameters=(
            openapi.IDEMPOTENCY,
            openapi.number_query("wait", "Answer when it has ended, at most so many seconds (up to 60) later."),
        ),
    )
    def post(self, request: Request, key: str) -> Response:
        """Start one instance of the live version, or of `version`."""
        seconds = whole_number(request.query_params, "wait", default=0, least=0, most=LONGEST_SECONDS)
        started: list[Instance] = []

        def act() -> Response:
            flow = find_flow_to_start(self.scope, key)
            body = read_object(request, sent.START)
            [instance] = start_instances(self.scope, flow, requests_of(self.scope, [body]))
            started.append(instance)
            return created(instance)

        answer = answer_once(request, self.scope, act)
        if started and seconds:
            answer = created(wait_until_ended(started[0], seconds=seconds))
            remember(request, self.scope, answer)
        return answer


def requests_of(scope: Scope, bodies: Sequence[Mapping[str, Any]]) -> list[StartRequest]:
    """What is to be started, with the entities it is about. Raises Problem 422 for those that are not there."""
    wanted = {key for body in bodies for key in (body.get("entities") or {}).values()}
    known = {row.key: row for row in Entity.objects.within(scope).filter(key__in=wanted)} if wanted else {}
    problems = [
        ((f"instances.{number}." if len(bodies) > 1 else "") + f"entities.{name}", "there is no such entity")
        for number, body in enumerate(bodies)
        for name, key in (body.get("entities") or {}).items()
        if key not in known
    ]
    if problems:
        raise invalid(problems)
    return [
        StartRequest(
            input=body.get("input"),
            key=body.get("id"),
            version=body.get("version"),
            context={name: refer_to(key, known[key].schema) for name, key in (body.get("entities") or {}).items()},
        )
        for body in bodies
    ]


def created(instance: Instance) -> Response:
    """The answer to a start."""
    headers = {"Location": f"/api/v1/instances/{quote(instance.key)}?flow={instance.flow.key}"}
    return Response(instance_json(instance), status=201, headers=headers)


class StartBatch(NativeView):
    """`/flows/{key}/instances/batch`"""

    needs = {"POST": ApiScope.INSTANCES_WRITE}

    @openapi.operation(
        "Instances",
        "Start up to 100 instances, all or none",
        takes="StartBatch",
        answers={201: "Instances"},
        refuses=(400, 404, 409, 413, 422),
        parameters=(openapi.IDEMPOTENCY,),
    )
    def post(self, request: Request, key: str) -> Response:
        """Start several instances in one transaction."""

        def act() -> Response:
            flow = find_flow_to_start(self.scope, key)
            body = read_object(request, sent.START_BATCH, max_bytes=settings.MAX_REQUEST_BYTES)
            started = start_instances(self.scope, flow, requests_of(self.scope, body["instances"]))
            return Response({"items": [instance_summary(instance) for instance in started]}, status=201)

        return answer_once(request, self.scope, act)


class Instances(NativeView):
    """`/instances`"""

    needs = {"GET": ApiScope.INSTANCES_READ}

    @openapi.operation(
        "Instances",
        "List instances, newest first",
        answers={200: "InstancePage"},
        refuses=(400,),
        parameters=(
            openapi.text_query("flow", "A flow's key."),
            openapi.text_query("status", "One or more statuses, separated by commas."),
            openapi.text_query("started_after", "A moment, such as 2030-01-31T08:00:00Z."),
            openapi.text_query("q", "Part of the id."),
            *openapi.PAGING,
        ),
    )
    def get(self, request: Request) -> Response:
        """A page of instances without their steps."""
        rows = Instance.objects.within(self.scope).select_related("flow", "version")
        page = newest_first(filtered(rows, request), request.query_params)
        return Response(page_json([instance_summary(row) for row in page.rows], page.next))


class OneInstance(NativeView):
    """`/instances/{id}`"""

    needs = {"GET": ApiScope.INSTANCES_READ}

    @openapi.operation(
        "Instances",
        "Look at an instance",
        answers={200: "Instance"},
        refuses=(404, 409),
        parameters=(
            openapi.WHICH_FLOW,
            openapi.number_query("wait", "Answer when it has ended, at most so many seconds (up to 60) later."),
        ),
    )
    def get(self, request: Request, instance: str) -> Response:
        """The instance with its steps and what it waits for."""
        seconds = whole_number(request.query_params, "wait", default=0, least=0, most=LONGEST_SECONDS)
        found = find_instance(self.scope, instance, request.query_params)
        if seconds and not found.is_final:
            found = wait_until_ended(found, seconds=seconds)
        return Response(instance_json(found))


class Facts(NativeView):
    """`/instances/{id}/facts`"""

    needs = {"GET": ApiScope.INSTANCES_READ}

    @openapi.operation(
        "Instances",
        "Read an instance's history",
        answers={200: "Facts"},
        refuses=(400, 404, 409),
        parameters=(
            openapi.WHICH_FLOW,
            openapi.number_query("after", "Only facts with a higher number."),
            openapi.number_query("limit", "How many at most: 1 to 1000, 200 when left out."),
        ),
    )
    def get(self, request: Request, instance: str) -> Response:
        """Facts by rising number, without gaps but where the middle of a step that is tried for ever was taken out."""
        query = request.query_params
        after = whole_number(query, "after", default=0, least=0, most=2_147_483_647)
        limit = whole_number(query, "limit", default=200, least=1, most=MOST_FACTS)
        found = find_instance(self.scope, instance, query)
        facts = list(found.facts.filter(number__gt=after).order_by("number")[: limit + 1])
        more = len(facts) > limit
        return Response(
            {"items": [fact_json(fact) for fact in facts[:limit]], "next": facts[limit - 1].number if more else None}
        )


def filtered(rows: QuerySet[Instance], request: Request) -> QuerySet[Instance]:
    """The rows that the query asks for. Raises Problem 400 for a filter that means nothing."""
    query = request.query_params
    conditions = Q()
    if query.get("flow"):
        conditions &= Q(flow__key=query["flow"])
    if query.get("status"):
        conditions &= Q(status__in=statuses_in(query["status"]))
    if query.get("started_after"):
        conditions &= Q(started_at__gt=moment_in(query["started_after"]))
    if query.get("q"):
        conditions &= Q(key__icontains=query["q"][:200])
    return rows.filter(conditions)


def statuses_in(text: str) -> list[str]:
    """Instance statuses from a comma-separated text."""
    found = [word.strip() for word in text.split(",") if word.strip()]
    unknown = next((word for word in found if word not in making.INSTANCE_STATUSES), None)
    if unknown is not None:
        known = ", ".join(making.INSTANCE_STATUSES)
        raise Problem(400, f"There is no status {unknown[:40]!r}.", errors=[("status", f"must be one of {known}")])
    return found


def moment_in(text: str, name: str = "started_after") -> datetime:
    """A moment from ISO 8601; without an offset it is UTC."""
    try:
        moment = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        moment = None
    if moment is None:
        message = "must be a moment such as 2030-01-31T08:00:00Z"
        raise Problem(400, f"{name} {message}.", errors=[(name, message)])
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError as error:
        raise Problem(400, f"{name} is out of range.") from error
