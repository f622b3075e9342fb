"""Instances: list, create, look at, steer, send events to, delete."""

from __future__ import annotations

from datetime import MAXYEAR, UTC, datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.audit import record
from accounts.roles import ApiScope
from accounts.scope import Scope
from dialects.cloudflare.base import CloudflareView, answer
from dialects.cloudflare.binding import end_instances
from dialects.cloudflare.bodies import (
    MAX_BYTES,
    check_event_type,
    read_batch,
    read_body,
    read_create,
    read_ids,
    read_object,
    read_status,
)
from dialects.cloudflare.creating import create_batch, create_instances
from dialects.cloudflare.errors import CloudflareError, invalid
from dialects.cloudflare.events import events_of
from dialects.cloudflare.finding import entries_within, find_instance, find_workflow, happenings_of, instances_of
from dialects.cloudflare.paging import after_cursor, choice, encode_cursor, paging_of
from dialects.cloudflare.steering import edit_status
from dialects.cloudflare.steplog import attempt_json, find_entry, result_json
from dialects.cloudflare.translate import STATUSES, moment_text, status_from_wire
from dialects.cloudflare.wire import created_json, details_json, listed_json, workflow_id
from engine.models import Instance
from engine.scripts.values import bytes_of
from engine.services.errors import NotLegalNow
from engine.services.events import send_event
from engine.services.interventions import terminate

STEERED = ("queued", "running", "paused", "waitingForPause", "waiting")


class Instances(CloudflareView):
    """`…/{name}/instances`"""

    needs = {"GET": ApiScope.INSTANCES_READ, "POST": ApiScope.INSTANCES_WRITE}

    def get(self, request: Request, account: str, name: str) -> Response:
        """Instances by the moment of their creation."""
        query = request.query_params
        paging = paging_of(query)
        is_rising = choice(query, "direction", ("asc", "desc"), "desc") == "asc"
        row = find_workflow(self.scope, name)
        rows = filtered(instances_of(row), query)
        total = rows.count()
        if query.get("cursor"):
            rows = after_cursor(rows, query["cursor"], flow=row.pk, is_rising=is_rising)
        ordered = rows.order_by("created_at", "pk") if is_rising else rows.order_by("-created_at", "-pk")
        page = list(ordered[paging.skipped : paging.skipped + paging.per_page + 1])
        shown = page[: paging.per_page]
        last = shown[-1] if len(page) > len(shown) else None
        cursor = encode_cursor(row.pk, last.created_at, last.pk) if last is not None else None
        id = workflow_id(row)
        return answer(
            [listed_json(instance, id) for instance in shown],
            info=paging.info(count=len(shown), total=total, cursor=cursor),
        )

    def post(self, request: Request, account: str, name: str) -> Response:
        """Start an instance."""
        row = find_workflow(self.scope, name)
        (instance,) = create_instances(self.scope, row, [read_create(read_body(request))])
        return answer(created_json(row, instance))


class OneInstance(CloudflareView):
    """`…/{name}/instances/{instance}`"""

    needs = {"GET": ApiScope.INSTANCES_READ, "DELETE": ApiScope.INSTANCES_WRITE}

    def get(self, request: Request, account: str, name: str, instance: str) -> Response:
        """One instance with its log."""
        query = request.query_params
        newest_first = choice(query, "order", ("asc", "desc"), "asc") == "desc"
        is_simple = choice(query, "simple", ("true", "false"), "false") == "true"
        found = find_instance(find_workflow(self.scope, name), instance)
        entries = entries_within(found)
        return answer(details_json(found, entries, with_steps=not is_simple, newest_first=newest_first))

    def delete(self, request: Request, account: str, name: str, instance: str) -> Response:
        """Delete an instance with its log; a running one is terminated first."""
        delete_instance(self.scope, find_instance(find_workflow(self.scope, name), instance))
        return answer({"success": True})


class Batch(CloudflareView):
    """`…/{name}/instances/batch`"""

    needs = {"POST": ApiScope.INSTANCES_WRITE}

    def post(self, request: Request, account: str, name: str) -> Response:
        """Start up to 100 instances; ids that are taken are left out."""
        row = find_workflow(self.scope, name)
        created = create_batch(self.scope, row, read_batch(read_body(request)))
        return answer([created_json(row, instance) for instance in created])


class BatchDelete(CloudflareView):
    """`…/{name}/instances/batch/delete`"""

    needs = {"POST": ApiScope.INSTANCES_WRITE}

    def post(self, request: Request, account: str, name: str) -> Response:
        """Delete up to 100 instances, each by itself."""
        row = find_workflow(self.scope, name)
        deleted, errors = [], []
        for id in read_ids(read_body(request)):
            try:
                delete_instance(self.scope, find_instance(row, id))
                deleted.append({"id": id})
            except CloudflareError as bad:
                errors.append({"id": id, "code": bad.code, "message": bad.message})
        return answer({"deleted": deleted, "errors": errors})


class TerminateAll(CloudflareView):
    """`…/{name}/instances/terminate`"""

    needs = {"PUT": ApiScope.INSTANCES_WRITE}

    def put(self, request: Request, account: str, name: str) -> Response:
        """Terminate every unfinished instance, or those of one status."""
        status = choice(request.query_params, "status", STEERED)
        row = find_workflow(self.scope, name)
        lock = f"cloudflare:terminating:{row.pk}"
        if not cache.add(lock, True, timeout=60):
            return answer({"status": "already_running"})
        try:
            end_instances(self.scope, row, statuses=[status_from_wire(status)] if status else None)
        finally:
            cache.delete(lock)
        return answer({"status": "ok"})


class Status(CloudflareView):
    """`…/{name}/instances/{instance}/status`"""

    needs = {"PATCH": ApiScope.INSTANCES_WRITE}

    def patch(self, request: Request, account: str, name: str, instance: str) -> Response:
        """Pause, resume, terminate or restart an instance."""
        row = find_workflow(self.scope, name)
        found = find_instance(row, instance)
        status = edit_status(self.scope, found, read_status(read_object(request)))
        return answer({"status": status, "timestamp": moment_text(timezone.now())})


class Step(CloudflareView):
    """`…/{name}/instances/{instance}/step`"""

    needs = {"GET": ApiScope.INSTANCES_READ}

    def get(self, request: Request, account: str, name: str, instance: str) -> Response | HttpResponse:
        """The whole result of one step, or of one of its attempts."""
        query = request.query_params
        found = find_instance(find_workflow(self.scope, name), instance)
        type = choice(query, "type", ("step", "waitForEvent"))
        if not query.get("name") or not type:
            raise invalid("name and type (step or waitForEvent) are required")
        entry = find_entry(entries_within(found), query["name"], type)
        body = None
        if entry is not None:
            number = _attempt(query)
            raw = None if entry.step.is_sensitive else bytes_of(entry.step.output)
            if raw is not None and number is None:
                return HttpResponse(raw, content_type="application/octet-stream")
            body = result_json(entry) if number is None else attempt_json(entry, number)
        if body is None:
            raise CloudflareError(404, 10307, "Step not found")
        return answer(body)


class Log(CloudflareView):
    """`…/{name}/instances/{instance}/log`: ours, the vendor has no address for it."""

    needs = {"GET": ApiScope.INSTANCES_READ}

    def get(self, request: Request, account: str, name: str, instance: str) -> Response:
        """All that happened, under the names of the vendor's events, oldest first."""
        paging = paging_of(request.query_params)
        found = find_instance(find_workflow(self.scope, name), instance)
        events = list(events_of(happenings_of(found)))
        page = events[paging.skipped : paging.skipped + paging.per_page]
        return answer(page, info=paging.info(count=len(page), total=len(events)))


class Events(CloudflareView):
    """`…/{name}/instances/{instance}/events/{type}`"""

    needs = {"POST": ApiScope.INSTANCES_WRITE}

    def post(self, request: Request, account: str, name: str, instance: str, type: str) -> Response:
        """Send an event; no body, like `null`, is an event without payload."""
        found = find_instance(find_workflow(self.scope, name), instance)
        check_event_type(type)
        payload = read_body(request, max_bytes=MAX_BYTES, what="event payload")
        try:
            send_event(self.scope, found, type=type, payload=payload)
        except NotLegalNow:
            raise CloudflareError(400, 10310, "Cannot send event to an instance that has finished") from None
        return answer({"instanceId": found.key, "timestamp": moment_text(timezone.now())})


class Nothing(CloudflareView):
    """An address that this dialect does not have."""

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Nothing is here for anybody."""
        raise Http404


def delete_instance(scope: Scope, instance: Instance) -> None:
    """Delete an instance; one that runs is terminated first."""
    with transaction.atomic():
        if not instance.is_final:
            try:
                terminate(scope, instance)
            except NotLegalNow:
                instance.refresh_from_db()
        record(scope, "instance.deleted", instance, before={"status": instance.status})
        instance.delete()


def filtered(rows: QuerySet[Any], query: QueryDict) -> QuerySet[Any]:
    """The rows that the query asks for. Raises 400 for a filter that means nothing."""
    status = choice(query, "status", STATUSES)
    if status == "running":
        rows = rows.filter(Q(status="running") | Q(status="waiting", is_retrying=True))
    elif status == "waiting":
        rows = rows.filter(status="waiting", is_retrying=False)
    elif status:
        rows = rows.filter(status=status_from_wire(status))
    if query.get("date_start"):
        rows = rows.filter(created_at__gte=_moment(query, "date_start"))
    if query.get("date_end"):
        # Answers tell moments to the millisecond, cut off: the end as it was told takes in all of that millisecond.
        rows = rows.filter(created_at__lt=_moment(query, "date_end") + timedelta(milliseconds=1))
    return rows


def _moment(query: QueryDict, name: str) -> datetime:
    """A moment from the query; without an offset it is UTC. A plus sign may have become a space on the way."""
    text = str(query[name]).strip()
    text = text.replace(" ", "+") if "T" in text else text
    try:
        moment = parse_datetime(text)
        day = parse_date(text) if moment is None else None
        if day is not None:
            moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
        if moment is None:
            raise ValueError
        if moment.year == MAXYEAR:  # so that a millisecond can be added
            raise OverflowError
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise invalid(f"{name} must be a moment such as 2026-03-01T00:00:00Z") from None


def _attempt(query: QueryDict) -> int | None:
    raw = query.get("attempt")
    if raw is None or raw == "":
        return None
    try:
        number = float(raw)
    except ValueError:
        number = 0
    if not (1 <= number < 1e9 and number == int(number)):
        raise invalid("attempt must be a whole number of at least 1")
    return int(number)
