"""Entities as the outside world changes them, and automations that end: what flows hear of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.scope import Scope
from engine.entities.automations import end_run
from engine.entities.models import AutomationRun, Entity, Relation
from engine.models import Instance
from engine.services.errors import InvalidInput, NotLegalNow
from engine.services.events import send_event
from engine.services.executing import storing_problem
from engine.services.triggers import receive_event

MOST_RELATIONS: Final = 500
RUN_EVENT: Final = "automation.ended:"


@transaction.atomic
def save_entity(
    scope: Scope,
    key: str,
    *,
    schema: str,
    attributes: Mapping[str, Any],
    title: str = "",
    relations: Sequence[Mapping[str, str]] | None = None,
    merge: bool = False,
) -> tuple[Entity, bool]:
    """Make or change an entity; tells whether it was made. Triggers that listen to `entity.created` or
    `entity.updated` hear of it, with the entity as payload. Raises `InvalidInput`, also for relations to nothing.
    """
    problem = storing_problem(dict(attributes))
    if problem is not None:
        raise InvalidInput([("attributes", problem)])
    entity, is_new = Entity.objects.get_or_create(
        environment=scope.environment, key=key, defaults={"schema": schema, "title": title}
    )
    entity = Entity.objects.select_for_update().get(pk=entity.pk)
    before = dict(entity.attributes)
    entity.schema, entity.title = schema, title or entity.title
    entity.attributes = {**before, **attributes} if merge else dict(attributes)
    entity.updated_at = timezone.now()
    entity.save(update_fields=["schema", "title", "attributes", "updated_at"])
    if relations is not None:
        _relate(scope, entity, relations)
    changed = sorted(k for k in {*before, *entity.attributes} if before.get(k) != entity.attributes.get(k))
    if is_new or changed or relations is not None:
        payload = {"id": key, "schema": schema, "attributes": entity.attributes, "changed": changed}
        receive_event(scope, "entity.created" if is_new else "entity.updated", payload)
    return entity, is_new


def _relate(scope: Scope, entity: Entity, relations: Sequence[Mapping[str, str]]) -> None:
    if len(relations) > MOST_RELATIONS:
        raise InvalidInput([("relations", f"must have at most {MOST_RELATIONS} entries")])
    wanted = {relation["entity"] for relation in relations}
    known = {row.key: row for row in Entity.objects.within(scope).filter(key__in=wanted)}
    unknown = (number for number, relation in enumerate(relations) if relation["entity"] not in known)
    missing = [(f"relations.{number}.entity", "there is no such entity") for number in unknown]
    if missing:
        raise InvalidInput(missing)
    entity.relations.all().delete()
    unique = {(relation["name"], relation["entity"]): None for relation in relations}
    Relation.objects.bulk_create([Relation(source=entity, name=name, target=known[key]) for name, key in unique])


def finish_run(
    run: AutomationRun, status: str, *, scope: Scope, output: Mapping[str, Any] | None = None, reason: str = ""
) -> AutomationRun:
    """Say how a run that goes on has ended; the step that waits for it goes on. Raises `NotLegalNow`."""
    with transaction.atomic():
        locked = AutomationRun.objects.select_for_update().get(pk=run.pk)
        if locked.status != "in_progress":
            raise NotLegalNow(f"The run has ended already: {locked.status}.")
        end_run(locked, status, output=output, reason=reason, now=timezone.now())
        instance = Instance.objects.within(scope).filter(pk=locked.instance_id or 0).first()
        if instance is not None and not instance.is_final:
            send_event(scope, instance, type=f"{RUN_EVENT}{locked.key}", payload=_told(locked))
    return locked


def _told(run: AutomationRun) -> dict[str, Any]:
    if run.status in ("success", "skipped", "cancelled"):
        return {**run.output, "run": run.key, "outcome": run.status}
    return {"error": {"message": run.error_reason, "run": run.key, "outcome": run.status}}
