"""What scripts import: `from workers import WorkflowEntrypoint, NonRetryableError`."""

from __future__ import annotations

from typing import Any


class WorkflowEntrypoint:
    """Base of the class that is a flow. `async def run(self, event, step)` is its program; it may be run many times,
    so whatever has an effect, or may answer differently another time, belongs into a step.
    """

    def __init__(self, ctx: Any = None, env: Any = None) -> None:
        self.ctx = ctx
        self.env = env

    async def run(self, event: Any, step: Any) -> Any:
        """The program."""
        raise NotImplementedError


class NonRetryableError(Exception):
    """Raised in a step: it failed, and trying again makes no sense."""


class WorkflowTimeoutError(Exception):
    """An attempt, or a wait for an event, took longer than it may."""


class WorkflowFatalError(BaseException):
    """The run has failed, whatever its program makes of this: it asked for more steps than it may."""


class StepError(Exception):
    """A step failed, with an error that is none of Python's own. `name` is what it is called."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


__all__ = ["NonRetryableError", "StepError", "WorkflowEntrypoint", "WorkflowTimeoutError"]
