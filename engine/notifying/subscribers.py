"""Subscribers: finding and keeping them up to date, and how messages see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.timezone import now

from designer.graph.model import Json
from engine.notifying.models import Subscriber

FIELDS: Final[Mapping[str, str]] = {
    "firstName": "first_name",
    "lastName": "last_name",
    "email": "email",
    "phone": "phone",
    "avatar": "avatar",
    "locale": "locale",
    "timezone": "timezone",
    "data": "data",
    "channels": "channels",
}
"""What can be said of a subscriber, by the name messages know it."""
_LONGEST: Final = {
    "first_name": 200,
    "last_name": 200,
    "email": 320,
    "phone": 60,
    "avatar": 4000,
    "locale": 40,
    "timezone": 60,
}


def keep_subscriber(environment_id: int, subscriber_id: str, fields: Mapping[str, Json]) -> Subscriber:
    """The subscriber with this id, made if there is none, with the given fields taken over (null empties one)."""
    values = columns_of(fields)
    found = Subscriber.objects.filter(environment_id=environment_id, subscriber_id=subscriber_id).first()
    if found is None:
        try:
            with transaction.atomic():
                return Subscriber.objects.create(environment_id=environment_id, subscriber_id=subscriber_id, **values)
        except IntegrityError:
            found = Subscriber.objects.get(environment_id=environment_id, subscriber_id=subscriber_id)
    changed = {name: value for name, value in values.items() if getattr(found, name) != value}
    if changed:
        for name, value in changed.items():
            setattr(found, name, value)
        found.updated_at = now()
        found.save(update_fields=[*changed, "updated_at"])
    return found


def columns_of(fields: Mapping[str, Json]) -> dict[str, Any]:
    """The columns for the known fields; texts are cut to what is stored."""
    values: dict[str, Any] = {}
    for name, column in FIELDS.items():
        if name not in fields:
            continue
        value = fields[name]
        if column == "data":
            values[column] = dict(value) if isinstance(value, Mapping) else {}
        elif column == "channels":
            values[column] = list(value) if isinstance(value, (list, tuple)) else []
        else:
            values[column] = "" if value is None else str(value)[: _LONGEST[column]]
    return values


def view_of(subscriber: Subscriber) -> dict[str, Json]:
    """A subscriber as templates and rules see them; what is not known is left out."""
    view: dict[str, Json] = {"subscriberId": subscriber.subscriber_id}
    for name, column in FIELDS.items():
        value = getattr(subscriber, column)
        if value or name == "data":
            view[name] = value
    return view
