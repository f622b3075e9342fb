"""Flow templates (Flows V2)."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import ApiScope
from dialects.epilot import templates
from dialects.epilot.base import WRITE_FLOWS, EpilotView
from dialects.epilot.checking.schemas import EXPORT, SEARCH_TEMPLATES, TEMPLATE
from dialects.epilot.errors import bad_request

TRIGGER_TYPES = ("automation", "manual", "journey_submission")


class Templates(EpilotView):
    """`/v2/flows/templates`"""

    needs = {"GET": ApiScope.FLOWS_READ, "POST": WRITE_FLOWS}

    def get(self, request: Request) -> Response:
        """listFlowTemplates"""
        query = request.query_params
        kind = query.get("trigger_type", "")
        if kind and kind not in TRIGGER_TYPES:
            raise bad_request(f"trigger_type must be one of {', '.join(TRIGGER_TYPES)}")
        source, schema = query.get("trigger_source_id", ""), query.get("trigger_schema", "")
        return Response({"results": templates.listed(self.scope, trigger_type=kind, source=source, schema=schema)})

    def post(self, request: Request) -> Response:
        """createFlowTemplate"""
        enforce = self.flag(request, "enforce_limits")
        row = templates.create_template(self.scope, self.read(request, TEMPLATE), enforce_limits=enforce)
        return Response(templates.Answers(self.scope)(row), status=201)


class SearchTemplates(EpilotView):
    """`/v2/flows/templates:search`"""

    needs = {"POST": ApiScope.FLOWS_READ}

    def post(self, request: Request) -> Response:
        """searchFlowTemplates"""
        hits, results = templates.searched(self.scope, self.read(request, SEARCH_TEMPLATES, is_required=False))
        return Response({"hits": hits, "results": results})


class OneTemplate(EpilotView):
    """`/v2/flows/templates/{flowId}`"""

    needs = {"GET": ApiScope.FLOWS_READ, "PUT": WRITE_FLOWS, "DELETE": WRITE_FLOWS}

    def get(self, request: Request, id: str) -> Response:
        """getFlowTemplate"""
        return Response(templates.Answers(self.scope)(templates.find_template(self.scope, id)))

    def put(self, request: Request, id: str) -> Response:
        """updateFlowTemplate"""
        templates.find_template(self.scope, id)
        enforce = self.flag(request, "enforce_limits")
        row = templates.update_template(self.scope, id, self.read(request, TEMPLATE), enforce_limits=enforce)
        return Response(templates.Answers(self.scope)(row))

    def delete(self, request: Request, id: str) -> Response:
        """deleteFlowTemplate"""
        templates.delete_template(self.scope, templates.find_template(self.scope, id))
        return Response(status=204)


class Duplicate(EpilotView):
    """`/v2/flows/templates/{flowId}/duplicate`"""

    needs = {"POST": WRITE_FLOWS}

    def post(self, request: Request, id: str) -> Response:
        """duplicateFlowTemplate"""
        row = templates.duplicate_template(self.scope, templates.find_template(self.scope, id))
        return Response(templates.Answers(self.scope)(row), status=201)


class Export(EpilotView):
    """`/v2/flows/templates/{flowId}/export`"""

    needs = {"GET": ApiScope.FLOWS_READ}

    def get(self, request: Request, id: str) -> Response:
        """exportFlowTemplate"""
        return Response(templates.export_template(self.scope, templates.find_template(self.scope, id)))


class Import(EpilotView):
    """`/v2/flows/templates/import`"""

    needs = {"POST": WRITE_FLOWS}

    def post(self, request: Request) -> Response:
        """importFlowTemplate"""
        row, mappings = templates.import_template(self.scope, self.read(request, EXPORT))
        return Response({"flow": templates.Answers(self.scope)(row), "_id_mappings": mappings}, status=201)
