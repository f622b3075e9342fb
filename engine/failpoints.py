"""Places where the engine can be made to fail, to see that nothing is lost there.

Armed by the environment alone, when the process starts; off, each costs the look at an empty dictionary.

    QUADRILLE_FAILPOINTS="after_effect:automation=kill@3,before_commit=raise"

A list of `point[:kind]=action[@n]`: at the point (only for steps of that kind), the n-th time (the first), do this:

| action | does |
|---|---|
| `kill` | the process ends at once, as by `kill -9` |
| `stop` | the process stands still until somebody continues it |
| `raise` | raises `FailpointReached`, which no `except Exception` holds up |
| `refuse` | raises the error of a database that refuses to work now |
| `drop`, `thrice` | (only for `wake`) every wake-up is lost; every one comes three times |
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from django.db import OperationalError

VARIABLE: Final = "QUADRILLE_FAILPOINTS"
POINTS: Final = frozenset(
    {
        "before_effect",  # a step is about to be executed
        "after_effect",  # it has been; nobody has been told
        "before_write",  # a unit of work is decided; nothing of it is written
        "before_commit",  # it is written; the transaction, where there is one, is still open
        "after_commit",  # it is committed; nobody in this process knows
        "wake",  # somebody is told that there is something to do
    }
)
ACTIONS: Final = frozenset({"kill", "stop", "raise", "refuse"})
DELIVERIES: Final[Mapping[str, int]] = {"drop": 0, "thrice": 3}


class FailpointReached(BaseException):
    """The failpoint is armed to `raise`. No `Exception`: nothing but the end of a transaction is to handle it."""


class BadFailpoints(ValueError):
    """The text does not say which failpoint does what."""


@dataclass(slots=True)
class Failpoint:
    """One that is armed. `kind`: for steps of this kind alone, empty for any. `countdown`: times until it acts."""

    kind: str
    action: str
    countdown: int = 1


def parse(text: str) -> dict[str, list[Failpoint]]:
    """What a text arms, by point. Raises `BadFailpoints`."""
    found: dict[str, list[Failpoint]] = {}
    for entry in filter(None, (entry.strip() for entry in text.split(","))):
        place, _, deed = entry.partition("=")
        point, _, kind = place.partition(":")
        action, _, number = deed.partition("@")
        known = DELIVERIES if point == "wake" else ACTIONS
        if point not in POINTS or action not in known or not (number or "1").isdecimal():
            raise BadFailpoints(f"{VARIABLE}: {entry!r} is no point[:kind]=action[@n]")
        found.setdefault(point, []).append(Failpoint(kind, action, int(number or 1)))
    return found


armed: dict[str, list[Failpoint]] = parse(os.environ.get(VARIABLE, ""))
"""By point. Empty where nobody wants to see anything fail."""
_counting: Final = threading.Lock()


def reach(point: str, kinds: Collection[str] = ()) -> None:
    """This point has been reached by steps of these kinds. Ask `armed` first: it is cheaper."""
    for failpoint in armed.get(point, ()):
        if failpoint.kind and failpoint.kind not in kinds:
            continue
        with _counting:
            failpoint.countdown -= 1
            is_it = failpoint.countdown == 0
        if is_it:
            _act(point, failpoint.action)


def deliveries() -> int:
    """How often a wake-up is delivered: once, unless armed otherwise."""
    return DELIVERIES[armed["wake"][0].action] if "wake" in armed else 1


def _act(point: str, action: str) -> None:
    match action:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "refuse":
            raise OperationalError(f"failpoint {point}")
        case _:
            raise FailpointReached(point)
