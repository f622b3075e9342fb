"""Logs as JSON, a line each: `{at, level, logger, message, process, …}`, and the step that was at work."""

from __future__ import annotations

from datetime import UTC, datetime
from logging import LogRecord
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

FIELDS = {"levelname": "level", "name": "logger", "message": "message", "process": "process"}


class JsonLines(JsonFormatter):
    """What is given as `extra` becomes a field, as do `instance`, `step` and so on (`engine.telemetry.at_work`)."""

    def __init__(self) -> None:
        format = "".join(f"{{{name}}}" for name in FIELDS)
        super().__init__(format, style="{", rename_fields=FIELDS, reserved_attrs=[*RESERVED_ATTRS, "at_work"])

    def add_fields(self, log_data: dict[str, Any], record: LogRecord, message_dict: dict[str, Any]) -> None:
        """The moment first: UTC, to the millisecond."""
        log_data["at"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        super().add_fields(log_data, record, message_dict)
