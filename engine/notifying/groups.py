"""Digests and throttles: what is counted apart, under one lock per group.

Each call stands in a transaction of its own and is known by the step's idempotency key: asked again, it answers the
same. The lock is the group's row; on SQLite there is one writer anyway. Exactly one caller finds no open window.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import orjson
from django.db import transaction

from accounts.json_text import json_bytes
from designer.graph.model import Json
from engine.core.ports import StepContext
from engine.models import Instance
from engine.notifying import contents
from engine.notifying.models import Collected, Group, Passage, Window

KEPT: Final = timedelta(days=1)
"""How long what counts no more is remembered, for attempts that are repeated."""
FINAL: Final = ("complete", "errored", "terminated")


@dataclass(frozen=True, slots=True)
class Collecting:
    """What became of an event that reached a digest. `ends_at` None: it goes on at once."""

    ends_at: datetime | None
    is_owner: bool


def value_of_key(path: Json, data: Mapping[str, Json]) -> str:
    """What events are grouped by: a digest of the value at `path`; empty without a path or a value."""
    if not path:
        return ""
    value = contents.value_at(str(path), data)
    if value is None:
        return ""
    return hashlib.sha256(json_bytes(value, option=orjson.OPT_SORT_KEYS, default=str)).hexdigest()


def lock_group(context: StepContext, *, who: str, value: str) -> Group:
    """The group's row, made if there is none, locked until the end of the transaction."""
    group = Group(
        environment_id=context.environment_id, flow_id=context.flow_id, task=context.task.key, who=who, value=value
    )
    Group.objects.bulk_create([group], ignore_conflicts=True)
    return Group.objects.select_for_update().get(flow_id=context.flow_id, task=context.task.key, who=who, value=value)


@transaction.atomic
def collect(
    context: StepContext, *, who: str, value: str, ends_at: datetime, look_back: timedelta | None, payload: Json
) -> Collecting:
    """Add an event to its group: it opens the window and owns it, or joins the open one, or goes on at once."""
    group = lock_group(context, who=who, value=value)
    known = Collected.objects.filter(idempotency_key=context.idempotency_key).select_related("window").first()
    if known is not None:
        return _as_collected(known, context.instance_id)
    window = _open_window(group, context.now)
    if window is None and look_back is not None and not _came_lately(group, context.now - look_back):
        _note(group, None, context, payload)
        return Collecting(None, is_owner=True)
    if window is None:
        window = Window.objects.create(
            group=group, owner_id=context.instance_id, opened_at=context.now, ends_at=ends_at
        )
    _note(group, window, context, payload)
    return Collecting(window.ends_at, is_owner=window.owner_id == context.instance_id)


def _as_collected(known: Collected, instance_id: int) -> Collecting:
    if known.window is None:
        return Collecting(None, is_owner=True)
    return Collecting(known.window.ends_at, is_owner=known.window.owner_id == instance_id)


def _note(group: Group, window: Window | None, context: StepContext, payload: Json) -> None:
    Collected.objects.create(
        group=group,
        window=window,
        instance_id=context.instance_id,
        idempotency_key=context.idempotency_key,
        at=context.now,
        payload=payload if isinstance(payload, (dict, list)) else {"value": payload},
    )


def _open_window(group: Group, now: datetime) -> Window | None:
    """The window that collects; one whose owner has gone is taken over at its end by whoever is left."""
    return Window.objects.filter(group=group, closed_at=None).first()


def _came_lately(group: Group, since: datetime) -> bool:
    return Collected.objects.filter(group=group, at__gt=since).exists()


@transaction.atomic
def close_window(context: StepContext) -> list[dict[str, Json]] | None:
    """The window of this instance has ended: its events, oldest first, for its owner; None for all others.

    An owner that has gone (it was ended by hand) is replaced by the first that asks.
    """
    mine = Collected.objects.filter(idempotency_key=context.idempotency_key).select_related("window__group").first()
    if mine is None or mine.window is None:
        return [_event(mine)] if mine is not None else []
    window = _locked(mine.window)
    if window.closed_at is not None:
        return None
    if window.owner_id != context.instance_id:
        owner = Instance.objects.filter(pk=window.owner_id or 0).exclude(status__in=FINAL)
        if owner.exists():
            return None
    window.owner_id = context.instance_id
    window.closed_at = context.now
    window.save(update_fields=["owner", "closed_at"])
    return [_event(event) for event in window.events.select_related("instance").order_by("at", "pk")]


def _locked(window: Window) -> Window:
    """The window as it is now, its group locked until the end of the transaction."""
    Group.objects.select_for_update().get(pk=window.group_id)
    return Window.objects.get(pk=window.pk)


def _event(event: Collected) -> dict[str, Json]:
    return {"id": str(event.pk), "time": event.at.isoformat(), "payload": event.payload}


def leave_windows(instance_id: int, now: datetime) -> bool:
    """An instance is cancelled: its events are taken out, and a window that it owns goes to the oldest that is left.

    Answers whether it was in an open window.
    """
    found = False
    open_windows = Collected.objects.filter(instance_id=instance_id, window__closed_at=None, window__isnull=False)
    for event in list(open_windows.select_related("window")):
        with transaction.atomic():
            if event.window is None:
                continue
            window = _locked(event.window)
            if window.closed_at is not None:
                continue
            found = True
            event.delete()
            if window.owner_id != instance_id:
                continue
            heir = window.events.exclude(instance__status__in=FINAL).order_by("at", "pk").first()
            if heir is None or heir.instance_id is None:
                window.closed_at = now
                window.save(update_fields=["closed_at"])
            else:
                window.owner_id = heir.instance_id
                window.save(update_fields=["owner"])
    return found


@transaction.atomic
def pass_through(
    context: StepContext, *, who: str, value: str, threshold: int, expires_at: datetime
) -> tuple[bool, int]:
    """Count one execution of a throttle: whether it is let through, and which one it is within its window."""
    group = lock_group(context, who=who, value=value)
    known = Passage.objects.filter(idempotency_key=context.idempotency_key).first()
    if known is not None:
        return known.is_through, known.number
    Passage.objects.filter(group=group, expires_at__lt=context.now - KEPT).delete()
    counting = Passage.objects.filter(group=group, expires_at__gt=context.now)
    through = counting.filter(is_through=True).count()
    number = counting.count() + 1
    is_through = through < threshold
    Passage.objects.create(
        group=group,
        idempotency_key=context.idempotency_key,
        at=context.now,
        expires_at=expires_at,
        is_through=is_through,
        number=number,
    )
    return is_through, number
