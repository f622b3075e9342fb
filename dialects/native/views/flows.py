"""Flows: their drafts as flow files, and publishing."""

from __future__ import annotations

from typing import Final

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import ApiScope
from designer.models import Flow
from designer.services.drafting import create_flow, replace_draft
from designer.services.publishing import publish_flow
from designer.services.versions import delete_flow
from dialects.native import openapi
from dialects.native.base import NativeView
from dialects.native.finding import find_flow
from dialects.native.flow_files import answer_flow_file, etag_of, read_flow_file, revision_from
from dialects.native.schemas import sent
from dialects.native.wire import flow_json, version_json
from dialects.shared.bodies import read_object
from dialects.shared.cursors import newest_first, page_json
from dialects.shared.idempotency import answer_once
from dialects.shared.problems import Problem, invalid

FLOW_FILE: Final = {
    "application/json": {"type": "object", "description": "A flow file; see /api/v1/flow-file.schema.json."},
    "application/yaml": {"type": "object", "description": "The same as YAML."},
}
AS_FILE: Final = ("application/json", "The flow file; as YAML with `Accept: application/yaml`. `ETag` is the revision.")


class Flows(NativeView):
    """`/flows`"""

    needs = {"GET": ApiScope.FLOWS_READ, "POST": ApiScope.FLOWS_WRITE}

    @openapi.operation(
        "Flows",
        "List flows, newest first",
        answers={200: "FlowPage"},
        refuses=(400,),
        parameters=(
            openapi.text_query("search", "Part of the key, name or description."),
            openapi.text_query("tag", "Only flows with this tag."),
            *openapi.PAGING,
        ),
    )
    def get(self, request: Request) -> Response:
        """A page of flows without their graphs."""
        rows = filtered(Flow.objects.within(self.scope).select_related("live_version"), request)
        page = newest_first(rows, request.query_params)
        return Response(page_json([flow_json(row) for row in page.rows], page.next))

    @openapi.operation(
        "Flows",
        "Create a flow from a flow file",
        takes=FLOW_FILE,
        answers={201: "Flow"},
        refuses=(400, 409, 413, 415, 422),
        parameters=(openapi.IDEMPOTENCY,),
    )
    def post(self, request: Request) -> Response:
        """Makes a draft; publish it to be able to start instances."""

        def act() -> Response:
            graph = read_flow_file(request)
            row = create_flow(self.scope, key=graph.key, name=graph.name, flow=graph)
            headers = {"Location": f"/api/v1/flows/{row.key}", "ETag": etag_of(row)}
            return Response(flow_json(row), status=201, headers=headers)

        return answer_once(request, self.scope, act)


class OneFlow(NativeView):
    """`/flows/{key}`"""

    needs = {"GET": ApiScope.FLOWS_READ, "PUT": ApiScope.FLOWS_WRITE, "DELETE": ApiScope.FLOWS_WRITE}

    @openapi.operation("Flows", "Read the draft as a flow file", answers={200: AS_FILE}, refuses=(404,))
    def get(self, request: Request, key: str) -> HttpResponse:
        """The draft, with its revision as `ETag`; with `If-None-Match` 304 when it has not changed."""
        return answer_flow_file(request, find_flow(self.scope, key))

    @openapi.operation(
        "Flows",
        "Replace the draft",
        takes=FLOW_FILE,
        answers={200: "Flow"},
        refuses=(400, 404, 412, 413, 415, 422, 428),
        parameters=(openapi.header("If-Match", "The ETag of the draft you changed.", required=True),),
    )
    def put(self, request: Request, key: str) -> Response:
        """As one edit, which a designer can undo."""
        row = find_flow(self.scope, key)
        revision = revision_from(request, row)
        graph = read_flow_file(request)
        if graph.key != row.key:
            raise invalid([("key", f"must be {row.key}, as in the address")])
        changed = replace_draft(self.scope, row, graph, revision=revision).row
        return Response(flow_json(find_flow(self.scope, key)), headers={"ETag": etag_of(changed)})

    @openapi.operation(
        "Flows",
        "Delete a flow",
        answers={204: None},
        refuses=(400, 404, 409),
        parameters=(openapi.text_query("finished_instances", "`delete`: also delete its finished instances."),),
    )
    def delete(self, request: Request, key: str) -> Response:
        """Never while an instance is unfinished; with finished ones only when `finished_instances=delete` says so."""
        wish = request.query_params.get("finished_instances", "")
        if wish not in ("", "delete"):
            raise Problem(
                400, "finished_instances must be delete, or left out.", errors=[("finished_instances", "unknown")]
            )
        delete_flow(self.scope, find_flow(self.scope, key), with_finished=wish == "delete")
        return Response(status=204)


class Publish(NativeView):
    """`/flows/{key}/publish`"""

    needs = {"POST": ApiScope.FLOWS_WRITE}

    @openapi.operation(
        "Flows",
        "Publish the draft",
        takes="Publish",
        answers={201: "Version"},
        refuses=(400, 404, 422),
        parameters=(openapi.IDEMPOTENCY,),
    )
    def post(self, request: Request, key: str) -> Response:
        """Makes the next version, which is live from now on; 422 with the problems when the draft has any."""

        def act() -> Response:
            row = find_flow(self.scope, key)
            body = read_object(request, sent.PUBLISH)
            version = publish_flow(self.scope, row, note=body.get("note", ""))
            headers = {"Location": f"/api/v1/flows/{row.key}/versions/{version.number}"}
            return Response(version_json(version, live=version.pk), status=201, headers=headers)

        return answer_once(request, self.scope, act)


def filtered(rows: QuerySet[Flow], request: Request) -> QuerySet[Flow]:
    """The rows that `?search=` and `?tag=` ask for."""
    search, tag = request.query_params.get("search", "")[:200], request.query_params.get("tag", "")
    if search:
        rows = rows.filter(Q(key__icontains=search) | Q(name__icontains=search) | Q(description__icontains=search))
    if tag:
        rows = rows.filter(pk__in=[pk for pk, tags in rows.values_list("pk", "tags") if tag in tags])
    return rows
