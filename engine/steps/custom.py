"""Answers the values that its author wrote, rendered over the data of the instance."""

from __future__ import annotations

from designer.graph.model import Task
from engine.core.ports import Completed, InboundMessage, Result, StepContext
from engine.notifying import contents


class CustomExecutor:
    """Completes at once."""

    kind = "custom"

    def has_outside_effect(self, task: Task) -> bool:
        """Never."""
        return False

    def begin(self, context: StepContext) -> Result:
        """The values."""
        values = context.task.settings.get("values")
        return Completed(output=contents.render(values, contents.view_of(context.data)))

    def on_timer(self, context: StepContext, purpose: str) -> Result | None:
        """No timers are set."""
        return None

    def on_event(self, context: StepContext, event: InboundMessage) -> Result | None:
        """No events are awaited."""
        return None


EXECUTOR = CustomExecutor()
