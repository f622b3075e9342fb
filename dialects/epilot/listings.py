"""What lists and searches ask of templates, kept beside the flows so that the database answers it.

A listing is read from a flow's draft, and read again when the draft has another revision: whoever changed it, over
whatever way. Asking costs one query where nothing has changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Q, QuerySet

from accounts.scope import Scope
from designer.models import Flow
from designer.services.drafting import draft_of
from dialects.epilot.models import Listing, Mention
from dialects.epilot.translate.words import DIALECT

MOST_AT_ONCE: Final = 200
Json = dict[str, Any]


def flows(scope: Scope, *, is_v1: bool = False) -> QuerySet[Flow]:
    """The flows of the environment that are templates (or definitions), with their listings up to date."""
    refresh(scope)
    return mine(scope).filter(epilot_listing__is_v1=is_v1)


def mine(scope: Scope) -> QuerySet[Flow]:
    """The flows that this dialect shows, as the listings have them."""
    rows = Flow.objects.within(scope).filter(epilot_listing__is_gone=False)
    return rows.select_related("live_version", "environment")


def refresh(scope: Scope) -> None:
    """Read the listings of the flows whose drafts have changed."""
    stale = Q(epilot_listing=None) | ~Q(epilot_listing__revision=F("draft_revision"))
    while rows := list(Flow.objects.within(scope).filter(stale).order_by("pk")[:MOST_AT_ONCE]):
        for row in rows:
            _read(row)
        if len(rows) < MOST_AT_ONCE:
            return


@transaction.atomic
def _read(row: Flow) -> None:
    kept: Mapping[str, Any] = draft_of(row).extensions.get(DIALECT, {})
    template = kept.get("template") or {}
    listing, _ = Listing.objects.update_or_create(
        flow=row,
        defaults={
            "revision": row.draft_revision,
            "is_v1": "definition" in kept,
            "is_gone": bool(kept.get("deleted")),
            "folded_name": row.name.casefold()[:400],
        },
    )
    listing.mentions.all().delete()
    Mention.objects.bulk_create([Mention(listing=listing, **found) for found in _mentions(template)])


def _mentions(template: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    triggers = [template["trigger"]] if template.get("trigger") else []
    for trigger in [*triggers, *(template.get("additional_triggers") or ())] or [{"type": "manual"}]:
        yield {
            "trigger": str(trigger.get("type", ""))[:40],
            "automation": str(trigger.get("automation_id") or "")[:100],
            "journey": str(trigger.get("journey_id") or "")[:100],
            "schema": str(trigger.get("entity_schema") or "")[:100],
        }
    for task in template.get("tasks", ()):
        automation = (task.get("automation_config") or {}).get("flow_id")
        if automation:
            yield {"automation": str(automation)[:100]}


def started_by(rows: QuerySet[Flow], type: str, **wanted: str) -> QuerySet[Flow]:
    """Those with a trigger of this type; `automation`, `journey`, `schema`: and which says just this."""
    said = {name: value for name, value in wanted.items() if value}
    return rows.filter(pk__in=Mention.objects.filter(trigger=type, **said).values("listing__flow"))


def named_automations(scope: Scope, ids: set[str]) -> set[str]:
    """Those of these automations that a flow of the environment names."""
    refresh(scope)
    found = Mention.objects.filter(listing__flow__environment=scope.environment, automation__in=ids)
    return set(found.values_list("automation", flat=True))
