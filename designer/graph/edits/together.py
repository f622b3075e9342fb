"""Several edits as one."""

from __future__ import annotations

from dataclasses import dataclass

from designer.graph.edits.base import Applied, Edit
from designer.graph.model import Flow


@dataclass(frozen=True, slots=True)
class Batch:
    """One edit after the other, undone together. All or nothing."""

    edits: tuple[Edit, ...]

    def apply(self, flow: Flow) -> Applied:
        """Refused when one of them is."""
        undo: list[Edit] = []
        touched: set[str] = set()
        for edit in self.edits:
            applied = edit.apply(flow)
            flow = applied.flow
            undo.insert(0, applied.undo)
            touched |= applied.touched
        return Applied(flow, undo=Batch(tuple(undo)), touched=frozenset(touched))
