"""What a compensation is run with: its settings, and the data as the step that it undoes saw it."""

from __future__ import annotations

from dataclasses import replace

from designer.graph.model import Json, Task
from designer.graph.references import STEP_PARTS
from engine.core.ports import StepContext
from engine.core.rollback import compensation_of
from engine.core.state import InstanceStatus
from engine.models import Step
from engine.services import executing
from engine.services.case import Case
from engine.services.step_data import needs_of
from engine.storage.contract import StepKey


def task_of(case: Case, step: StepKey) -> Task:
    """The compensation of a step as a task of its own. Only tasks that have one are ever rolled back."""
    task = case.task(step.task)
    return compensation_of(task) or task


def context_of(case: Case, step: StepKey, *, attempt: int) -> StepContext:
    """What the executor of a compensation is told. The data its task needs has been loaded.

    In a loop the steps around it are those of its own round.
    """
    context = executing.context_of(case, step, attempt=attempt)
    rollback = case.state.rollback
    failed = rollback is not None and rollback.then is InstanceStatus.ERRORED
    data = dict(context.data)
    if step.iteration != case.state.iteration(case.plan.index[step.task]):
        data["steps"] = {**data["steps"], **_round(case, step)}
    return replace(
        context,
        task=task_of(case, step),
        data=data,
        is_compensation=True,
        cause=case.state.error if failed else None,
    )


def _round(case: Case, step: StepKey) -> dict[str, Json]:
    """The steps of an earlier round, by their tasks: the step itself, and what it reads of the same loop."""
    plan = case.plan
    loop = plan.nodes[plan.index[step.task]].loop
    wanted = needs_of(plan, case.task(step.task)).steps
    tasks = {
        node.key
        for node in plan.nodes
        if node.task is not None and loop is not None and node.loop == loop and (wanted is None or node.key in wanted)
    }
    rows = Step.objects.filter(instance_id=case.row.id, task__in={*tasks, step.task}, iteration__lte=step.iteration)
    found = rows.order_by("iteration").values("task", *STEP_PARTS)
    return {
        row["task"]: {
            **row,
            "started_at": row["started_at"] and row["started_at"].isoformat(),
            "ended_at": row["ended_at"] and row["ended_at"].isoformat(),
        }
        for row in found
    }
