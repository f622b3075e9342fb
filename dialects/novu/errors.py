"""Refusals as Novu writes them: `ErrorDto`, `ValidationErrorDto`, and the special 400 of triggers (contract 3)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404
from django.utils.timezone import now
from rest_framework.exceptions import APIException

from accounts.clean_json import BadJson
from accounts.errors import Refused
from designer.services.publishing import FlowHasProblems
from dialects.shared.problems import Problem
from engine.services.errors import InvalidInput, NotLegalNow

PREFIX = "/novu"
GENERAL = "general"
NOTHING = "No Value Recorded"
TRIGGER_PATHS = ("/v1/events/trigger", "/v1/events/trigger/bulk", "/v1/events/trigger/broadcast")


class NovuError(Exception):
    """A refusal. `message` is a text or a list of texts; `extra` goes beside the usual fields."""

    def __init__(
        self,
        status: int,
        message: Any,
        *,
        ctx: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(str(message))
        self.status = status
        self.message = message
        self.ctx = ctx
        self.headers = dict(headers or {})
        self.extra = extra


def not_found(what: str, **ctx: Any) -> NovuError:
    """404 `<what> cannot be found`."""
    return NovuError(404, f"{what} cannot be found", ctx=ctx)


def bad_body(problems: Sequence[tuple[str, str]]) -> NovuError:
    """400: `message` is the list of texts, `errors` says where (contract 8.1). Problems are `(field, text)`."""
    errors: dict[str, dict[str, Any]] = {}
    for field, text in problems:
        errors.setdefault(field.partition(".")[0] or GENERAL, {"messages": []})["messages"].append(text)
    return NovuError(400, [text for _, text in problems], errors=errors)


def bad_query(problems: Sequence[str]) -> NovuError:
    """422 about the query."""
    return NovuError(422, "Validation Error", errors={GENERAL: {"messages": list(problems), "value": NOTHING}})


def bad_payload(entries: Sequence[Mapping[str, Any]], schema: Any = None) -> NovuError:
    """The special 400 of triggers."""
    extra = {} if schema is None else {"schema": schema}
    return NovuError(
        400,
        "Payload validation failed",
        type="PAYLOAD_VALIDATION_ERROR",
        errors=[dict(entry) for entry in entries],
        **extra,
    )


def error_of(error: Exception) -> NovuError | None:
    """The refusal that an exception means; None for a mistake of ours."""
    if isinstance(error, NovuError):
        return error
    if isinstance(error, BadJson):
        return NovuError(400, f"{error.path.removeprefix('$').removeprefix('.') or 'The body'} {error.message}")
    if isinstance(error, Problem):
        return NovuError(error.status, error.detail, headers=error.headers)
    if isinstance(error, InvalidInput):
        return bad_body([(path, f"{path} {message}") for path, message in error.problems])
    if isinstance(error, FlowHasProblems):
        return NovuError(400, [problem.message for problem in error.problems])
    if isinstance(error, (NotLegalNow, Refused)):
        return NovuError(400, str(error))
    if isinstance(error, Http404):
        return NovuError(404, "Not Found")
    if isinstance(error, PermissionDenied):
        return NovuError(403, str(error) or "Forbidden")
    if isinstance(error, RequestDataTooBig):
        return NovuError(413, "The body is too large")
    if isinstance(error, SuspiciousOperation):
        return NovuError(400, "The request could not be understood")
    if isinstance(error, APIException):
        return NovuError(error.status_code, str(error.detail))
    return None


def body_of(error: NovuError, path: str) -> dict[str, Any]:
    """The body that carries a refusal. On the trigger paths every 400 has the trigger's shape."""
    body: dict[str, Any] = {"statusCode": error.status, "timestamp": timestamp(), "path": path}
    if error.message is not None:
        body["message"] = error.message
    if error.ctx:
        body["ctx"] = dict(error.ctx)
    body |= error.extra
    if error.status == 422:
        body.setdefault("errors", {})
    if error.status == 400 and path in TRIGGER_PATHS and body.get("type") is None:
        messages = error.message if isinstance(error.message, list) else [error.message]
        known = error.extra.get("errors")
        entries = _entries(known) if isinstance(known, Mapping) else [{"field": "", "message": m} for m in messages]
        body |= {"type": "PAYLOAD_VALIDATION_ERROR", "errors": entries}
    return body


def refused_below(status: int, reason: str, path: str) -> tuple[int, Mapping[str, Any]]:
    """What was refused before this room saw it."""
    extra: dict[str, Any] = {"errorId": str(uuid.uuid4())} if status == 500 else {}
    return status, body_of(NovuError(status, reason, **extra), path.removeprefix(PREFIX))


def _entries(errors: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"field": field, "message": text} for field, found in errors.items() for text in found["messages"]]


def timestamp() -> str:
    """Now, in ISO 8601 with milliseconds."""
    return now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
