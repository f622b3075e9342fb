"""Workflows: listing, making, showing, deleting, running."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from designer.graph.model import Json
from designer.models import Flow
from dialects.formance import cursors
from dialects.formance.base import FormanceView
from dialects.formance.bodies import read_config, read_variables
from dialects.formance.finding import find_runnable, find_workflow, refuse_no_uuid, workflows
from dialects.formance.history import error_of_instance
from dialects.formance.wire import data, instance_json, workflow_json
from dialects.formance.workflows import create_workflow, delete_workflow
from dialects.shared.waiting import wait_until_ended
from engine.services.instances import start_instance

YES = ("true", "1")


class Workflows(FormanceView):
    """`workflows`"""

    def get(self, request: Request) -> Response:
        """All of them; in version 2 page by page."""
        rows = workflows(self.scope)
        if self.version == 1:
            return Response(data(_written(list(rows))))
        return Response(cursors.page(rows, cursors.window_of(request.query_params, ()), _written))

    def post(self, request: Request) -> Response:
        """Make one of JSON or YAML."""
        flow = create_workflow(self.scope, read_config(request))
        return Response(data(workflow_json(flow)), status=201)


def _written(rows: Sequence[Flow]) -> list[Json]:
    return [workflow_json(flow) for flow in rows]


class OneWorkflow(FormanceView):
    """`workflows/{flowId}`"""

    def get(self, request: Request, workflow: str) -> Response:
        """Also one that was deleted."""
        return Response(data(workflow_json(find_workflow(self.scope, workflow))))

    def delete(self, request: Request, workflow: str) -> Response:
        """Softly; again and again, if you like."""
        refuse_no_uuid(workflow)
        delete_workflow(self.scope, find_workflow(self.scope, workflow))
        return Response(status=204)


class RunWorkflow(FormanceView):
    """`workflows/{workflowID}/instances`"""

    def post(self, request: Request, workflow: str) -> Response:
        """Start an instance; with `wait` answer once it has ended, or when the time is up."""
        flow = find_runnable(self.scope, workflow)
        variables = read_variables(request)
        instance = start_instance(self.scope, flow, key=str(uuid4()), input=variables)
        if request.query_params.get("wait") in YES:
            instance = wait_until_ended(instance, seconds=settings.FORMANCE_WAIT_SECONDS)
        return Response(data(instance_json(instance, error=error_of_instance(instance))), status=201)
