"""Runs an action from the registry."""

from __future__ import annotations

from collections.abc import Mapping

from designer.graph.model import Json, Task
from engine.actions import ACTIONS
from engine.actions.action import ActionFailed, ActionRequest, RunnableAction
from engine.core.hiding import shown
from engine.core.ports import Completed, InboundMessage, Result, StepContext, failed
from engine.core.retries import attempt_timeout
from engine.core.templates import TemplateError, render_value


class AutomationExecutor:
    """Renders the inputs, runs the action, answers its output."""

    kind = "automation"

    def has_outside_effect(self, task: Task) -> bool:
        """As its action says; an unknown action has none, it fails at once."""
        action = ACTIONS.get(str(task.settings.get("action", "")))
        return action is not None and action.has_outside_effect

    def is_quick(self, task: Task) -> bool:
        """Whether the action is known to take next to no time."""
        action = ACTIONS.get(str(task.settings.get("action", "")))
        return action is not None and action.is_quick(task.settings.get("inputs") or {})

    def begin(self, context: StepContext) -> Result:
        """Run the action once."""
        settings = context.task.settings
        name = str(settings.get("action", ""))
        action = ACTIONS.get(name)
        if action is None:
            return failed("UnknownAction", f"There is no action {name[:80]!r}.")
        try:
            inputs = render_value(settings.get("inputs") or {}, context.data, "inputs")
        except TemplateError as bad:
            return failed("TemplateError", str(bad))
        if not isinstance(inputs, Mapping):
            return failed("WrongInputs", "The inputs of an action must be an object.")
        seconds = attempt_timeout(context.task).total_seconds()
        request = ActionRequest(inputs=inputs, idempotency_key=context.idempotency_key, timeout_seconds=seconds)
        seen = _seen_inputs(context, action, inputs)
        try:
            outcome = action.run(request)
        except ActionFailed as bad:
            return failed(bad.name, bad.message, retryable=bad.is_retryable, input=seen, **bad.details)
        return Completed(output=outcome.output, vars=outcome.vars, input=seen)

    def on_timer(self, context: StepContext, purpose: str) -> Result | None:
        """No timers are set."""
        return None

    def on_event(self, context: StepContext, event: InboundMessage) -> Result | None:
        """No events are awaited."""
        return None


def _seen_inputs(context: StepContext, action: RunnableAction, inputs: Mapping[str, Json]) -> Json:
    """The inputs as they are kept for people.

    Where they may hold what is shown nowhere they are kept as they are written, not as rendered; and not at all where
    they are the sensitive output itself.
    """
    if context.task.settings.get("sensitive") == "output" and action.key == "set_values":
        return None
    seen = shown(context, "inputs", inputs)
    return action.shown(inputs) if seen is inputs else seen


EXECUTOR = AutomationExecutor()
