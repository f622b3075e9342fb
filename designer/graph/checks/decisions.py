"""Branches, conditions and loops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from designer.graph.checks.problem import Problem, error, warning
from designer.graph.checks.subject import Subject
from designer.graph.conditions import (
    OPERATOR_WORDS,
    OPERATORS_BY_TYPE,
    STATEMENT_TYPES,
    WITH_MANY_VALUES,
    WITHOUT_VALUES,
    is_of_type,
)
from designer.graph.lowering import EdgeRole, LoweredEdge
from designer.graph.model import NONE_MET, TRIGGER, Condition, Edge, On, Statement, Task, phase_of_ref
from designer.graph.paths import lone_reference
from designer.graph.suggestions import did_you_mean, listed, quoted
from designer.graph.values import Path
from designer.graph.wording import branch_name


def check_decisions(subject: Subject) -> Iterator[Problem]:
    """Branches of edges, conditions, and the loops that decisions declare."""
    yield from subject.unless_clean(_branches_of_edges)
    for task in subject.flow.tasks.values():
        if task.kind == "decision":
            yield from _branches(subject, task)
            for number, condition in enumerate(task.conditions):
                yield from _condition(subject, task, condition, number)
    if not subject.structure.circles:
        yield from subject.unless_clean(_loops)


def _branches_of_edges(subject: Subject) -> Iterator[Problem]:
    for edge in subject.sound:
        yield from _branch_of(subject, edge)


def _branch_of(subject: Subject, edge: Edge) -> Iterator[Problem]:
    task = subject.flow.tasks.get(edge.source)
    branches = task.branches if task is not None else ()
    if branches and edge.on is On.SUCCESS and edge.branch is None:
        message = f"The edge from {subject.name(edge.source)} to {subject.name(edge.target)} needs a branch: "
        names = [branch_name(task, branch) for branch in branches] if task is not None else []
        yield error("edge_without_branch", f"{message}{listed(names)}.", edge=edge, field=("branch",))
    elif edge.branch is not None and edge.branch not in branches:
        hint = did_you_mean(edge.branch, branches)
        message = f"{subject.name(edge.source)} has no branch {quoted(edge.branch)}.{hint} Choose another branch."
        yield error("branch_unknown", message, edge=edge, field=("branch",))
    elif edge.branch is not None and edge.on is On.ERROR:
        yield error("branch_on_error", "An error edge has no branch. Take the branch away.", edge=edge)


def _branches(subject: Subject, task: Task) -> Iterator[Problem]:
    name = subject.name(task.key)
    taken = {edge.branch for edge in subject.structure.lowering.flow.outgoing(task.key) if edge.on is On.SUCCESS}
    is_automatic = task.settings.get("start") != "manual"
    if not task.conditions:
        message = f"{name} has nothing to decide. Add a branch with a condition."
        yield error("no_branches", message, node=task.key, field=("settings", "conditions"))
        return
    loop = task.loop
    for number, condition in enumerate(task.conditions):
        if condition.key not in taken and not (loop and condition.key == loop.branch):
            label = quoted(condition.name or condition.key)
            message = f"The branch {label} of {name} leads nowhere: the path ends there. Draw an edge from it."
            field: Path = ("settings", "conditions", number)
            yield warning("branch_unused", message, node=task.key, field=field)
    if is_automatic and NONE_MET not in taken:
        message = f"When no condition of {name} is met, the path ends there. Draw an edge for “otherwise”."
        yield warning("no_default_branch", message, node=task.key)


def _condition(subject: Subject, task: Task, condition: Condition, number: int) -> Iterator[Problem]:
    label = f"The branch {quoted(condition.name or condition.key)} of {subject.name(task.key)}"
    where: Path = ("settings", "conditions", number)
    if sum(other.key == condition.key for other in task.conditions) > 1 or condition.key == NONE_MET:
        yield error("key_clash", f"{label} needs a key of its own.", node=task.key, field=(*where, "key"))
    if task.settings.get("start") == "manual":
        return
    if not condition.statements:
        message = f"{label} has no statement, so it is never taken. Add one."
        yield error("condition_empty", message, node=task.key, field=where)
    for place, statement in enumerate(condition.statements):
        for key, reason in _statement_reasons(statement):
            field = (*where, "statements", place, key)
            yield error("statement_wrong", f"{label}: {reason}", node=task.key, field=field)


def _statement_reasons(statement: Statement) -> Iterator[tuple[str, str]]:
    word = OPERATOR_WORDS.get(statement.operator)
    if not statement.source.strip():
        yield "source", "a statement names no value. Write one such as input.order.total."
    if word is None:
        yield "operator", f"there is no operator {quoted(statement.operator)}."
        return
    count = len(statement.values)
    if statement.operator in WITHOUT_VALUES:
        return
    if count == 0:
        yield "values", f"“{word}” compares with a value. Give one."
    elif count > 1 and statement.operator not in WITH_MANY_VALUES and statement.type != "list":
        yield "values", f"“{word}” compares with exactly one value."
    if statement.type is not None:
        label = STATEMENT_TYPES.get(statement.type, statement.type).lower()
        if statement.operator not in OPERATORS_BY_TYPE.get(statement.type, ()):
            yield "operator", f"a value of type {label} has no “{word}”. Choose another operator or type."
        elif statement.type != "list":
            for value in statement.values:
                if not (isinstance(value, str) and lone_reference(value)) and not is_of_type(value, statement.type):
                    yield "values", f"{quoted(value)} is not of type {label}."


# -- loops ------------------------------------------------------------------------------------------------------------


def _loops(subject: Subject) -> Iterator[Problem]:
    for decision, edges in subject.structure.back_edges.items():
        yield from _way_back(subject, decision, edges)
    overlapping = list(_overlaps(subject))
    yield from overlapping
    if not overlapping:
        for edge in subject.structure.forward:
            yield from _crossings(subject, edge)


def _way_back(subject: Subject, decision: str, edges: Sequence[Edge]) -> Iterator[Problem]:
    branch = quoted(branch_name(subject.flow.tasks[decision], subject.lowering.loop_branches[decision]))
    name = subject.name(decision)
    field: Path = ("settings", "loop", "branch")
    if not edges:
        message = f"The loop branch {branch} of {name} has no edge. Draw one back to an earlier task."
        yield error("loop_without_edge", message, node=decision, field=field)
    elif len(edges) > 1:
        message = f"The loop branch {branch} of {name} leads to {len(edges)} tasks. A loop has one way back."
        yield error("loop_twice", message, node=decision, edge=edges[1], field=field)
    elif decision not in subject.structure.bodies:
        target = subject.name(edges[0].target)
        if phase_of_ref(edges[0].target) is not None and len(subject.lowering.entered(edges[0].target)) != 1:
            message = f"The loop of {name} leads back to {target}, which does not begin with one task. Choose a task."
        else:
            message = f"The loop of {name} leads to {target}, which does not lead back to it. Choose an earlier task."
        yield error("loop_not_back", message, node=decision, edge=edges[0], field=field)


def _overlaps(subject: Subject) -> Iterator[Problem]:
    for one, other in combinations(subject.structure.bodies, 2):
        mine, theirs = subject.structure.bodies[one], subject.structure.bodies[other]
        if mine & theirs and not (mine < theirs or theirs < mine):
            message = (
                f"The loops of {subject.name(one)} and {subject.name(other)} overlap. "
                "Put one wholly inside the other, or apart."
            )
            yield error("loops_overlap", message, node=other)


def _crossings(subject: Subject, edge: LoweredEdge) -> Iterator[Problem]:
    """Edges that enter a loop other than at its start, or leave it other than by its decision."""
    for decision, body in subject.structure.bodies.items():
        if edge.target in body and edge.source not in body and edge.target != subject.structure.loop_starts[decision]:
            yield _crossing(subject, edge, decision, is_entering=True)
        is_leaving = edge.role is EdgeRole.NORMAL and edge.source in body and edge.target not in body
        if is_leaving and edge.source != decision:
            yield _crossing(subject, edge, decision, is_entering=False)


def _crossing(subject: Subject, edge: LoweredEdge, decision: str, *, is_entering: bool) -> Problem:
    loop = f"the loop of {subject.name(decision)}"
    if edge.role is EdgeRole.SETTLED:
        phase = subject.name(edge.target)
        message = (
            f"The phase {phase} is partly inside {loop} and has an edge out of it. Put it wholly inside or outside."
        )
        return error("phase_across_loop", message, node=edge.target)
    way = f"The edge {subject.name(edge.source)} → {subject.name(edge.target)}"
    if is_entering:
        start = subject.name(subject.structure.loop_starts[decision])
        message = f"{way} leads into {loop}. Enter it at its start, {start}, or let every way round pass there."
        return error("edge_into_loop", message, node=edge.target, edge=edge.flow_edge)
    message = f"{way} leaves {loop}. Only its decision and error edges may; lead it to the decision instead."
    return error("edge_out_of_loop", message, node=edge.source if edge.source != TRIGGER else None, edge=edge.flow_edge)
