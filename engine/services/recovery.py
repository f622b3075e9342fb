"""Coming back after a stop or a crash."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction

from engine.storage import storage

log = logging.getLogger(__name__)


def recover_alone(now: datetime) -> int:
    """Take over everything at once: for the start of a process that knows it is the only one.

    Leases of the process before are expired, so that its attempts are repeated now and not when their leases run out.
    Overdue timers, queued instances and unmatched events need nothing: the loops find them. Answers how many attempts
    are repeated.
    """
    with transaction.atomic():
        count = storage().expire_leases(now)
    if count:
        log.info("%d attempts that were under way are repeated", count)
    return count
