"""Does every task have a way to it, and is there no circle?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from designer.graph.checks.problem import Problem, error, warning
from designer.graph.checks.subject import Subject
from designer.graph.model import TRIGGER, Edge, On, phase_of_ref, phase_ref
from designer.graph.suggestions import did_you_mean, listed, quoted


def check_ways(subject: Subject) -> Iterator[Problem]:
    """Starts, ends of edges, reachability and circles."""
    if not subject.flow.tasks:
        yield error("nothing_to_start", "The flow has no tasks yet. Add one.")
        return
    yield from _ends(subject)
    yield from _phases(subject)
    yield from _start(subject)
    yield from _circles(subject)
    yield from _unreachable(subject)


def _start(subject: Subject) -> Iterator[Problem]:
    if not subject.lowering.start_tasks():
        message = "There is nothing to start with: every task has an incoming edge. Draw one from the trigger."
        yield error("nothing_to_start", message)


def _ends(subject: Subject) -> Iterator[Problem]:
    flow = subject.flow
    seen: set[Edge] = set()
    for edge in flow.edges:
        way = f"The edge {edge.source} → {edge.target}"
        for ref in (edge.source, edge.target):
            if not flow.has_node(ref):
                known = [TRIGGER, *flow.tasks, *map(phase_ref, flow.phases)]
                message = f"{way} names {quoted(ref)}, which is not there.{did_you_mean(ref, known)}"
                yield error("edge_dangles", message, edge=edge)
        if edge.target == TRIGGER:
            yield error("edge_into_trigger", f"{way} leads to the trigger. Nothing does; take it away.", edge=edge)
        if edge.source == edge.target:
            yield error("edge_to_itself", f"{way} leads back to its own start. Take it away.", edge=edge)
        if edge.source == TRIGGER and (edge.on is On.ERROR or edge.branch is not None):
            yield error("trigger_cannot_fail", f"{way} follows an outcome that the trigger does not have.", edge=edge)
        if edge in seen:
            yield error("edge_twice", f"{way} is there twice. Take one away.", edge=edge)
        seen.add(edge)


def _phases(subject: Subject) -> Iterator[Problem]:
    flow = subject.flow
    for key, phase in flow.phases.items():
        ref = phase_ref(key)
        if subject.lowering.tasks_in.get(key):
            continue
        edges = [edge for edge in flow.edges if ref in (edge.source, edge.target)]
        if not edges:
            yield warning("phase_empty", f"The phase {quoted(phase.name)} has no tasks.", node=ref)
        for edge in edges:
            message = (
                f"The phase {quoted(phase.name)} has edges but no tasks. Put tasks into it, or take the edge away."
            )
            yield error("phase_empty", message, node=ref, edge=edge)
    for edge in flow.edges:
        for ref, other in ((edge.source, edge.target), (edge.target, edge.source)):
            task = flow.tasks.get(other)
            if task is not None and task.phase is not None and ref == phase_ref(task.phase):
                message = f"An edge connects {subject.name(other)} with its own phase. Take it away."
                yield error("edge_within_phase", message, node=other, edge=edge)
    for key, task in flow.tasks.items():
        if task.phase is not None and task.phase not in flow.phases:
            hint = did_you_mean(task.phase, flow.phases)
            message = f"{subject.name(key)} is in the phase {quoted(task.phase)}, which is not there.{hint}"
            yield error("phase_unknown", message, node=key, field=("phase",))


def _circles(subject: Subject) -> Iterator[Problem]:
    for group in subject.structure.circles:
        names = [subject.name(ref) for ref in group if phase_of_ref(ref) is None]
        named = listed(names[:5] + ([f"{len(names) - 5} more"] if len(names) > 5 else []), last="and")
        if len(names) == 1:
            message = f"{named} waits for itself. Take the requirement on it or on its phase away."
        elif _is_drawn(subject, group):
            mend = "To go round again, let a decision lead back and declare its loop; else take an edge away."
            message = f"{named} go round in a circle. {mend}"
        else:
            message = f"{named} wait for each other: requirements and edges form a circle. Take one of them away."
        yield error("cycle", message, node=next(ref for ref in group if phase_of_ref(ref) is None))


def _is_drawn(subject: Subject, group: Sequence[str]) -> bool:
    """Whether the circle is one of edges alone."""
    start = group[0]
    inside = set(group)
    todo, seen = [start], set()
    while todo:
        for target in subject.structure.following.get(todo.pop(), ()):
            if target == start:
                return True
            if target in inside and target not in seen:
                seen.add(target)
                todo.append(target)
    return False


def _unreachable(subject: Subject) -> Iterator[Problem]:
    if not subject.lowering.start_tasks():
        return
    for key in subject.flow.tasks:
        if key not in subject.structure.started and key not in subject.structure.in_circles:
            incoming = subject.structure.preceding.get(key)
            reason = "nothing that starts leads to it" if incoming else "no edge leads to it"
            message = f"{subject.name(key)} can never run: {reason}. Connect it, or take it away."
            yield error("unreachable", message, node=key)
