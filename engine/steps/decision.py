"""Chooses branches. A manual decision is never executed: a person names its branch."""

from __future__ import annotations

from designer.graph.conditions import evaluate
from designer.graph.model import Task
from engine.core.ports import Completed, InboundMessage, Result, StepContext


class DecisionExecutor:
    """Evaluates the conditions in their order."""

    kind = "decision"

    def has_outside_effect(self, task: Task) -> bool:
        """Never: a decision reads data and nothing else."""
        return False

    def begin(self, context: StepContext) -> Result:
        """The branches that are met, and what each condition saw."""
        task = context.task
        parallel = task.settings.get("parallel", True) is not False
        evaluation = evaluate(task.conditions, context.data, parallel=parallel, hidden=context.hidden)
        records = tuple(dict(record) for record in evaluation.records)
        return Completed(
            output={"branches": list(evaluation.branches)}, branches=evaluation.branches, conditions=records
        )

    def on_timer(self, context: StepContext, purpose: str) -> Result | None:
        """No timers are set."""
        return None

    def on_event(self, context: StepContext, event: InboundMessage) -> Result | None:
        """No events are awaited."""
        return None


EXECUTOR = DecisionExecutor()
