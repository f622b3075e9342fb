"""Going round and leaving (semantics: How an instance moves, Loop).

`Plan.loops` knows the body of each loop. A round is counted per loop, from 1, and begins anew when a loop around it
goes round; an iteration is counted per node and only ever grows, so that every step of a history has a name of its
own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from designer.graph.lowering import EdgeRole
from designer.graph.model import NONE_MET
from designer.graph.plan import PlanEdge, PlanLoop
from engine.core import programs
from engine.core.facts import FactType
from engine.core.state import DEAD, EDGE_FAILED, PENDING, TAKEN, StepStatus

if TYPE_CHECKING:
    from engine.core.settling import Fold


def pass_through_loop(fold: Fold, loop: PlanLoop, branches: tuple[str, ...]) -> tuple[str, ...]:
    """Go round if the loop branch is among `branches` and a round is left; the answer is then empty.

    Else the branches by which the loop is left: those met, or its exit branch when the limit is reached. When several
    are met, the loop branch wins.
    """
    rounds = fold.state.rounds[loop.index]
    if loop.branch not in branches:
        fold.derive(FactType.LOOP_EXITED, loop.decision, {"rounds": rounds, "limit_reached": False})
        return branches or (NONE_MET,)
    if rounds >= loop.max_iterations:
        fold.derive(FactType.LOOP_EXITED, loop.decision, {"rounds": rounds, "limit_reached": True})
        return (loop.exit,)
    fold.put(loop.decision, StepStatus.COMPLETED)
    fold.derive(FactType.STEP_COMPLETED, loop.decision)
    go_round(fold, loop)
    return ()


def go_round(fold: Fold, loop: PlanLoop) -> None:
    """Open a new round: the body's steps become history, and open again one iteration later; its target starts."""
    state = fold.state
    for node in loop.body:
        if state.nodes[node].is_open:
            fold.stop(node, "The loop went round without it.")
    state.rounds[loop.index] += 1
    for inner in loop.inside:
        state.rounds[inner] = 1
    body = frozenset(loop.body)
    for node in loop.body:
        fold.put(node, StepStatus.IDLE)
        programs.forget_steps(fold, node)
        state.iterations[node] = state.iteration(node) + 1
        state.attempts.pop(node, None)
        state.forgiven.pop(node, None)
        state.tally.pop(node, None)
        state.errors.pop(node, None)
    state.passed -= body
    state.ends = [node for node in state.ends if node not in body]
    state.begun -= {phase for phase in state.begun if body.issuperset(fold.plan.phases[phase])}
    for number in loop.inner_edges:
        state.edges[number] = PENDING
    state.edges[loop.back_edge] = TAKEN
    fold.derive(FactType.LOOP_ENTERED, loop.decision, {"round": state.rounds[loop.index]})
    fold.start(loop.target)


def leave_loop(fold: Fold, loop: PlanLoop) -> None:
    """The decision of a loop is settled for good: what waited for that settles, as far as its own source has.

    A source may still run if the decision did not wait for it; its edges settle with it.
    """
    if fold.state.edges[loop.back_edge] == PENDING:
        fold.state.edges[loop.back_edge] = DEAD
    for number in loop.deferred_edges:
        edge = fold.plan.edges[number]
        if fold.state.nodes[edge.source].is_settled:
            fold.settle_edge(number, _deferred_value(fold, edge) if edge.role is EdgeRole.SETTLED else DEAD)


def _deferred_value(fold: Fold, edge: PlanEdge) -> str:
    """What an invisible edge to the end of a phase says about its source."""
    status = fold.state.nodes[edge.source]
    if status is StepStatus.FAILED:
        return EDGE_FAILED if edge.carries_failure and not fold.is_caught(edge.source) else TAKEN
    ran = status is StepStatus.COMPLETED or edge.source in fold.state.passed
    return TAKEN if ran else DEAD
