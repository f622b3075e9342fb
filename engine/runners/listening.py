"""PostgreSQL's NOTIFY as a wake-up for workers. Elsewhere nobody listens, and there is nobody to tell."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from django.db import connection

log = logging.getLogger(__name__)

CHANNEL: Final = "quadrille_work"
LOOK_SECONDS: Final = 1.0
"""How long a listener may take to notice that it is told to stop."""


def notify_listeners() -> bool:
    """Tell every listening worker that there may be something to claim. For after a commit: within a transaction it
    would hold a lock of the whole database's until that one is on disk. Answers whether they were told."""
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        return False
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {CHANNEL}")
    return True


class Listener:
    """A thread that calls `when_told` after each notification. It connects again when its connection breaks."""

    def __init__(self, when_told: Callable[[], None]) -> None:
        self._when_told = when_told
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="quadrille-listener", daemon=True)

    def start(self) -> None:
        """Begin, where there is something to listen to."""
        if connection.vendor == "postgresql":
            self._thread.start()

    def stop(self) -> None:
        """End soon."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except Exception:
                log.warning("listening for work broke; it begins again", exc_info=True)
                self._stopping.wait(LOOK_SECONDS)
            finally:
                connection.close()

    def _listen(self) -> None:
        connection.ensure_connection()
        raw = connection.connection
        raw.execute(f"LISTEN {CHANNEL}")
        self._when_told()  # what came before is not told
        while not self._stopping.is_set():
            for _ in raw.notifies(timeout=LOOK_SECONDS, stop_after=1):
                self._when_told()
