"""`/v1/events`: trigger, in bulk, to everyone; cancel."""

from __future__ import annotations

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import ApiScope
from dialects.novu.base import NovuView, enveloped
from dialects.novu.errors import bad_body
from dialects.novu.triggering import check_event, run, run_in_bulk
from engine.services.notifications import cancel

WRITE = ApiScope.INSTANCES_WRITE


class TriggerOne(NovuView):
    """`/v1/events/trigger`"""

    needs = {"POST": WRITE}

    def post(self, request: Request) -> Response:
        """Notify whom `to` names."""

        def act() -> Response:
            body = self.body(request)
            check_event(body)
            return enveloped(run(self.scope, body), 201)

        return self.once(request, act)


class TriggerBulk(NovuView):
    """`/v1/events/trigger/bulk`"""

    needs = {"POST": WRITE}

    def post(self, request: Request) -> Response:
        """Up to 100 triggers, answered in their order."""

        def act() -> Response:
            events = self.body(request).get("events")
            if not isinstance(events, list) or not events:
                raise bad_body([("events", "events should not be empty")])
            if len(events) > settings.NOVU_MAX_EVENTS:
                raise bad_body([("events", f"events must contain no more than {settings.NOVU_MAX_EVENTS} elements")])
            for number, event in enumerate(events):
                check_event(event, path=f"events.{number}.")
            return enveloped([run_in_bulk(self.scope, event) for event in events], 201)

        return self.once(request, act)


class TriggerBroadcast(NovuView):
    """`/v1/events/trigger/broadcast`"""

    needs = {"POST": WRITE}

    def post(self, request: Request) -> Response:
        """Notify every subscriber of the environment."""

        def act() -> Response:
            body = self.body(request)
            check_event(body, to_is_needed=False)
            return enveloped(run(self.scope, body, to_everyone=True), 201)

        return self.once(request, act)


class Cancel(NovuView):
    """`/v1/events/trigger/{transactionId}`"""

    needs = {"DELETE": WRITE}

    def delete(self, request: Request, transaction: str) -> Response:
        """End what still waits of a transaction."""
        return enveloped(cancel(self.scope, transaction))
