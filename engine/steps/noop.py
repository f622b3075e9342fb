"""Nothing: a label, a junction."""

from __future__ import annotations

from designer.graph.model import Task
from engine.core.ports import Completed, InboundMessage, Result, StepContext


class NoopExecutor:
    """Completes at once, without output."""

    kind = "noop"

    def has_outside_effect(self, task: Task) -> bool:
        """Never."""
        return False

    def begin(self, context: StepContext) -> Result:
        """Done."""
        return Completed()

    def on_timer(self, context: StepContext, purpose: str) -> Result | None:
        """No timers are set."""
        return None

    def on_event(self, context: StepContext, event: InboundMessage) -> Result | None:
        """No events are awaited."""
        return None


EXECUTOR = NoopExecutor()
