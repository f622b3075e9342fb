"""Which phase tasks belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from designer.graph.edits.base import Applied, require
from designer.graph.model import Flow, phase_ref
from designer.graph.rules import Refusal, Rule, name, phases_exist, tasks_exist


@dataclass(frozen=True, slots=True)
class AssignPhase:
    """Put tasks into phases. None: into no phase."""

    to: Mapping[str, str | None]

    def apply(self, flow: Flow) -> Applied:
        """Refused when a task or phase is not there, or an edge connects the task with that very phase."""
        require(tasks_exist(flow, self.to))
        require(phases_exist(flow, [phase for phase in self.to.values() if phase is not None]))
        for edge in flow.edges:
            for task, ref in ((edge.source, edge.target), (edge.target, edge.source)):
                phase = self.to.get(task)
                if phase is not None and ref == phase_ref(phase):
                    reason = f"An edge connects {name(flow, task)} with {name(flow, ref)}; take it away first."
                    require(Refusal(Rule.WITHIN_PHASE, reason))
        before = {key: flow.tasks[key].phase for key in self.to}
        moved = flow.with_task(*(replace(flow.tasks[key], phase=phase) for key, phase in self.to.items()))
        phases = {phase_ref(phase) for phase in (*before.values(), *self.to.values()) if phase is not None}
        return Applied(moved, undo=AssignPhase(before), touched=frozenset(phases.union(self.to)))
