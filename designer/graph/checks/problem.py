"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from designer.graph.model import Edge, phase_of_ref
from designer.graph.problems import path_text
from designer.graph.values import Path


class Severity(StrEnum):
    """A flow with errors cannot be published; warnings are for people to judge."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `message` names the culprit and says how to mend it.

    `node` is a node reference, `edge` an edge id, `field` the path within the node, or within the flow when both are
    empty.
    """

    severity: Severity
    code: str
    message: str
    node: str | None = None
    edge: str | None = None
    field: Path = ()

    @property
    def is_error(self) -> bool:
        """Whether it stands in the way of publishing."""
        return self.severity is Severity.ERROR

    @property
    def path(self) -> str:
        """Where it is, as text: `tasks.charge.settings.timeout`, `edges.a~b~~success`, `triggers[0].cron`."""
        phase = phase_of_ref(self.node) if self.node is not None else None
        if phase is not None:
            return path_text(("phases", phase, *self.field))
        if self.node is not None:
            return path_text(("tasks", self.node, *self.field))
        return path_text(("edges", self.edge, *self.field) if self.edge is not None else self.field)


def error(code: str, message: str, *, node: str | None = None, edge: Edge | None = None, field: Path = ()) -> Problem:
    """A problem that stands in the way of publishing."""
    return Problem(Severity.ERROR, code, message, node, edge.id if edge else None, field)


def warning(code: str, message: str, *, node: str | None = None, edge: Edge | None = None, field: Path = ()) -> Problem:
    """A problem that does not."""
    return Problem(Severity.WARNING, code, message, node, edge.id if edge else None, field)
