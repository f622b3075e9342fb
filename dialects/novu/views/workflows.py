"""`/v2/workflows`: create, list, get, update, patch, delete, sync, duplicate, test data; steps and previews."""

from __future__ import annotations

from typing import Any, Final

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import ApiScope
from dialects.novu import validation
from dialects.novu.base import NovuView, enveloped
from dialects.novu.errors import NovuError, bad_body
from dialects.novu.listing import listed
from dialects.novu.models import Workflow
from dialects.novu.previewing import preview
from dialects.novu.syncing import sync_workflow
from dialects.novu.wire import example_payload, step_json, whole, workflow_json
from dialects.novu.workflows import (
    create_workflow,
    delete_workflow,
    duplicate_workflow,
    find_step,
    find_workflow,
    patch_workflow,
    update_workflow,
)

READ: Final = ApiScope.FLOWS_READ
WRITE: Final = ApiScope.FLOWS_WRITE


class Workflows(NovuView):
    """`/v2/workflows`"""

    needs = {"GET": READ, "POST": WRITE}

    def get(self, request: Request) -> Response:
        """A page of workflows."""
        return enveloped(listed(self.scope, request.query_params))

    def post(self, request: Request) -> Response:
        """Create one."""

        def act() -> Response:
            body = self.body(request)
            validation.check_create(body)
            return enveloped(workflow_json(self.scope, create_workflow(self.scope, body)), 201)

        return self.once(request, act)


class OneWorkflow(NovuView):
    """`/v2/workflows/{workflowId}`"""

    needs = {"GET": READ, "PUT": WRITE, "PATCH": WRITE, "DELETE": WRITE}

    def get(self, request: Request, workflow: str) -> Response:
        """All of it."""
        return enveloped(workflow_json(self.scope, find_workflow(self.scope, workflow)))

    def put(self, request: Request, workflow: str) -> Response:
        """Replace it."""
        row = find_workflow(self.scope, workflow)
        body = self.body(request)
        validation.check_update(body)
        return enveloped(workflow_json(self.scope, update_workflow(self.scope, row, body)))

    def patch(self, request: Request, workflow: str) -> Response:
        """Change some of it."""

        def act() -> Response:
            row = find_workflow(self.scope, workflow)
            body = self.body(request)
            validation.check_patch(body)
            return enveloped(workflow_json(self.scope, patch_workflow(self.scope, row, body)))

        return self.once(request, act)

    def delete(self, request: Request, workflow: str) -> Response:
        """Remove it for good."""
        delete_workflow(self.scope, find_workflow(self.scope, workflow))
        return Response(status=204)


class Sync(NovuView):
    """`/v2/workflows/{workflowId}/sync`"""

    needs = {"PUT": WRITE}

    def put(self, request: Request, workflow: str) -> Response:
        """Bring it to another environment; answers the workflow there."""
        row = find_workflow(self.scope, workflow)
        body = self.body(request)
        validation.check_texts(body, targetEnvironmentId=True)
        there, target = sync_workflow(self.scope, row, body["targetEnvironmentId"])
        return enveloped(workflow_json(there, target))


class Duplicate(NovuView):
    """`/v2/workflows/{workflowId}/duplicate`"""

    needs = {"POST": WRITE}

    def post(self, request: Request, workflow: str) -> Response:
        """A copy, switched off."""

        def act() -> Response:
            row = find_workflow(self.scope, workflow)
            body = self.body(request)
            validation.check_duplicate(body)
            return enveloped(workflow_json(self.scope, duplicate_workflow(self.scope, row, body)), 201)

        return self.once(request, act)


class WorkflowTestData(NovuView):
    """`/v2/workflows/{workflowId}/test-data`"""

    needs = {"GET": READ}

    def get(self, request: Request, workflow: str) -> Response:
        """JSON Schemas of whom to notify and with what."""
        all = whole(find_workflow(self.scope, workflow))
        payload: dict[str, Any] = {"type": "object", "properties": {}}
        if all.variables:
            payload = all.variables[0]["properties"]["payload"]
        needed = {"subscriberId": {"type": "string", "default": "test-subscriber"}}
        if any(step.type == "email" for step in all.steps):
            needed["email"] = {"type": "string", "format": "email"}
        if any(step.type == "sms" for step in all.steps):
            needed["phone"] = {"type": "string"}
        to = {"type": "object", "properties": needed, "required": list(needed), "additionalProperties": False}
        return enveloped({"to": to, "payload": payload, "payloadExample": example_payload(all)})


class OneStep(NovuView):
    """`/v2/workflows/{workflowId}/steps/{stepId}`"""

    needs = {"GET": READ}

    def get(self, request: Request, workflow: str, step: str) -> Response:
        """A step with its values, variables and issues."""
        all = whole(find_workflow(self.scope, workflow))
        return enveloped(step_json(all, place_of(all.row, workflow, step)))


class Preview(NovuView):
    """`/v2/workflows/{workflowId}/step/{stepId}/preview`"""

    needs = {"POST": READ}

    def post(self, request: Request, workflow: str, step: str) -> Response:
        """What the step would say."""

        def act() -> Response:
            row = find_workflow(self.scope, workflow)
            all = whole(row)
            place = place_of(row, workflow, step)
            body = self.body(request)
            for key in ("controlValues", "previewPayload"):
                if body.get(key) is not None and not isinstance(body[key], dict):
                    raise bad_body([(key, f"{key} must be an object")])
            return enveloped(preview(all, place, body), 201)

        return self.once(request, act)


def place_of(row: Workflow, workflow: str, step: str) -> int:
    """The number of a step in its workflow. Raises `NovuError` 404."""
    found = find_step(row, step, named=workflow)
    places = [state.task.key for state in whole(row).steps]
    try:
        return places.index(found.task.key)
    except ValueError:
        raise NovuError(404, "Step cannot be found", ctx={"workflowId": workflow, "stepId": step}) from None
