"""Errors on the wire: problem JSON (RFC 9457), `{type, title, status, detail, errors: [{path, message}]}`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404
from rest_framework.exceptions import APIException
from rest_framework.response import Response

from accounts.clean_json import BadJson
from accounts.errors import Refused

CONTENT_TYPE = "application/problem+json"
GENERIC = "about:blank"
NOT_LEGAL_NOW = "/api/v1/reference#problem-not-legal-now"
NOTHING_HERE = "There is nothing at this address, or the key does not open it."


class Problem(Exception):
    """A refusal as it goes over the wire.

    `type` names the situation for programs (a URI reference; `about:blank` where the status says it all), `errors` the
    places in what was sent.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        type: str = GENERIC,
        errors: Iterable[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.type = type
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def to_json(self) -> dict[str, Any]:
        """The body of the answer."""
        body: dict[str, Any] = {
            "type": self.type,
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = [{"path": path, "message": message} for path, message in self.errors]
        return body


def invalid(errors: Iterable[tuple[str, str]], *, status: int = 422) -> Problem:
    """What was sent was understood but is not acceptable, path by path."""
    found = tuple(errors)
    count = len(found)
    first = f"{found[0][0]}: {found[0][1]}" if found and found[0][0] else found[0][1] if found else ""
    detail = first if count == 1 else f"{count} problems. The first: {first}"
    return Problem(status, detail, errors=found)


def answer_problem(problem: Problem) -> Response:
    """The answer that carries a problem."""
    return Response(problem.to_json(), status=problem.status, headers=problem.headers, content_type=CONTENT_TYPE)


def problem_of(error: Exception) -> Problem | None:
    """The problem that an exception of Django, REST framework or our lowest layer means; None for anything else."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, BadJson):
        return bad_json(error)
    if isinstance(error, Refused):
        return Problem(409, str(error), type=NOT_LEGAL_NOW)
    if isinstance(error, Http404):
        return Problem(404, NOTHING_HERE)
    if isinstance(error, PermissionDenied):
        return Problem(403, str(error) or "This key may not do that.")
    if isinstance(error, RequestDataTooBig):
        return Problem(413, "What was sent is too large.")
    if isinstance(error, SuspiciousOperation):
        return Problem(400, "The request could not be understood.")
    if isinstance(error, APIException):
        return Problem(error.status_code, str(error.detail))
    return None


def bad_json(error: BadJson) -> Problem:
    """JSON that could not be taken. Paths look as everywhere on the wire: `items[2].name`, empty for the whole."""
    path = error.path.removeprefix("$").removeprefix(".")
    subject = path or "The body"
    return Problem(400, f"{subject} {error.message}.", errors=[(path, error.message)])
