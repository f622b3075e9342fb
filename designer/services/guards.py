"""What the designer asks of whoever runs flows: which instances there are, whether cases pass. The designer knows no
engine; the engine registers a provider when it is loaded. Without one there are no instances, and cases pass.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from designer.graph.data_tree import NOTHING_SEEN, Shapes
from designer.graph.model import Flow, Json
from designer.graph.trials import Case


@dataclass(frozen=True, slots=True)
class FlowUse:
    """The instances of one flow: how many by status (a thousand stands for more), and when the last one was started."""

    counts: Mapping[str, int] = field(default_factory=dict)
    last_started_at: datetime | None = None
    last_status: str = ""


@dataclass(frozen=True, slots=True)
class Firing:
    """One firing of a trigger, for people. `url` leads to the instance it started, if it did and may be seen."""

    at: datetime
    outcome: str
    reason: str = ""
    instance_id: int | None = None
    instance_key: str = ""


@dataclass(frozen=True, slots=True)
class TriedInput:
    """What one input of the instance would be; or why it cannot be had."""

    name: str
    value: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class TriedTrigger:
    """What would come of an event: nothing is started or stored. `reason`: why it would not start an instance."""

    would_start: bool
    reason: str = ""
    inputs: Sequence[TriedInput] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """The unfinished instances that stand at a task: how many of them could go on in another version, and for the
    others a sentence each with how often it holds.
    """

    task: str
    standing: int
    movable: int
    obstacles: tuple[tuple[str, int], ...] = ()

    @property
    def stuck(self) -> int:
        """How many could not."""
        return self.standing - self.movable


@dataclass(frozen=True, slots=True)
class Impact:
    """What publishing a graph means for the unfinished instances of a flow. The most crowded place first.

    At most so many are looked at: `looked_at` of `unfinished`, those that were started last.
    """

    unfinished: int = 0
    looked_at: int = 0
    movable: int = 0
    places: tuple[Place, ...] = ()

    @property
    def stuck(self) -> int:
        """How many of those looked at have to stay on their version."""
        return self.looked_at - self.movable


class InstancesProvider(Protocol):
    """What the engine answers. Each is a fixed number of queries, however many flows are asked for."""

    def use_of(self, flow_ids: Collection[int]) -> Mapping[int, FlowUse]:
        """The instances of these flows; flows without any may be left out."""

    def unfinished(self, flow_id: int) -> int:
        """How many instances of a flow have not ended. Counted exactly, in the caller's transaction."""

    def finished(self, flow_id: int) -> int:
        """How many have ended."""

    def delete_finished(self, flow_id: int) -> None:
        """Delete all ended instances of a flow with all that belongs to them."""

    def impact_of(self, flow_id: int, flow: Flow, number: int) -> Impact:
        """What it means when `flow`, which is without errors, becomes the version of this number."""

    def firings_of(self, trigger_ids: Collection[int], *, each: int) -> Mapping[int, Sequence[Firing]]:
        """The latest firings of these triggers, the newest first, at most `each` of each."""

    def shapes_of(self, flow_id: int) -> Shapes:
        """Names and types, never values, of what went through the latest instances; nothing that is hidden."""

    def example_input(self, flow: Flow) -> Json:
        """An input that fits what a flow declares and reads."""

    def try_trigger(self, trigger_id: int, payload: Json) -> TriedTrigger:
        """What would come of an event that reaches a trigger of a published version."""


RunCases = Callable[[Flow, Sequence[Case]], Sequence[str]]
"""Runs the cases of a flow; answers a sentence for each that fails, naming it."""


class _Nobody:
    """The provider where nothing runs flows."""

    def use_of(self, flow_ids: Collection[int]) -> Mapping[int, FlowUse]:
        return {}

    def unfinished(self, flow_id: int) -> int:
        return 0

    def finished(self, flow_id: int) -> int:
        return 0

    def delete_finished(self, flow_id: int) -> None:
        return None

    def impact_of(self, flow_id: int, flow: Flow, number: int) -> Impact:
        return Impact()

    def firings_of(self, trigger_ids: Collection[int], *, each: int) -> Mapping[int, Sequence[Firing]]:
        return {}

    def shapes_of(self, flow_id: int) -> Shapes:
        return NOTHING_SEEN

    def example_input(self, flow: Flow) -> Json:
        return {}

    def try_trigger(self, trigger_id: int, payload: Json) -> TriedTrigger:
        return TriedTrigger(False, "Nothing runs flows here.")


_provider: InstancesProvider = _Nobody()


def _run_none(flow: Flow, cases: Sequence[Case]) -> Sequence[str]:
    return ()


_run_cases: RunCases = _run_none


def register_instances(provider: InstancesProvider) -> None:
    """Make this the one that is asked. Called when the engine is loaded."""
    global _provider
    _provider = provider


def register_cases(run: RunCases) -> None:
    """Make this what runs cases. Called when the engine is loaded."""
    global _run_cases
    _run_cases = run


def failing_cases(flow: Flow, cases: Sequence[Case]) -> Sequence[str]:
    """A sentence for each case that fails."""
    return _run_cases(flow, cases)


def instances() -> InstancesProvider:
    """Whoever is to be asked about instances."""
    return _provider
