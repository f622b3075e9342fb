"""Values and errors between programs and the store: JSON as it is, bytes as base64 under a key of ours."""

from __future__ import annotations

import base64
import builtins
from collections.abc import Mapping
from typing import Any, Final

from designer.graph.model import Json
from engine.scripts.workers import NonRetryableError, StepError, WorkflowTimeoutError
from engine.storage import json_text

BYTES: Final = "quadrille:bytes"
MAX_BYTES: Final = 1024 * 1024


class Unstorable(ValueError):
    """A value cannot be kept."""


def stored(value: Any, what: str) -> Json:
    """A value as it is stored. Raises `Unstorable`."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        raw = bytes(value)
        if len(raw) > MAX_BYTES:
            raise Unstorable(f"{what} is too large. Maximum allowed size is 1MiB.")
        return {BYTES: base64.b64encode(raw).decode()}
    try:
        text = json_text.write_bytes(value)
    except (TypeError, ValueError, RecursionError) as bad:
        raise Unstorable(f"{what} cannot be stored as JSON: {str(bad)[:200]}") from bad
    if len(text) > MAX_BYTES:
        raise Unstorable(f"{what} is too large. Maximum allowed size is 1MiB.")
    return json_text.parse(text)


def restored(value: Json) -> Any:
    """A stored value as a program gets it: each time a new one, so that changing it changes nothing else."""
    raw = bytes_of(value)
    return json_text.parse(json_text.write(value)) if raw is None else raw


def weight_of(value: Json) -> int:
    """How many bytes of JSON a stored value is."""
    return 0 if value is None else len(json_text.write_bytes(value))


def bytes_of(value: Json) -> bytes | None:
    """The bytes of a stored value; None where it is no bytes."""
    if isinstance(value, Mapping) and set(value) == {BYTES}:
        return base64.b64decode(str(value[BYTES]))
    return None


def error_json(error: BaseException) -> dict[str, Json]:
    """An error as it is stored: `{name, message, retryable}`."""
    name = error.name if isinstance(error, StepError) else type(error).__name__
    is_final = isinstance(error, NonRetryableError)
    return {"name": "Error" if name == "Exception" else name, "message": str(error)[:2000], "retryable": not is_final}


def error_for(error: Json, *, timeout_ms: float | None = None) -> BaseException:
    """The exception that a stored error becomes in a program: always the same for the same error."""
    known = error if isinstance(error, Mapping) else {"name": "Error", "message": str(error or "")}
    name, message = str(known.get("name") or "Error"), str(known.get("message") or "")
    if name == "Timeout":
        return WorkflowTimeoutError(f"Execution timed out after {timeout_ms or 0:g}ms")
    if name == "WorkflowTimeoutError":
        return WorkflowTimeoutError(message)
    if name == "NonRetryableError":
        return NonRetryableError(message)
    builtin = getattr(builtins, name, None)
    if isinstance(builtin, type) and issubclass(builtin, Exception):
        try:
            return builtin(message)
        except TypeError:  # some want more than a text
            pass
    return StepError(name, message)
