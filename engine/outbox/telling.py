"""Which facts are told, and in which words. Pure, but for the rows it makes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from designer.graph.model import Json
from engine.core.facts import Fact, FactType
from engine.outbox.models import Message

OF_INSTANCES: Final[Mapping[FactType, str]] = {
    FactType.INSTANCE_STARTED: "instance.started",
    FactType.INSTANCE_COMPLETED: "instance.completed",
    FactType.INSTANCE_FAILED: "instance.failed",
    FactType.INSTANCE_TERMINATED: "instance.terminated",
    FactType.INSTANCE_CLOSED: "instance.closed",
    FactType.INSTANCE_PAUSED: "instance.paused",
    FactType.INSTANCE_RESUMED: "instance.resumed",
    FactType.INSTANCE_RESTARTED: "instance.restarted",
}
OF_STEPS: Final[Mapping[FactType, str]] = {
    FactType.STEP_READY: "step.started",
    FactType.STEP_COMPLETED: "step.completed",
    FactType.STEP_FAILED: "step.failed",
    FactType.STEP_CANCELLED: "step.cancelled",
    FactType.STEP_SKIPPED: "step.skipped",
}
TYPES: Final = (*OF_INSTANCES.values(), *OF_STEPS.values())
"""Every type of message."""
LONGEST_ERROR: Final = 2_000


def messages_of(
    facts: Iterable[Fact], *, environment_id: int, instance_id: int, instance: str, flow: str
) -> Iterator[Message]:
    """The messages that facts of one instance mean, in their order."""
    repeated: set[tuple[str | None, int]] = set()
    for fact in facts:
        if fact.type is FactType.TIMER_FIRED and fact.data.get("purpose") == "retry":
            repeated.add((fact.task, fact.iteration))  # ready again, but no more started than before
        type = OF_INSTANCES.get(fact.type) or OF_STEPS.get(fact.type)
        if type is None or (fact.type is FactType.STEP_READY and (fact.task, fact.iteration) in repeated):
            continue
        data: dict[str, Json] = {"instance": instance, "flow": flow}
        if fact.type in OF_STEPS:
            data |= {"task": fact.task, "iteration": fact.iteration}
        error = fact.data.get("error")
        if isinstance(error, Mapping):
            data["error"] = {key: str(error.get(key, ""))[:LONGEST_ERROR] for key in ("name", "message")}
        yield Message(environment_id=environment_id, instance_id=instance_id, type=type, data=data, at=fact.at)
