"""The problems of a draft as rows of the editor's drawer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from designer.graph.checks import Problem, check_flow
from designer.graph.model import Flow
from designer.graph.values import Path
from designer.inspector.forms import EDGE_PREFIX, name_of


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """`culprit`: the ref a click selects; `path`: the setting, joined by dots; `where`: the culprit's name."""

    culprit: str
    severity: str
    where: str
    message: str
    path: str


def problem_rows(flow: Flow, *, flows: Collection[str] | None = None) -> tuple[ProblemRow, ...]:
    """What the checks find, errors first. `flows`: the keys of the flows beside it."""
    return tuple(_row(flow, problem) for problem in check_flow(flow, flows=flows))


def _row(flow: Flow, problem: Problem) -> ProblemRow:
    culprit = problem.node or (EDGE_PREFIX + problem.edge if problem.edge else "")
    where = name_of(flow, problem.node) if problem.node else ""
    # Most messages name their culprit already.
    shown = "" if where in problem.message else where
    return ProblemRow(culprit, problem.severity.value, shown, problem.message, _form_path(problem.field))


def _form_path(field: Path) -> str:
    """The path of the form's field: branches are one field, whatever is wrong inside."""
    steps = ("conditions",) if field[:2] == ("settings", "conditions") else field
    return ".".join(map(str, steps))
