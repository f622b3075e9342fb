"""Events: to one instance, and to whoever listens."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import ApiScope
from dialects.native import openapi, schemas
from dialects.native.base import NativeView
from dialects.native.finding import find_addressee
from dialects.native.wire import event_json
from dialects.shared.bodies import read_object
from dialects.shared.idempotency import answer_once
from engine.services.events import send_event
from engine.services.triggers import receive_event


class InstanceEvents(NativeView):
    """`/instances/{id}/events`"""

    needs = {"POST": ApiScope.INSTANCES_WRITE}

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
            found = find_addressee(self.scope, instance, request.query_params)
            body = read_object(request, schemas.EVENT)
            event = send_event(self.scope, found, type=body["type"], payload=body.get("payload"))
            return Response(event_json(event), status=202)

        return answer_once(request, self.scope, act)


class Events(NativeView):
    """`/events`"""

    needs = {"POST": ApiScope.INSTANCES_WRITE}

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
            body = read_object(request, schemas.MESSAGE)
            named = {name: body.get(name, "") for name in ("version", "app")}
            event = receive_event(self.scope, body["type"], body.get("payload"), **named)
            return Response(event_json(event), status=202)

        return answer_once(request, self.scope, act)
