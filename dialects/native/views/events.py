"""Events: to one instance, and to whoever listens."""

from __future__ import annotations

from contextlib import suppress

from django.http import QueryDict
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.clean_json import BadJson
from accounts.roles import ApiScope
from designer.graph.model import Json
from dialects.native import openapi
from dialects.native.base import NativeView
from dialects.native.finding import find_addressee
from dialects.native.schemas import sent
from dialects.native.wire import event_json
from dialects.shared.bodies import read_object
from dialects.shared.idempotency import answer_once
from dialects.shared.problems import Problem
from engine.models import Event
from engine.services.errors import InvalidInput
from engine.services.events import NotTheOnlyOne, send_event, send_event_to
from engine.services.triggers import receive_event


class InstanceEvents(NativeView):
    """`/instances/{id}/events`"""

    needs = {"POST": ApiScope.INSTANCES_WRITE}
    may_believe = True

    @openapi.operation(
        "Events",
        "Send an event to an instance",
        takes="Event",
        answers={202: "EventReceived"},
        refuses=(400, 404, 409, 413, 422),
        parameters=(openapi.WHICH_FLOW, openapi.IDEMPOTENCY),
    )
    def post(self, request: Request, instance: str) -> Response:
        """Kept first-in-first-out per type until a wait takes it, also before the wait begins and while paused."""

        def act() -> Response:
            try:
                body = read_object(request, sent.EVENT)
                event = self.send(request.query_params, instance, body["type"], body.get("payload"))
            except (BadJson, InvalidInput, Problem):
                # Whether there is such an instance is told first.
                find_addressee(self.scope, instance, request.query_params)
                raise
            return Response(event_json(event), status=202)

        return answer_once(request, self.scope, act)

    def send(self, query: QueryDict, key: str, type: str, payload: Json) -> Event:
        """Send it to the instance of this id. Raises as `find_addressee` does, `InvalidInput`, `NotLegalNow`."""
        if not query.get("flow"):
            with suppress(NotTheOnlyOne):
                return send_event_to(self.scope, key, type=type, payload=payload)
        return send_event(self.scope, find_addressee(self.scope, key, query), type=type, payload=payload)


class Events(NativeView):
    """`/events`"""

    needs = {"POST": ApiScope.INSTANCES_WRITE}
    may_believe = True

    @openapi.operation(
        "Events",
        "Send an event to every trigger that listens to its type",
        takes="Message",
        answers={202: "EventReceived"},
        refuses=(400, 413, 422),
        parameters=(openapi.IDEMPOTENCY,),
    )
    def post(self, request: Request) -> Response:
        """Taken in durably now, matched with the triggers within a second."""

        def act() -> Response:
            body = read_object(request, sent.MESSAGE)
            named = {name: body.get(name, "") for name in ("version", "app")}
            event = receive_event(self.scope, body["type"], body.get("payload"), **named)
            return Response(event_json(event), status=202)

        return answer_once(request, self.scope, act)
