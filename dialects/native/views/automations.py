"""Automations, and how their runs go."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import ApiScope
from dialects.native import openapi
from dialects.native.schemas import business
from dialects.native.views.keyed import KeyedView, checked_key
from dialects.shared.bodies import read_object
from dialects.shared.problems import invalid
from engine.entities.models import Automation, AutomationRun, Entity
from engine.services.automation_triggers import run_by_hand
from engine.services.entity_changes import finish_run

Json = dict[str, Any]


def automation_json(automation: Automation) -> Json:
    """An automation."""
    return {
        "id": automation.key,
        "name": automation.name,
        "actions": automation.actions,
        "trigger": automation.trigger,
        "outcome": automation.outcome,
        "output": automation.output,
        "enabled": automation.is_enabled,
    }


def run_json(run: AutomationRun) -> Json:
    """A run of an automation."""
    return {
        "id": run.key,
        "automation": run.automation_key,
        "task": run.task,
        "status": run.status,
        "output": run.output,
        "error": run.error_reason,
        "created_at": run.created_at,
        "ended_at": run.ended_at,
    }


class AutomationView(KeyedView[Automation]):
    """Views of automations."""

    model = Automation

    def json_of(self, row: Automation) -> Json:
        """As it is answered."""
        return automation_json(row)


class RunView(KeyedView[AutomationRun]):
    """Views of runs."""

    model = AutomationRun

    def json_of(self, row: AutomationRun) -> Json:
        """As it is answered."""
        return run_json(row)


class Automations(AutomationView):
    """`/automations`"""

    needs = {"GET": ApiScope.FLOWS_READ}

    @openapi.operation(
        "Entities", "List automations", answers={200: "AutomationPage"}, refuses=(400,), parameters=openapi.PAGING
    )
    def get(self, request: Request) -> Response:
        """The newest first."""
        return self.page(request, self.rows())


class OneAutomation(AutomationView):
    """`/automations/{id}`"""

    needs = {"GET": ApiScope.FLOWS_READ, "PUT": ApiScope.FLOWS_WRITE, "DELETE": ApiScope.FLOWS_WRITE}

    @openapi.operation("Entities", "Get an automation", answers={200: "Automation"}, refuses=(404,))
    def get(self, request: Request, key: str) -> Response:
        """Its actions, and how its runs end."""
        return self.answer(self.find(key))

    @openapi.operation(
        "Entities",
        "Make or replace an automation",
        takes="AutomationInput",
        answers={200: "Automation", 201: "Automation"},
        refuses=(400, 413, 415, 422),
    )
    def put(self, request: Request, key: str) -> Response:
        """`outcome` says how its runs end; a `slow` one goes on until it is told."""
        body = read_object(request, business.AUTOMATION_INPUT)
        values = {
            "name": body.get("name", ""),
            "actions": body.get("actions", []),
            "trigger": body.get("trigger", []),
            "outcome": body.get("outcome", "success"),
            "output": body.get("output", {}),
            "is_enabled": body.get("enabled", True),
        }
        environment = self.scope.environment
        row, is_new = self.rows().update_or_create(environment=environment, key=checked_key(key), defaults=values)
        return self.answer(row, is_new=is_new)

    @openapi.operation("Entities", "Delete an automation", answers={204: None}, refuses=(404,))
    def delete(self, request: Request, key: str) -> Response:
        """Tasks that run it fail from now on."""
        return self.remove(key)


class Runs(RunView):
    """`/automations/{id}/runs`"""

    needs = {"GET": ApiScope.INSTANCES_READ, "POST": ApiScope.INSTANCES_WRITE}

    @openapi.operation(
        "Entities",
        "List the runs of an automation",
        answers={200: "AutomationRunPage"},
        refuses=(400, 404),
        parameters=openapi.PAGING,
    )
    def get(self, request: Request, key: str) -> Response:
        """The newest first."""
        return self.page(request, self.rows().filter(automation=self._automation(key)))

    @openapi.operation(
        "Entities",
        "Run an automation",
        takes="Run",
        answers={201: "AutomationRun"},
        refuses=(400, 404, 409, 413, 415, 422),
    )
    def post(self, request: Request, key: str) -> Response:
        """What listens to the event `automation.ended` hears how it ended, as do the flows that it is to start."""
        automation = self._automation(key)
        body = read_object(request, business.RUN)
        entity = body.get("entity", "")
        if entity and not Entity.objects.within(self.scope).filter(key=entity).exists():
            raise invalid([("entity", "there is no such entity")])
        run = run_by_hand(self.scope, automation, entity_key=entity, now=timezone.now())
        return self.answer(run, is_new=True)

    def _automation(self, key: str) -> Automation:
        found = Automation.objects.within(self.scope).filter(key=key).first() if "\0" not in key else None
        if found is None:
            raise Http404
        return found


class OneRun(RunView):
    """`/automation-runs/{id}`"""

    needs = {"GET": ApiScope.INSTANCES_READ, "PATCH": ApiScope.INSTANCES_WRITE}

    @openapi.operation("Entities", "Get a run of an automation", answers={200: "AutomationRun"}, refuses=(404,))
    def get(self, request: Request, key: str) -> Response:
        """How it stands."""
        return self.answer(self.find(key))

    @openapi.operation(
        "Entities",
        "Say how a run of an automation has ended",
        takes="RunEnded",
        answers={200: "AutomationRun"},
        refuses=(400, 404, 409, 413, 415, 422),
    )
    def patch(self, request: Request, key: str) -> Response:
        """The step that waits for it goes on."""
        run = self.find(key)
        body = read_object(request, business.RUN_ENDED)
        ended = finish_run(
            run, body["status"], scope=self.scope, output=body.get("output"), reason=body.get("error", "")
        )
        return self.answer(ended)
