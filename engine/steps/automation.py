"""Runs an action from the registry."""

from __future__ import annotations

from collections.abc import Mapping

from designer.graph.model import Task
from engine.actions import ACTIONS
from engine.actions.action import ActionFailed, ActionRequest
from engine.core.ports import Completed, InboundMessage, Result, StepContext, failed
from engine.core.schedule import BadMoment, moment_after, zone_of
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
        timeout = attempt_seconds(context.task, context)
        request = ActionRequest(inputs=inputs, idempotency_key=context.idempotency_key, timeout_seconds=timeout)
        try:
            outcome = action.run(request)
        except ActionFailed as bad:
            return failed(bad.name, bad.message, retryable=bad.is_retryable, input=inputs, **bad.details)
        # The values of a sensitive set_values are its inputs: they are not kept beside the hidden output.
        hides_inputs = settings.get("sensitive") == "output" and name == "set_values"
        return Completed(output=outcome.output, vars=outcome.vars, input=None if hides_inputs else inputs)

    def on_timer(self, context: StepContext, purpose: str) -> Result | None:
        """No timers are set."""
        return None

    def on_event(self, context: StepContext, event: InboundMessage) -> Result | None:
        """No events are awaited."""
        return None


def attempt_seconds(task: Task, context: StepContext) -> float:
    """How long one attempt may take, in seconds (default 10 minutes)."""
    try:
        until = moment_after(task.settings.get("timeout", "10 minutes"), context.now, zone_of("UTC"))
    except BadMoment:
        return 600.0
    return (until - context.now).total_seconds()


EXECUTOR = AutomationExecutor()
