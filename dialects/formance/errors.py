"""Errors as this API has them: `{errorCode, errorMessage}` with three codes, no others."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

TOO_LARGE: Final = "request body too large"


class Code(StrEnum):
    """The closed list of the vendor: any other word fails to parse in its SDKs."""

    VALIDATION = "VALIDATION"
    NOT_FOUND = "NOT_FOUND"
    INTERNAL = "INTERNAL"


class FormanceError(Exception):
    """A refusal as it goes over the wire."""

    def __init__(self, status: int, code: Code, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def to_json(self) -> dict[str, str]:
        """The body of the answer."""
        return {"errorCode": self.code.value, "errorMessage": self.message}


class Denied(Exception):
    """401 or 403: answered without a body."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


def bad_request(message: str) -> FormanceError:
    """What was sent cannot be taken."""
    return FormanceError(400, Code.VALIDATION, message)


def not_found(what: str) -> FormanceError:
    """`not_found("workflow")`: there is none of that id in this environment."""
    return FormanceError(404, Code.NOT_FOUND, f"{what} not found")


def refused_below(status: int, reason: str, _path: str) -> tuple[int, Mapping[str, Any]]:
    """What was refused before this room saw it. A body over the limit is 400, as one over this room's own limit is."""
    if status == 413:
        status, reason = 400, TOO_LARGE
    code = Code.INTERNAL if status >= 500 else Code.NOT_FOUND if status == 404 else Code.VALIDATION
    return status, FormanceError(status, code, reason).to_json()
