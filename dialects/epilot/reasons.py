"""Closing reasons: the organization's library, under the vendor's ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.scope import Scope
from designer.models import ClosingReason
from designer.services import library
from designer.services.drafting import draft_of, replace_draft
from designer.services.errors import TitleTaken
from dialects.epilot.errors import bad_request, unknown_reason
from dialects.epilot.ids import iso, short_id
from dialects.epilot.models import ReasonId


def id_of(reason: ClosingReason) -> str:
    """The id of a reason, made on first use."""
    found = ReasonId.objects.filter(reason=reason).first()
    while found is None:
        try:
            with transaction.atomic():
                found = ReasonId.objects.create(reason=reason, key=short_id(6), updated_at=reason.created_at)
        except IntegrityError:
            found = ReasonId.objects.filter(reason=reason).first()
    return found.key


def ids_by_title(scope: Scope) -> dict[str, str]:
    """The ids of all reasons of the organization, by title."""
    rows = list(ClosingReason.objects.within(scope).select_related("epilot_id"))
    return {row.title: row.epilot_id.key if hasattr(row, "epilot_id") else id_of(row) for row in rows}


def titles_by_id(scope: Scope) -> dict[str, str]:
    """The titles of all reasons of the organization, by id."""
    return {id: title for title, id in ids_by_title(scope).items()}


def reason_json(reason: ClosingReason) -> dict[str, Any]:
    """A reason as it goes over the wire."""
    id = id_of(reason)
    updated = ReasonId.objects.get(reason=reason).updated_at
    return {
        "id": id,
        "title": reason.title,
        "status": "ACTIVE" if reason.is_active else "INACTIVE",
        "creationTime": iso(reason.created_at),
        "lastUpdateTime": iso(max(updated, reason.created_at)),
    }


def reasons_json(scope: Scope) -> dict[str, dict[str, Any]]:
    """All reasons of the organization as they go over the wire, by id."""
    found = (reason_json(row) for row in ClosingReason.objects.within(scope).order_by("title"))
    return {row["id"]: row for row in found}


def find_reason(scope: Scope, id: str) -> ClosingReason:
    """The reason of this id. Raises `Refusal` 404."""
    found = ClosingReason.objects.within(scope).filter(epilot_id__key=id).first()
    if found is None:
        raise unknown_reason(id)
    return found


@transaction.atomic
def add_reason(scope: Scope, body: Mapping[str, Any]) -> ClosingReason:
    """A new reason. Raises `Refusal` for a title that is taken."""
    try:
        reason = library.add_reason(scope, title=body["title"])
    except TitleTaken:
        raise bad_request(f"A closing reason with the title '{body['title']}' already exists") from None
    if body.get("status") == "INACTIVE":
        library.change_reason(scope, reason, title=reason.title, description="", is_active=False)
    return reason


def import_reasons(scope: Scope, template: dict[str, Any]) -> dict[str, str]:
    """Let the closing reasons of an exported template be those of this organization: the ones of the same id or title,
    and new ones for titles that it has not. Answers the ids they have here by those they had. Raises `Refusal` for
    one that is neither known nor named, before anything is made.
    """
    known, ids = titles_by_id(scope), ids_by_title(scope)
    wanted = {reason["id"]: reason for reason in template.get("closing_reasons", ())}
    unnamed = next((id for id, reason in wanted.items() if id not in known and not reason.get("title")), None)
    if unnamed is not None:
        raise unknown_reason(unnamed, status=400)
    mapped: dict[str, str] = {}
    for id, reason in wanted.items():
        title = reason.get("title")
        if id in known:
            mapped[id] = id
        else:
            mapped[id] = ids[title] = ids.get(title) or id_of(add_reason(scope, reason))
    if wanted:
        template["closing_reasons"] = [{"id": id} for id in dict.fromkeys(mapped.values())]
    return mapped


@transaction.atomic
def change_reason(scope: Scope, reason: ClosingReason, body: Mapping[str, Any]) -> ClosingReason:
    """Another title or status. Drafts that name the old title name the new one."""
    before, title = reason.title, body.get("title", reason.title)
    is_active = body.get("status", "ACTIVE" if reason.is_active else "INACTIVE") == "ACTIVE"
    try:
        library.change_reason(scope, reason, title=title, description=reason.description, is_active=is_active)
    except TitleTaken:
        raise bad_request(f"A closing reason with the title '{title}' already exists") from None
    id_of(reason)
    ReasonId.objects.filter(reason=reason).update(updated_at=timezone.now())
    if title != before:
        _rename_in_drafts(scope, reason, before, title)
    return reason


@transaction.atomic
def remove_reason(scope: Scope, reason: ClosingReason) -> None:
    """Delete a reason and take it out of every flow that offers it. Executions keep what they were started with."""
    _rename_in_drafts(scope, reason, reason.title, None)
    reason.flows.clear()
    library.remove_reason(scope, reason)


def _rename_in_drafts(scope: Scope, reason: ClosingReason, before: str, after: str | None) -> None:
    for row in reason.flows.filter(environment__organization=scope.organization):
        draft = draft_of(row)
        if before in draft.closing_reasons:
            titles = (after if title == before else title for title in draft.closing_reasons)
            changed = replace(draft, closing_reasons=tuple(title for title in titles if title is not None))
            replace_draft(scope.in_environment(row.environment), row, changed, revision=row.draft_revision)
