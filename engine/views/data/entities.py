"""Entities: found, looked at with all that refers to them, made and changed."""

from __future__ import annotations

import json
from typing import Any, Final

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.http import HtmxHttpRequest
from accounts.roles import Role
from accounts.scope import Scope, scoped
from engine.display.json_text import json_text
from engine.entities.links import portal_path
from engine.entities.models import Entity, EntityUse
from engine.entity_forms import EntityForm, NewEntityForm
from engine.services.entity_changes import delete_entity, save_entity
from engine.services.errors import InvalidInput
from engine.views.data.editing import form_page, posted, show_and_save
from engine.views.data.listing import page_of, wanted_of

LATEST: Final = 20
MOST_SCHEMAS: Final = 100


@require_GET
@scoped(Role.VIEWER)
def data(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """The first page of the section."""
    return redirect(scope.url("engine:entities"))


@require_GET
@scoped(Role.VIEWER)
def entities(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Entities by schema, and by a part of their id or title."""
    wanted = wanted_of(request, "q", "schema")
    rows = Entity.objects.within(scope)
    schemas = rows.order_by("schema").values_list("schema", flat=True).distinct()[:MOST_SCHEMAS]
    if "schema" in wanted:
        rows = rows.filter(schema=wanted["schema"])
    if "q" in wanted:
        rows = rows.filter(Q(key__icontains=wanted["q"]) | Q(title__icontains=wanted["q"]))
    context = {"page": page_of(request, rows, wanted), "schemas": list(schemas)}
    return render(request, "engine/data/entities.html", context)


@require_GET
@scoped(Role.VIEWER)
def entity(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """One entity: attributes, relations both ways, history, and the instances that refer to it."""
    found = _find(scope, pk)
    uses = EntityUse.objects.filter(environment=scope.environment, entity_key=found.key)
    uses = uses.select_related("instance__flow", "instance__version").order_by("-instance")
    changes = found.history.select_related("instance")[: LATEST + 1]
    context = {
        "entity": found,
        "attributes": [(name, _shown(value)) for name, value in sorted(found.attributes.items())],
        "relations": found.relations.select_related("target"),
        "related_from": found.related_from.select_related("source")[:LATEST],
        "changes": [_change(change) for change in changes[:LATEST]],
        "has_older": len(changes) > LATEST,
        "uses": uses[:LATEST],
        "portal": portal_path(found) if scope.allows(Role.OPERATOR) else "",
        "standing": _standing(found),
    }
    return render(request, "engine/data/entity.html", context)


@show_and_save
@scoped(Role.OPERATOR)
def new(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Make one."""
    form = NewEntityForm(posted(request))
    if form.is_bound and form.is_valid():
        key = form.cleaned_data["key"]
        if Entity.objects.within(scope).filter(key=key).exists():
            form.add_error("key", "There is one with this id already.")
        elif made := _save(scope, key, form):
            return HttpResponseRedirect(scope.url("engine:entity", pk=made.pk))
    return form_page(request, "entity", form, None)


@show_and_save
@scoped(Role.OPERATOR)
def edit(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Change one; whoever listens hears of it."""
    found = _find(scope, pk)
    initial = {
        "schema": found.schema,
        "title": found.title,
        "attributes": json.dumps(found.attributes, indent=2, ensure_ascii=False),
    }
    form = EntityForm(posted(request), initial=initial)
    if form.is_bound and form.is_valid() and _save(scope, found.key, form):
        messages.success(request, "Saved.")
        return HttpResponseRedirect(scope.url("engine:entity", pk=found.pk))
    return form_page(request, "entity", form, found)


@require_POST
@scoped(Role.OPERATOR)
def remove(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Delete one with its history."""
    found = _find(scope, pk)
    delete_entity(scope, found)
    messages.success(request, f"“{found}” is gone.")
    return HttpResponseRedirect(scope.url("engine:entities"))


def _find(scope: Scope, pk: int) -> Entity:
    return get_object_or_404(Entity.objects.within(scope), pk=pk)


def _save(scope: Scope, key: str, form: EntityForm) -> Entity | None:
    given = form.cleaned_data
    try:
        values = {name: given[name] for name in ("schema", "title", "attributes")}
        return save_entity(scope, key, **values)[0]
    except InvalidInput as bad:
        form.add_error("attributes", "; ".join(message for _, message in bad.problems))
        return None


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json_text(value).text


def _change(change: Any) -> dict[str, Any]:
    """A change as rows of (attribute, before, after); None for what there was not."""
    rows = [
        (name, *(_shown(sides[side]) if side in sides else None for side in ("before", "after")))
        for name, sides in sorted(change.values.items())
    ]
    return {"row": change, "by": change.by.get("name") or "Quadrille", "values": rows}


def _standing(found: Entity) -> list[dict[str, Any]]:
    """How the flows about it stand, as they tell it, the latest first."""
    lists = [rows for name, rows in found.summaries.items() if name != "primary" and isinstance(rows, list)]
    rows = [row for rows in lists for row in rows if isinstance(row, dict)]
    return sorted(rows, key=lambda row: str(row.get("last_update_time")), reverse=True)[:LATEST]
