"""Planned switches of a flow, on the page of its triggers."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.http import HtmxHttpRequest
from accounts.roles import Role
from accounts.scope import Scope, scoped
from designer.forms import PlannedSwitchForm
from designer.services.drafting import draft_of
from designer.services.switches import CannotPlan, drop_switch, plan_switch
from designer.switching.models import PlannedSwitch
from designer.views.editor import flow_row
from designer.views.triggers import triggers_page


@require_POST
@scoped(Role.DESIGNER)
def plan(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """Plan that a flow is switched on or off; 422 with the page when that cannot be."""
    row = flow_row(scope, flow)
    form = PlannedSwitchForm(request.POST, zone=ZoneInfo(draft_of(row).timezone))
    if form.is_valid():
        enables, at = form.cleaned_data["to"] == "on", form.cleaned_data["at"]
        words = f"{at:%-d %B %Y at %H:%M} ({form.zone.key})"
        try:
            plan_switch(scope, row, enables=enables, at=at, now=timezone.now())
        except CannotPlan as refused:
            form.add_error("at", str(refused))
        else:
            messages.success(request, f"{row.name} will be {'enabled' if enables else 'disabled'} on {words}.")
            return HttpResponseRedirect(scope.url("designer:triggers", flow=row.key))
    return triggers_page(request, scope, row, form, status=422)


@require_POST
@scoped(Role.DESIGNER)
def drop(request: HtmxHttpRequest, scope: Scope, flow: str, pk: int) -> HttpResponse:
    """Do not switch it after all."""
    row = flow_row(scope, flow)
    drop_switch(scope, get_object_or_404(PlannedSwitch.objects.within(scope), flow=row, pk=pk))
    messages.success(request, "That is not planned any more.")
    return HttpResponseRedirect(scope.url("designer:triggers", flow=row.key))
