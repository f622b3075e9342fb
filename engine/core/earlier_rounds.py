"""Taking a loop back to an earlier round, to run a step of that round again (semantics: Steering, restart from a step).

The marking knows a loop only as it goes round now. What the steps of the earlier round came to is therefore told with
the fact, `kept`: by task `{iteration, status, passed?, branches?, error?}`; the history has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from designer.graph.lowering import EdgeRole
from designer.graph.model import Json
from designer.graph.plan import Plan, PlanLoop
from engine.core.facts import FactRefused
from engine.core.state import DEAD, EDGE_FAILED, PENDING, TAKEN, State, StepStatus

if TYPE_CHECKING:
    from engine.core.settling import Fold


def round_of(plan: Plan, state: State, node: int, iteration: int) -> tuple[PlanLoop, int]:
    """The innermost loop around a node, and which of its rounds an iteration of the node was.

    Raises `FactRefused` for one that is no round of the loop as it goes round now.
    """
    name, current = plan.nodes[node].name, state.iteration(node)
    number = plan.nodes[node].loop
    if number is None:
        raise FactRefused(f"{name} is in no loop: only its latest run can be restarted from, which is {current}.")
    loop = plan.loops[number]
    round = state.rounds[number] - (current - iteration)
    if iteration > current or round < 1:
        first = max(1, current - state.rounds[number] + 1)
        raise FactRefused(f"{name} has the rounds {first} to {current}; there is no round {iteration} of it.")
    return loop, round


def go_back(fold: Fold, loop: PlanLoop, round: int, after: set[int], kept: Mapping[str, Json]) -> dict[int, int]:
    """Let the loop be in `round` again. What is not in `after` gets the outcome it had then.

    Answers by node from which iteration on its steps do not count any more.
    """
    state, plan = fold.state, fold.plan
    before = [node for node in loop.body if node not in after]
    fold.put(loop.decision, StepStatus.IDLE)  # so that what leaves the loop waits for it again
    state.rounds[loop.index] = round
    state.edges[loop.back_edge] = TAKEN if round > 1 else PENDING
    state.ends = [node for node in state.ends if node not in before]
    gone: dict[int, int] = {}
    for node in before:
        if state.nodes[node].is_open:
            fold.stop(node, "The instance was taken back to an earlier round.")
        for number in plan.nodes[node].outgoing:
            state.edges[number] = PENDING
        state.passed.discard(node)
        state.errors.pop(node, None)
        state.tally.pop(node, None)
        fold.put(node, StepStatus.IDLE)
    for node in before:
        known = kept.get(plan.nodes[node].key)
        if isinstance(known, Mapping):
            _settle(fold, node, known)
            gone[node] = int(known["iteration"]) + 1
    fold.forget_what_settled()  # every join that is open again decides anew
    return gone


def _settle(fold: Fold, node: int, known: Mapping[str, Json]) -> None:
    """Give a node the outcome it had, and its edges with it."""
    state, plan_node = fold.state, fold.plan.nodes[node]
    status = StepStatus(known["status"])
    fold.put(node, status)
    if known.get("passed"):
        state.passed.add(node)
    if status is StepStatus.COMPLETED or known.get("passed"):
        is_decision = plan_node.task is not None and plan_node.task.kind == "decision"
        chosen = frozenset(known.get("branches") or ()) if is_decision else None
        fold.settle_outgoing(plan_node, normal=TAKEN, error=DEAD, chosen=chosen)
    elif status is not StepStatus.FAILED:
        fold.settle_outgoing(plan_node, normal=DEAD, error=DEAD)
    elif any(fold.plan.edges[number].role is EdgeRole.ERROR for number in plan_node.outgoing):
        fold.settle_outgoing(plan_node, normal=DEAD, error=TAKEN, settled=TAKEN)
    else:
        error = known.get("error") or {}
        state.errors[node] = {
            "name": str(error.get("name") or "Error"),
            "message": str(error.get("message") or "The step failed.")[:500],
            "task": str(error.get("task") or plan_node.key),
        }
        fold.settle_outgoing(plan_node, normal=EDGE_FAILED, error=EDGE_FAILED)
