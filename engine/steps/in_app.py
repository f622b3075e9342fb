"""Puts a message into the subscriber's inbox, in the transaction that settles the step."""

from __future__ import annotations

from designer.graph.model import Task
from engine.core.ports import InboundMessage, Result, StepContext
from engine.notifying.sending import notify


class InAppExecutor:
    """Its output names the message."""

    kind = "in_app"

    def has_outside_effect(self, task: Task) -> bool:
        """Never: a row under the idempotency key of the step."""
        return False

    def begin(self, context: StepContext) -> Result:
        """Send it, unless somebody's wish or the step's condition is against it."""
        return notify(context)

    def on_timer(self, context: StepContext, purpose: str) -> Result | None:
        """No timers are set."""
        return None

    def on_event(self, context: StepContext, event: InboundMessage) -> Result | None:
        """No events are awaited."""
        return None


EXECUTOR = InAppExecutor()
