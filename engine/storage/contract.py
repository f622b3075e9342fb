"""What the engine asks of its database. All methods run in the caller's transaction unless they say otherwise.

Moments are aware datetimes in UTC. JSON goes in as Python values and comes out as JSON text (`json_text.parse`), so
that what nobody looks at is never parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from engine.storage.alike import Member, Moment


class StepKey(NamedTuple):
    """What names a step."""

    instance_id: int
    task: str
    iteration: int


class InstanceRow(NamedTuple):
    """An instance as the engine moves it. `state` is JSON text, empty for one that has no history yet."""

    id: int
    environment_id: int
    flow_id: int
    version_id: int
    key: str
    status: str
    state: str
    fact_count: int


class InstanceData(NamedTuple):
    """What templates may ask of an instance. JSON text."""

    id: int
    input: str | None
    context: str
    vars: str
    trigger: str
    created_at: datetime
    started_at: datetime | None


class StepData(NamedTuple):
    """What templates may ask of a step. JSON text."""

    instance_id: int
    task: str
    iteration: int
    status: str
    output: str | None
    error: str | None
    started_at: datetime | None
    ended_at: datetime | None


class ClaimableStep(NamedTuple):
    """A step that may be claimed, or was. `status` is `running` where a worker lost it during an attempt."""

    instance_id: int
    task: str
    iteration: int
    status: str
    attempt: int
    lost_leases: int

    @property
    def step(self) -> StepKey:
        """What names it."""
        return StepKey(self.instance_id, self.task, self.iteration)


class DueTimer(NamedTuple):
    """A timer whose moment has come."""

    id: int
    instance_id: int
    task: str
    iteration: int
    purpose: str
    due_at: datetime


class KeptEvent(NamedTuple):
    """An event that no wait has consumed yet. `payload` is JSON text."""

    id: int
    instance_id: int
    type: str
    payload: str | None


class AwaitingStep(NamedTuple):
    """A step that waits for an event."""

    instance_id: int
    task: str
    iteration: int
    event_type: str


class FactRow(NamedTuple):
    """One fact to append."""

    instance_id: int
    number: int
    type: str
    at: datetime
    task: str
    iteration: int
    data: Any
    is_derived: bool


class TimerRow(NamedTuple):
    """One timer to set, in the place of one of the same purpose."""

    instance_id: int
    task: str
    iteration: int
    purpose: str
    due_at: datetime
    is_suspended: bool


@dataclass(slots=True)
class StepPatch:
    """Columns of one step to write. `may_be_new`: the row is inserted where there is none.

    The column `attempts` is appended to, never replaced: a list of `{number, started_at, ended_at, error}`.
    """

    environment_id: int
    kind: str
    columns: dict[str, Any]
    may_be_new: bool = False


@dataclass(slots=True)
class Lease:
    """A claim by a worker."""

    owner: str
    until: datetime


class Queue(NamedTuple):
    """Where something waits for a worker. `places`: environments, each with its organization, at most some dozens;
    where more have work they take turns. `has_lost`: whether a lease has run out.
    """

    places: Mapping[int, int]
    has_lost: bool

    def __bool__(self) -> bool:
        return bool(self.places) or self.has_lost


class Taken(NamedTuple):
    """What a worker has claimed: the steps with the token of each lease, and their instances, locked, as they stand."""

    tokens: Mapping[ClaimableStep, int]
    rows: Sequence[InstanceRow]


@dataclass(frozen=True, slots=True)
class Batch:
    """What a unit of work writes: new instances and columns of others by their id, steps, and facts to append.

    A new instance names each of its columns, `engine.storage.shared.INSTANCE_TYPES`.
    """

    facts: Sequence[FactRow] = ()
    steps: Mapping[StepKey, StepPatch] = field(default_factory=dict)
    instances: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    new_instances: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fence:
    """What has to be so still when a batch is written: each instance's fact count, each step's lease token.

    Only instances and known steps (not `may_be_new`) of the batch can be fenced.
    """

    fact_counts: Mapping[int, int]
    tokens: Mapping[StepKey, int]


class Outdated(Exception):
    """Somebody else has changed an instance, or claimed a step, meanwhile."""


class Storage(Protocol):
    """The contract. One test suite runs it on every database."""

    def dedicate_connection(self) -> None:
        """This thread's connection is a worker's: it does the engine's work and nothing else. Costs nothing when it has
        been said before."""
        ...

    def draw_instance_ids(self, count: int) -> list[int]:
        """Ids for instances that the caller's transaction is about to insert."""
        ...

    def put(self, table: str, types: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> list[int]:
        """Insert rows that have the columns of `types` (see `tables`); their ids, in the order of the rows."""
        ...

    def instances_called(self, names: Collection[tuple[int, str]]) -> dict[tuple[int, str], list[int]]:
        """The ids of the instances that an environment knows by these keys, `(environment, key)`: mostly one each, as
        keys are unique within a flow. Those that nobody has are left out.
        """
        ...

    def lock_instances(self, ids: Sequence[int], *, skip_locked: bool = False) -> list[InstanceRow]:
        """These instances in the order of their ids, locked until the transaction ends. Missing ones are left out, and
        with `skip_locked` those that somebody else holds."""
        ...

    def has_claimable(self, now: datetime) -> bool:
        """Whether some step may be claimed at `now`. Needs no transaction."""
        ...

    def has_due_timer(self, now: datetime) -> bool:
        """Whether some timer is due at `now`. Needs no transaction."""
        ...

    def next_moment(self, now: datetime) -> datetime | None:
        """When the next timer is due or the next step may be claimed, after `now`. Needs no transaction."""
        ...

    def queue(self, now: datetime) -> Queue:
        """Where there is something to claim at `now`. Needs no transaction."""
        ...

    def lock_claimable(
        self,
        now: datetime,
        limit: int,
        *,
        queue: Queue | None = None,
        most_lost: int | None = None,
        unless_since: datetime | None = None,
    ) -> list[StepKey]:
        """Steps that may be claimed at `now`, with their instances locked; those of instances that another transaction
        holds are passed over. First those that a worker lost; of the others an equal share for each organization that
        has any, longest waiting first.

        `queue` is a look at the queue just before, where there was one. With `most_lost`, only steps that lost at most
        so many workers, or that could be claimed since `unless_since`.
        """
        ...

    def lock_claimable_of_others(
        self, now: datetime, limit: int, *, queue: Queue, most_lost: int, without_flows: Collection[int]
    ) -> list[StepKey]:
        """As `lock_claimable`, but of other flows than these.

        However long a backlog of theirs is, the look is short: in each environment it goes over the steps that have
        waited longest, and over those that came last.
        """
        ...

    def claim(self, tokens: Mapping[StepKey, int], lease: Lease, now: datetime) -> list[ClaimableStep]:
        """Take those of the steps that may still be claimed at `now`. Answers them as they were before."""
        ...

    def take(
        self,
        now: datetime,
        limit: int,
        lease: Lease,
        new_token: Callable[[], int],
        *,
        queue: Queue | None = None,
        most_lost: int | None = None,
        unless_since: datetime | None = None,
    ) -> Taken:
        """`lock_claimable`, `claim` and `lock_instances` in one: with one statement where the database can."""
        ...

    def take_locked(self, steps: Iterable[StepKey], lease: Lease, new_token: Callable[[], int], now: datetime) -> Taken:
        """As `take`, for steps that have been found already and whose instances are locked."""
        ...

    def lease_tokens(self, steps: Iterable[StepKey]) -> dict[StepKey, int]:
        """The current lease token of each of the steps that is being run."""
        ...

    def extend_leases(self, tokens: Mapping[StepKey, int], until: datetime) -> None:
        """Let these leases last until then, as far as they are still held."""
        ...

    def end_leases(self, tokens: Mapping[StepKey, int], now: datetime) -> None:
        """Let others claim these at once, as far as the leases are still held. Nobody counts as lost."""
        ...

    def oldest_claimable(self, now: datetime) -> datetime | None:
        """Since when the longest waiting step could be claimed; None where none can. Needs no transaction."""
        ...

    def expire_leases(self, now: datetime) -> int:
        """Make every leased step claimable at once; for the start of a process that is alone. Answers how many."""
        ...

    def lock_due_timers(self, now: datetime, limit: int) -> list[DueTimer]:
        """Timers that are due at `now`, in due order, with their instances locked, and deleted. Those of instances that
        another transaction holds are passed over."""
        ...

    def write(self, batch: Batch, fence: Fence | None = None) -> None:
        """Write it all: with one statement where the database can, else with one for each set of columns that occurs.

        Without a fence its instances have to be locked. With one they need not be: where anything that the fence names
        is not as it says, nothing is written and `Outdated` is raised. Needs no transaction.
        """
        ...

    def write_alike(self, members: Sequence[Member], moment: Moment, *, is_locked: bool = False) -> None:
        """As `write` with a fence, for instances of which nearly all is known beforehand: at least one, each once.

        Where anything is not as they say, nothing is written and `Outdated` is raised. Needs no transaction.
        `is_locked`: the caller's has locked the instances, so that cannot be, and it is to end should it be.
        """
        ...

    def set_timers(self, rows: Sequence[TimerRow]) -> None:
        """Set timers."""
        ...

    def drop_timers(self, steps: Sequence[StepKey]) -> None:
        """Delete all timers of these steps."""
        ...

    def hold_instances(self, ids: Sequence[int]) -> None:
        """Suspend the timers of these instances, and let nobody claim their ready steps."""
        ...

    def resume_timers(self, shifts: Mapping[int, float]) -> None:
        """Let the timers of these instances run again, each later by so many seconds, and with them what steps say of
        when they wake and are due."""
        ...

    def kept_events(self, instance_ids: Sequence[int]) -> list[KeptEvent]:
        """Events of these instances that no wait has consumed, oldest first."""
        ...

    def awaiting_steps(self, instance_ids: Sequence[int]) -> list[AwaitingStep]:
        """Steps of these instances that wait for an event, longest waiting first."""
        ...

    def consume_events(self, consumed: Sequence[tuple[int, StepKey]], now: datetime) -> None:
        """Note which step consumed which event."""
        ...

    def instance_data(self, ids: Sequence[int]) -> list[InstanceData]:
        """What templates may ask of these instances."""
        ...

    def step_data(self, wanted: Mapping[int, Iterable[str] | None]) -> list[StepData]:
        """Every round, in order, of the named tasks of each instance; of all its tasks where None is given."""
        ...
