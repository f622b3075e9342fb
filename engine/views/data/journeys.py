"""Journeys: form pages for people inside or outside."""

from __future__ import annotations

import json
from typing import Final

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST

from accounts.http import HtmxHttpRequest
from accounts.roles import Role
from accounts.scope import Scope, scoped
from engine.display.json_text import json_text
from engine.entities.journeys import make_journey, new_address
from engine.entities.models import Journey
from engine.entity_forms import JourneyForm, NewJourneyForm
from engine.views.data.editing import form_page, make_new, posted, save_changes, show_and_save
from engine.views.data.listing import page_of, wanted_of

FIELDS: Final = ("name", "form", "entity_schema", "is_public", "is_enabled")


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
    form = NewJourneyForm(posted(request))
    if form.is_bound and form.is_valid():
        if not Journey.objects.within(scope).filter(key=form.cleaned_data["key"]).exists():
            return make_new(scope, "journey", make_journey, form.cleaned_data)
        form.add_error("key", "There is one with this id already.")
    return form_page(request, "journey", form, None)


@show_and_save
@scoped(Role.DESIGNER)
def edit(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Change one; it keeps its address."""
    found = _find(scope, pk)
    plain = {name: getattr(found, name) for name in ("name", "entity_schema", "is_public", "is_enabled")}
    form = JourneyForm(posted(request), initial={**plain, "form": json.dumps(found.form, indent=2, ensure_ascii=False)})
    if form.is_bound and form.is_valid():
        return save_changes(request, scope, "journey", found, form.cleaned_data, FIELDS)
    return form_page(request, "journey", form, found)


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
