"""Entities as the outside world changes them, and automations that end: what flows hear of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.scope import Scope
from designer.graph.model import Json
from engine.entities.automations import end_run
from engine.entities.models import AutomationRun, Entity, EntityChange, Relation
from engine.models import Instance
from engine.services.actors import actor_of
from engine.services.errors import InvalidInput, NotLegalNow
from engine.services.events import send_event
from engine.services.executing import storing_problem
from engine.services.triggers import receive_event

MOST_RELATIONS: Final = 500
MOST_CHANGES: Final = 500
"""What is kept of an entity's history: its latest changes."""
DEEPEST: Final = 10
"""How often a change may start a flow whose instance changes an entity, and so on, before nobody hears of it."""
RUN_EVENT: Final = "automation.ended:"
CREATED, UPDATED, DELETED = "entity.created", "entity.updated", "entity.deleted"


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes entities: somebody, or an instance. `depth`: how many changes led to that instance. `portal`: whose
    portal it was done on, if on one.
    """

    by: Mapping[str, Json]
    instance_id: int | None = None
    depth: int = 0
    portal: str = ""


def author_of(scope: Scope, *, portal: str = "") -> Author:
    """Somebody outside."""
    return Author(actor_of(scope), portal=portal)


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
    portal: str = "",
) -> tuple[Entity, bool]:
    """Make or change an entity; tells whether it was made. Triggers that listen to `entity.created` or
    `entity.updated` hear of it, with the entity as payload, what its changed attributes were `before`, and the `portal`
    (`END_CUSTOMER_PORTAL`) where it was done on one. Raises `InvalidInput`, also for relations to nothing.
    """
    entity, is_new = Entity.objects.get_or_create(
        environment=scope.environment, key=key, defaults={"schema": schema, "title": title}
    )
    entity = Entity.objects.select_for_update().get(pk=entity.pk)
    before = dict(entity.attributes)
    entity.schema, entity.title = schema, title or entity.title
    entity.attributes = {**before, **attributes} if merge else dict(attributes)
    _refuse_unstorable(entity.attributes)
    entity.updated_at = timezone.now()
    entity.save(update_fields=["schema", "title", "attributes", "updated_at"])
    if relations is not None:
        _relate(scope, entity, relations)
    author = author_of(scope, portal=portal)
    _tell(scope, entity, before, author, is_new=is_new, has_relations=relations is not None)
    return entity, is_new


@transaction.atomic
def write_attributes(scope: Scope, key: str, schema: str, values: Mapping[str, Any], author: Author) -> Entity:
    """Merge values into an entity's attributes; it is made where it is not there. Raises `InvalidInput`.

    Whoever writes to several writes in the order of their keys, so that nobody waits for each other.
    """
    rows = Entity.objects.filter(environment=scope.environment, key=key)
    _, is_new = rows.get_or_create(environment=scope.environment, key=key, defaults={"schema": schema})
    entity = rows.select_for_update().get()
    before = dict(entity.attributes)
    entity.attributes = {**before, **values}
    _refuse_unstorable(entity.attributes)
    entity.updated_at = timezone.now()
    entity.save(update_fields=["attributes", "updated_at"])
    _tell(scope, entity, before, author, is_new=is_new)
    return entity


@transaction.atomic
def delete_entity(scope: Scope, entity: Entity) -> None:
    """Remove an entity with its history. Instances about it go on, and find nothing in its place."""
    payload = {"id": entity.key, "schema": entity.schema, "attributes": entity.attributes, "changed": []}
    entity.delete()
    receive_event(scope, DELETED, payload)


def _refuse_unstorable(attributes: Mapping[str, Any]) -> None:
    problem = storing_problem(dict(attributes))
    if problem is not None:
        raise InvalidInput([("attributes", problem)])


def _tell(
    scope: Scope,
    entity: Entity,
    before: Mapping[str, Any],
    author: Author,
    *,
    is_new: bool,
    has_relations: bool = False,
) -> None:
    """Write the entity's history, and let triggers hear of the change. Nothing where nothing is different."""
    after = entity.attributes
    changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    if not (is_new or changed or has_relations):
        return
    EntityChange.objects.create(
        entity=entity,
        at=entity.updated_at,
        by=dict(author.by),
        instance_id=author.instance_id,
        is_new=is_new,
        values={name: _difference(name, before, after) for name in changed},
        has_relations=has_relations,
    )
    _forget_oldest(entity)
    if author.depth > DEEPEST:
        return
    payload: dict[str, Json] = {"id": entity.key, "schema": entity.schema, "attributes": after, "changed": changed}
    if author.depth:
        payload["depth"] = author.depth
    if author.portal:
        payload["portal"] = author.portal
    if not is_new:
        payload["before"] = {name: before[name] for name in changed if name in before}
        if storing_problem(payload) is not None:  # large entities are told of without it
            del payload["before"]
    receive_event(scope, CREATED if is_new else UPDATED, payload)


def _difference(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Json]:
    sides = (("before", before), ("after", after))
    return {side: values[name] for side, values in sides if name in values}


def _forget_oldest(entity: Entity) -> None:
    rows = EntityChange.objects.filter(entity=entity).order_by("-pk")
    oldest = rows.values_list("pk", flat=True)[MOST_CHANGES : MOST_CHANGES + 1].first()
    if oldest is not None:
        rows.filter(pk__lte=oldest).delete()


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
