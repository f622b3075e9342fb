"""A subscriber's inbox: reading it, and what they do with messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.timezone import now

from designer.graph.model import Json
from engine.notifying.html import plain_text
from engine.notifying.models import Channel, Message, Subscriber
from engine.notifying.sending import announce

PAGE: Final = 20
MOST: Final = 100
BUTTONS: Final = ("primary", "secondary")


class NoSuchMessage(LookupError):
    """There is no such message in this inbox."""


class NoSuchButton(LookupError):
    """The message has no such button."""


def messages_of(subscriber: Subscriber) -> QuerySet[Message]:
    """Everything in the inbox, newest first."""
    return Message.objects.filter(subscriber=subscriber, channel=Channel.IN_APP).order_by("-pk")


def counts_of(subscriber: Subscriber) -> dict[str, int]:
    """`{unseen, unread, total}` of what is not archived."""
    rows = messages_of(subscriber).filter(archived_at=None)
    return {
        "unseen": rows.filter(seen_at=None).count(),
        "unread": rows.filter(read_at=None).count(),
        "total": rows.count(),
    }


def page_of(
    subscriber: Subscriber, *, before: int | None, limit: int, archived: bool, unread: bool
) -> tuple[list[Message], int | None]:
    """Some messages and where the next page begins."""
    rows = messages_of(subscriber).filter(archived_at__isnull=not archived)
    if unread:
        rows = rows.filter(read_at=None)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: limit + 1])
    return found[:limit], found[limit - 1].pk if len(found) > limit else None


def message_json(row: Message) -> dict[str, Any]:
    """A message as the feed shows it. `text` is its body without markup, `html` as it was cleaned when it was sent."""
    content: Mapping[str, Json] = row.content if isinstance(row.content, Mapping) else {}
    buttons = [name for name in BUTTONS if isinstance(content.get(f"{name}_action"), Mapping)]
    return {
        "id": row.pk,
        "subject": plain_text(row.subject) if "<" in row.subject else row.subject,
        "text": plain_text(row.body) if "<" in row.body else row.body,
        "html": row.body,
        "avatar": content.get("avatar"),
        "redirect": content.get("redirect"),
        "actions": [_action(row, content, name) for name in buttons],
        "data": content.get("data"),
        "severity": row.severity,
        "tags": row.tags,
        "workflow": row.flow_key,
        "created_at": row.created_at.isoformat(),
        "is_seen": row.seen_at is not None,
        "is_read": row.read_at is not None,
        "is_archived": row.archived_at is not None,
    }


def _action(row: Message, content: Mapping[str, Json], name: str) -> dict[str, Any]:
    action = content[f"{name}_action"]
    return {
        "type": name,
        "label": action.get("label", ""),
        "redirect": action.get("redirect"),
        "is_done": bool((row.done or {}).get(name)),
    }


def mark(subscriber: Subscriber, id: int, how: str) -> Message:
    """`seen`, `read`, `unread`, `archive` or `unarchive` one message. Raises `NoSuchMessage`; KeyError for another."""
    row = messages_of(subscriber).filter(pk=id).first()
    if row is None:
        raise NoSuchMessage
    changes = _MARKS[how](row, now())
    for field, value in changes.items():
        setattr(row, field, value)
    if changes:
        row.save(update_fields=list(changes))
        announce(subscriber)
    return row


def mark_all(subscriber: Subscriber, how: str) -> int:
    """`seen`, `read` or `archive` everything that is not archived. Answers how many changed."""
    field = {"seen": "seen_at", "read": "read_at", "archive": "archived_at"}[how]
    rows = messages_of(subscriber).filter(archived_at=None, **{field: None})
    moment = now()
    number = rows.update(**{field: moment})
    if how in ("read", "archive"):
        messages_of(subscriber).filter(seen_at=None, **{f"{field}__isnull": False}).update(seen_at=moment)
    if number:
        announce(subscriber)
    return number


def press(subscriber: Subscriber, id: int, button: str) -> Message:
    """A button of a message was pressed: it is done, and the message read. Raises `NoSuchMessage`, `NoSuchButton`."""
    row = messages_of(subscriber).filter(pk=id).first()
    if row is None:
        raise NoSuchMessage
    if button not in BUTTONS or not isinstance(row.content.get(f"{button}_action"), Mapping):
        raise NoSuchButton
    moment = now()
    row.done = {**row.done, button: moment.isoformat()}
    row.seen_at, row.read_at = row.seen_at or moment, row.read_at or moment
    row.save(update_fields=["done", "seen_at", "read_at"])
    announce(subscriber)
    return row


_MARKS: Final[Mapping[str, Callable[[Message, datetime], dict[str, Any]]]] = {
    "seen": lambda row, moment: _first_time(row, moment, "seen_at"),
    "read": lambda row, moment: _first_time(row, moment, "seen_at", "read_at"),
    "unread": lambda row, moment: {"read_at": None},
    "archive": lambda row, moment: _first_time(row, moment, "seen_at", "read_at", "archived_at"),
    "unarchive": lambda row, moment: {"archived_at": None},
}


def _first_time(row: Message, moment: datetime, *fields: str) -> dict[str, datetime]:
    return {field: moment for field in fields if getattr(row, field) is None}
