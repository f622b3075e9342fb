"""Published versions: read, drawn, compared."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import ApiScope
from designer.models import Version
from designer.rendering.downloads import FILES, MEDIA_TYPES, svg_policy
from designer.services.versions import flow_of
from dialects.native import openapi
from dialects.native.base import NativeView
from dialects.native.finding import MOST, find_flow, find_version
from dialects.native.wire import diff_json, version_json
from dialects.shared.cursors import newest_first, page_json, whole_number
from dialects.shared.problems import Problem


class Versions(NativeView):
    """`/flows/{key}/versions`"""

    needs = {"GET": ApiScope.FLOWS_READ}

    @openapi.operation(
        "Versions",
        "List versions, newest first",
        answers={200: "VersionPage"},
        refuses=(400, 404),
        parameters=openapi.PAGING,
    )
    def get(self, request: Request, key: str) -> Response:
        """A page of versions without their flow files."""
        flow = find_flow(self.scope, key)
        page = newest_first(Version.objects.filter(flow=flow).select_related("flow"), request.query_params)
        items = [version_json(version, live=flow.live_version_id) for version in page.rows]
        return Response(page_json(items, page.next))


class OneVersion(NativeView):
    """`/flows/{key}/versions/{number}`"""

    needs = {"GET": ApiScope.FLOWS_READ}

    @openapi.operation("Versions", "Read a version", answers={200: "Version"}, refuses=(404,))
    def get(self, request: Request, key: str, number: int) -> Response:
        """The version with its flow file."""
        version = find_version(self.scope, key, number)
        return Response(version_json(version, live=version.flow.live_version_id, with_file=True))


class Diff(NativeView):
    """`/flows/{key}/versions/diff`"""

    needs = {"GET": ApiScope.FLOWS_READ}

    @openapi.operation(
        "Versions",
        "Compare two versions",
        answers={200: "Diff"},
        refuses=(400, 404),
        parameters=(
            openapi.number_query("from", "The number of one version."),
            openapi.number_query("to", "The number of the other."),
        ),
    )
    def get(self, request: Request, key: str) -> Response:
        """What was added, removed and changed on the way from one to the other."""
        first, second = (self.version_named(request, key, name) for name in ("from", "to"))
        return Response(diff_json(first, second))

    def version_named(self, request: Request, key: str, name: str) -> Version:
        """The version whose number the query gives under this name."""
        number = whole_number(request.query_params, name, default=0, least=1, most=MOST)
        if not number:
            raise Problem(400, f"Say which versions: ?from=1&to=2 ({name} is missing).", errors=[(name, "is missing")])
        return find_version(self.scope, key, number)


class Drawing(NativeView):
    """Base of the drawings of a version: the same for ever, so they may be cached by the caller."""

    needs = {"GET": ApiScope.FLOWS_READ}

    def answer(self, key: str, number: int, format: str) -> HttpResponse:
        """The drawing with the version's hash as ETag."""
        version = find_version(self.scope, key, number)
        headers = {"ETag": f'"{version.graph_hash[:32]}"', "Cache-Control": "private, max-age=3600"}
        response = HttpResponse(FILES[format](flow_of(version)), content_type=MEDIA_TYPES[format], headers=headers)
        if format == "svg":
            response.headers["Content-Security-Policy"] = svg_policy()
        return response


class SvgGraph(Drawing):
    """`/flows/{key}/versions/{number}/graph.svg`"""

    @openapi.operation(
        "Versions", "Draw a version as SVG", answers={200: ("image/svg+xml", "The drawing.")}, refuses=(404,)
    )
    def get(self, request: Request, key: str, number: int) -> HttpResponse:
        """As Graphviz lays it out."""
        return self.answer(key, number, "svg")


class DotGraph(Drawing):
    """`/flows/{key}/versions/{number}/graph.dot`"""

    @openapi.operation(
        "Versions", "Describe a version as DOT", answers={200: ("text/vnd.graphviz", "The text.")}, refuses=(404,)
    )
    def get(self, request: Request, key: str, number: int) -> HttpResponse:
        """For Graphviz and its friends."""
        return self.answer(key, number, "dot")


class PngGraph(Drawing):
    """`/flows/{key}/versions/{number}/graph.png`"""

    @openapi.operation(
        "Versions", "Draw a version as PNG", answers={200: ("image/png", "The picture.")}, refuses=(404,)
    )
    def get(self, request: Request, key: str, number: int) -> HttpResponse:
        """As Graphviz lays it out."""
        return self.answer(key, number, "png")
