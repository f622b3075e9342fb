"""Starts another flow as a child, and waits for its end.

`engine.services.calls` starts the child and tells what became of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from designer.graph.model import Task
from engine.core.hiding import reads_hidden
from engine.core.ports import ChildCall, InboundMessage, Result, StepContext, Waiting, failed
from engine.core.templates import TemplateError, render_value


class CallExecutor:
    """Says what is to be called. The child is started once, in the transaction after the one that stores this."""

    kind = "call"

    def has_outside_effect(self, task: Task) -> bool:
        """Never: the request for the child is stored with the step."""
        return False

    def begin(self, context: StepContext) -> Result:
        """Ask for the child, and wait."""
        settings = context.task.settings
        try:
            inputs = render_value(settings.get("inputs") or {}, context.data, "inputs")
        except TemplateError as bad:
            return failed("TemplateError", str(bad))
        if not isinstance(inputs, Mapping):
            return failed("WrongInputs", "The input of a call must be an object.")
        call = ChildCall(
            flow=str(settings.get("flow", "")),
            input=inputs,
            waits=settings.get("wait") is not False,
            is_input_hidden=reads_hidden(context),
        )
        return Waiting(for_="child", call=call, input=inputs)

    def on_timer(self, context: StepContext, purpose: str) -> Result | None:
        """No timers are set."""
        return None

    def on_event(self, context: StepContext, event: InboundMessage) -> Result | None:
        """No events are awaited."""
        return None


EXECUTOR = CallExecutor()
