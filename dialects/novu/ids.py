"""The ids of rows as Novu writes them, and the rows of ids."""

from __future__ import annotations

from accounts.models import Environment, Organization
from dialects.novu.translate.ids import IdOf, decode_id, encode_id
from engine.notifying.models import Message, Notification, Subscriber, Topic


def organization_id(organization: Organization) -> str:
    """Its `_id`."""
    return encode_id(IdOf.ORGANIZATION, organization.pk, organization.created_at)


def environment_id(environment: Environment) -> str:
    """Its `_id`."""
    return encode_id(IdOf.ENVIRONMENT, environment.pk, environment.created_at)


def subscriber_id(subscriber: Subscriber) -> str:
    """Its `_id`."""
    return encode_id(IdOf.SUBSCRIBER, subscriber.pk, subscriber.created_at)


def topic_id(topic: Topic) -> str:
    """Its `_id`."""
    return encode_id(IdOf.TOPIC, topic.pk, topic.created_at)


def notification_id(notification: Notification) -> str:
    """Its `_id`."""
    return encode_id(IdOf.NOTIFICATION, notification.pk, notification.created_at)


def message_id(message: Message) -> str:
    """Its `_id`."""
    return encode_id(IdOf.MESSAGE, message.pk, message.created_at)


def layout_id(environment: Environment) -> str:
    """The `_id` of an environment's one layout: the plain page around a mail."""
    return encode_id(IdOf.LAYOUT, environment.pk, environment.created_at)


def find_environment(organization: Organization, id: str) -> Environment | None:
    """The organization's environment with this `_id` (or identifier)."""
    pk = decode_id(id, IdOf.ENVIRONMENT)
    rows = Environment.objects.of(organization)
    found = rows.filter(pk=pk).first() if pk is not None else None
    return found if found is not None and environment_id(found) == id else None
