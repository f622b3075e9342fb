"""The publish page: what hinders, what changes, who stands where; then a new version."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.http import HtmxHttpRequest
from accounts.roles import Role
from accounts.scope import Scope, scoped
from designer import models
from designer.forms import PublishForm
from designer.graph.checks import check_flow
from designer.graph.model import Flow
from designer.naming import compared
from designer.problem_rows import row_of
from designer.services.drafting import StaleRevision, draft_of
from designer.services.guards import Impact, Place, failing_cases, instances
from designer.services.publishing import (
    FlowHasProblems,
    around_of,
    flow_keys,
    is_unchanged,
    publish_flow,
    red_cases,
)
from designer.services.versions import flow_of
from designer.trying.services import cases_of, must_pass
from designer.views.editor import flow_row


@dataclass(frozen=True, slots=True)
class Standing:
    """A place by the name of its task."""

    name: str
    place: Place


@require_http_methods(["GET", "HEAD", "POST"])
@scoped(Role.DESIGNER)
def publish(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """Look at what would be published; POST publishes. 422 with problems, 409 when the draft has moved on."""
    row = flow_row(scope, flow)
    if request.method != "POST":
        return _page(request, scope, row, PublishForm(initial={"revision": row.draft_revision}))
    form = PublishForm(request.POST)
    if not form.is_valid():
        return _page(request, scope, row, form, status=422)
    try:
        version = publish_flow(scope, row, note=form.cleaned_data["note"], revision=form.cleaned_data["revision"])
    except FlowHasProblems:
        return _page(request, scope, row, form, status=422)
    except StaleRevision as stale:
        row.refresh_from_db()
        note = {"note": form.cleaned_data["note"], "revision": row.draft_revision}
        refusal = f"{stale} This is the draft as it is now."
        return _page(request, scope, row, PublishForm(initial=note), status=409, refusal=refusal)
    messages.success(request, f"Version {version.number} is live.")
    return HttpResponseRedirect(scope.url("designer:version", flow=row.key, number=version.number))


def _page(
    request: HtmxHttpRequest, scope: Scope, row: models.Flow, form: PublishForm, *, status: int = 200, refusal: str = ""
) -> HttpResponse:
    draft = draft_of(row)
    problems = check_flow(draft, flows=flow_keys(row.environment_id), around=around_of(row, draft))
    errors = [problem for problem in problems if problem.is_error]
    live = flow_of(row.live_version) if row.live_version else None
    next_number = (row.versions.order_by("-number").values_list("number", flat=True).first() or 0) + 1
    # A graph with errors is nowhere to go to: then only where they stand is shown.
    impact = instances().impact_of(row.pk, live if errors else draft, next_number) if live else Impact()
    cases = cases_of(row)
    failing = [] if errors else failing_cases(draft, cases)
    context = {
        "flow": row,
        "form": form,
        "refusal": refusal,
        "errors": [row_of(draft, problem) for problem in errors or red_cases(row, draft, failing)],
        "case_count": len(cases),
        "red_cases": failing,
        "cases_must_pass": must_pass(row),
        "warnings": [row_of(draft, problem) for problem in problems if not problem.is_error],
        "is_unchanged": is_unchanged(row),
        "comparison": compared(scope, live, draft) if live else None,
        "impact": impact,
        "can_move": not errors,
        "standing": _standing(live, draft, impact),
        "next_number": next_number,
    }
    return render(request, "designer/publish.html", context, status=status)


def _standing(live: Flow | None, draft: Flow, impact: Impact) -> list[Standing]:
    names = {key: task.name or key for flow in (draft, live) if flow for key, task in flow.tasks.items()}
    return [Standing(names.get(place.task, place.task) or "the start", place) for place in impact.places]
