"""Definitions of the older API (sections and steps), and their closing reasons."""

from __future__ import annotations

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import ApiScope
from dialects.epilot import definitions, templates
from dialects.epilot.base import WRITE_FLOWS, EpilotView
from dialects.epilot.checking.older_schemas import DEFINITION
from dialects.epilot.checking.schemas import REASON_IDS


class Limits(EpilotView):
    """`/v1/workflows/limits/max-allowed`"""

    needs = {"GET": ApiScope.FLOWS_READ}

    def get(self, request: Request) -> Response:
        """getMaxAllowedLimit"""
        count = templates.count_workflows(self.scope)
        return Response({"currentNoOfWorkflows": count, "maxAllowed": settings.EPILOT_MAX_WORKFLOWS})


class Definitions(EpilotView):
    """`/v1/workflows/definitions`"""

    needs = {"GET": ApiScope.FLOWS_READ, "POST": WRITE_FLOWS}

    def get(self, request: Request) -> Response:
        """getDefinitions"""
        return Response(definitions.all_definitions(self.scope))

    def post(self, request: Request) -> Response:
        """createDefinition"""
        row = definitions.create_definition(self.scope, self.read(request, DEFINITION))
        return Response(definitions.definition_json(self.scope, row), status=201)


class OneDefinition(EpilotView):
    """`/v1/workflows/definitions/{definitionId}`"""

    needs = {"GET": ApiScope.FLOWS_READ, "PUT": WRITE_FLOWS, "DELETE": WRITE_FLOWS}

    def get(self, request: Request, id: str) -> Response:
        """getDefinition"""
        return Response(definitions.definition_json(self.scope, definitions.find_definition(self.scope, id)))

    def put(self, request: Request, id: str) -> Response:
        """updateDefinition"""
        definitions.find_definition(self.scope, id)
        row = definitions.update_definition(self.scope, id, self.read(request, DEFINITION))
        return Response(definitions.definition_json(self.scope, row))

    def delete(self, request: Request, id: str) -> Response:
        """deleteDefinition"""
        templates.delete_template(self.scope, definitions.find_definition(self.scope, id))
        return Response(status=204)


class DefinitionReasons(EpilotView):
    """`/v1/workflows/definitions/{definitionId}/closing-reasons`"""

    needs = {"GET": ApiScope.FLOWS_READ, "PATCH": WRITE_FLOWS}

    def get(self, request: Request, id: str) -> Response:
        """getWorkflowClosingReasons"""
        row = definitions.find_any(self.scope, id)
        return Response({"reasons": definitions.reason_ids(self.scope, row)})

    def patch(self, request: Request, id: str) -> Response:
        """setWorkflowClosingReasons"""
        row = definitions.find_any(self.scope, id)
        definitions.set_reasons(self.scope, row, self.read(request, REASON_IDS)["reasons"])
        return Response(status=201)
