"""Makes a value of others by an expression (`engine.core.scripts`)."""

from __future__ import annotations

from collections.abc import Mapping

from engine.actions.action import ActionFailed, ActionOutcome, ActionRequest, RunnableAction
from engine.core.scripts import ScriptFailed, run_script


class RunScript(RunnableAction):
    """Answers the value of the script."""

    key = "run_script"
    # It changes nothing outside; but one that takes a second must not hold up the transaction that settles steps.
    has_outside_effect = True

    def run(self, request: ActionRequest) -> ActionOutcome:
        """Evaluate it. The same arguments give the same value, so a failure is final."""
        arguments = request.inputs.get("arguments") or {}
        if not isinstance(arguments, Mapping):
            raise ActionFailed("WrongInputs", "arguments must be an object of names and values.")
        try:
            return ActionOutcome(output=run_script(str(request.inputs.get("script", "")), arguments))
        except ScriptFailed as bad:
            raise ActionFailed("ScriptFailed", str(bad)) from bad


ACTION = RunScript()
