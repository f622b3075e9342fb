"""Journeys: form pages for people inside or outside."""

from __future__ import annotations

import json
from typing import Final

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.http import HtmxHttpRequest
from accounts.roles import Role
from accounts.scope import Scope, scoped
from engine.display.json_text import json_text
from engine.entities.journeys import make_journey, new_address
from engine.entities.models import Journey
from engine.entity_forms import JourneyForm, NewJourneyForm
from engine.views.data.listing import page_of, wanted_of

FIELDS: Final = ("name", "form", "entity_schema", "is_public", "is_enabled")
show_and_save = require_http_methods(["GET", "HEAD", "POST"])


@require_GET
@scoped(Role.VIEWER)
def journeys(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """All of them."""
    wanted = wanted_of(request, "q")
    rows = Journey.objects.within(scope)
    if "q" in wanted:
        rows = rows.filter(Q(key__icontains=wanted["q"]) | Q(name__icontains=wanted["q"]))
    return render(request, "engine/data/journeys.html", {"page": page_of(request, rows, wanted)})


@require_GET
@scoped(Role.VIEWER)
def journey(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """One: what it asks, and where it is."""
    found = _find(scope, pk)
    properties = found.form.get("properties") if isinstance(found.form, dict) else None
    required = found.form.get("required") or () if isinstance(found.form, dict) else ()
    fields = [
        (name, field.get("title") or name, field.get("type") or "", name in required)
        for name, field in (properties or {}).items()
        if isinstance(field, dict)
    ]
    address = request.build_absolute_uri(f"/journeys/{found.secret_path}/")
    context = {
        "journey": found,
        "fields": fields,
        "schema": json_text(found.form),
        "address": address if found.is_public or scope.allows(Role.ASSIGNEE) else "",
        "event": f"event.journey == '{found.key}'",
    }
    return render(request, "engine/data/journey.html", context)


@show_and_save
@scoped(Role.DESIGNER)
def new(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Make one."""
    form = NewJourneyForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        given = dict(form.cleaned_data)
        is_enabled = given.pop("is_enabled")
        if Journey.objects.within(scope).filter(key=given["key"]).exists():
            form.add_error("key", "There is one with this id already.")
        else:
            found = make_journey(scope.environment.pk, **given)
            if not is_enabled:
                found.is_enabled = False
                found.save(update_fields=["is_enabled"])
            return HttpResponseRedirect(scope.url("engine:journey", pk=found.pk))
    return _form(request, form, None)


@show_and_save
@scoped(Role.DESIGNER)
def edit(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Change one; it keeps its address."""
    found = _find(scope, pk)
    plain = {name: getattr(found, name) for name in ("name", "entity_schema", "is_public", "is_enabled")}
    initial = {**plain, "form": json.dumps(found.form, indent=2, ensure_ascii=False)}
    form = JourneyForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        for name in FIELDS:
            setattr(found, name, form.cleaned_data[name])
        found.updated_at = timezone.now()
        found.save(update_fields=[*FIELDS, "updated_at"])
        messages.success(request, "Saved.")
        return HttpResponseRedirect(scope.url("engine:journey", pk=found.pk))
    return _form(request, form, found)


@require_POST
@scoped(Role.DESIGNER)
def renew(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Give it another address: the one before leads nowhere from now on."""
    found = _find(scope, pk)
    found.secret_path = new_address()
    found.save(update_fields=["secret_path"])
    messages.success(request, "It has another address now.")
    return HttpResponseRedirect(scope.url("engine:journey", pk=found.pk))


def _find(scope: Scope, pk: int) -> Journey:
    return get_object_or_404(Journey.objects.within(scope), pk=pk)


def _form(request: HtmxHttpRequest, form: JourneyForm, found: Journey | None) -> HttpResponse:
    context = {"form": form, "journey": found}
    return render(request, "engine/data/journey_form.html", context, status=422 if form.is_bound else 200)
