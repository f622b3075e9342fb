"""Programs: tasks whose steps are found at run time, because they are written as code.

A task of the kind `program` is run in *turns*. A turn replays the program over what has come of its steps so far, until
it waits for steps that have not settled; it answers the steps that it has asked for since the turn before. Each of them
is added to the marking as a node of its own, with neither edges nor joins: it is ready at once, is retried, timed,
paused, cancelled and rolled back like any other step, and when it settles, its program takes its next turn.

An added step belongs to the program's current run as long as its iteration is 1. When the program starts over, or is
restarted from a step before it, the iteration grows: results of its attempts are then outdated, its row is in the past.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from designer.graph.model import Flow, Join, Json, Task
from designer.graph.plan import Plan, PlanNode
from engine.core.added import FIRST_ITERATION, PROGRAM, STEP_KINDS, AddedStep
from engine.core.facts import Fact, FactRefused, FactType
from engine.core.ports import ProgramHistory, ProgramStep
from engine.core.state import State, StepStatus

if TYPE_CHECKING:
    from engine.core.settling import Fold


def key_of(place: int, parent: str) -> str:
    """The task key of an added step, by its place among all of its instance: no drawn task has a `~` in its key."""
    return f"{place + 1}~{parent}"[:64]


# -- the plan with its added steps ------------------------------------------------------------------------------------


def plan_with(plan: Plan, state: State) -> Plan:
    """`plan` with a node for each step that the state has more."""
    missing = len(state.nodes) - len(plan.nodes)
    if missing <= 0:
        return plan
    nodes, index, tasks = list(plan.nodes), dict(plan.index), dict(plan.flow.tasks)
    for place in range(len(state.added) - missing, len(state.added)):
        task = _task(state.added[place], place, nodes)
        node = _node(len(nodes), task, state.added[place].of)
        nodes.append(node)
        index[task.key] = node.index
        tasks[task.key] = task
    return replace(plan, nodes=tuple(nodes), index=index, flow=replace(plan.flow, tasks=tasks))


def _task(added: AddedStep, place: int, nodes: list[PlanNode]) -> Task:
    settings = {**added.settings, "program": nodes[added.of].key, "count": added.count}
    return Task(key_of(place, nodes[added.of].key), added.name, added.kind, settings=settings)


def _node(index: int, task: Task, of: int) -> PlanNode:
    return PlanNode(
        index=index,
        key=task.key,
        task=task,
        join=Join.ALL,
        is_phase_exit=False,
        incoming=(),
        outgoing=(),
        loop=None,
        requires=(),
        cancels=(),
        ends_path=False,
        parent=of,
    )


def flow_with(plan: Plan, state: State) -> Flow:
    """The flow of a version with the tasks that an instance has added."""
    return plan_with(plan, state).flow


def drawn_count(state: State) -> int:
    """How many nodes are those of the version; added ones follow."""
    return len(state.nodes) - len(state.added)


def steps_of(state: State, program: int) -> Iterator[tuple[int, AddedStep]]:
    """The steps of a program's current run, by their nodes, in the order in which they were asked for."""
    start = drawn_count(state)
    for place, added in enumerate(state.added):
        if added.of == program and state.iteration(start + place) == FIRST_ITERATION:
            yield start + place, added


# -- facts ------------------------------------------------------------------------------------------------------------


def add_step(fold: Fold, fact: Fact) -> None:
    """A turn has asked for a step: it is ready. `fact.task` is the program, `data` an `AddedStep` without `of`."""
    program = fold.open_node(fact, StepStatus.RUNNING, StepStatus.READY)
    if fold.plan.task(program).kind != PROGRAM:
        raise FactRefused(f"{fold.name(program)} is no program: it adds no steps.")
    data = fact.data
    added = AddedStep(
        program, data["kind"], data["name"], data["count"], data["after"], dict(data.get("settings") or {})
    )
    fold.state.added.append(added)
    fold.state.nodes.append(StepStatus.IDLE)
    fold.plan = plan_with(fold.plan, fold.state)
    fold.start(len(fold.state.nodes) - 1)


def end_turn(fold: Fold, program: int, fact: Fact) -> None:
    """The program waits for its steps; if one has settled that this turn did not see, the next begins at once."""
    state = fold.state
    state.forgiven[program] = state.attempts.get(program, 0)  # a turn that came to its end is no failed attempt
    fingerprint = fact.data.get("fingerprint")
    if fingerprint is not None:
        state.fingerprints[program] = str(fingerprint)
    if len(state.outcomes.get(program, ())) > int(fact.data.get("seen", 0)):
        _wake(fold, program)


def note_outcome(fold: Fold, node: int, program: int) -> None:
    """A step of a program has settled: the program takes its next turn."""
    state = fold.state
    if state.iteration(node) != FIRST_ITERATION:
        return
    state.outcomes.setdefault(program, []).append(node)
    if state.nodes[program] is StepStatus.WAITING:
        _wake(fold, program)


def is_fatal(error: Json) -> bool:
    """Whether an error of a step is one of its program: its code has changed, or does not do again what it did."""
    return isinstance(error, Mapping) and bool(error.get("fatal"))


def _wake(fold: Fold, program: int) -> None:
    fold.put(program, StepStatus.READY)
    fold.derive(FactType.STEP_READY, program)
    fold.ask_for_attempt(program)


def stop_steps(fold: Fold, program: int) -> None:
    """A program has settled: what of its steps is still open is stopped."""
    for node, _ in steps_of(fold.state, program):
        if fold.state.nodes[node].is_open:
            fold.stop(node, "Its program has ended.")


def forget_steps(fold: Fold, program: int) -> None:
    """A program starts over: its steps belong to the past."""
    state = fold.state
    if not state.added:
        return
    for node in [node for node, _ in steps_of(state, program)]:
        _forget(fold, node)
    state.outcomes.pop(program, None)
    state.fingerprints.pop(program, None)


def _forget(fold: Fold, node: int) -> None:
    if fold.state.nodes[node].is_open:
        fold.stop(node, "Its program has started over.")
    fold.state.iterations[node] = fold.state.iteration(node) + 1
    fold.state.attempts.pop(node, None)
    fold.state.started = [step for step in fold.state.started if step[0] != node]


# -- running parts again ----------------------------------------------------------------------------------------------


def nodes_anew(old: State) -> list[StepStatus]:
    """The nodes of an instance that starts over: drawn steps have not begun, added ones are in the past."""
    return [StepStatus.IDLE] * drawn_count(old) + [StepStatus.CANCELLED] * len(old.added)


def rewind(fold: Fold, node: int) -> int:
    """Take a program back to before it asked for a step: that one and all later ones are forgotten.

    Answers the program's node, which is to take its next turn.
    """
    program = fold.plan.nodes[node].parent
    if program is None or fold.state.iteration(node) != FIRST_ITERATION:
        raise FactRefused(f"{fold.name(node)} is not a step of the program's current run.")
    _drop(fold, program, {other for other, _ in steps_of(fold.state, program) if other >= node})
    return program


def failures_to_retry(fold: Fold) -> set[int]:
    """Of programs that failed: the steps whose failure they did not catch. What followed from it is forgotten."""
    state, again = fold.state, set()
    programs = {added.of for added in state.added if state.nodes[added.of] is StepStatus.FAILED}
    for program in programs:
        outcomes = state.outcomes.get(program, [])
        place = next((n for n in reversed(range(len(outcomes))) if _has_failed(state, outcomes[n])), None)
        if place is None:
            continue
        failed = outcomes[place]
        _drop(fold, program, {node for node, added in steps_of(state, program) if added.after > place})
        state.outcomes[program].remove(failed)
        again.add(failed)
    return again


def is_cut_short(state: State, node: PlanNode) -> bool:
    """Whether a step was stopped because its program failed or was stopped, and is to run again with it."""
    if node.parent is None or state.iteration(node.index) != FIRST_ITERATION:
        return False
    return state.nodes[node.parent] in (StepStatus.FAILED, StepStatus.CANCELLED)


def _has_failed(state: State, node: int) -> bool:
    return state.nodes[node] is StepStatus.FAILED


def _drop(fold: Fold, program: int, nodes: set[int]) -> None:
    for node in sorted(nodes):
        _forget(fold, node)
    outcomes = fold.state.outcomes.get(program, [])
    fold.state.outcomes[program] = [node for node in outcomes if node not in nodes]


# -- what a turn is told ----------------------------------------------------------------------------------------------


def history_for(plan: Plan, state: State, task: Task) -> ProgramHistory | None:
    """The history of a program, for its own turn or for one of its steps; None for any other task."""
    if task.kind != PROGRAM and task.kind not in STEP_KINDS:
        return None
    program = plan.index[str(task.settings.get("program", task.key))]
    steps = list(steps_of(state, program))
    places = {node: place for place, (node, _) in enumerate(steps)}
    return ProgramHistory(
        plan.task(program),
        tuple(ProgramStep(plan.nodes[node].key, step.kind, step.name, step.count) for node, step in steps),
        tuple(places[node] for node in state.outcomes.get(program, ())),
        state.fingerprints.get(program, ""),
    )
