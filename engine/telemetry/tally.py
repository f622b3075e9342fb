"""What this process has done since its start, as plain numbers: for the page that shows all processes.

Prometheus has more (`metrics`), but not always somebody to ask it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

LATENESS: Final = timedelta(minutes=5)
"""How long a late timer is remembered."""


@dataclass(slots=True)
class Tally:
    """Counts that only grow, and the worst of the last minutes."""

    taken_over: int = 0
    refused: int = 0
    fired: int = 0
    swept_at: datetime | None = None
    _late: deque[tuple[datetime, float]] = field(default_factory=deque)

    def note_timers(self, due: Iterable[datetime], now: datetime) -> None:
        """These fired now."""
        late = [(now - at).total_seconds() for at in due]
        if late:
            self.fired += len(late)
            self._late.append((now, max(0.0, *late)))
            self._forget(now)

    def latest(self, now: datetime) -> float:
        """By how many seconds the latest timer of the last five minutes was."""
        self._forget(now)
        return max((seconds for _, seconds in tuple(self._late)), default=0.0)

    def _forget(self, now: datetime) -> None:
        # One entry a second is enough to know the worst of minutes.
        while self._late and (self._late[0][0] < now - LATENESS or len(self._late) > LATENESS.total_seconds()):
            self._late.popleft()


own: Final = Tally()
"""That of this process."""


def note_sweep(now: datetime) -> int:
    """The clock has gone round. There was nothing to do, as far as this verb is asked."""
    own.swept_at = now
    return 0
