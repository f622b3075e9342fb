"""The list of flows, and how one comes to be and goes."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.http import HtmxHttpRequest, render_part
from accounts.roles import Role
from accounts.scope import Scope, scoped
from designer import models
from designer.flow_list import FlowList, rows_of
from designer.forms import DeleteFlowForm, ImportForm, NewFlowForm
from designer.graph.problems import FlowFileInvalid
from designer.services.drafting import FlowKeyTaken, StaleRevision, create_flow, draft_of
from designer.services.errors import FlowInUse
from designer.services.exporting import FORMATS, MEDIA_TYPES
from designer.services.guards import instances
from designer.services.importing import import_flow
from designer.services.versions import delete_flow, duplicate_flow, flow_of, set_enabled
from designer.trying.services import with_trials
from designer.views.editor import flow_row

show_and_save = require_http_methods(["GET", "HEAD", "POST"])


@require_GET
@scoped(Role.VIEWER)
def flows(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """All flows of the environment, filtered and in pages."""
    return render_part(request, "designer/flows.html", part="list", context={"list": FlowList(scope, request.GET)})


@require_GET
@scoped(Role.VIEWER)
def flow(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """To where this person works on a flow: the editor, or its versions."""
    row = flow_row(scope, flow)
    return HttpResponseRedirect(
        scope.url("designer:edit" if scope.allows(Role.DESIGNER) else "designer:versions", flow=row.key)
    )


@show_and_save
@scoped(Role.DESIGNER)
def new(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """A new, empty flow; then to the editor."""
    form = NewFlowForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            row = create_flow(scope, key=form.cleaned_data["key"], name=form.cleaned_data["name"])
        except FlowKeyTaken as taken:
            form.add_error("key", str(taken))
        else:
            return HttpResponseRedirect(scope.url("designer:edit", flow=row.key))
    return render(request, "designer/flow_new.html", {"form": form}, status=422 if form.is_bound else 200)


@show_and_save
@scoped(Role.DESIGNER)
def import_file(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """A flow from a file or a pasted text: all of it, or nothing and every problem with its path."""
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if request.method == "POST" and form.is_valid():
        row = _imported(scope, form)
        if row is not None:
            messages.success(request, f"{row.name} is imported as a draft.")
            return HttpResponseRedirect(scope.url("designer:edit", flow=row.key))
    return render(request, "designer/flow_import.html", {"form": form}, status=422 if form.is_bound else 200)


def _imported(scope: Scope, form: ImportForm) -> models.Flow | None:
    data = form.cleaned_data
    try:
        return import_flow(scope, form.document, replace=data["replace"], key=data["key"])
    except FlowFileInvalid as invalid:
        form.refuse(invalid)
    except FlowKeyTaken as taken:
        form.add_error("replace", f"{taken} Tick this to replace its draft, or give another key.")
    except StaleRevision as stale:
        form.add_error(None, f"{stale} Nothing was imported; try again.")
    return None


@require_POST
@scoped(Role.DESIGNER)
def enabled(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """Switch a flow on (`to=on`) or off (`to=off`)."""
    row = flow_row(scope, flow)
    wanted = request.POST.get("to")
    if wanted not in ("on", "off"):
        return HttpResponse("Say `to=on` or `to=off`.\n", status=400, content_type="text/plain; charset=utf-8")
    set_enabled(scope, row, enabled=wanted == "on")
    if request.htmx:
        return render(request, "designer/flow_switch.html", {"flow": row})
    messages.success(request, f"{row.name} is {'enabled' if row.is_enabled else 'disabled'}.")
    return HttpResponseRedirect(scope.url("designer:flows"))


@require_POST
@scoped(Role.DESIGNER)
def duplicate(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """A copy of the draft as a new flow; then to its editor."""
    copy = duplicate_flow(scope, flow_row(scope, flow))
    messages.success(request, f"This is {copy.name}.")
    return HttpResponseRedirect(scope.url("designer:edit", flow=copy.key))


@show_and_save
@scoped(Role.DESIGNER)
def delete(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """Ask, then delete a flow; 409 while that is against the rule."""
    row = flow_row(scope, flow)
    refusal = ""
    if request.method == "POST":
        form = DeleteFlowForm(request.POST)
        form.full_clean()
        try:
            delete_flow(scope, row, with_finished=bool(form.cleaned_data.get("with_finished")))
        except FlowInUse as in_use:
            refusal = str(in_use)
        else:
            messages.success(request, f"{row.name} is deleted.")
            return HttpResponseRedirect(scope.url("designer:flows"))
    context = {
        "flow": row,
        "row": rows_of([row])[0],
        "unfinished": instances().unfinished(row.pk),
        "finished": instances().finished(row.pk),
        "version_count": row.versions.count(),
        "refusal": refusal,
    }
    return render(request, "designer/flow_delete.html", context, status=409 if refusal else 200)


@require_GET
@scoped(Role.VIEWER)
def export(request: HtmxHttpRequest, scope: Scope, flow: str, format: str) -> HttpResponse:
    """The draft, or `?version=N`, as a flow file to take away."""
    row = flow_row(scope, flow)
    if format not in FORMATS:
        raise Http404
    number = request.GET.get("version", "")
    graph = flow_of(version_row(row, number)) if number else with_trials(row, draft_of(row))
    name = f"{row.key}-v{int(number)}" if number else row.key
    headers = {"Content-Disposition": f'attachment; filename="{name}.{format}"'}
    return HttpResponse(FORMATS[format](graph), content_type=MEDIA_TYPES[format], headers=headers)


def version_row(row: models.Flow, number: str | int) -> models.Version:
    """The version of this number. Raises Http404, also for what is no number."""
    text = str(number)
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Http404("There is no such version.")
    version = row.versions.select_related("published_by", "flow").filter(number=int(text)).first()
    if version is None:
        raise Http404("There is no such version.")
    return version
