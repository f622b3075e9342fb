"""Entities: found, made, changed; and how contexts refer to them.

The context of an instance names an entity by a *reference*, `{"$entity": KEY, "schema": SCHEMA}`. What reads the
context (templates, conditions) sees the entity's attributes in its place, as they are at that moment.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from django.db import transaction

from engine.entities.models import Entity, EntityUse

REFERENCE: Final = "$entity"
_LETTERS: Final = "23456789abcdefghjkmnpqrstuvwxyz"


def new_key(length: int = 12) -> str:
    """A fresh id of lower-case letters and digits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def refer_to(key: str, schema: str) -> dict[str, str]:
    """What stands in a context for an entity."""
    return {REFERENCE: key, "schema": schema}


def find_or_make(environment_id: int, key: str, schema: str) -> Entity:
    """The entity of this key, or a new one without attributes. One that is there keeps its schema."""
    entity, _ = Entity.objects.get_or_create(environment_id=environment_id, key=key, defaults={"schema": schema})
    return entity


def note_uses(instances: Iterable[tuple[int, int, Any]]) -> None:
    """Write down which entities the contexts of new instances refer to: (environment, instance, context) of each."""
    rows = [
        EntityUse(environment_id=environment_id, instance_id=instance_id, entity_key=key[:200], name=name[:200])
        for environment_id, instance_id, context in instances
        for key, name in _named(context).items()
    ]
    if rows:
        EntityUse.objects.bulk_create(rows)


@transaction.atomic
def renew_uses(environment_id: int, instance_id: int, context: Any) -> None:
    """As `note_uses`, for an instance whose context has changed."""
    EntityUse.objects.filter(instance_id=instance_id).delete()
    note_uses([(environment_id, instance_id, context)])


def _named(context: Any) -> dict[str, str]:
    """What a context calls the entities it refers to, by their keys."""
    if not isinstance(context, Mapping):
        return {}
    found: dict[str, str] = {}
    for name, value in context.items():
        for key in _references(value):
            found.setdefault(key, str(name))
    return found


def resolved(environment_id: int, context: Any) -> Any:
    """A context with every reference replaced by what the entity is now: its attributes, `_id`, `_schema`, and the
    entities it is related to by the names of the relations. One query, two with relations; none without references.
    """
    wanted = set(_references(context))
    if not wanted:
        return context
    rows = Entity.objects.filter(environment_id=environment_id, key__in=wanted).prefetch_related("relations__target")
    return _with(context, {row.key: as_data(row) for row in rows})


def as_data(entity: Entity) -> dict[str, Any]:
    """An entity as templates and conditions see it."""
    data: dict[str, Any] = {**entity.attributes, "_id": entity.key, "_schema": entity.schema}
    for relation in entity.relations.all():
        target = relation.target
        related = {**target.attributes, "_id": target.key, "_schema": target.schema}
        found = data.setdefault(relation.name, [])
        if isinstance(found, list):
            found.append(related)
    return data


def _references(value: Any) -> Iterator[str]:
    """Every key that a context refers to, at any depth."""
    if isinstance(value, Mapping):
        if isinstance(value.get(REFERENCE), str):
            yield value[REFERENCE]
            return
        value = value.values()
    if isinstance(value, Iterable) and not isinstance(value, str):
        for entry in value:
            yield from _references(entry)


def _with(value: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        key = value.get(REFERENCE)
        if isinstance(key, str):
            return known.get(key, {"_id": key, "_schema": value.get("schema")})
        return {name: _with(entry, known) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with(entry, known) for entry in value]
    return value
