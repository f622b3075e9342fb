"""Human tasks, manual decisions and automations that a person starts; the inbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import ApiScope
from dialects.native import openapi
from dialects.native.base import NativeView
from dialects.native.finding import find_instance, find_member, find_step
from dialects.native.schemas import sent
from dialects.native.wire import inbox_json, instance_json
from dialects.shared.bodies import read_object
from dialects.shared.cursors import newest_first, page_json
from dialects.shared.idempotency import answer_once
from engine.models import Step
from engine.services import human_tasks


def on_a_step(summary: str, takes: str) -> Callable[[openapi.View], openapi.View]:
    """Document what is done to one step."""
    return openapi.operation(
        "Steps",
        summary,
        takes=takes,
        answers={200: "Instance"},
        refuses=(400, 404, 409, 422),
        parameters=(openapi.WHICH_FLOW, openapi.WHICH_ITERATION, openapi.IDEMPOTENCY),
    )


class Inbox(NativeView):
    """`/inbox`"""

    needs = {"GET": ApiScope.TASKS_READ}

    @openapi.operation(
        "Steps",
        "List open human tasks, newest first",
        answers={200: "InboxPage"},
        refuses=(400,),
        parameters=(
            openapi.text_query("flow", "A flow's key."),
            openapi.text_query("instance", "An instance's id."),
            *openapi.PAGING,
        ),
    )
    def get(self, request: Request) -> Response:
        """A page of the steps that wait for a person."""
        rows = Step.objects.within(self.scope).for_people()
        query = request.query_params
        if query.get("flow"):
            rows = rows.filter(instance__flow__key=query["flow"])
        if query.get("instance"):
            rows = rows.filter(instance__key=query["instance"])
        page = newest_first(
            rows.select_related("instance__flow", "instance__version", "claimed_by"), request.query_params
        )
        return Response(page_json([inbox_json(step) for step in page.rows], page.next))


class StepAction(NativeView):
    """Base of what is done to one step: finds it, applies, answers the instance as it stands afterwards."""

    needs = {"POST": ApiScope.TASKS_WRITE}
    body_schema: ClassVar[Mapping[str, Any]] = sent.NOTHING

    def answer(self, request: Request, instance: str, task: str) -> Response:
        """Apply once and show the instance."""

        def act() -> Response:
            step = find_step(find_instance(self.scope, instance, request.query_params), task, request.query_params)
            self.apply(step, read_object(request, self.body_schema))
            return Response(instance_json(find_instance(self.scope, instance, request.query_params)))

        return answer_once(request, self.scope, act)

    def apply(self, step: Step, body: Mapping[str, Any]) -> None:
        """Call the service."""
        raise NotImplementedError


class Complete(StepAction):
    """`/instances/{id}/steps/{task}/complete`"""

    body_schema = sent.COMPLETE

    def apply(self, step: Step, body: Mapping[str, Any]) -> None:
        """Finish it with the form's output, or with the branch of a manual decision."""
        human_tasks.complete_step(self.scope, step, output=body.get("output"), branch=body.get("branch"))

    @on_a_step("Complete a human task or a manual decision", "Complete")
    def post(self, request: Request, instance: str, task: str) -> Response:
        """`output` must fit the task's form; a manual decision needs `branch`."""
        return self.answer(request, instance, task)


class Skip(StepAction):
    """`/instances/{id}/steps/{task}/skip`"""

    body_schema = sent.SKIP

    def apply(self, step: Step, body: Mapping[str, Any]) -> None:
        """Go on without it."""
        human_tasks.skip_step(self.scope, step, reason=body.get("reason", ""))

    @on_a_step("Skip a step", "Skip")
    def post(self, request: Request, instance: str, task: str) -> Response:
        """The flow goes on as if it had been completed, without output."""
        return self.answer(request, instance, task)


class Claim(StepAction):
    """`/instances/{id}/steps/{task}/claim`"""

    body_schema = sent.CLAIM

    def apply(self, step: Step, body: Mapping[str, Any]) -> None:
        """Take it, for a member."""
        human_tasks.claim_step(self.scope, step, person=find_member(self.scope, body["for"]))

    @on_a_step("Claim a human task for a member", "Claim")
    def post(self, request: Request, instance: str, task: str) -> Response:
        """Nobody else completes it meanwhile."""
        return self.answer(request, instance, task)


class Unclaim(StepAction):
    """`/instances/{id}/steps/{task}/unclaim`"""

    def apply(self, step: Step, body: Mapping[str, Any]) -> None:
        """Give it back."""
        human_tasks.unclaim_step(self.scope, step)

    @on_a_step("Give a claimed task back", "Nothing")
    def post(self, request: Request, instance: str, task: str) -> Response:
        """Anyone it is assigned to may claim it again."""
        return self.answer(request, instance, task)


class Hold(StepAction):
    """`/instances/{id}/steps/{task}/hold`"""

    def apply(self, step: Step, body: Mapping[str, Any]) -> None:
        """Set it aside."""
        human_tasks.hold_step(self.scope, step)

    @on_a_step("Put a human task on hold", "Nothing")
    def post(self, request: Request, instance: str, task: str) -> Response:
        """It stays open but asks nobody."""
        return self.answer(request, instance, task)


class Release(StepAction):
    """`/instances/{id}/steps/{task}/release`"""

    def apply(self, step: Step, body: Mapping[str, Any]) -> None:
        """Take it up again."""
        human_tasks.release_step(self.scope, step)

    @on_a_step("Take a task off hold", "Nothing")
    def post(self, request: Request, instance: str, task: str) -> Response:
        """The opposite of hold."""
        return self.answer(request, instance, task)


class Assign(StepAction):
    """`/instances/{id}/steps/{task}/assign`"""

    body_schema = sent.ASSIGN

    def apply(self, step: Step, body: Mapping[str, Any]) -> None:
        """Ask others."""
        human_tasks.assign_step(self.scope, step, to=body["to"])

    @on_a_step("Assign a human task", "Assign")
    def post(self, request: Request, instance: str, task: str) -> Response:
        """To members by address, and to groups by their short name."""
        return self.answer(request, instance, task)


class Start(StepAction):
    """`/instances/{id}/steps/{task}/start`"""

    needs = {"POST": ApiScope.INSTANCES_WRITE}

    def apply(self, step: Step, body: Mapping[str, Any]) -> None:
        """Let it run."""
        human_tasks.start_step(self.scope, step)

    @on_a_step("Start a step that waits to be started by hand, or for its scheduled moment", "Nothing")
    def post(self, request: Request, instance: str, task: str) -> Response:
        """For tasks whose `start` is `manual`, and for those with a `schedule` that are not to wait any longer."""
        return self.answer(request, instance, task)
