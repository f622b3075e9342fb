"""Where an instance stands, as marks on its version's graph. Pure: plan and state in, statuses by key out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from designer.graph.plan import Plan
from engine.core.reopening import failed_before
from engine.core.state import DEAD, EDGE_FAILED, PENDING, TAKEN, InstanceStatus, State, StepStatus

EDGE_WORDS: Final = {PENDING: "pending", TAKEN: "taken", DEAD: "dead", EDGE_FAILED: "failed"}
STRONGEST: Final = ("taken", "failed", "pending", "dead")


@dataclass(frozen=True, slots=True)
class GraphMarks:
    """Statuses by task key (as on chips), by edge id (`pending taken dead failed`), and progress by phase key."""

    tasks: Mapping[str, str] = field(default_factory=dict)
    edges: Mapping[str, str] = field(default_factory=dict)
    phases: Mapping[str, str] = field(default_factory=dict)
    trigger: str = "open"


def marks_of(plan: Plan, state: State) -> GraphMarks:
    """The marks of one instance."""
    tasks = {node.key: task_word(plan, state, node.index) for node in plan.nodes if node.task is not None}
    found: dict[str, set[str]] = {}
    for edge in plan.edges:
        if edge.flow_edge is not None:
            found.setdefault(edge.flow_edge.id, set()).add(EDGE_WORDS[state.edges[edge.index]])
    # A drawn edge into a phase is several edges of the plan: it shows the most telling of their fates.
    edges = {id: next(word for word in STRONGEST if word in words) for id, words in found.items()}
    for loop in plan.loops:
        back = plan.edges[loop.back_edge].flow_edge
        if back is not None and state.rounds[loop.index] > 1:
            edges[back.id] = "taken"
    phases = {key: phase_progress([state.nodes[node] for node in nodes]) for key, nodes in plan.phases.items()}
    return GraphMarks(tasks, edges, phases, "open" if state.status is InstanceStatus.QUEUED else "completed")


def task_word(plan: Plan, state: State, node: int) -> str:
    """The status of a task, as on chips."""
    status = state.nodes[node]
    if failed_before(plan, state, node):
        return "not_reached"
    if status is StepStatus.WAITING and state.scheduled.get(node) is False:
        return "scheduled"
    return {StepStatus.IDLE: "open", StepStatus.HELD: "on_hold"}.get(status, status.value)


def phase_progress(statuses: list[StepStatus]) -> str:
    """How far a phase with these tasks is."""
    finished = sum(status.is_finished for status in statuses)
    if all(status is StepStatus.IDLE for status in statuses):
        return "open"
    return "completed" if finished == len(statuses) else f"{finished} of {len(statuses)} done"
