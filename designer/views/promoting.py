"""How a flow stands in the other environments, and bringing it there."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from accounts.http import HtmxHttpRequest
from accounts.models import Environment
from accounts.roles import Role
from accounts.scope import Scope, scoped
from designer.comparison import Comparison
from designer.naming import compared
from designer.services.promoting import Standing, live_graph, promote_flow, standing_of, standings
from designer.services.publishing import FlowHasProblems
from designer.views.editor import flow_row


@dataclass(frozen=True, slots=True)
class Place:
    """A flow in another environment, and what would change there."""

    standing: Standing
    comparison: Comparison | None


@require_GET
@scoped(Role.VIEWER)
def overview(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Every flow of the environment, and how it stands in the others."""
    places = list(Environment.objects.within(scope))
    others = [place for place in places if place.pk != scope.environment.pk]
    context = {"others": others, "rows": standings(scope, places)}
    return render(request, "designer/elsewhere_overview.html", context)


@require_GET
@scoped(Role.VIEWER)
def elsewhere(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """One flow: what differs where."""
    row = flow_row(scope, flow)
    others = Environment.objects.within(scope).exclude(pk=scope.environment.pk)
    places = []
    for environment in others:
        standing = standing_of(row, environment)
        differs = standing.flow is not None and standing.state == "different"
        comparison = compared(scope, live_graph(standing.flow), live_graph(row)) if differs and standing.flow else None
        places.append(Place(standing, comparison))
    return render(request, "designer/elsewhere.html", {"flow": row, "places": places})


@require_POST
@scoped(Role.DESIGNER)
def promote(request: HtmxHttpRequest, scope: Scope, flow: str, to: str) -> HttpResponse:
    """Make the flow there equal to the one here, and publish it."""
    row = flow_row(scope, flow)
    environment = Environment.objects.within(scope).exclude(pk=scope.environment.pk).filter(slug=to).first()
    if environment is None:
        raise Http404
    try:
        promote_flow(scope, row, environment)
    except FlowHasProblems as bad:
        messages.error(request, f"It cannot be published in {environment.name}: {bad}")
    else:
        messages.success(request, f"{row.name} is in {environment.name} now, as it is here.")
    return HttpResponseRedirect(scope.url("designer:elsewhere", flow=row.key))
