"""What an action is, at run time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from designer.graph.model import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningStep:
    """Which step runs an action. `context`: the entities of its instance, as far as they were asked for."""

    environment_id: int
    instance_id: int
    task: str
    iteration: int
    context: Mapping[str, Json]
    vars: Mapping[str, Json]
    now: datetime


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """What an action is run with. `inputs` are rendered; the key is the same for all attempts of a step."""

    inputs: Mapping[str, Json]
    idempotency_key: str
    timeout_seconds: float
    step: RunningStep | None = None


@dataclass(frozen=True, slots=True)
class ActionOutcome:
    """What an action answers; `vars` are merged into the instance's."""

    output: Json = None
    vars: Mapping[str, Json] | None = None


class ActionFailed(Exception):
    """The action failed. `message` is for people; `details` become part of the error."""

    def __init__(self, name: str, message: str, *, is_retryable: bool = False, **details: Json) -> None:
        super().__init__(message)
        self.name = name
        self.message = message
        self.is_retryable = is_retryable
        self.details = details


ENDED: Final = "automation.ended:"
"""How the event types begin that tell the end of what goes on elsewhere."""


class ActionGoesOn(Exception):
    """What was begun goes on elsewhere: an event of this type tells its end; the payload is the output."""

    def __init__(self, event_type: str) -> None:
        super().__init__(event_type)
        self.event_type = event_type


class RunnableAction:
    """An action of the registry. Actions hold no state; one object serves every step."""

    key: str
    has_outside_effect: bool
    """False: run in the transaction that settles the step, exactly once."""

    def is_quick(self, inputs: Mapping[str, Json]) -> bool:
        """Whether it is known to take next to no time."""
        return False

    def shown(self, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
        """The inputs as people may see them: secrets are hidden."""
        return inputs

    def run(self, request: ActionRequest) -> ActionOutcome:
        """Run it once. Raises `ActionFailed`."""
        raise NotImplementedError
