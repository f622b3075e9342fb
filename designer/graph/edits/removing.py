"""Removing tasks, phases and edges, and putting back what was removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from designer.graph.codec import encode_requirement
from designer.graph.edits.base import (
    Applied,
    Edit,
    EditRefused,
    edge_places,
    inserted,
    places_of,
    refuse_crowd,
    require,
    require_edge,
    with_inserted,
    without_edges,
)
from designer.graph.edits.membership import AssignPhase
from designer.graph.edits.together import Batch
from designer.graph.model import (
    TRIGGER,
    Edge,
    Flow,
    Phase,
    Requirement,
    Task,
    phase_of_ref,
    phase_ref,
    requirements_of,
)
from designer.graph.rules import Rule, may_use_phase_key, may_use_task_key, no_such_node, phases_exist, tasks_exist


@dataclass(frozen=True, slots=True)
class RequirementPlace:
    """The requirement on `node` that stood at `index` in the list of `owner` (both node references)."""

    owner: str
    index: int
    node: str


@dataclass(frozen=True, slots=True)
class PutBack:
    """Put tasks, phases, edges, memberships and requirements back where they were.

    Unlike Add and Connect it asks only that everything named is there: what a draft held before, it may hold again.
    """

    tasks: tuple[tuple[int, Task], ...] = ()
    phases: tuple[tuple[int, Phase], ...] = ()
    edges: tuple[tuple[int, Edge], ...] = ()
    members: Mapping[str, str] = field(default_factory=dict)
    requirements: tuple[RequirementPlace, ...] = ()

    def apply(self, flow: Flow) -> Applied:
        """Refused when a key is taken again, or something else it belongs to is gone by now."""
        for _, task in self.tasks:
            require(may_use_task_key(flow, task.key))
        for _, phase in self.phases:
            require(may_use_phase_key(flow, phase.key))
        whole = replace(
            flow,
            tasks=inserted(flow.tasks, [(index, task.key, task) for index, task in self.tasks]),
            phases=inserted(flow.phases, [(index, phase.key, phase) for index, phase in self.phases]),
            edges=with_inserted(flow.edges, self.edges),
        )
        require(tasks_exist(whole, self.members))
        whole = whole.with_task(*(replace(whole.tasks[key], phase=phase) for key, phase in self.members.items()))
        for place in self.requirements:
            whole = _with_requirement(whole, place)
        self._refuse_loose_ends(flow, whole)
        touched = {
            *(task.key for _, task in self.tasks),
            *(phase_ref(phase.key) for _, phase in self.phases),
            *(edge.id for _, edge in self.edges),
            *self.members,
            *(place.owner for place in self.requirements),
        }
        return Applied(refuse_crowd(whole), undo=self._undo(flow), touched=frozenset(touched))

    def _refuse_loose_ends(self, before: Flow, whole: Flow) -> None:
        phases = [task.phase for _, task in self.tasks if task.phase is not None]
        require(phases_exist(whole, [*phases, *self.members.values()]))
        refs = [r.node for _, task in self.tasks for r in task.requirements]
        refs += [r.node for _, phase in self.phases for r in phase.requirements]
        refs += [place.node for place in self.requirements]
        refs += [ref for _, edge in self.edges for ref in (edge.source, edge.target)]
        for ref in refs:
            if not whole.has_node(ref):
                require(no_such_node(whole, ref))
        for _, edge in self.edges:
            source = whole.tasks.get(edge.source)
            if edge in before.edges:
                raise EditRefused(f"{edge.source} leads to {edge.target} already.", Rule.DUPLICATE_EDGE)
            if edge.branch is not None and (source is None or edge.branch not in source.branches):
                raise EditRefused(f"{edge.source} has no branch {edge.branch} any more.", Rule.NO_SUCH_BRANCH)
            if edge.target == TRIGGER or edge.source == edge.target:
                raise EditRefused("An edge cannot lead there.", Rule.SELF_EDGE)

    def _undo(self, flow: Flow) -> Edit:
        """What takes away again all that is put back into `flow`."""
        before = {key: flow.tasks[key].phase for key in self.members if key in flow.tasks}
        edges = tuple(edge for _, edge in self.edges)
        tasks = tuple(task.key for _, task in self.tasks)
        steps: list[Edit] = [AssignPhase(before)] if before else []
        steps += [Disconnect(edges)] if edges else []
        steps += [RemoveTasks(tasks)] if tasks else []
        steps += [RemovePhase(phase.key) for _, phase in self.phases]
        return steps[0] if len(steps) == 1 else Batch(tuple(steps))


@dataclass(frozen=True, slots=True)
class RemoveTasks:
    """Take tasks out, with their edges and with the requirements on them."""

    tasks: tuple[str, ...]

    def apply(self, flow: Flow) -> Applied:
        """Refused when a task is not there."""
        require(tasks_exist(flow, self.tasks))
        gone = set(self.tasks)
        edges = [edge for edge in flow.edges if edge.source in gone or edge.target in gone]
        kept = without_edges(flow.without_tasks(gone), edges)
        kept, requirements = without_requirements_on(kept, gone)
        undo = PutBack(tasks=places_of(flow.tasks, gone), edges=edge_places(flow, edges), requirements=requirements)
        touched = gone.union((edge.id for edge in edges), (place.owner for place in requirements))
        return Applied(kept, undo=undo, touched=frozenset(touched))


@dataclass(frozen=True, slots=True)
class RemovePhase:
    """Take a phase away, with its edges and with the requirements on it. Its tasks stay."""

    phase: str

    def apply(self, flow: Flow) -> Applied:
        """Refused when the phase is not there."""
        require(phases_exist(flow, [self.phase]))
        ref = phase_ref(self.phase)
        members = [task.key for task in flow.tasks_in(self.phase)]
        edges = [edge for edge in flow.edges if ref in (edge.source, edge.target)]
        kept = without_edges(flow.without_phase(self.phase), edges)
        kept = kept.with_task(*(replace(flow.tasks[key], phase=None) for key in members))
        kept, requirements = without_requirements_on(kept, {ref})
        undo = PutBack(
            phases=places_of(flow.phases, [self.phase]),
            edges=edge_places(flow, edges),
            members=dict.fromkeys(members, self.phase),
            requirements=requirements,
        )
        touched = {ref, *members, *(edge.id for edge in edges), *(place.owner for place in requirements)}
        return Applied(kept, undo=undo, touched=frozenset(touched))


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Take edges away."""

    edges: tuple[Edge, ...]

    def apply(self, flow: Flow) -> Applied:
        """Refused when an edge is not there."""
        for edge in self.edges:
            require_edge(flow, edge)
        undo = PutBack(edges=edge_places(flow, self.edges))
        return Applied(without_edges(flow, self.edges), undo=undo, touched=frozenset(e.id for e in self.edges))


def without_requirements_on(flow: Flow, gone: AbstractSet[str]) -> tuple[Flow, tuple[RequirementPlace, ...]]:
    """The flow without requirements on these node references, and where they stood (ascending)."""
    places: list[RequirementPlace] = []
    tasks: list[Task] = []
    phases: list[Phase] = []
    for task in flow.tasks.values():
        raw = task.settings.get("requirements")
        if raw:
            refs = [_node_of(entry) for entry in raw]
            places += [RequirementPlace(task.key, i, ref) for i, ref in enumerate(refs) if ref in gone]
            if not gone.isdisjoint(refs):
                kept = [entry for entry, ref in zip(raw, refs, strict=True) if ref not in gone]
                tasks.append(_with_raw(task, kept))
    for phase in flow.phases.values():
        if any(requirement.node in gone for requirement in phase.requirements):
            ref = phase_ref(phase.key)
            places += [RequirementPlace(ref, i, r.node) for i, r in enumerate(phase.requirements) if r.node in gone]
            phases.append(replace(phase, requirements=tuple(r for r in phase.requirements if r.node not in gone)))
    flow = flow.with_task(*tasks) if tasks else flow
    return (flow.with_phase(*phases) if phases else flow), tuple(places)


def _node_of(entry: object) -> str:
    found = requirements_of([entry])
    return found[0].node if found else ""


def _with_raw(task: Task, requirements: Sequence[object]) -> Task:
    settings = {key: value for key, value in task.settings.items() if key != "requirements"}
    return replace(task, settings={**settings, "requirements": list(requirements)} if requirements else settings)


def _with_requirement(flow: Flow, place: RequirementPlace) -> Flow:
    requirement = Requirement(place.node)
    phase_key = phase_of_ref(place.owner)
    if phase_key is not None:
        require(phases_exist(flow, [phase_key]))
        phase = flow.phases[phase_key]
        listed = with_inserted(phase.requirements, [(place.index, requirement)])
        return flow.with_phase(replace(phase, requirements=listed))
    require(tasks_exist(flow, [place.owner]))
    task = flow.tasks[place.owner]
    entries = with_inserted(task.settings.get("requirements", ()), [(place.index, encode_requirement(requirement))])
    return flow.with_task(_with_raw(task, entries))
