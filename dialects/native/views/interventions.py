"""Steering one instance: each a POST that answers the instance, or 409 with the reason when it is not legal now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import ApiScope
from dialects.native import openapi, schemas
from dialects.native.base import NativeView
from dialects.native.finding import find_instance
from dialects.native.wire import instance_json
from dialects.shared.bodies import read_object
from dialects.shared.idempotency import answer_once
from dialects.shared.problems import Problem
from engine.models import Instance
from engine.services import interventions


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
    body_schema: ClassVar[Mapping[str, Any]] = schemas.INTERVENTION

    def answer(self, request: Request, instance: str) -> Response:
        """Apply once and show the instance."""

        def act() -> Response:
            found = find_instance(self.scope, instance, request.query_params)
            self.apply(found, read_object(request, self.body_schema))
            return Response(instance_json(find_instance(self.scope, instance, request.query_params)))

        return answer_once(request, self.scope, act)

    def apply(self, instance: Instance, body: Mapping[str, Any]) -> None:
        """Call the service."""
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

    body_schema = schemas.TERMINATE

    def apply(self, instance: Instance, body: Mapping[str, Any]) -> None:
        """End it now."""
        if body.get("rollback"):
            raise not_in_this_release("rollback", "Rolling back")
        interventions.terminate(self.scope, instance, reason=body.get("reason", ""))

    @steering("Terminate", "Terminate")
    def post(self, request: Request, instance: str) -> Response:
        """Cancels what runs; final. `rollback` is not available in this release."""
        return self.answer(request, instance)


class Restart(Intervention):
    """`/instances/{id}/restart`"""

    body_schema = schemas.RESTART

    def apply(self, instance: Instance, body: Mapping[str, Any]) -> None:
        """Begin again."""
        interventions.restart(self.scope, instance, reason=body.get("reason", ""), from_task=body.get("from"))

    @steering("Restart", "Restart")
    def post(self, request: Request, instance: str) -> Response:
        """Begins again with the same id and input. With `from`, what was settled before that task is kept."""
        return self.answer(request, instance)


class Retry(Intervention):
    """`/instances/{id}/retry`"""

    body_schema = schemas.RETRY

    def apply(self, instance: Instance, body: Mapping[str, Any]) -> None:
        """Run the failed steps again."""
        given = {name: body[name] for name in ("input", "version") if name in body}
        interventions.retry(self.scope, instance, reason=body.get("reason", ""), **given)

    @steering("Retry", "Retry")
    def post(self, request: Request, instance: str) -> Response:
        """Runs the failed steps of a failed instance again, also with another `input`; on the same version only."""
        return self.answer(request, instance)


class Close(Intervention):
    """`/instances/{id}/close`"""

    body_schema = schemas.CLOSE

    def apply(self, instance: Instance, body: Mapping[str, Any]) -> None:
        """End it early with reasons."""
        raise not_in_this_release("", "Closing with reasons", instead="Use terminate with a reason.")

    @steering("Close with reasons", "Close")
    def post(self, request: Request, instance: str) -> Response:
        """Not available in this release; use terminate with a reason."""
        return self.answer(request, instance)


class Migrate(Intervention):
    """`/instances/{id}/migrate`"""

    body_schema = schemas.MIGRATE

    def apply(self, instance: Instance, body: Mapping[str, Any]) -> None:
        """Move it to another version."""
        raise not_in_this_release("", "Migrating to another version")

    @steering("Migrate to another version", "Migrate")
    def post(self, request: Request, instance: str) -> Response:
        """Not available in this release."""
        return self.answer(request, instance)


def not_in_this_release(path: str, what: str, *, instead: str = "") -> Problem:
    """What the API names but the engine does not do yet. Nothing has been changed."""
    detail = f"{what} is not available in this release. {instead}".rstrip()
    errors = [(path, "is not available in this release")] if path else []
    return Problem(422, detail, type="/api/v1/reference#problem-not-in-this-release", errors=errors)
