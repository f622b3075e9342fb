"""Refusals as the vendor words them: `{"message": …}` with a status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dialects.shared.problems import Problem


class Refusal(Exception):
    """A request that is refused. `status` is that of the answer, the text its `message`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def bad_request(message: str) -> Refusal:
    """What was sent is wrong, or not possible now."""
    return Refusal(400, message)


def unknown_definition(id: str) -> Refusal:
    """There is no definition or template of this id."""
    return Refusal(404, f"Definition with id '{id}' not found")


def unknown_reason(id: str, status: int = 404) -> Refusal:
    """There is no closing reason of this id."""
    return Refusal(status, f"Closing reason with id '{id}' not found")


WORDS = {401: "Unauthorized", 403: "Forbidden", 404: "Not found"}


def refusal_of(problem: Problem) -> Refusal:
    """What our own refusals are called here."""
    return Refusal(problem.status, WORDS.get(problem.status, problem.detail))


def refused_below(status: int, reason: str, _path: str) -> tuple[int, Mapping[str, Any]]:
    """What was refused before this room saw it."""
    return status, {"message": reason}
