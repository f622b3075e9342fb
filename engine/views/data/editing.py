"""Things of a section that are made and changed on a page of their own: one form, saved whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import HtmxHttpRequest
from accounts.scope import Scope
from engine.entities.models import Automation, Entity, Journey

LISTS: Final = {"automation": "automations", "entity": "entities", "journey": "journeys"}
"""What people call a thing, and what its list is called; its pages are named so too."""
show_and_save = require_http_methods(["GET", "HEAD", "POST"])
Switched = Automation | Journey
"""What can be switched off."""


def posted(request: HtmxHttpRequest) -> Any:
    """What a form is bound to: nothing, as long as it is only shown."""
    return request.POST if request.method == "POST" else None


def form_page(request: HtmxHttpRequest, thing: str, form: Form, found: Entity | Switched | None) -> HttpResponse:
    """The page of a form: of a new thing, or of the one that was found."""
    plural = LISTS[thing]
    context = {
        "form": form,
        "found": found,
        "thing": thing,
        "label": plural.capitalize(),
        "list": f"engine:{plural}",
        "page": f"engine:{thing}",
    }
    return render(request, "engine/data/form.html", context, status=422 if form.is_bound else 200)


def make_new(scope: Scope, thing: str, make: Callable[..., Switched], given: Mapping[str, Any]) -> HttpResponse:
    """Make a thing of what a form said, and show it."""
    found = make(scope.environment.pk, **{name: value for name, value in given.items() if name != "is_enabled"})
    if not given["is_enabled"]:
        found.is_enabled = False
        found.save(update_fields=["is_enabled"])
    return HttpResponseRedirect(scope.url(f"engine:{thing}", pk=found.pk))


def save_changes(
    request: HtmxHttpRequest, scope: Scope, thing: str, found: Switched, given: Mapping[str, Any], fields: Sequence[str]
) -> HttpResponse:
    """Write what a form said of `fields`, and show the thing."""
    for name in fields:
        setattr(found, name, given[name])
    found.updated_at = timezone.now()
    found.save(update_fields=[*fields, "updated_at"])
    messages.success(request, "Saved.")
    return HttpResponseRedirect(scope.url(f"engine:{thing}", pk=found.pk))
