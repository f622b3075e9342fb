"""Versions of a workflow, and their graphs."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import ApiScope
from dialects.cloudflare.base import CloudflareView, answer
from dialects.cloudflare.finding import find_version, find_workflow
from dialects.cloudflare.graphs import graph_of, has_graph
from dialects.cloudflare.paging import paging_of
from dialects.cloudflare.wire import version_head, version_json


class Versions(CloudflareView):
    """`…/{name}/versions`"""

    needs = {"GET": ApiScope.FLOWS_READ}

    def get(self, request: Request, account: str, name: str) -> Response:
        """Every version, the newest first."""
        paging = paging_of(request.query_params)
        row = find_workflow(self.scope, name)
        versions = row.versions.order_by("-pk")
        page = versions[paging.skipped : paging.skipped + paging.per_page]
        found = [version_json(row, version, has_graph=has_graph(version)) for version in page]
        return answer(found, info=paging.info(count=len(found), total=versions.count()))


class OneVersion(CloudflareView):
    """`…/{name}/versions/{version}`"""

    needs = {"GET": ApiScope.FLOWS_READ}

    def get(self, request: Request, account: str, name: str, version: str) -> Response:
        """One version."""
        row = find_workflow(self.scope, name)
        found = find_version(row, version)
        return answer(version_json(row, found, has_graph=has_graph(found)))


class Graph(CloudflareView):
    """`…/{name}/versions/{version}/graph`"""

    needs = {"GET": ApiScope.FLOWS_READ}

    def get(self, request: Request, account: str, name: str, version: str) -> Response:
        """Its structure as nested blocks."""
        row = find_workflow(self.scope, name)
        found = find_version(row, version)
        return answer({**version_head(row, found), "graph": graph_of(found)})
