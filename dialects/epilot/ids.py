"""Ids as the vendor makes them."""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC, datetime
from typing import Final

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"


def short_id(length: int = 8) -> str:
    """Lower-case letters and digits, beginning with a letter: templates 8, closing reasons and steps 6."""
    return secrets.choice(_LETTERS[:26]) + "".join(secrets.choice(_LETTERS) for _ in range(length - 1))


def long_id() -> str:
    """A UUID: tasks, phases and edges of executions, and of copies."""
    return str(uuid.uuid4())


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
