"""Who else hears the events of the bus: rooms above this one say so when they are loaded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from engine.models import InboundEvent

Listener = Callable[[InboundEvent, datetime], None]
"""Hears an event once, in the transaction that marks it as heard. What takes time is noted, and done as a chore."""

_listeners: list[Listener] = []


def add_listener(listener: Listener) -> None:
    """Have `listener` hear every event of every environment."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell_listeners(event: InboundEvent, now: datetime) -> None:
    """Let all of them hear it. Call it in the transaction that marks the event as matched."""
    for listener in _listeners:
        listener(event, now)
