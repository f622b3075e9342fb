"""Mails that go beside the request: nobody waits for a mail server, nor learns from how long it takes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

log = logging.getLogger(__name__)
MAIL_THREAD: Final = "quadrille-mail"


def send_beside(send: Callable[[], object]) -> None:
    """Send a mail that is written already: what `send` does must not need the database. A failure is logged."""
    threading.Thread(target=_send, args=(send,), name=MAIL_THREAD, daemon=True).start()


def _send(send: Callable[[], object]) -> None:
    try:
        send()
    except Exception:  # whatever a mail server and its network can do
        log.exception("A mail was not sent")
