"""Versions of a flow: the list, one with its graph, its files, comparing two, going back to one."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from accounts.http import HtmxHttpRequest, render_part
from accounts.roles import Role
from accounts.scope import Scope, scoped
from designer import models
from designer.comparison import drawn
from designer.forms import RestoreForm
from designer.graph.model import Flow
from designer.naming import compared, named
from designer.rendering.downloads import FILES, MEDIA_TYPES, svg_policy
from designer.rendering.graphviz import GraphvizFailed, LayoutTooLarge
from designer.services.drafting import StaleRevision, draft_of
from designer.services.versions import flow_of, fork_version, restore_version
from designer.views.editor import flow_row
from designer.views.flows import version_row

VERSIONS_A_PAGE = 20
DRAFT = "draft"
LAID_OUT = "laid-out"


@require_GET
@scoped(Role.VIEWER)
def versions(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """All versions, the newest first, with the graph of the live one."""
    row = flow_row(scope, flow)
    found = row.versions.select_related("published_by").defer("document").order_by("-number")
    context = {
        "flow": row,
        "page": Paginator(found, VERSIONS_A_PAGE).get_page(request.GET.get("page")),
        "is_changed": row.live_version is not None and row.live_version.document != row.draft_document,
        "picture": drawn(named(scope, flow_of(row.live_version))) if row.live_version else None,
    }
    return render_part(request, "designer/versions.html", part="list", context=context)


@require_GET
@scoped(Role.VIEWER)
def version(request: HtmxHttpRequest, scope: Scope, flow: str, number: int) -> HttpResponse:
    """One version: its graph, who published it and what was new."""
    row = flow_row(scope, flow)
    found = version_row(row, number)
    before = row.versions.filter(number__lt=found.number).order_by("-number").first()
    graph = named(scope, flow_of(found))
    context = {
        "flow": row,
        "version": found,
        "graph": graph,
        "picture": drawn(graph, label=f"{graph.name}, version {found.number}"),
        "before": before,
        "comparison": compared(scope, flow_of(before), graph) if before else None,
        "is_draft": found.document == row.draft_document,
    }
    return render(request, "designer/version.html", context)


@require_GET
@scoped(Role.VIEWER)
def graph(request: HtmxHttpRequest, scope: Scope, flow: str, number: int, format: str) -> HttpResponse:
    """The graph of a version as `graph.svg`, `.png`, `.pdf`, `.dot` or `.mmd`.

    It may be kept for a day: nothing in it changes but what people, groups, agents and flows are called.
    """
    row = flow_row(scope, flow)
    if format not in FILES:
        raise Http404
    found = version_row(row, number)
    try:
        content = FILES[format](named(scope, flow_of(found)))
    except LayoutTooLarge as too_large:
        return HttpResponse(f"{too_large}\n", status=422, content_type="text/plain; charset=utf-8")
    except GraphvizFailed:
        text = "Graphviz does not work on this server.\n"
        return HttpResponse(text, status=422, content_type="text/plain; charset=utf-8")
    response = HttpResponse(content, content_type=MEDIA_TYPES[format])
    response["Content-Disposition"] = f'inline; filename="{row.key}-v{found.number}.{format}"'
    response["Cache-Control"] = "private, max-age=86400"
    response["Content-Security-Policy"] = svg_policy()
    return response


@require_POST
@scoped(Role.DESIGNER)
def restore(request: HtmxHttpRequest, scope: Scope, flow: str, number: int) -> HttpResponse:
    """Make a version the draft; 409 when somebody changed the draft meanwhile."""
    row = flow_row(scope, flow)
    found = version_row(row, number)
    form = RestoreForm(request.POST)
    if not form.is_valid():
        return HttpResponse("Say which revision is given up.\n", status=400, content_type="text/plain; charset=utf-8")
    try:
        restore_version(scope, row, found, revision=form.cleaned_data["revision"])
    except StaleRevision as stale:
        context = {"flow": row, "reason": f"{stale} Look at the draft before you replace it."}
        return render(request, "designer/stale.html", context, status=409)
    messages.success(request, f"The draft is version {found.number} again. Undo brings back what was there.")
    return HttpResponseRedirect(scope.url("designer:edit", flow=row.key))


@require_POST
@scoped(Role.DESIGNER)
def fork(request: HtmxHttpRequest, scope: Scope, flow: str, number: int) -> HttpResponse:
    """A new flow that begins as this version; then to its editor."""
    copy = fork_version(scope, version_row(flow_row(scope, flow), number))
    messages.success(request, f"This is {copy.name}, from version {number}.")
    return HttpResponseRedirect(scope.url("designer:edit", flow=copy.key))


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two that are compared: a version, or the draft."""

    value: str
    label: str
    graph: Flow


@require_GET
@scoped(Role.VIEWER)
def compare(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """`?from=` against `?to=`, each a version number or `draft`; without them the draft against the live version.

    `&view=laid-out` has also what moved drawn where Graphviz puts it.
    """
    row = flow_row(scope, flow)
    numbers = list(row.versions.order_by("-number").values_list("number", flat=True))
    if not numbers:
        return render(request, "designer/compare.html", {"flow": row, "numbers": numbers, "comparison": None})
    newest = row.live_version.number if row.live_version else numbers[0]
    old, new = _side(row, request.GET.get("from", str(newest))), _side(row, request.GET.get("to", DRAFT))
    is_laid_out = request.GET.get("view") == LAID_OUT
    context = {
        "flow": row,
        "numbers": numbers,
        "old": old,
        "new": new,
        "comparison": compared(scope, old.graph, new.graph, is_laid_out=is_laid_out),
        "is_laid_out": is_laid_out,
        "pair": urlencode({"from": old.value, "to": new.value}),
        "swapped": urlencode({"from": new.value, "to": old.value, **({"view": LAID_OUT} if is_laid_out else {})}),
    }
    return render_part(request, "designer/compare.html", part="result", context=context)


def _side(row: models.Flow, value: str) -> Side:
    if value == DRAFT:
        return Side(DRAFT, "the draft", draft_of(row))
    found = version_row(row, value)
    return Side(str(found.number), f"version {found.number}", flow_of(found))
