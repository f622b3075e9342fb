"""Definitions of the older API: flows made of sections and steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction

from accounts.scope import Scope
from designer.models import Flow
from designer.services.drafting import draft_of
from dialects.epilot import listings, templates
from dialects.epilot.checking.rules import check_rules
from dialects.epilot.errors import bad_request, unknown_definition, unknown_reason
from dialects.epilot.ids import iso, short_id
from dialects.epilot.reasons import ids_by_title, titles_by_id
from dialects.epilot.translate import older
from dialects.epilot.translate.outgoing import template_of

Json = dict[str, Any]


def find_definition(scope: Scope, id: str) -> Flow:
    """The flow of a definition. Raises `Refusal` 404, also for a template of the newer API."""
    row = Flow.objects.within(scope).select_related("live_version", "environment").filter(key=id).first()
    if row is None or templates.is_gone(row) or "definition" not in templates.kept_of(row):
        raise unknown_definition(id)
    return row


def find_any(scope: Scope, id: str) -> Flow:
    """The flow of a definition or of a template: closing reasons are set on both alike. Raises `Refusal` 404."""
    row = Flow.objects.within(scope).select_related("live_version", "environment").filter(key=id).first()
    if row is None or templates.is_gone(row):
        raise unknown_definition(id)
    return row


def all_definitions(scope: Scope) -> list[Json]:
    """Every definition of the environment."""
    ids = ids_by_title(scope)
    return [_json(row, ids) for row in listings.flows(scope, is_v1=True).order_by("-updated_at", "pk")]


def definition_json(scope: Scope, row: Flow) -> Json:
    """A definition as it goes over the wire."""
    return _json(row, ids_by_title(scope))


def _json(row: Flow, ids: Mapping[str, str]) -> Json:
    draft = draft_of(row)
    found = older.definition_of(template_of(draft, reasons=ids), templates.kept_of(row)["definition"])
    if draft.closing_reasons or "closingReasons" in found:
        found["closingReasons"] = _reason_ids(row, ids)
    return {
        **found,
        "id": row.key,
        "enabled": row.is_enabled,
        "creationTime": iso(row.created_at),
        "lastUpdateTime": iso(row.updated_at),
    }


def reason_ids(scope: Scope, row: Flow) -> list[Json]:
    """The closing reasons of a definition."""
    return _reason_ids(row, ids_by_title(scope))


def _reason_ids(row: Flow, ids: Mapping[str, str]) -> list[Json]:
    return [{"id": ids[title]} for title in draft_of(row).closing_reasons if title in ids]


def create_definition(scope: Scope, body: Json) -> Flow:
    """A new definition. Raises `Refusal`."""
    definition = _checked(scope, body)
    is_enabled = definition.pop("enabled", True)
    if is_enabled:
        templates.refuse_too_many(scope)
    with transaction.atomic():
        template = older.template_of(definition)
        return templates.store_new(scope, template, is_enabled=is_enabled, more={"definition": definition})


def update_definition(scope: Scope, id: str, body: Json) -> Flow:
    """Put a whole definition in the place of the stored one. Raises `Refusal`."""
    row = find_definition(scope, id)
    definition = _checked(scope, body)
    is_enabled = definition.pop("enabled", True)
    if is_enabled and not row.is_enabled:
        templates.refuse_too_many(scope)
    with transaction.atomic():
        template = older.template_of(definition)
        return templates.store(scope, row, template, is_enabled=is_enabled, more={"definition": definition})


def set_reasons(scope: Scope, row: Flow, reasons: list[Json]) -> None:
    """Offer exactly these closing reasons; of definitions and templates alike. Raises `Refusal`."""
    known = titles_by_id(scope)
    for reason in reasons:
        if reason["id"] not in known:
            raise unknown_reason(reason["id"], status=400)
    kept = templates.kept_of(row)
    template = {**template_of(draft_of(row), reasons=ids_by_title(scope)), "closing_reasons": reasons}
    more = {"definition": {**kept["definition"], "closingReasons": reasons}} if "definition" in kept else None
    with transaction.atomic():
        templates.store(scope, row, template, is_enabled=row.is_enabled, more=more)


def _checked(scope: Scope, body: Json) -> Json:
    """A definition with an id for every section and step. Raises `Refusal`."""
    definition = {k: v for k, v in body.items() if k not in ("id", "creationTime", "lastUpdateTime")}
    seen: set[str] = set()
    for entry in _entries(definition):
        entry.setdefault("id", short_id(6))
        if entry["id"] in seen:
            raise bad_request(f"Duplicate id '{entry['id']}'")
        seen.add(entry["id"])
    known = titles_by_id(scope)
    for reason in definition.get("closingReasons", ()):
        if reason["id"] not in known:
            raise unknown_reason(reason["id"], status=400)
    check_rules(older.template_of(definition))
    return definition


def _entries(definition: Json) -> Iterator[Json]:
    for entry in definition["flow"]:
        yield entry
        yield from entry.get("steps", ())
