"""Published versions: read, drawn, compared."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import ApiScope
from designer.models import Version
from dialects.native import openapi
from dialects.native.base import NativeView
from dialects.native.finding import find_flow, find_version
from dialects.native.wire import version_json
from dialects.shared.cursors import newest_first, page_json


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
