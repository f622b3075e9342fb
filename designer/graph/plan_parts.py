"""What a plan is made of."""

from __future__ import annotations

from dataclasses import dataclass

from designer.graph.lowering import EdgeRole
from designer.graph.model import Edge, Flow, Join, Task

START = -1
"""The source of plan edges that are taken when the instance starts."""


class FlowNotRunnable(ValueError):
    """The flow cannot be compiled. `reason` says why in one sentence; the checks say it in full, with the mend."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class PlanEdge:
    """One way between plan nodes. `flow_edge` is the edge as drawn (None for invisible ones).

    `leaves`: the outermost loop that the edge leaves other than through that loop's decision; such an edge stays
    pending while the loop may still go round. `carries_failure`: a `settled` edge fails when its source fails, because
    that failure has no other way to go inside the phase.
    """

    index: int
    source: int
    target: int
    role: EdgeRole
    branch: str | None = None
    flow_edge: Edge | None = None
    leaves: int | None = None
    carries_failure: bool = False


@dataclass(frozen=True, slots=True)
class PlanNode:
    """A task, or (with `task` None) the junction behind a phase. Edges are indices into `Plan.edges`."""

    index: int
    key: str
    task: Task | None
    join: Join
    is_phase_exit: bool
    incoming: tuple[int, ...]
    outgoing: tuple[int, ...]
    loop: int | None
    """The innermost loop whose body holds this node."""
    requires: tuple[tuple[int, ...], ...]
    """One tuple per requirement: the nodes that must all be finished."""
    cancels: tuple[int, ...]
    """What is cancelled when this node's join is decided: nodes that can only lead here."""
    ends_path: bool
    """No edge leads on: an uncaught failure here fails the instance."""
    parent: int | None = None
    """The program whose step this is: such nodes are found at run time and belong to one instance."""

    @property
    def name(self) -> str:
        """What people call it."""
        return (self.task.name if self.task is not None else "") or self.key


@dataclass(frozen=True, slots=True)
class PlanLoop:
    """A declared loop. `body` holds every node on a path from `target` to `decision`, both included."""

    index: int
    decision: int
    target: int
    back_edge: int
    branch: str
    exit: str
    max_iterations: int
    body: tuple[int, ...]
    inner_edges: tuple[int, ...]
    """Edges that are opened again for each round: both ends in the body, and all that leave its decision."""
    deferred_edges: tuple[int, ...]
    """Edges that stay pending until this loop is left (see `PlanEdge.leaves`)."""
    parent: int | None
    inside: tuple[int, ...]
    """Loops nested in this one, at any depth."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What `engine.core.advance` runs. Immutable; shared by all instances of a version."""

    flow: Flow
    nodes: tuple[PlanNode, ...]
    edges: tuple[PlanEdge, ...]
    start_edges: tuple[int, ...]
    orphans: tuple[int, ...]
    """Nodes that nothing leads to; they are skipped at the start so that the instance can end."""
    loops: tuple[PlanLoop, ...]
    loop_of_decision: dict[int, int]
    index: dict[str, int]
    """Node index by task key, or by `phase:KEY` for junctions."""
    required_by: dict[int, tuple[int, ...]]
    """Nodes to look at again when this node settles."""
    due_from: dict[int, tuple[int, ...]]
    """Nodes whose due date counts from when this node, or the whole of its phase, is finished."""
    phases: dict[str, tuple[int, ...]]
    """Task nodes by phase key."""

    def task(self, node: int) -> Task:
        """The task of a node that is no junction."""
        task = self.nodes[node].task
        if task is None:
            raise LookupError("a junction has no task")
        return task
