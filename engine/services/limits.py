"""How much an instance may do: so many steps, so many facts. It is warned before, then fails with a named error.

The limits are those of the flow's version (`limits.max_steps`, `limits.max_facts`), or the defaults below. They guard
the installation against flows that go round for ever. Payloads have a limit of their own (`executing.storing_problem`).
"""

from __future__ import annotations

from typing import Final

from designer.graph.flow_fields import MOST_FACTS, MOST_STEPS
from engine.core.commands import Execute
from engine.core.facts import FactType
from engine.core.ports import failed
from engine.core.state import StepStatus
from engine.models import Fact, Step
from engine.services.case import Case
from engine.storage.contract import StepKey

WARN_AT: Final = 0.8
"""Which part of a limit an instance uses up before it is warned."""


def is_over_limit(case: Case, ask: Execute) -> bool:
    """Whether the instance has used up what its flow allows; then the step has failed instead of being run."""
    if ask.attempt > 1:
        return False
    step = StepKey(case.row.id, ask.task, ask.iteration)
    most_facts = _limit(case, "max_facts", MOST_FACTS)
    facts = _facts(case)
    if facts > most_facts:
        message = f"The history of the instance has {facts:,} facts; its flow allows {most_facts:,}."
        case.settle(step, failed("HistoryTooLong", message))
        return True
    if facts > most_facts * WARN_AT:
        _warn(case, "max_facts", facts, most_facts)
    if not looks_at_rows(case):
        return False
    most_steps = _limit(case, "max_steps", MOST_STEPS)
    run = _run(case)
    if run > most_steps:
        message = f"The instance has run {most_steps:,} steps, as many as its flow allows."
        case.settle(step, failed("TooManySteps", message))
        return True
    if run > most_steps * WARN_AT:
        _warn(case, "max_steps", run, most_steps)
    return False


def warn_of_history(case: Case) -> None:
    """Warn an instance whose history grows without a step of its own: it is sent events."""
    if "max_facts" in case.state.warned or is_far_from_most_facts(case):
        return
    facts, most = _facts(case), _limit(case, "max_facts", MOST_FACTS)
    if facts > most * WARN_AT:
        _warn(case, "max_facts", facts, most)


def _facts(case: Case) -> int:
    """How many there are; exactly, once it matters: what was thinned out does not count."""
    facts = case.row.fact_count + len(case.facts)
    if is_far_from_most_facts(case):
        return facts
    return Fact.objects.filter(instance=case.row.id).count() + len(case.facts)


def looks_at_rows(case: Case) -> bool:
    """Whether the instance may be near its limit of steps, so that its rows have to be counted."""
    return _most_run(case) > _limit(case, "max_steps", MOST_STEPS) * WARN_AT


def is_far_from_most_facts(case: Case) -> bool:
    """Whether nobody has to count the instance's facts yet."""
    return case.row.fact_count + len(case.facts) <= _limit(case, "max_facts", MOST_FACTS) * WARN_AT


def _limit(case: Case, name: str, default: int) -> int:
    limit = case.plan.flow.limits.get(name)
    return limit if isinstance(limit, int) and not isinstance(limit, bool) else default


def _warn(case: Case, limit: str, count: int, most: int) -> None:
    """Once per limit; after a restart anew."""
    if limit not in case.state.warned:
        case.tell(case.fact(FactType.INSTANCE_WARNED, limit=limit, count=count, most=most))


def _most_run(case: Case) -> int:
    """At least as many as were run, without looking at every node: the cost of a step is not to grow with its flow."""
    rounds = max(case.state.iterations.values(), default=1)
    most = len(case.state.nodes) * rounds
    if most <= _limit(case, "max_steps", MOST_STEPS) * WARN_AT:
        return most
    state = case.state
    begun = (n for n, status in enumerate(state.nodes) if status is not StepStatus.IDLE or n in state.iterations)
    return sum(state.iteration(node) for node in begun)


def _run(case: Case) -> int:
    """How many were run, exactly: the rows, and what this unit of work has begun."""
    run = Step.objects.filter(instance_id=case.row.id, is_past=False)
    run = run.exclude(status__in=["skipped", "ready", "blocked"])
    new = [patch for patch in case.steps.values() if patch.may_be_new and patch.columns.get("status") != "skipped"]
    return run.count() + len(new)
