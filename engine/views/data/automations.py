"""Automations, how their runs went, and how a run that goes on has ended."""

from __future__ import annotations

import json
from typing import Final

from django.contrib import messages
from django.db.models import Count, Max, Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.http import HtmxHttpRequest
from accounts.roles import Role
from accounts.scope import Scope, scoped
from engine.display.json_text import json_text
from engine.entities.automations import make_automation
from engine.entities.models import Automation, AutomationRun, Entity
from engine.entity_forms import AutomationForm, RunEndedForm, RunForm
from engine.models import Instance
from engine.services.automation_triggers import run_by_hand
from engine.services.entity_changes import finish_run
from engine.services.errors import NotLegalNow
from engine.views.data.editing import form_page, make_new, posted, save_changes, show_and_save
from engine.views.data.listing import page_of, wanted_of

LATEST: Final = 25
FIELDS: Final = ("name", "outcome", "output", "actions", "trigger", "is_enabled")


@require_GET
@scoped(Role.VIEWER)
def automations(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """All of them, with how often they ran."""
    wanted = wanted_of(request, "q")
    rows = Automation.objects.within(scope).annotate(run_count=Count("runs"), last_run_at=Max("runs__created_at"))
    if "q" in wanted:
        rows = rows.filter(Q(key__icontains=wanted["q"]) | Q(name__icontains=wanted["q"]))
    return render(request, "engine/data/automations.html", {"page": page_of(request, rows, wanted)})


@require_GET
@scoped(Role.VIEWER)
def automation(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """One, with its latest runs."""
    return _page(request, scope, _find(scope, pk), RunForm())


def _page(request: HtmxHttpRequest, scope: Scope, found: Automation, form: RunForm, status: int = 200) -> HttpResponse:
    runs = list(found.runs.all()[:LATEST])
    instances = Instance.objects.within(scope).select_related("flow")
    known = instances.in_bulk([run.instance_id for run in runs if run.instance_id])
    context = {
        "automation": found,
        "actions": json_text(found.actions),
        "trigger": json_text(found.trigger),
        "output": json_text(found.output),
        "runs": [(run, known.get(run.instance_id or 0)) for run in runs],
        "form": form,
    }
    return render(request, "engine/data/automation.html", context, status=status)


@require_POST
@scoped(Role.OPERATOR)
def run(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Run it by hand."""
    found = _find(scope, pk)
    form = RunForm(request.POST)
    entity = form.cleaned_data["entity"] if form.is_valid() else ""
    if entity and not Entity.objects.within(scope).filter(key=entity).exists():
        form.add_error("entity", "There is no such entity.")
    if form.errors:
        return _page(request, scope, found, form, status=422)
    begun = run_by_hand(scope, found, entity_key=entity, now=timezone.now())
    messages.success(request, f"It ran: {begun.get_status_display().lower()}.")
    return HttpResponseRedirect(scope.url("engine:automation", pk=found.pk))


@show_and_save
@scoped(Role.DESIGNER)
def new(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Make one."""
    form = AutomationForm(posted(request))
    if form.is_bound and form.is_valid():
        return make_new(scope, "automation", make_automation, form.cleaned_data)
    return form_page(request, "automation", form, None)


@show_and_save
@scoped(Role.DESIGNER)
def edit(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Change one."""
    found = _find(scope, pk)
    written = {name: json.dumps(getattr(found, name), indent=2) for name in ("output", "actions", "trigger")}
    plain = {name: getattr(found, name) for name in ("name", "outcome", "is_enabled")}
    form = AutomationForm(posted(request), initial={**written, **plain})
    if form.is_bound and form.is_valid():
        return save_changes(request, scope, "automation", found, form.cleaned_data, FIELDS)
    return form_page(request, "automation", form, found)


@show_and_save
@scoped(Role.OPERATOR)
def end_run(request: HtmxHttpRequest, scope: Scope, key: str) -> HttpResponse:
    """Say how a run that goes on has ended; the step that waits for it goes on."""
    found = get_object_or_404(AutomationRun.objects.within(scope).select_related("automation"), key=key)
    form = RunEndedForm(posted(request))
    if form.is_bound and form.is_valid():
        try:
            finish_run(found, form.cleaned_data["status"], scope=scope, reason=form.cleaned_data["reason"])
        except NotLegalNow as refused:
            form.add_error(None, str(refused))
        else:
            target = found.automation
            name, arguments = ("engine:automation", {"pk": target.pk}) if target else ("engine:automations", {})
            return HttpResponseRedirect(scope.url(name, **arguments))
    context = {"form": form, "run": found}
    return render(request, "engine/data/run_end.html", context, status=422 if form.is_bound else 200)


def _find(scope: Scope, pk: int) -> Automation:
    return get_object_or_404(Automation.objects.within(scope), pk=pk)
