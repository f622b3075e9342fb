"""The journeys a template refers to: resolved for exports, made anew by imports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from accounts.scope import Scope
from designer.graph.json_schemas import json_schema_reason
from dialects.epilot.automations import triggers_of
from engine.entities.journeys import make_journey
from engine.entities.models import Journey
from engine.entities.store import new_key

Json = dict[str, Any]


def references(template: Mapping[str, Any]) -> Iterator[tuple[Json, str]]:
    """Every object that names a journey, and the field in which it does."""
    for trigger in triggers_of(template):
        if trigger.get("journey_id"):
            yield trigger, "journey_id"
    for task in template.get("tasks", ()):
        for place in (task, task.get("ecp") or {}, task.get("installer") or {}):
            journey = place.get("journey") or {}
            if journey.get("journeyId"):
                yield journey, "journeyId"


def resolved_journeys(scope: Scope, template: Mapping[str, Any]) -> dict[str, Json | None]:
    """Each journey a template names, in full; None for one that is not there."""
    ids = {str(entry[field]) for entry, field in references(template)}
    rows = {row.key: row for row in Journey.objects.within(scope).filter(key__in=ids)}
    return {id: _journey(rows[id]) if id in rows else None for id in sorted(ids)}


def _journey(row: Journey) -> Json:
    return {"name": row.name, "form": row.form, "entity_schema": row.entity_schema, "public": row.is_public}


def import_journeys(scope: Scope, template: Json, resolved: Mapping[str, Any]) -> dict[str, str]:
    """Make the journeys of an export anew, and name them; answers new ids by old ones. Others keep their names."""
    made: dict[str, str] = {}
    for entry, field in references(template):
        old, found = entry[field], resolved.get(entry[field])
        if old not in made and isinstance(found, Mapping):
            form = found.get("form")
            is_sound = isinstance(form, Mapping) and json_schema_reason(dict(form)) is None
            made[old] = make_journey(
                scope.environment.pk,
                key=f"j-{new_key(8)}",
                name=str(found.get("name") or old)[:200],
                form=form if is_sound and isinstance(form, Mapping) else {},
                entity_schema=str(found.get("entity_schema") or "")[:100],
                is_public=found.get("public") is True,
            ).key
        entry[field] = made.get(old, old)
    return made
