"""Sends a chat message through the environment's provider."""

from __future__ import annotations

from designer.graph.model import Task
from engine.core.ports import InboundMessage, Result, StepContext
from engine.notifying.sending import notify


class ChatExecutor:
    """Its output names the message."""

    kind = "chat"

    def has_outside_effect(self, task: Task) -> bool:
        """Always: a provider is called."""
        return True

    def begin(self, context: StepContext) -> Result:
        """Send it, unless somebody's wish or the step's condition is against it."""
        return notify(context)

    def on_timer(self, context: StepContext, purpose: str) -> Result | None:
        """No timers are set."""
        return None

    def on_event(self, context: StepContext, event: InboundMessage) -> Result | None:
        """No events are awaited."""
        return None


EXECUTOR = ChatExecutor()
