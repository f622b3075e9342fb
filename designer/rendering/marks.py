"""What a drawing says about a flow beyond its graph: statuses of an instance, or differences of two versions. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Mark:
    """A status on a task. `status` is a word of `LOOKS`; `note` stands in place of the card's second line."""

    status: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """How a status is shown: tone (colour), icon of the sprite, word."""

    tone: str
    icon: str
    word: str


LOOKS: Final[Mapping[str, Look]] = MappingProxyType(
    {
        "open": Look("queued", "circle", "open"),
        "ready": Look("queued", "circle", "ready"),
        "queued": Look("queued", "circle", "queued"),
        "blocked": Look("queued", "lock", "disabled"),
        "not_reached": Look("skipped", "minus", "not reached"),
        "scheduled": Look("waiting", "calendar", "scheduled"),
        "running": Look("running", "dot", "running"),
        "retrying": Look("waiting", "refresh", "retrying"),
        "waiting": Look("waiting", "clock", "waiting"),
        "assigned": Look("running", "person", "assigned"),
        "claimed": Look("running", "person", "claimed"),
        "on_hold": Look("paused", "hand", "on hold"),
        "paused": Look("paused", "pause", "paused"),
        "rolling_back": Look("waiting", "undo", "rolling back"),
        "rollback_failed": Look("errored", "undo", "rollback failed"),
        "rolled_back": Look("terminated", "undo", "rolled back"),
        "complete": Look("complete", "check", "complete"),
        "completed": Look("complete", "check", "completed"),
        "errored": Look("errored", "alert", "errored"),
        "failed": Look("errored", "alert", "failed"),
        "timed_out": Look("errored", "clock", "timed out"),
        "terminated": Look("terminated", "stop", "terminated"),
        "cancelled": Look("terminated", "x", "cancelled"),
        "skipped": Look("skipped", "skip", "skipped"),
        "added": Look("added", "plus", "added"),
        "removed": Look("removed", "minus", "removed"),
        "changed": Look("changed", "pencil", "changed"),
        "moved": Look("moved", "expand", "moved"),
        "error": Look("errored", "alert", "problem"),
        "warning": Look("waiting", "alert", "warning"),
    }
)
"""Every status by its word. The words are those of the status chips (`accounts.templatetags.shell`)."""

QUIET: Final = frozenset({"open"})
"""Statuses that show no badge: nothing has happened yet."""


def look_of(status: str) -> Look:
    """How a status is shown. A word that is not known is shown as it is."""
    return LOOKS.get(status) or Look("queued", "circle", status.replace("_", " "))


def as_mark(mark: Mark | str) -> Mark:
    """A mark from itself or from its bare status."""
    return mark if isinstance(mark, Mark) else Mark(mark)
