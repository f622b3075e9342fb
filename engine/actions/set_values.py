"""Sets values that later tasks find in `vars`."""

from __future__ import annotations

from collections.abc import Mapping

from designer.graph.model import Json
from engine.actions.action import ActionFailed, ActionOutcome, ActionRequest, RunnableAction


class SetValues(RunnableAction):
    """Answers its values."""

    key = "set_values"
    has_outside_effect = False

    def is_quick(self, inputs: Mapping[str, Json]) -> bool:
        """Always."""
        return True

    def run(self, request: ActionRequest) -> ActionOutcome:
        """The values, as output and as vars."""
        values = request.inputs.get("values", {})
        if not isinstance(values, Mapping):
            raise ActionFailed("WrongInputs", "values must be an object of names and values.")
        return ActionOutcome(output=dict(values), vars=dict(values))


ACTION = SetValues()
