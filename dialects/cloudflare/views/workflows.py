"""Workflows: list, get, bind, delete."""

from __future__ import annotations

from django.db.models import Min
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.roles import ApiScope
from dialects.cloudflare.base import CloudflareView, answer
from dialects.cloudflare.binding import bind_workflow, delete_workflow, is_script_gone
from dialects.cloudflare.bodies import check_name, read_object, read_update
from dialects.cloudflare.finding import find_workflow, workflows_within
from dialects.cloudflare.paging import paging_of
from dialects.cloudflare.wire import updated_json, uses_of, workflow_json


class Workflows(CloudflareView):
    """`/accounts/{account}/workflows`"""

    needs = {"GET": ApiScope.FLOWS_READ}

    def get(self, request: Request, account: str) -> Response:
        """Every workflow, the newest first."""
        paging = paging_of(request.query_params)
        rows = workflows_within(self.scope)
        search = request.query_params.get("search")
        if search:
            rows = rows.filter(key__icontains=search[:200])
        total = rows.count()
        newest = rows.annotate(first=Min("versions__pk")).order_by("-first")
        page = list(newest[paging.skipped : paging.skipped + paging.per_page])
        uses = uses_of(page)
        found = [workflow_json(row, uses[row.pk], script_deleted=is_script_gone(row)) for row in page]
        return answer(found, info=paging.info(count=len(found), total=total))


class OneWorkflow(CloudflareView):
    """`/accounts/{account}/workflows/{name}`"""

    needs = {"GET": ApiScope.FLOWS_READ, "PUT": ApiScope.FLOWS_WRITE, "DELETE": ApiScope.FLOWS_WRITE}

    def get(self, request: Request, account: str, name: str) -> Response:
        """One workflow with its counts and schedules."""
        row = find_workflow(self.scope, name)
        return answer(workflow_json(row, uses_of([row])[row.pk], script_deleted=is_script_gone(row)))

    def put(self, request: Request, account: str, name: str) -> Response:
        """Bind the name to a script and a class: a new version."""
        check_name(name)
        row, version = bind_workflow(self.scope, name, read_update(read_object(request)))
        return answer(updated_json(row, version, uses_of([row])[row.pk]))

    def delete(self, request: Request, account: str, name: str) -> Response:
        """Delete it with its versions and instances."""
        delete_workflow(self.scope, find_workflow(self.scope, name))
        return answer({"status": "ok", "success": True})
