"""Between the vendor's values and ours. Pure: no framework, no clock."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from designer.graph.cron import next_match
from designer.graph.model import Flow, Json, Task

STATUSES: Final = (
    "queued",
    "running",
    "paused",
    "errored",
    "terminated",
    "complete",
    "waitingForPause",
    "waiting",
    "rollingBack",
)
"""Every status of an instance on this wire."""
_TO_WIRE: Final = {"waiting_for_pause": "waitingForPause", "rolling_back": "rollingBack"}
_FROM_WIRE: Final = {wire: ours for ours, wire in _TO_WIRE.items()}
FINAL: Final = frozenset({"complete", "errored", "terminated"})

EXTENSION: Final = "cloudflare"
"""Under which name a flow carries what only this dialect knows."""


def status_to_wire(status: str, *, is_retrying: bool = False) -> str:
    """Our status of an instance as the vendor calls it. A pause between two attempts counts as running."""
    if status == "waiting" and is_retrying:
        return "running"
    return _TO_WIRE.get(status, status)


def status_from_wire(status: str) -> str:
    """The vendor's status of an instance as we call it."""
    return _FROM_WIRE.get(status, status)


# -- ids --------------------------------------------------------------------------------------------------------------


def uuid_of(kind: str, number: int) -> str:
    """A UUID for the row `number` of some kind; `number_of` reads the number back."""
    return str(uuid.UUID(bytes=_digest(kind, number) + (number | 1 << 63).to_bytes(8, "big")))


def number_of(kind: str, text: str) -> int | None:
    """The row that `uuid_of` named so; None for any other text."""
    try:
        raw = uuid.UUID(text).bytes
    except ValueError:
        return None
    number = int.from_bytes(raw[8:], "big") & ~(1 << 63)
    return number if number < 1 << 62 and _digest(kind, number) == raw[:8] else None


def _digest(kind: str, number: int) -> bytes:
    found = bytearray(hashlib.sha256(f"quadrille:cloudflare:{kind}:{number}".encode()).digest()[:8])
    found[6] = 0x80 | found[6] & 0x0F  # version 8: made up by an application
    return bytes(found)


def account_id_of(organization: str, environment: str) -> str:
    """The account id of an environment: 32 hexadecimal digits."""
    return hashlib.sha256(f"quadrille:account:{organization}/{environment}".encode()).hexdigest()[:32]


# -- moments ----------------------------------------------------------------------------------------------------------


def moment_text(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds: `2026-03-04T05:06:07.890Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


# -- schedules --------------------------------------------------------------------------------------------------------

_DAY_NUMBER: Final = re.compile(r"(?<![#/\d])[0-9]+(?![A-Za-z])|(?<![#/\d])[0-9]+(?=L)")


def cron_from_wire(cron: str) -> str:
    """The vendor's cron expression as ours. The vendor counts days of the week from 1 (Sunday) to 7 (Saturday).

    Raises ValueError for one that cannot be read.
    """
    fields = cron.upper().split()
    if len(fields) != 5:
        raise ValueError("has not five fields")
    minute, hour, day, month, weekday = fields
    ours = " ".join((minute, hour, day, month, _DAY_NUMBER.sub(_day_from_wire, weekday)))
    next_match(ours, datetime(2024, 1, 1, tzinfo=UTC))
    return ours


def _day_from_wire(found: re.Match[str]) -> str:
    number = int(found.group())
    if not 1 <= number <= 7:
        raise ValueError("Bad day-of-week: 1 is Sunday, 7 is Saturday")
    return str(number - 1)


# -- flows ------------------------------------------------------------------------------------------------------------


def carried(flow: Flow) -> Mapping[str, Json]:
    """What a version carries of this dialect: `script_name class_name program limits concurrency default_retention`."""
    found = flow.extensions.get(EXTENSION)
    return found if isinstance(found, Mapping) else {}


def source_of(flow: Flow) -> str:
    """The source that a script was bound with; empty for a drawn flow."""
    task = flow.tasks.get("program")
    return str(task.settings.get("source") or "") if task is not None and task.kind == "program" else ""


def script_name_of(flow: Flow) -> str:
    """The script that a version was bound to; a drawn flow is its own script."""
    return str(carried(flow).get("script_name") or flow.key)


def class_name_of(flow: Flow) -> str:
    """The class that a version was bound to; that of a drawn flow is made of its key: `order-flow` is `OrderFlow`."""
    named = carried(flow).get("class_name")
    if named:
        return str(named)
    words = [word for word in re.split(r"[^A-Za-z0-9]+", flow.key) if word]
    name = "".join(word[:1].upper() + word[1:] for word in words) or "Flow"
    return name if name[0].isalpha() else f"Flow{name}"


def has_program(flow: Flow) -> bool:
    """Whether there is anything to run: a workflow may be bound before its program exists."""
    return carried(flow).get("program") != "none"


ENTRY_OF_KIND: Final = {
    "delay": "sleep",
    "sleep": "sleep",
    "wait_event": "waitForEvent",
    "wait": "waitForEvent",
    "manual": "waitForEvent",
}


def entry_type(kind: str) -> str:
    """How a step of this kind appears in the step log: `step`, `sleep` or `waitForEvent`."""
    return ENTRY_OF_KIND.get(kind, "step")


def step_name(task: Task | None, key: str) -> str:
    """What a step is called, without its counter."""
    return (task.name or task.key) if task is not None else key


def error_to_wire(error: Json, *, timeout_ms: float | None = None) -> dict[str, str] | None:
    """`{name, message}`, in the vendor's words where it has its own. None for none."""
    if error is None:
        return None
    known = error if isinstance(error, Mapping) else {"message": error}
    name, message = str(known.get("name") or "Error"), str(known.get("message") or "")
    if name in ("Timeout", "WaitTimedOut"):
        waited = f"{timeout_ms:g}ms" if timeout_ms is not None else "the time allowed"
        return {"name": "WorkflowTimeoutError", "message": f"Execution timed out after {waited}"}
    return {"name": name, "message": message}
