"""Whom the tasks of flows are assigned to, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from accounts.people import called
from accounts.scope import Scope
from designer.comparison import Comparison
from designer.graph.model import Flow
from designer.graph.references import is_template


def assignees_called(scope: Scope, *flows: Flow) -> Mapping[str, str]:
    """The names of the people and groups that these flows name, by address or short name in lower case."""
    return called(scope, (name for flow in flows for name in _assigned(flow)))


def _assigned(flow: Flow) -> Iterator[str]:
    for task in flow.tasks.values():
        entries = task.settings.get("assigned_to")
        if isinstance(entries, (list, tuple)):
            yield from (entry for entry in entries if isinstance(entry, str) and not is_template(entry))


def compared(scope: Scope, old: Flow, new: Flow, *, is_laid_out: bool = False) -> Comparison:
    """Two graphs held against each other, with people and groups by their names."""
    return Comparison(old, new, people=assignees_called(scope, old, new), is_laid_out=is_laid_out)
