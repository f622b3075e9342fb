"""What the steps of an earlier round of a loop came to, from the history."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from designer.graph.model import NONE_MET, Json
from engine.core.earlier_rounds import round_of
from engine.core.facts import FactType
from engine.core.state import StepStatus
from engine.models import Fact, Step
from engine.services.case import Case
from engine.services.errors import NotLegalNow

OUTCOMES: Final = {
    FactType.STEP_COMPLETED.value: StepStatus.COMPLETED,
    FactType.STEP_SKIPPED.value: StepStatus.SKIPPED,
    FactType.STEP_FAILED.value: StepStatus.FAILED,
    FactType.STEP_CANCELLED.value: StepStatus.CANCELLED,
}
TAKEN: Final = FactType.DECISION_TAKEN.value
ENTERED: Final = FactType.LOOP_ENTERED.value


def kept_of(case: Case, task: str, iteration: int) -> dict[str, Json]:
    """Of each task of the loop around `task` that settled by the end of the round in which `task` had `iteration`: what
    came of it (see `engine.core.earlier_rounds`). Raises `NotLegalNow`, `FactRefused`."""
    plan, state = case.plan, case.state
    node = plan.index.get(task)
    if node is None or iteration == state.iteration(node):
        return {}
    loop, round = round_of(plan, state, node, iteration)
    decision = plan.nodes[loop.decision].key
    ended = state.iteration(loop.decision) - (state.rounds[loop.index] - round) + 1
    facts = Fact.objects.filter(instance_id=case.row.id)
    end = facts.filter(type=ENTERED, task=decision, iteration=ended).order_by("-number").first()
    run = Step.objects.filter(instance_id=case.row.id, task=task, iteration=iteration, is_past=False).first()
    if end is None or end.data.get("round") != round + 1 or run is None or run.status == "skipped":
        raise NotLegalNow(f"{plan.nodes[node].name} was not run in round {iteration}, or that round is no longer kept.")
    begun = facts.filter(type=ENTERED, task=decision, iteration=ended - 1).order_by("-number").first()
    keys = [plan.nodes[one].key for one in loop.body if plan.nodes[one].task is not None]
    since = begun.number if begun is not None else 0
    found = facts.filter(number__gt=since, number__lt=end.number, task__in=keys, type__in=[*OUTCOMES, TAKEN])
    return dict(_latest(found.order_by("number")))


def _latest(facts: Any) -> Iterator[tuple[str, dict[str, Json]]]:
    """The last outcome of each task, in the order of the facts: a later one takes the place of an earlier."""
    branches: dict[tuple[str, int], list[str]] = {}
    for fact in facts.iterator():
        if fact.type == TAKEN:
            branches[fact.task, fact.iteration] = list(fact.data.get("branches") or ()) or [NONE_MET]
            continue
        known: dict[str, Json] = {"iteration": fact.iteration, "status": OUTCOMES[fact.type].value}
        if fact.type == FactType.STEP_SKIPPED.value and not fact.is_derived:
            known |= {"passed": True, "branches": [NONE_MET]}
        if (fact.task, fact.iteration) in branches:
            known["branches"] = branches[fact.task, fact.iteration]
        if fact.type == FactType.STEP_FAILED.value:
            known["error"] = _short(fact.data.get("error"))
        yield fact.task, known


def _short(error: Json) -> dict[str, Json]:
    known = error if isinstance(error, dict) else {"message": str(error)}
    short = {name: str(known[name])[:500] for name in ("name", "message") if name in known}
    return short | ({"task": known["task"]} if "task" in known else {})
