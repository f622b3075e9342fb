"""Something outside that may be away: said once when it goes and once when it comes back, not at each try."""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

REPEAT_SECONDS: Final = 60.0
"""So often what stays away is spoken of again."""


class Outage:
    """What is known of one thing outside. `failed` and `worked` may be called from any thread, as often as one tries.

    `what` is said of each failure: "live changes were not sent".
    """

    def __init__(self, log: logging.Logger, what: str) -> None:
        self._log = log
        self._what = what
        self._lock = threading.Lock()
        self._failures = 0
        self._began_at = 0.0
        self._next_at = 0.0

    @property
    def is_on(self) -> bool:
        """Whether the last try failed."""
        return self._failures > 0

    def failed(self, error: BaseException) -> None:
        """It did not answer. The first failure is logged with where it came from, then one line a minute."""
        with self._lock:
            now = time.monotonic()
            self._failures += 1
            count, is_first = self._failures, self._failures == 1
            if is_first:
                self._began_at = now
            elif now < self._next_at:
                return
            self._next_at = now + REPEAT_SECONDS
        if is_first:
            self._log.warning("%s: %s", self._what, error, exc_info=error)
        else:
            self._log.warning("%s: %s (failed %d times so far)", self._what, error, count)

    def worked(self) -> None:
        """It answered."""
        if not self._failures:
            return
        with self._lock:
            count, self._failures = self._failures, 0
            seconds = time.monotonic() - self._began_at
        if count:
            self._log.warning(
                "%s: that was so for %.0f seconds (failed %d times); it works again", self._what, seconds, count
            )
