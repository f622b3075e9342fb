"""The base of the native views: what our services refuse, as problems."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from designer.graph.edits import EditRefused
from designer.services.drafting import StaleRevision
from designer.services.publishing import FlowHasProblems
from dialects.shared.problems import Problem, invalid
from dialects.shared.views import ApiView
from engine.services.errors import InvalidInput, KeyTaken, NotLegalNow

REFERENCE: Final = "/api/v1/reference#problem-"


def not_legal_now(error: Any) -> Problem:
    """The state of the thing does not allow it."""
    return Problem(409, str(error), type=f"{REFERENCE}not-legal-now")


def key_taken(error: Any) -> Problem:
    """Something with this key is there already."""
    return Problem(409, str(error), type=f"{REFERENCE}key-taken")


def invalid_input(error: Any) -> Problem:
    """A payload that does not fit, path by path."""
    return invalid(error.problems)


def stale_revision(error: Any) -> Problem:
    """Somebody else edited the draft in the meantime."""
    detail = f"The draft has changed: it is at revision {error.current} now. Fetch it, redo your change, send it again."
    headers = {"ETag": f'"{error.current}"'}
    return Problem(412, detail, type=f"{REFERENCE}stale-revision", headers=headers)


def flow_has_problems(error: Any) -> Problem:
    """A flow that cannot be published as it is."""
    return invalid([(problem.path, problem.message) for problem in error.problems])


def edit_refused(error: Any) -> Problem:
    """A change that the rules of drawing forbid."""
    return Problem(422, str(error))


MEANINGS: Final[tuple[tuple[type[Exception], Callable[[Any], Problem]], ...]] = (
    (KeyTaken, key_taken),
    (NotLegalNow, not_legal_now),
    (InvalidInput, invalid_input),
    (StaleRevision, stale_revision),
    (FlowHasProblems, flow_has_problems),
    (EditRefused, edit_refused),
)


class NativeView(ApiView):
    """A native view."""

    def problem_of(self, error: Exception) -> Problem | None:
        """The problem an exception of our services means."""
        for meaning, describe in MEANINGS:
            if isinstance(error, meaning):
                return describe(error)
        return super().problem_of(error)
