"""Connections of `accounts.outbound` that are kept for the next request to the same place on the same behalf.

A connection is kept under whom it was made for, the scheme, host and port, and the address that it leads to. Who takes
one has looked the host up and checked its addresses anew, as for a connection that is yet to be made; so one that leads
where the host is not any more, or where nobody may call any more, is never taken again.

Nothing is shared between owners, because a server may know a connection by who has signed in over it.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from accounts.outbound_wire import Wire

IDLE_SECONDS: Final = 3.0
"""How long a connection is kept. Less than after what servers usually hang up."""
MOST_IDLE: Final = 256
"""In this process; the one that has been idle for the longest goes first."""


class Place(NamedTuple):
    """Where a connection leads. `owner`: on whose behalf it was made."""

    owner: int
    scheme: str
    host: str
    port: int
    address: str


@dataclass(eq=False, slots=True)
class Kept:
    """A connection that nobody uses just now."""

    place: Place
    connection: Wire
    idle_since: float = 0.0


class KeptConnections:
    """Those of this process. Callable from any thread."""

    def __init__(self) -> None:
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        """They stay those of the process that this one was forked from."""
        self._lock = threading.Lock()
        self._idle: dict[Place, deque[Kept]] = {}
        self._count = 0
        self._is_swept = False

    def take(self, places: Sequence[Place]) -> Kept | None:
        """One that leads to the first of these places that has any, and that the other side has not closed."""
        while (kept := self._take(places)) is not None:
            if time.monotonic() - kept.idle_since < IDLE_SECONDS and not kept.connection.has_news():
                return kept
            kept.connection.close()
        return None

    def _take(self, places: Sequence[Place]) -> Kept | None:
        with self._lock:
            for place in places:
                if waiting := self._idle.get(place):
                    self._count -= 1
                    kept = waiting.pop()
                    if not waiting:
                        del self._idle[place]
                    return kept
        return None

    def keep(self, kept: Kept) -> None:
        """Keep a connection over which an exchange has come to its end; hang up where another is not possible."""
        if not kept.connection.is_idle:
            kept.connection.close()
            return
        kept.idle_since = time.monotonic()
        with self._lock:
            self._idle.setdefault(kept.place, deque()).append(kept)
            self._count += 1
            too_many = [self._pop_oldest()] if self._count > MOST_IDLE else []
            must_sweep, self._is_swept = not self._is_swept, True
        for old in too_many:
            old.connection.close()
        if must_sweep:
            self._sweep_later()

    def close(self) -> None:
        """Hang up on everyone."""
        self._hang_up_since(float("inf"))

    def _sweep_later(self) -> None:
        timer = threading.Timer(IDLE_SECONDS, self._sweep)
        timer.daemon = True
        timer.start()

    def _sweep(self) -> None:
        self._hang_up_since(time.monotonic() - IDLE_SECONDS)
        with self._lock:
            self._is_swept = self._count > 0
            must_sweep = self._is_swept
        if must_sweep:
            self._sweep_later()

    def _hang_up_since(self, moment: float) -> None:
        """Close what has been idle since then or longer."""
        old = []
        with self._lock:
            while self._idle and self._oldest_place()[0] <= moment:
                old.append(self._pop_oldest())
        for kept in old:
            kept.connection.close()

    def _oldest_place(self) -> tuple[float, Place]:
        return min((waiting[0].idle_since, place) for place, waiting in self._idle.items())

    def _pop_oldest(self) -> Kept:
        place = self._oldest_place()[1]
        kept = self._idle[place].popleft()
        if not self._idle[place]:
            del self._idle[place]
        self._count -= 1
        return kept


kept_connections: Final = KeptConnections()
