"""The base of the native views: what our services refuse, as problems."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from designer.graph.edits import EditRefused
from designer.graph.problems import FlowFileInvalid
from designer.rendering.graphviz import LayoutTooLarge
from designer.services.drafting import FlowKeyTaken, StaleRevision
from designer.services.publishing import FlowHasProblems
from dialects.shared.problems import NOT_LEGAL_NOW, Problem, invalid
from dialects.shared.views import ApiView
from engine.services.errors import InvalidInput, KeyTaken, NotLegalNow
from engine.services.moving import MigrationRefused

REFERENCE: Final = "/api/v1/reference#problem-"
POSITION: Final = re.compile(r"\.(\d+)(?=\.|$)")


def not_legal_now(error: Any) -> Problem:
    """The state of the thing does not allow it."""
    return Problem(409, str(error), type=NOT_LEGAL_NOW)


def migration_refused(error: Any) -> Problem:
    """Something is in the way of a migration; the path is the key of the task."""
    errors = [(obstacle.task, obstacle.reason) for obstacle in error.report.obstacles]
    return Problem(409, str(error), type=NOT_LEGAL_NOW, errors=errors)


def key_taken(error: Any) -> Problem:
    """Something with this key is there already."""
    return Problem(409, str(error), type=f"{REFERENCE}key-taken")


def invalid_input(error: Any) -> Problem:
    """A payload that does not fit, path by path: `instances.3.id` is written `instances[3].id` on the wire."""
    return invalid((POSITION.sub(r"[\1]", path), message) for path, message in error.problems)


def stale_revision(error: Any) -> Problem:
    """Somebody else edited the draft in the meantime."""
    detail = f"The draft has changed: it is at revision {error.current} now. Fetch it, redo your change, send it again."
    headers = {"ETag": f'"{error.current}"'}
    return Problem(412, detail, type=f"{REFERENCE}stale-revision", headers=headers)


def path_problems(error: Any) -> Problem:
    """A document that is no flow, or a flow that cannot be published as it is."""
    return invalid([(problem.path, problem.message) for problem in error.problems])


def too_large_to_draw(error: Any) -> Problem:
    """A graph that takes too long to lay out."""
    return Problem(422, str(error))


def edit_refused(error: Any) -> Problem:
    """A change that the rules of drawing forbid."""
    return Problem(422, str(error))


MEANINGS: Final[tuple[tuple[type[Exception], Callable[[Any], Problem]], ...]] = (
    (KeyTaken, key_taken),
    (MigrationRefused, migration_refused),
    (NotLegalNow, not_legal_now),
    (InvalidInput, invalid_input),
    (StaleRevision, stale_revision),
    (FlowKeyTaken, key_taken),
    (FlowHasProblems, path_problems),
    (FlowFileInvalid, path_problems),
    (LayoutTooLarge, too_large_to_draw),
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
