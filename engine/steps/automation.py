"""Runs an action from the registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from designer.graph.model import Json, Task
from engine.actions import ACTIONS
from engine.actions.action import ENDED, ActionFailed, ActionGoesOn, ActionRequest, RunnableAction, RunningStep
from engine.core.ports import Completed, InboundMessage, Result, StepContext, Waiting, failed
from engine.core.retries import attempt_timeout
from engine.core.templates import TemplateError, render_value


class AutomationExecutor:
    """Renders the inputs, runs the action, answers its output. `actions`: those it knows, by their names."""

    kind = "automation"

    def __init__(self, actions: Mapping[str, RunnableAction] = ACTIONS) -> None:
        self._actions = actions

    def has_outside_effect(self, task: Task) -> bool:
        """As its action says; an unknown action has none, it fails at once."""
        action = self._actions.get(str(task.settings.get("action", "")))
        return action is not None and action.has_outside_effect

    def is_quick(self, task: Task) -> bool:
        """Whether the action is known to take next to no time."""
        action = self._actions.get(str(task.settings.get("action", "")))
        return action is not None and action.is_quick(task.settings.get("inputs") or {})

    def begin(self, context: StepContext) -> Result:
        """Run the action once."""
        settings = context.task.settings
        name = str(settings.get("action", ""))
        action = self._actions.get(name)
        if action is None:
            return failed("UnknownAction", f"There is no action {name[:80]!r}.")
        try:
            inputs = render_value(settings.get("inputs") or {}, context.data, "inputs")
        except TemplateError as bad:
            return failed("TemplateError", str(bad))
        if not isinstance(inputs, Mapping):
            return failed("WrongInputs", "The inputs of an action must be an object.")
        seconds = attempt_timeout(context.task).total_seconds()
        step = RunningStep(
            environment_id=context.environment_id,
            instance_id=context.instance_id,
            task=context.task.key,
            iteration=context.iteration,
            context=context.data.get("context") or {},
            vars=context.data.get("vars") or {},
            now=context.now,
        )
        request = ActionRequest(inputs, context.idempotency_key, seconds, step)
        seen = _seen_inputs(context, action, inputs)
        try:
            outcome = action.run(request)
        except ActionGoesOn as more:
            return Waiting(for_="event", event_type=more.event_type, input=seen)
        except ActionFailed as bad:
            return failed(bad.name, bad.message, retryable=bad.is_retryable, input=seen, **bad.details)
        return Completed(output=outcome.output, vars=outcome.vars, input=seen)

    def on_timer(self, context: StepContext, purpose: str) -> Result | None:
        """No timers are set."""
        return None

    def on_event(self, context: StepContext, event: InboundMessage) -> Result | None:
        """What was begun has ended: the payload is the output, or says what went wrong as `{error}`."""
        if not event.type.startswith(ENDED):
            return None
        payload = event.payload
        if isinstance(payload, Mapping) and isinstance(payload.get("error"), Mapping):
            error = payload["error"]
            known: dict[str, Any] = {name: str(error[name]) for name in ("run", "outcome") if name in error}
            return failed("AutomationFailed", str(error.get("message") or "It failed."), **known)
        return Completed(output=payload)


def _seen_inputs(context: StepContext, action: RunnableAction, inputs: Mapping[str, Json]) -> Json:
    """The inputs as they are kept for people; not at all where they are the sensitive output itself."""
    is_output = context.task.settings.get("sensitive") == "output" and action.key == "set_values"
    return None if is_output else action.shown(inputs)


EXECUTOR = AutomationExecutor()
