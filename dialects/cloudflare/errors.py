"""Refusals on this wire: `{"success": false, "errors": [{"code", "message"}], "messages": [], "result": null}`.

Five codes are the vendor's own (10000, 10001, 10200, 10208, 10400); those from 10300 are ours, because the vendor
publishes no others and answers 10001 for everything, which nobody can act on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import IntegrityError, OperationalError
from django.http import Http404
from rest_framework.exceptions import APIException

from accounts.clean_json import BadJson
from accounts.errors import Refused
from designer.services.publishing import FlowHasProblems
from engine.services.errors import InvalidInput, KeyTaken, NotLegalNow

_INTERNAL: Final = "workflows.api.error.internal_server"
NO_RETRY: Final = {"x-should-retry": "false"}
"""Both SDKs repeat a 409 twice unless they are told not to."""


class CloudflareError(Exception):
    """A refusal as it goes over this wire. `pointer`: where in the body, as a JSON pointer."""

    def __init__(
        self, status: int, code: int, message: str, *, pointer: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.pointer = pointer
        self.headers = dict(headers or {})
        if status == 409:
            self.headers.update(NO_RETRY)

    def to_json(self) -> dict[str, Any]:
        """The body of the answer."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.pointer:
            error["source"] = {"pointer": self.pointer}
        return {"success": False, "errors": [error], "messages": [], "result": None}


def unauthenticated() -> CloudflareError:
    """No credential, or one that opens nothing."""
    return CloudflareError(401, 10000, "Authentication error")


def forbidden() -> CloudflareError:
    """The credential does not cover the account, or may only read."""
    return CloudflareError(403, 10000, "Authentication error")


def workflow_not_found() -> CloudflareError:
    """No such name in this account."""
    return CloudflareError(404, 10200, "Workflow not found")


def instance_not_found() -> CloudflareError:
    """No such instance, or no longer."""
    return CloudflareError(404, 10400, "workflows.api.error.instance.not_found")


def invalid(detail: str, pointer: str = "") -> CloudflareError:
    """The request does not fit."""
    return CloudflareError(400, 10300, f"Invalid request: {detail}", pointer=pointer)


def too_large(what: str) -> CloudflareError:
    """Params or a payload over 1 MiB."""
    return CloudflareError(400, 10306, f"{what} is too large. Maximum allowed size is 1MiB.")


def id_taken(id: str) -> CloudflareError:
    """The workflow has an instance of this id."""
    return CloudflareError(409, 10304, f"Workflow instance with id '{id}' already exists")


def internal() -> CloudflareError:
    """A mistake of ours."""
    return CloudflareError(500, 10001, _INTERNAL)


def cannot(command: str, reason: str) -> CloudflareError:
    """The state of the instance does not allow the command."""
    return CloudflareError(400, 10309, f"workflows.api.error.instance.cannot_{command}: {reason}")


def too_large_below(path: str) -> CloudflareError:
    """A body over the limit of the whole server, at an address of this room: 400, as for one over the room's limit."""
    if "/events/" in path:
        return too_large("event payload")
    if path.rstrip("/").endswith("/instances"):
        return too_large("params")
    if path.rstrip("/").endswith("/batch"):
        return CloudflareError(400, 10306, "The batch is too large. Send fewer instances at once.")
    return invalid("the body is too large")


def refused_below(status: int, reason: str, path: str) -> tuple[int, Mapping[str, Any]]:
    """What was refused before this room saw it."""
    if status == 413:
        refusal = too_large_below(path)
        return refusal.status, refusal.to_json()
    code, message = (10001, _INTERNAL) if status >= 500 else (10300, f"Invalid request: {reason}")
    return status, CloudflareError(status, code, message).to_json()


def error_of(error: Exception) -> CloudflareError | None:
    """The refusal that an exception means; None for one that is a mistake of ours."""
    if isinstance(error, CloudflareError):
        return error
    if isinstance(error, BadJson):
        where = error.path.removeprefix("$").removeprefix(".")
        return invalid(f"{where or 'the body'} {error.message}")
    if isinstance(error, KeyTaken):
        return id_taken(error.key)
    if isinstance(error, (NotLegalNow, Refused)):
        return invalid(str(error))
    if isinstance(error, (InvalidInput, FlowHasProblems)):
        return invalid(str(error))
    if isinstance(error, Http404):
        return CloudflareError(404, 7003, "Could not route to this address, perhaps the object identifier is invalid?")
    if isinstance(error, RequestDataTooBig):
        return invalid("the body is too large")
    if isinstance(error, IntegrityError):
        return CloudflareError(409, 10300, "Invalid request: somebody else changed this at the same moment")
    if isinstance(error, OperationalError):
        return CloudflareError(503, 10001, _INTERNAL, headers={"Retry-After": "5"})
    if isinstance(error, SuspiciousOperation):
        return invalid("it could not be understood")
    if isinstance(error, APIException):
        return CloudflareError(error.status_code, 10300, f"Invalid request: {error.detail}")
    return None
