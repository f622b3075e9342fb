"""Fails on purpose."""

from __future__ import annotations

from collections.abc import Mapping

from designer.graph.model import Json
from engine.actions.action import ActionFailed, ActionOutcome, ActionRequest, RunnableAction


class RaiseError(RunnableAction):
    """Fails with a message that the flow's author wrote."""

    key = "raise_error"
    has_outside_effect = False

    def is_quick(self, inputs: Mapping[str, Json]) -> bool:
        """Always."""
        return True

    def run(self, request: ActionRequest) -> ActionOutcome:
        """Raise it."""
        message = str(request.inputs.get("message") or "The flow raised an error.")
        raise ActionFailed("RaisedError", message, is_retryable=request.inputs.get("retryable") is True)


ACTION = RaiseError()
