"""The problems of a draft as rows of the editor's drawer."""

from __future__ import annotations

from dataclasses import dataclass

from designer.graph.model import Flow


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """`culprit` is the ref a click selects, `path` the setting to look at, joined by dots; `where` names the culprit."""

    culprit: str
    severity: str
    where: str
    message: str
    mend: str
    path: str


def problem_rows(flow: Flow) -> tuple[ProblemRow, ...]:
    """What the checks find, errors first."""
    return ()
