"""What is written of instances to which the same happens at the same point: all but their own is known beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple

from engine.storage.contract import Batch, FactRow, Fence, StepKey, StepPatch


class Slot(Enum):
    """In the place of a column's value: it is an instance's own, or one of now."""

    NOW = "now"
    LEASE_ENDS = "lease_ends"
    OWNER = "owner"
    OUTPUT = "output"
    INPUT = "input"
    ATTEMPTS = "attempts"
    TOKEN = "token"  # noqa: S105 - of a lease


Columns = Mapping[str, Any]
"""Values by the names of columns; some are slots."""


class BegunStep(NamedTuple):
    """A step that is inserted with an attempt under way."""

    task: str
    iteration: int
    kind: str
    columns: Columns


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """One step ended, others begin. `fact_count`: the instance's before. Facts: number, type, task, iteration, data,
    is_derived.
    """

    environment_id: int
    fact_count: int
    instance: Columns
    task: str
    iteration: int
    kind: str
    ended: Columns
    begun: Sequence[BegunStep]
    facts: Sequence[tuple[int, str, str, int, Any, bool]]
    memo: dict[str, Any] = field(default_factory=dict)
    """What a storage makes of it."""

    @property
    def kinds(self) -> set[str]:
        """The kinds of its steps."""
        return {self.kind, *(step.kind for step in self.begun)}


class Member(NamedTuple):
    """One instance to which it happens. `token` has to be that of the ended step's lease; `new_tokens`: those of the
    steps that begin, in their order.
    """

    pattern: Pattern
    instance_id: int
    token: int
    output: Any
    input: Any
    attempts: Any
    new_tokens: Sequence[int]

    def own(self, slot: Slot) -> Any:
        """The value of one of its own slots in the instance or the ended step."""
        if slot is Slot.OUTPUT:
            return self.output
        return self.input if slot is Slot.INPUT else self.attempts


class Moment(NamedTuple):
    """What all members share. `owner`: of the leases that begin."""

    now: datetime
    lease_ends: datetime
    owner: str

    def value(self, slot: Slot) -> Any:
        """The value of a shared slot."""
        if slot is Slot.NOW:
            return self.now
        return self.lease_ends if slot is Slot.LEASE_ENDS else self.owner


SHARED = frozenset({Slot.NOW, Slot.LEASE_ENDS, Slot.OWNER})


def as_batch(members: Sequence[Member], moment: Moment) -> tuple[Batch, Fence]:
    """The same as a batch whose every column is named, and its fence."""
    facts: list[FactRow] = []
    steps: dict[StepKey, StepPatch] = {}
    instances: dict[int, dict[str, Any]] = {}
    tokens: dict[StepKey, int] = {}
    for member in members:
        pattern, id = member.pattern, member.instance_id
        instances[id] = _filled(pattern.instance, member, moment, 0)
        ended = StepKey(id, pattern.task, pattern.iteration)
        tokens[ended] = member.token
        steps[ended] = StepPatch(pattern.environment_id, pattern.kind, _filled(pattern.ended, member, moment, 0))
        for begun, token in zip(pattern.begun, member.new_tokens, strict=True):
            columns = _filled(begun.columns, member, moment, token)
            steps[StepKey(id, begun.task, begun.iteration)] = StepPatch(
                pattern.environment_id, begun.kind, columns, may_be_new=True
            )
        facts += [
            FactRow(id, number, type, moment.now, task, iteration, data, derived)
            for number, type, task, iteration, data, derived in pattern.facts
        ]
    fence = Fence({member.instance_id: member.pattern.fact_count for member in members}, tokens)
    return Batch(facts, steps, instances), fence


def _filled(columns: Columns, member: Member, moment: Moment, token: int) -> dict[str, Any]:
    return {
        name: value
        if value.__class__ is not Slot
        else token
        if value is Slot.TOKEN
        else moment.value(value)
        if value in SHARED
        else member.own(value)
        for name, value in columns.items()
    }
