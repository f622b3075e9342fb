"""What a worker remembers of how instances of a version went from one point to the next.

Instances of a version that stand at the same point, and to which the same happens, come to the same: a cohort shares
that within a batch (`engine.services.cohorts`), a passage from one batch to the next. Only moments differ. A passage
is believed once it has come out the same twice, at different moments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Generic, NamedTuple, TypeVar

from designer.graph.plan import Plan
from designer.services.versions import plan_of
from engine.core.facts import Fact, FactType
from engine.core.ports import StepContext
from engine.core.state import InstanceStatus, State
from engine.services import limits
from engine.services.beginning import Begin
from engine.services.case import Case, Folds
from engine.services.rounds import LEASE, ClaimedAttempt, Worker, new_token
from engine.services.states import write_state
from engine.services.step_data import Needs, needs_of
from engine.services.writing import ends_of, has_more
from engine.storage.alike import BegunStep, Pattern, Slot
from engine.storage.contract import InstanceRow, StepKey, StepPatch

Key = tuple[Any, ...]
"""A version, a marking, a number of facts, and what happened: as `cohorts` says."""
MOST_KNOWN: Final = 2_048
MOST_CHARACTERS: Final = 4_000_000
"""Of the markings of all that is known."""
V = TypeVar("V")
OWN_OF_ENDED: Final = frozenset({"output", "input", "attempts"})
OWN_OF_BEGUN: Final = frozenset({"lease_owner", "lease_token"})
"""Columns whose values are an attempt's own: they keep their place, and are told anew."""
_NOW: Final = object()
"""In the place of the moment at which it happened."""
_END_OF_LEASE: Final = object()
"""In the place of the moment a lease later."""
_SLOTS: Final = {id(_NOW): Slot.NOW, id(_END_OF_LEASE): Slot.LEASE_ENDS}
SLOTS_OF_ENDED: Final = {"output": Slot.OUTPUT, "input": Slot.INPUT, "attempts": Slot.ATTEMPTS}
SLOTS_OF_BEGUN: Final = {"lease_owner": Slot.OWNER, "lease_token": Slot.TOKEN}


@dataclass(frozen=True, slots=True)
class _Step:
    """What is written of a step, and whether it is begun: the number of its attempt."""

    task: str
    iteration: int
    kind: str
    may_be_new: bool
    columns: Mapping[str, Any]
    begun: int | None


class Beginning(NamedTuple):
    """An attempt that begins: its number, its context as one instance had it, and what of an instance it needs."""

    number: int
    like: StepContext
    needs: Needs


@dataclass(frozen=True, slots=True)
class Track:
    """A passage as it is written of any instance that takes it."""

    plan: Plan
    pattern: Pattern
    state: str
    status: str
    fact_count: int
    begun: Sequence[Beginning]


@dataclass(frozen=True, slots=True)
class Passage:
    """What came of it: the marking, the facts, the columns of instance and steps."""

    plan: Plan
    state: State
    facts: Sequence[tuple[FactType, str | None, int, Any, bool]]
    columns: Mapping[str, Any]
    steps: Sequence[_Step]
    track: Track | None = field(default=None, compare=False)
    """Once it is believed: how it is written without a case for each instance. None where it cannot be."""

    @property
    def count_begun(self) -> int:
        """How many attempts begin."""
        return sum(step.begun is not None for step in self.steps)


class _Table(Generic[V]):
    """By key, and bounded: when it is full it begins anew."""

    def __init__(self) -> None:
        self.by_key: dict[Key, V] = {}
        self._characters = 0

    def put(self, key: Key, state: str, value: V) -> None:
        """Remember one more. `state` is the marking of its key."""
        if len(self.by_key) >= MOST_KNOWN or self._characters > MOST_CHARACTERS:
            self.clear()
        if key not in self.by_key:
            self._characters += len(state)
        self.by_key[key] = value

    def clear(self) -> None:
        """Forget them all."""
        self.by_key.clear()
        self._characters = 0


_seen: Final = _Table[tuple[datetime, Passage]]()
"""Once, and when."""
_known: Final = _Table[Passage]()


def forget_all() -> None:
    """Remember nothing."""
    _seen.clear()
    _known.clear()


def note(key: Key, case: Case, begun: Sequence[ClaimedAttempt]) -> None:
    """Remember what a case that may be repeated (`cohorts`) has come to. It is not written yet."""
    if case.plan is not plan_of(case.row.version_id) or not limits.is_far_from_most_facts(case):
        return
    known = _known.by_key.get(key)
    if known is not None and known.plan is case.plan:
        return
    passage = _passage_of(case, begun)
    if passage is None:
        return
    before = _seen.by_key.get(key)
    if before is not None and before[0] != case.now and before[1] == passage:
        _known.put(key, case.row.state, replace(passage, track=_track_of(passage, case, begun)))
    else:
        _seen.put(key, case.row.state, (case.now, passage))


def _passage_of(case: Case, begun: Sequence[ClaimedAttempt]) -> Passage | None:
    """None where it has moments that are not of now, which may come from anywhere."""
    numbers = {attempt.step: attempt.number for attempt in begun}
    try:
        return Passage(
            case.plan,
            case.state,
            [_timeless(fact, case.now) for fact in case.facts],
            _without_moments(case.columns, case.now, frozenset()),
            [
                _Step(
                    step.task,
                    step.iteration,
                    patch.kind,
                    patch.may_be_new,
                    _without_moments(patch.columns, case.now, OWN_OF_BEGUN if step in numbers else OWN_OF_ENDED),
                    numbers.get(step),
                )
                for step, patch in case.steps.items()
            ],
        )
    except _OfAnotherMoment:
        return None


class _OfAnotherMoment(Exception):
    pass


def _track_of(passage: Passage, case: Case, begun: Sequence[ClaimedAttempt]) -> Track | None:
    """None where what is written follows from more than the passage."""
    ended = [step for step in passage.steps if not step.may_be_new]
    fresh = [step for step in passage.steps if step.may_be_new]
    if len(ended) != 1 or any(step.begun is None for step in fresh):
        return None
    if has_more(case):
        return None
    fact_count = case.row.fact_count + len(case.facts)
    state, status = write_state(passage.state), passage.state.status
    instance = {**_with_slots(passage.columns, {}), "state": state, "fact_count": fact_count}
    if status.value != case.row.status:
        instance["status"] = status.value
    if status is InstanceStatus.COMPLETE:
        if ends_of(case) != [ended[0].task]:
            return None
        instance["output"] = Slot.OUTPUT
    pattern = Pattern(
        case.row.environment_id,
        case.row.fact_count,
        instance,
        ended[0].task,
        ended[0].iteration,
        ended[0].kind,
        _with_slots(ended[0].columns, SLOTS_OF_ENDED),
        [BegunStep(s.task, s.iteration, s.kind, _with_slots(s.columns, SLOTS_OF_BEGUN)) for s in fresh],
        [
            (number, type.value, task or "", iteration, data, derived)
            for number, (type, task, iteration, data, derived) in enumerate(passage.facts, case.row.fact_count + 1)
        ],
    )
    contexts = {attempt.step.task: _beginning(case, attempt) for attempt in begun}
    # In the order of the pattern. One that was claimed begins itself, and nothing else does.
    order = [step.task for step in passage.steps if step.begun is not None]
    return Track(case.plan, pattern, state, status.value, fact_count, [contexts[task] for task in order])


def _beginning(case: Case, attempt: ClaimedAttempt) -> Beginning:
    like, needs = attempt.context, needs_of(case.plan, attempt.context.task)
    # What it has loaded is that one instance's alone.
    return Beginning(attempt.number, like if needs.nothing else replace(like, data={}), needs)


def _with_slots(columns: Mapping[str, Any], own: Mapping[str, Slot]) -> dict[str, Any]:
    return {name: own[name] if name in own else _SLOTS.get(id(value), value) for name, value in columns.items()}


def track(key: Key, row: InstanceRow) -> Track | None:
    """How an instance is carried past this point; None where it is not known, or not to be written so."""
    passage = _known.by_key.get(key)
    return None if passage is None or passage.plan is not plan_of(row.version_id) else passage.track


def _timeless(fact: Fact, now: datetime) -> tuple[FactType, str | None, int, Any, bool]:
    if fact.at != now:
        raise _OfAnotherMoment
    return fact.type, fact.task, fact.iteration, fact.data, fact.derived


def _without_moments(columns: Mapping[str, Any], now: datetime, own: frozenset[str]) -> dict[str, Any]:
    """The columns, with signs for moments; None for those that are an attempt's own."""
    found: dict[str, Any] = {}
    for name, value in columns.items():
        if name in own:
            found[name] = None
        elif not isinstance(value, datetime):
            found[name] = value
        elif value == now:
            found[name] = _NOW
        elif value == now + LEASE:
            found[name] = _END_OF_LEASE
        else:
            raise _OfAnotherMoment
    return found


def recall(key: Key, row: InstanceRow, worker: Worker, now: datetime, folds: Folds) -> tuple[Case, list[Begin]] | None:
    """What an instance comes to, as it is known, and the attempts that are to be begun for `worker`; None where it is
    not, or where the worker has no room. Of the step that ended, output, input and attempt are to be told (`cohorts`).
    """
    passage = _known.by_key.get(key)
    if passage is None or passage.plan is not plan_of(row.version_id) or worker.room < passage.count_begun:
        return None
    case = Case(row, passage.plan, passage.state, now, folds)
    case.facts = [
        Fact(type, now, task, iteration, data, derived) for type, task, iteration, data, derived in passage.facts
    ]
    lease_ends = now + LEASE
    case.columns = _with_moments(passage.columns, now, lease_ends)
    begins: list[Begin] = []
    for step in passage.steps:
        key_of_step = StepKey(row.id, step.task, step.iteration)
        columns = _with_moments(step.columns, now, lease_ends)
        case.steps[key_of_step] = StepPatch(row.environment_id, step.kind, columns, step.may_be_new)
        if step.begun is not None:
            token = new_token()
            columns |= {"lease_owner": worker.name, "lease_token": token}
            begins.append(Begin(case, key_of_step, step.begun, token))
    worker.room -= len(begins)
    return case, begins


def _with_moments(columns: Mapping[str, Any], now: datetime, lease_ends: datetime) -> dict[str, Any]:
    return {
        name: now if value is _NOW else lease_ends if value is _END_OF_LEASE else value
        for name, value in columns.items()
    }
