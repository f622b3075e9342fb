"""Executions of the older API: workflows with sections and steps."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import ApiScope
from dialects.epilot.base import WRITE_INSTANCES, EpilotView
from dialects.epilot.checking import older_schemas as schemas
from dialects.epilot.errors import Refusal
from dialects.epilot.running import executions, older
from dialects.epilot.running.following_rows import bring_up_to_date
from dialects.epilot.running.work import find_execution

READ = ApiScope.INSTANCES_READ


class Executions(EpilotView):
    """`/v1/workflows/executions`"""

    needs = {"GET": READ, "POST": WRITE_INSTANCES}

    def get(self, request: Request) -> Response:
        """getExecutions"""
        context, schema = request.query_params.get("context", ""), request.query_params.get("schema", "")
        found = executions.found_by_entity(self.scope, context, schema, is_v1=True, is_public=False)
        return Response([older.execution_json(document) for document in found])

    def post(self, request: Request) -> Response:
        """createExecution"""
        execution = older.start(self.scope, self.read(request, schemas.V1_START), user=self.user_id)
        return Response(older.execution_json(execution.document), status=201)


class Search(EpilotView):
    """`/v1/workflows/executions/search`"""

    needs = {"POST": READ}

    def post(self, request: Request) -> Response:
        """searchExecutions"""
        return Response(older.search(self.scope, self.read(request, schemas.V1_SEARCH, is_required=False)))


class SearchSteps(EpilotView):
    """`/v1/workflows/executions/steps/search`"""

    needs = {"POST": READ}

    def post(self, request: Request) -> Response:
        """searchSteps"""
        return Response(older.search_steps(self.scope, self.read(request, schemas.V1_SEARCH_STEPS, is_required=False)))


class OneExecution(EpilotView):
    """`/v1/workflows/executions/{executionId}`"""

    needs = {"GET": READ, "PATCH": WRITE_INSTANCES, "DELETE": WRITE_INSTANCES}

    def get(self, request: Request, id: str) -> Response:
        """getExecution: of an unknown one an empty object, as the vendor answers"""
        try:
            execution = find_execution(self.scope, id, is_v1=True)
        except Refusal:
            return Response({})
        return Response(older.execution_json(bring_up_to_date(execution).document))

    def patch(self, request: Request, id: str) -> Response:
        """updateExecution"""
        find_execution(self.scope, id, is_v1=True)
        older.update(self.scope, id, self.read(request, schemas.V1_UPDATE), user=self.user_id)
        return Response(status=204)

    def delete(self, request: Request, id: str) -> Response:
        """deleteExecution"""
        executions.delete_execution(self.scope, id, user=self.user_id, is_v1=True)
        return Response(status=204)


class Steps(EpilotView):
    """`…/{executionId}/steps`"""

    needs = {"POST": WRITE_INSTANCES}

    def post(self, request: Request, id: str) -> Response:
        """createStep"""
        find_execution(self.scope, id, is_v1=True)
        body = self.read(request, schemas.V1_NEW_STEP)
        return Response(older.create_step(self.scope, id, body, user=self.user_id), status=201)


class OneStep(EpilotView):
    """`…/{executionId}/steps/{stepId}`"""

    needs = {"PATCH": WRITE_INSTANCES, "DELETE": WRITE_INSTANCES}

    def patch(self, request: Request, id: str, step: str) -> Response:
        """updateStep"""
        find_execution(self.scope, id, is_v1=True)
        body = self.read(request, schemas.V1_STEP)
        return Response(older.update_step(self.scope, id, step, body, user=self.user_id))

    def delete(self, request: Request, id: str, step: str) -> Response:
        """deleteStep"""
        older.delete_step(self.scope, id, step, user=self.user_id)
        return Response(status=204)


class Reasons(EpilotView):
    """`…/{executionId}/closing-reasons`"""

    needs = {"GET": READ}

    def get(self, request: Request, id: str) -> Response:
        """getClosingReasonExecution: those that were configured when it started"""
        document = bring_up_to_date(find_execution(self.scope, id, is_v1=True)).document
        return Response({"reasons": (document.get("closing_reason") or {}).get("configured_reasons", [])})
