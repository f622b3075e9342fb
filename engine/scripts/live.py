"""Programs that this process keeps running between their turns, so that they need not be replayed from their start.

Only a shortcut: a program that is not here, or whose history has gone another way, is replayed. Whoever takes one has
it alone until it is given back; several of one instance may be kept, for steps that run side by side.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final, NamedTuple

from django.conf import settings

from engine.core.ports import ProgramHistory
from engine.scripts.replay import Replay, Results

MOST_OF_ONE: Final = 8
"""How many copies of one program are kept."""
BYTES_EACH: Final = 16_384
BYTES_A_STEP: Final = 2_048
BYTES_OF_JSON: Final = 4
"""What a program, a step of it and a byte of JSON are taken to need in memory."""


class Which(NamedTuple):
    """Whose run it is, of what source, started with what: all that a program's way depends on beside its history."""

    instance_id: int
    instance_key: str
    program: str
    class_name: str
    fingerprint: str
    most_steps: int
    input_digest: str


class LivePrograms:
    """The programs of one process, those used last kept longest."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Which, list[Replay]] = OrderedDict()
        self._lock = threading.Lock()
        self.bytes = 0

    def take(self, which: Which, history: ProgramHistory, results: Results) -> Replay | None:
        """One that can be run on over this history; it is the caller's alone. None: replay it."""
        with self._lock:
            kept = self._kept.get(which)
            if not kept:
                return None
            fitting = [replay for replay in kept if replay.can_follow(history, results)]
            if not fitting:
                return None
            furthest = max(fitting, key=lambda replay: len(replay.delivered))
            kept.remove(furthest)
            self.bytes -= size_of(furthest)
            if not kept:
                del self._kept[which]
            return furthest

    def give(self, which: Which, replay: Replay) -> None:
        """Keep one that has come to rest. What there is no room for is put away, those used longest ago first."""
        away: list[Replay] = []
        with self._lock:
            kept = self._kept.setdefault(which, [])
            self._kept.move_to_end(which)
            kept.append(replay)
            self.bytes += size_of(replay)
            if len(kept) > MOST_OF_ONE:
                away.append(self._without_first(which))
            while self.bytes > settings.LIVE_PROGRAM_BYTES:
                away.append(self._without_first(next(iter(self._kept))))
        for old in away:
            old.put_away()

    def _without_first(self, which: Which) -> Replay:
        kept = self._kept[which]
        # Of one program's copies, the one that has come least far is of least use.
        old = min(kept, key=lambda replay: len(replay.delivered))
        kept.remove(old)
        if not kept:
            del self._kept[which]
        self.bytes -= size_of(old)
        return old

    def clear(self) -> None:
        """Put all away."""
        with self._lock:
            away = [replay for kept in self._kept.values() for replay in kept]
            self._kept.clear()
            self.bytes = 0
        for old in away:
            old.put_away()


def size_of(replay: Replay) -> int:
    """About how many bytes of memory a program needs."""
    return BYTES_EACH + BYTES_A_STEP * len(replay.steps.requests) + BYTES_OF_JSON * replay.weight


LIVE: Final = LivePrograms()
"""Those of this process."""
