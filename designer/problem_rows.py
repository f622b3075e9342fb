"""The problems of a draft as rows of the editor's drawer."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from designer.graph.checks import Around, Problem, check_flow
from designer.graph.delta import differs_in_places_only
from designer.graph.model import Flow
from designer.graph.values import Path
from designer.inspector.forms import EDGE_PREFIX, name_of

REMEMBERED: Final = 64


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """`culprit`: the ref a click selects; `path`: the setting, joined by dots; `where`: the culprit's name."""

    culprit: str
    severity: str
    where: str
    message: str
    path: str

    @property
    def query(self) -> str:
        """What the editor's address asks for to begin at the culprit; empty where there is none."""
        return f"?{urlencode({'at': self.culprit, 'path': self.path})}" if self.culprit or self.path else ""


def problem_rows(
    flow: Flow, *, flows: Collection[str] | None = None, around: Around | None = None
) -> tuple[ProblemRow, ...]:
    """What the checks find, errors first. `flows`: the keys of the flows beside it; `around`: what else is there."""
    return tuple(row_of(flow, problem) for problem in check_flow(flow, flows=flows, around=around))


_Beside = tuple[Collection[str], Around | None]


class _Recent:
    """The rows of the flows that were looked at last, by their keys in their environments."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[object, tuple[Flow, _Beside, tuple[ProblemRow, ...]]] = OrderedDict()
        self._lock = threading.Lock()

    def rows(self, id: object, flow: Flow, flows: Collection[str], around: Around | None) -> tuple[ProblemRow, ...]:
        beside = (flows, around)
        with self._lock:
            known = self._found.get(id)
        if known is not None and known[1] == beside and differs_in_places_only(known[0], flow):
            rows = known[2]
        else:
            rows = problem_rows(flow, flows=flows, around=around)
        with self._lock:
            self._found[id] = (flow, beside, rows)
            self._found.move_to_end(id)
            while len(self._found) > self._most:
                self._found.popitem(last=False)
        return rows


_recent: Final = _Recent(REMEMBERED)


def problem_rows_of(
    id: int, flow: Flow, flows: Collection[str], around: Around | None = None
) -> tuple[ProblemRow, ...]:
    """The same for the draft of a stored flow. Where it has only been moved about since, nothing is checked again."""
    return _recent.rows(id, flow, flows, around)


def row_of(flow: Flow, problem: Problem) -> ProblemRow:
    """One problem as a row."""
    culprit = problem.node or (EDGE_PREFIX + problem.edge if problem.edge else "")
    where = name_of(flow, problem.node) if problem.node else ""
    # Most messages name their culprit already.
    shown = "" if where in problem.message else where
    return ProblemRow(culprit, problem.severity.value, shown, problem.message, _form_path(problem.field))


def _form_path(field: Path) -> str:
    """The path of the form's field, and on into it: branches are one field, with a row for each."""
    steps = field[1:] if field[:2] == ("settings", "conditions") else field
    return ".".join(map(str, steps))
