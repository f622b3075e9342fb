"""What both databases say alike. The dialects hand in how rows get into a statement."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from engine.storage.alike import Member, Moment, as_batch
from engine.storage.contract import (
    AwaitingStep,
    Batch,
    ClaimableStep,
    DueTimer,
    Fence,
    InstanceData,
    InstanceRow,
    KeptEvent,
    Lease,
    Queue,
    StepData,
    StepKey,
    Taken,
    TimerRow,
)

Row = Sequence[Any]
TEXT, WHOLE, BIG, MOMENT, JSON, TRUTH = "text", "integer", "bigint", "moment", "json", "boolean"

STEP_TYPES: Final[Mapping[str, str]] = {
    "instance_id": BIG,
    "task": TEXT,
    "iteration": WHOLE,
    "environment_id": BIG,
    "kind": TEXT,
    "status": TEXT,
    "attempt": WHOLE,
    "attempts": JSON,
    "claimable_at": MOMENT,
    "lease_owner": TEXT,
    "lease_token": BIG,
    "lost_leases": WHOLE,
    "ready_at": MOMENT,
    "started_at": MOMENT,
    "ended_at": MOMENT,
    "wakes_at": MOMENT,
    "input": JSON,
    "output": JSON,
    "error": JSON,
    "is_sensitive": TRUTH,
    "is_past": TRUTH,
    "waits_for": TEXT,
    "event_type": TEXT,
    "event_filter": TEXT,
    "assigned_to": JSON,
    "claimed_by_id": BIG,
    "due_at": MOMENT,
}
STEP_KEY: Final = ("instance_id", "task", "iteration")
NEW_STEP: Final[Mapping[str, Any]] = {
    "status": "",
    "attempt": 0,
    "attempts": [],
    "lease_owner": "",
    "lease_token": 0,
    "lost_leases": 0,
    "is_sensitive": False,
    "is_past": False,
    "waits_for": "",
    "event_type": "",
    "event_filter": "",
    "assigned_to": [],
}
"""What the columns of a new step hold that a patch does not name; the others are empty."""
INSTANCE_TYPES: Final[Mapping[str, str]] = {
    "id": BIG,
    "environment_id": BIG,
    "flow_id": BIG,
    "version_id": BIG,
    "key": TEXT,
    "status": TEXT,
    "state": TEXT,
    "fact_count": WHOLE,
    "input": JSON,
    "context": JSON,
    "vars": JSON,
    "output": JSON,
    "error": JSON,
    "trigger": JSON,
    "started_by_id": BIG,
    "created_at": MOMENT,
    "started_at": MOMENT,
    "ended_at": MOMENT,
}
NEW_INSTANCE: Final = tuple(name for name in INSTANCE_TYPES if name != "id")
FACT_TYPES: Final[Mapping[str, str]] = {
    "instance_id": BIG,
    "number": WHOLE,
    "type": TEXT,
    "at": MOMENT,
    "task": TEXT,
    "iteration": WHOLE,
    "data": JSON,
    "is_derived": TRUTH,
}
TIMER_TYPES: Final[Mapping[str, str]] = {
    "instance_id": BIG,
    "task": TEXT,
    "iteration": WHOLE,
    "purpose": TEXT,
    "due_at": MOMENT,
    "is_suspended": TRUTH,
}

INSTANCES, STEPS = "engine_instance", "engine_step"
SAME_STEP: Final = " AND ".join(f"engine_step.{name} = x.{name}" for name in STEP_KEY)
LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
UNDER_WAY: Final = (
    "(engine_step.status = 'running' OR engine_step.status = 'rolling_back' AND engine_step.lease_owner <> '')"
)
"""Whether an attempt of a step is under way, or one of its compensation."""
SELECT_INSTANCES: Final = f"SELECT {', '.join(InstanceRow._fields)} FROM engine_instance"
ONE_MORE_LOST: Final = f"""
    lost_leases = engine_step.lost_leases
        + CASE WHEN {UNDER_WAY} AND engine_step.lease_owner <> '' THEN 1 ELSE 0 END"""
"""A step is claimed: whether a worker lost it."""


QUEUED: Final = "s.lease_owner = '' AND s.claimable_at <= %s"
"""A step `s` that waits for a worker. (Spelt as the index is: SQLite compares the words.)"""
LOST: Final = "NOT (s.lease_owner = '') AND s.claimable_at <= %s"
"""A step whose lease has run out."""
LOCKED: Final = "s.instance_id, s.task, s.iteration, s.environment_id"
IN_PLACE: Final = f"{QUEUED} AND s.environment_id = %s"
MOST_PLACES: Final = 32
"""Environments that one claim takes from. Where more have work, they take turns."""
EVERY_PLACE: Final = 1_000_000
LOOKED_AT: Final = 500
"""Steps at either end of an environment's queue among which those of other flows are looked for."""
NEXT_PLACE: Final = """(
    SELECT s.environment_id FROM engine_step s
    WHERE s.environment_id > {after} AND s.lease_owner = '' AND s.claimable_at <= %s
    ORDER BY s.environment_id LIMIT 1)"""
PLACES: Final = f"""place(id, number) AS (
    SELECT {NEXT_PLACE.format(after="%s")}, 1
    UNION ALL SELECT {NEXT_PLACE.format(after="place.id")}, number + 1
    FROM place WHERE place.id IS NOT NULL AND number < %s)"""
"""The environments in which something waits for a worker, found by a hop in the index for each: however much waits."""


NEAR_THE_ENDS: Final = f"""
    SELECT id FROM (SELECT s.id FROM engine_step s WHERE {IN_PLACE} ORDER BY s.claimable_at LIMIT %s) oldest
    UNION
    SELECT id FROM (SELECT s.id FROM engine_step s WHERE {IN_PLACE} ORDER BY s.claimable_at DESC LIMIT %s) newest"""
"""The ids of the steps of an environment that have waited longest, and of those that came last."""


class Which(NamedTuple):
    """Which steps are to be locked; see `Storage.lock_claimable`."""

    now: datetime
    most_lost: int | None
    unless_since: datetime


def shares_of(places: Mapping[int, int], limit: int) -> dict[int, int]:
    """What each environment may have of `limit`, by the organization that it belongs to: as much as any other, at least
    one step.
    """
    environments = Counter(places.values())
    each = {owner: -(-limit // (len(environments) * count)) for owner, count in environments.items()}
    return {place: each[owner] for place, owner in places.items()}


class Insert(NamedTuple):
    """Rows to insert that have the columns of `types`. `conflict`: what if they are there."""

    table: str
    types: Mapping[str, str]
    rows: Sequence[Row]
    conflict: str = ""


class Update(NamedTuple):
    """Rows to write that have the columns of `types`, found by those of `key`.

    With `held`, a value for each row: only if the column `fence` still holds that.
    """

    table: str
    types: Mapping[str, str]
    key: Sequence[str]
    rows: Sequence[Row]
    fence: str = ""
    held: Sequence[int] | None = None


class SqlStorage(ABC):
    """The contract in SQL. Rows travel as parameters, so that a statement never grows with its batch."""

    # -- what the dialects say ----------------------------------------------------------------------------------------

    def __init__(self) -> None:
        self._next_place = 0
        """The environment after which the next claim begins; a hint."""

    lock: str = ""
    """Behind a query of one table: hold its rows until the end of the transaction."""
    lock_instance: str = ""
    """Behind a query that joins instances as `i`: hold those, pass over rows that are held."""

    @abstractmethod
    def dedicate_connection(self) -> None:
        """See the contract."""

    @abstractmethod
    def query(self, sql: str, *parameters: Any) -> list[Any]:
        """The rows of a statement."""

    @abstractmethod
    def execute(self, sql: str, *parameters: Any) -> int:
        """Run a statement; answers how many rows it touched."""

    @abstractmethod
    def ids(self, ids: Iterable[int]) -> tuple[str, Any]:
        """A subquery or array of ids for `IN`, and its parameter."""

    @abstractmethod
    def rows(self, columns: Mapping[str, str], rows: Iterable[Row]) -> tuple[str, Sequence[Any]]:
        """At least one row as a table expression named `x` with these columns and types, and its parameters."""

    @abstractmethod
    def moment(self, at: datetime) -> Any:
        """A moment as a parameter."""

    @abstractmethod
    def read_moment(self, stored: Any) -> datetime:
        """A moment as it comes out of the database."""

    @abstractmethod
    def write(self, batch: Batch, fence: Fence | None = None) -> None:
        """See the contract."""

    @abstractmethod
    def insert(self, put: Insert) -> None:
        """Insert rows."""

    @abstractmethod
    def appended(self, new: str) -> str:
        """The expression for the column `attempts` with the list `new` behind it."""

    @abstractmethod
    def later(self, column: str) -> str:
        """The expression for a moment, later by `x.seconds`."""

    # -- instances ----------------------------------------------------------------------------------------------------

    def lock_instances(self, ids: Sequence[int], *, skip_locked: bool = False) -> list[InstanceRow]:
        if not ids:
            return []
        inside, parameter = self.ids(ids)
        lock = f"{self.lock} SKIP LOCKED" if skip_locked and self.lock else self.lock
        return [
            InstanceRow(*row)
            for row in self.query(f"{SELECT_INSTANCES} WHERE id {inside} ORDER BY id {lock}", parameter)
        ]

    def instance_data(self, ids: Sequence[int]) -> list[InstanceData]:
        if not ids:
            return []
        inside, parameter = self.ids(ids)
        columns = "id, input, context, vars, trigger, created_at, started_at"
        found = self.query(f"SELECT {columns} FROM engine_instance WHERE id {inside}", parameter)
        return [InstanceData(*row[:5], *self._moments(row[5:])) for row in found]

    def _moments(self, stored: Sequence[Any]) -> list[datetime | None]:
        return [None if value is None else self.read_moment(value) for value in stored]

    # -- claims and leases --------------------------------------------------------------------------------------------

    def has_claimable(self, now: datetime) -> bool:
        return bool(self.queue(now))

    def oldest_claimable(self, now: datetime) -> datetime | None:
        sql = f"""
            WITH RECURSIVE {PLACES}
            SELECT min(since) FROM (
                SELECT (SELECT s.claimable_at FROM engine_step s WHERE s.environment_id = p.id AND {QUEUED}
                        ORDER BY s.claimable_at LIMIT 1) AS since FROM place p WHERE p.id IS NOT NULL
                UNION ALL SELECT min(s.claimable_at) FROM engine_step s WHERE {LOST}) x"""
        moment = self.moment(now)
        (found,) = self.query(sql, 0, moment, moment, EVERY_PLACE, moment, moment)[0]
        return None if found is None else self.read_moment(found)

    def has_due_timer(self, now: datetime) -> bool:
        sql = "SELECT 1 FROM engine_timer WHERE due_at <= %s AND NOT is_suspended ORDER BY due_at LIMIT 1"
        return bool(self.query(sql, self.moment(now)))

    def next_moment(self, now: datetime) -> datetime | None:
        sql = """
            SELECT due_at FROM (
                SELECT due_at FROM engine_timer WHERE due_at > %s AND NOT is_suspended ORDER BY due_at LIMIT 1) t
            UNION ALL SELECT claimable_at FROM (
                SELECT claimable_at FROM engine_step WHERE claimable_at > %s AND NOT (lease_owner = '')
                ORDER BY claimable_at LIMIT 1) s"""
        found = [self.read_moment(row[0]) for row in self.query(sql, self.moment(now), self.moment(now))]
        return min(found, default=None)

    def lock_claimable(
        self,
        now: datetime,
        limit: int,
        *,
        queue: Queue | None = None,
        most_lost: int | None = None,
        unless_since: datetime | None = None,
    ) -> list[StepKey]:
        which = Which(now, most_lost, unless_since or LONG_AGO)
        queue = queue or self.queue(now)
        steps = self._lock_lost(which, limit) if queue.has_lost else {}
        shares = shares_of(queue.places, limit)
        found = self.lock_shares(which, shares)
        steps |= dict.fromkeys(step for step, _ in found)
        if len(steps) < limit and len(shares) > 1:
            # Where one has less than its share, one that has more gets the rest.
            got = Counter(place for _, place in found)
            full = [place for place, share in shares.items() if got[place] == share]
            if full:
                more = {random.choice(full): limit}  # noqa: S311 (a matter of turns)
                steps |= dict.fromkeys(step for step, _ in self.lock_shares(which, more))
        return list(steps)[:limit]

    def queue(self, now: datetime) -> Queue:
        # A lost step is asked for itself: of EXISTS PostgreSQL drops the order, and goes through all steps.
        after, self._next_place = self._next_place, 0
        moment = self.moment(now)
        sql = f"""
            WITH RECURSIVE {PLACES}
            SELECT p.id, e.organization_id FROM place p JOIN accounts_environment e ON e.id = p.id
            UNION ALL SELECT 0, 0 WHERE (
                SELECT s.id FROM engine_step s WHERE {LOST} ORDER BY s.claimable_at LIMIT 1) IS NOT NULL"""
        found = dict(self.query(sql, after, moment, moment, MOST_PLACES, moment))
        has_lost = found.pop(0, None) is not None
        if len(found) >= MOST_PLACES:
            self._next_place = max(found)
        elif after and not found:
            return self.queue(now)  # from the beginning again
        return Queue(found, has_lost)

    @abstractmethod
    def lock_shares(self, which: Which, shares: Mapping[int, int]) -> list[tuple[StepKey, int]]:
        """Lock up to so many steps that wait in each of these environments; each with its environment."""

    def lock_place(self, which: Which, place: int, share: int) -> list[tuple[StepKey, int]]:
        """As `lock_shares`, for one."""
        rows = self.query(self.locked(which, IN_PLACE, "%s"), *self.parameters(which, place), share)
        return [(StepKey(*row[:3]), row[3]) for row in rows]

    def _lock_lost(self, which: Which, limit: int) -> dict[StepKey, None]:
        rows = self.query(self.locked(which, LOST, "%s"), *self.parameters(which), limit)
        return dict.fromkeys(StepKey(*row[:3]) for row in rows)

    def lock_claimable_of_others(
        self, now: datetime, limit: int, *, queue: Queue, most_lost: int, without_flows: Collection[int]
    ) -> list[StepKey]:
        which = Which(now, most_lost, LONG_AGO)
        inside, flows = self.ids(without_flows)
        others = f" AND NOT (i.flow_id {inside})"
        found: dict[StepKey, None] = {}
        if queue.has_lost:
            sql = self.locked(which, LOST, "%s", others)
            found = dict.fromkeys(StepKey(*row[:3]) for row in self.query(sql, *self.parameters(which), flows, limit))
        places = list(queue.places)
        random.shuffle(places)
        moment = self.moment(now)
        for place in places:
            if len(found) < limit:
                sql = self.locked(which, f"{QUEUED} AND s.id IN ({NEAR_THE_ENDS})", "%s", others)
                near = (moment, place, LOOKED_AT, moment, place, LOOKED_AT)
                rows = self.query(sql, *self.parameters(which, *near), flows, limit)
                found |= dict.fromkeys(StepKey(*row[:3]) for row in rows)
        return list(found)[:limit]

    def locked(self, which: Which, where: str, limit: str, also: str = "", columns: str = LOCKED) -> str:
        """A query that locks steps. Its parameters: `parameters`, then the limit's."""
        if which.most_lost is not None:
            where += " AND (s.lost_leases <= %s OR s.claimable_at <= %s)"
        return f"""
            SELECT {columns}
            FROM engine_step s JOIN engine_instance i ON i.id = s.instance_id
            WHERE {where} {also} ORDER BY s.claimable_at LIMIT {limit} {self.lock_instance}"""

    def parameters(self, which: Which, *rest: Any) -> list[Any]:
        """Those of `locked` without its limit; `rest` are those of its `where` beside the moment."""
        lost = [] if which.most_lost is None else [which.most_lost, self.moment(which.unless_since)]
        return [self.moment(which.now), *rest, *lost]

    def claim(self, tokens: Mapping[StepKey, int], lease: Lease, now: datetime) -> list[ClaimableStep]:
        if not tokens:
            return []
        table, leases = self._leased(tokens)
        sql = f"""
            UPDATE engine_step SET claimable_at = %s, lease_owner = %s, lease_token = x.lease_token, {ONE_MORE_LOST}
            FROM {table} WHERE {SAME_STEP} AND engine_step.claimable_at <= %s
            RETURNING {_of_step(ClaimableStep._fields)}"""
        arguments = (self.moment(lease.until), lease.owner, *leases, self.moment(now))
        return [ClaimableStep(*row) for row in self.query(sql, *arguments)]

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
        found = self.lock_claimable(now, limit, queue=queue, most_lost=most_lost, unless_since=unless_since)
        return self.take_locked(found, lease, new_token, now)

    def take_locked(self, steps: Iterable[StepKey], lease: Lease, new_token: Callable[[], int], now: datetime) -> Taken:
        tokens = {step: new_token() for step in steps}
        claimed = self.claim(tokens, lease, now)
        rows = self.lock_instances(sorted({step.instance_id for step in claimed}))
        return Taken({step: tokens[step.step] for step in claimed}, rows)

    def lease_tokens(self, steps: Iterable[StepKey]) -> dict[StepKey, int]:
        wanted = list(steps)
        if not wanted:
            return {}
        table, parameters = self.rows(_types(STEP_TYPES, STEP_KEY), wanted)
        columns = _of_step((*STEP_KEY, "lease_token"))
        sql = f"SELECT {columns} FROM {table} JOIN engine_step ON {SAME_STEP} WHERE {UNDER_WAY}"
        return {StepKey(*row[:3]): row[3] for row in self.query(sql, *parameters)}

    def extend_leases(self, tokens: Mapping[StepKey, int], until: datetime) -> None:
        if not tokens:
            return
        table, leases = self._leased(tokens)
        sql = f"""
            UPDATE engine_step SET claimable_at = %s FROM {table}
            WHERE {SAME_STEP} AND engine_step.lease_token = x.lease_token AND engine_step.claimable_at IS NOT NULL"""
        self.execute(sql, self.moment(until), *leases)

    def end_leases(self, tokens: Mapping[StepKey, int], now: datetime) -> None:
        if not tokens:
            return
        table, leases = self._leased(tokens)
        sql = f"""
            UPDATE engine_step SET claimable_at = %s, lease_owner = '', lease_token = 0 FROM {table}
            WHERE {SAME_STEP} AND engine_step.lease_token = x.lease_token AND engine_step.claimable_at IS NOT NULL"""
        self.execute(sql, self.moment(now), *leases)

    def expire_leases(self, now: datetime) -> int:
        sql = "UPDATE engine_step SET claimable_at = %s WHERE claimable_at IS NOT NULL AND lease_owner <> ''"
        return self.execute(sql, self.moment(now))

    def _leased(self, tokens: Mapping[StepKey, int]) -> tuple[str, Sequence[Any]]:
        types = _types(STEP_TYPES, (*STEP_KEY, "lease_token"))
        return self.rows(types, [(*step, token) for step, token in tokens.items()])

    # -- steps and facts ----------------------------------------------------------------------------------------------

    def writes(self, batch: Batch, fence: Fence | None) -> Iterator[Insert | Update]:
        """What a batch comes to. Instances come first: who waits for them holds nothing yet."""
        if batch.new_instances:
            fresh = [(id, *(values[name] for name in NEW_INSTANCE)) for id, values in batch.new_instances.items()]
            yield Insert(INSTANCES, INSTANCE_TYPES, fresh)
        fact_counts = fence.fact_counts if fence else {}
        for columns, group in _by_columns(((id,), values) for id, values in batch.instances.items()):
            held = [fact_counts[row[0]] for row in group] if fence else None
            yield Update(INSTANCES, _types(INSTANCE_TYPES, ("id", *columns)), ("id",), group, "fact_count", held)
        tokens = fence.tokens if fence else {}
        claimed = ((step, batch.steps[step].columns) for step in tokens)
        for columns, group in _by_columns(claimed):
            held = [tokens[StepKey(*row[:3])] for row in group]
            yield Update(STEPS, _types(STEP_TYPES, (*STEP_KEY, *columns)), STEP_KEY, group, "lease_token", held)
        known = ((step, patch.columns) for step, patch in batch.steps.items() if not patch.may_be_new)
        for columns, group in _by_columns((step, values) for step, values in known if values and step not in tokens):
            yield Update(STEPS, _types(STEP_TYPES, (*STEP_KEY, *columns)), STEP_KEY, group)
        new = (
            ((*step, patch.environment_id, patch.kind), patch.columns)
            for step, patch in batch.steps.items()
            if patch.may_be_new
        )
        for columns, group in _by_columns(new):
            yield self._put_steps(columns, group)
        if batch.facts:
            yield Insert("engine_fact", FACT_TYPES, batch.facts)

    def write_alike(self, members: Sequence[Member], moment: Moment, *, is_locked: bool = False) -> None:
        self.write(*as_batch(members, moment))

    def _put_steps(self, columns: tuple[str, ...], group: Sequence[Row]) -> Insert:
        """Insert steps, or write these columns of those that are there."""
        defaults = {name: value for name, value in NEW_STEP.items() if name not in columns}
        types = _types(STEP_TYPES, (*STEP_KEY, "environment_id", "kind", *columns, *defaults))
        rows = [(*row, *defaults.values()) for row in group]
        return Insert(STEPS, types, rows, self.put_conflict(columns))

    def put_conflict(self, columns: Iterable[str]) -> str:
        """Behind the insertion of steps: these columns are written of those that are there."""
        changes = ", ".join(
            f"attempts = {self.appended('excluded.attempts')}" if name == "attempts" else f"{name} = excluded.{name}"
            for name in (*columns, "kind")
        )
        return f"ON CONFLICT (instance_id, task, iteration) DO UPDATE SET {changes}"

    def step_data(self, wanted: Mapping[int, Iterable[str] | None]) -> list[StepData]:
        some = [(id, task) for id, tasks in wanted.items() if tasks is not None for task in tasks]
        whole = [id for id, tasks in wanted.items() if tasks is None]
        columns = ", ".join(f"s.{name}" for name in (*STEP_KEY, "status", "output", "error", "started_at", "ended_at"))
        found: list[StepData] = []
        if some:
            table, parameters = self.rows({"instance_id": BIG, "task": TEXT}, some)
            match = "s.instance_id = x.instance_id AND s.task = x.task AND NOT s.is_past"
            sql = f"SELECT {columns} FROM {table} JOIN engine_step s ON {match} ORDER BY s.instance_id, s.iteration"
            found += [StepData(*row[:6], *self._moments(row[6:])) for row in self.query(sql, *parameters)]
        if whole:
            inside, parameter = self.ids(whole)
            where = f"s.instance_id {inside} AND NOT s.is_past"
            sql = f"SELECT {columns} FROM engine_step s WHERE {where} ORDER BY s.instance_id, s.iteration"
            found += [StepData(*row[:6], *self._moments(row[6:])) for row in self.query(sql, parameter)]
        return found

    # -- timers -------------------------------------------------------------------------------------------------------

    def lock_due_timers(self, now: datetime, limit: int) -> list[DueTimer]:
        sql = f"""
            SELECT t.id FROM engine_timer t JOIN engine_instance i ON i.id = t.instance_id
            WHERE t.due_at <= %s AND NOT t.is_suspended ORDER BY t.due_at, t.id LIMIT %s {self.lock_instance}"""
        due = [row[0] for row in self.query(sql, self.moment(now), limit)]
        if not due:
            return []
        inside, parameter = self.ids(due)
        sql = f"""
            DELETE FROM engine_timer WHERE id {inside} AND due_at <= %s AND NOT is_suspended
            RETURNING id, instance_id, task, iteration, purpose, due_at"""
        taken = [
            DueTimer(id, instance_id, task, iteration, purpose, self.read_moment(due_at))
            for id, instance_id, task, iteration, purpose, due_at in self.query(sql, parameter, self.moment(now))
        ]
        return sorted(taken, key=lambda timer: (timer.due_at, timer.id))

    def set_timers(self, rows: Sequence[TimerRow]) -> None:
        if rows:
            conflict = """ON CONFLICT (instance_id, task, iteration, purpose)
                DO UPDATE SET due_at = excluded.due_at, is_suspended = excluded.is_suspended"""
            self.insert(Insert("engine_timer", TIMER_TYPES, rows, conflict))

    def drop_timers(self, steps: Sequence[StepKey]) -> None:
        if not steps:
            return
        table, parameters = self.rows(_types(STEP_TYPES, STEP_KEY), steps)
        named = f"SELECT {', '.join(STEP_KEY)} FROM {table}"
        sql = f"DELETE FROM engine_timer WHERE ({', '.join(STEP_KEY)}) IN ({named})"
        self.execute(sql, *parameters)

    def hold_instances(self, ids: Sequence[int]) -> None:
        if not ids:
            return
        inside, parameter = self.ids(ids)
        self.execute(f"UPDATE engine_timer SET is_suspended = TRUE WHERE instance_id {inside}", parameter)
        sql = f"UPDATE engine_step SET claimable_at = NULL WHERE instance_id {inside} AND status = 'ready'"
        self.execute(sql, parameter)

    def resume_timers(self, shifts: Mapping[int, float]) -> None:
        if not shifts:
            return
        types = {"instance_id": BIG, "seconds": "real"}
        table, parameters = self.rows(types, list(shifts.items()))
        sql = f"""
            UPDATE engine_timer SET is_suspended = FALSE, due_at = {self.later("engine_timer.due_at")}
            FROM {table} WHERE engine_timer.instance_id = x.instance_id"""
        self.execute(sql, *parameters)
        sql = f"""
            UPDATE engine_step SET wakes_at = {self.later("engine_step.wakes_at")}
            FROM {table} WHERE engine_step.instance_id = x.instance_id AND engine_step.wakes_at IS NOT NULL"""
        self.execute(sql, *parameters)

    # -- events -------------------------------------------------------------------------------------------------------

    def kept_events(self, instance_ids: Sequence[int]) -> list[KeptEvent]:
        if not instance_ids:
            return []
        inside, parameter = self.ids(instance_ids)
        sql = f"""
            SELECT id, instance_id, type, payload FROM engine_event
            WHERE instance_id {inside} AND consumed_at IS NULL ORDER BY id"""
        return [KeptEvent(*row) for row in self.query(sql, parameter)]

    def awaiting_steps(self, instance_ids: Sequence[int]) -> list[AwaitingStep]:
        if not instance_ids:
            return []
        inside, parameter = self.ids(instance_ids)
        sql = f"""
            SELECT instance_id, task, iteration, event_type FROM engine_step
            WHERE instance_id {inside} AND waits_for = 'event' AND status = 'waiting' ORDER BY id"""
        return [AwaitingStep(*row) for row in self.query(sql, parameter)]

    def consume_events(self, consumed: Sequence[tuple[int, StepKey]], now: datetime) -> None:
        if not consumed:
            return
        types = {"event_id": BIG, **_types(STEP_TYPES, STEP_KEY)}
        table, parameters = self.rows(types, [(event, *step) for event, step in consumed])
        sql = f"""
            UPDATE engine_event SET consumed_at = %s, consumed_by_id = (
                SELECT s.id FROM engine_step s
                WHERE s.instance_id = x.instance_id AND s.task = x.task AND s.iteration = x.iteration)
            FROM {table} WHERE engine_event.id = x.event_id"""
        self.execute(sql, self.moment(now), *parameters)


def _of_step(columns: Iterable[str]) -> str:
    return ", ".join(f"engine_step.{name}" for name in columns)


def _types(known: Mapping[str, str], columns: Iterable[str]) -> Mapping[str, str]:
    return {name: known[name] for name in columns}


def _by_columns(rows: Iterable[tuple[Row, Mapping[str, Any]]]) -> Iterator[tuple[tuple[str, ...], list[Row]]]:
    """Rows `(key columns, other columns by name)`, grouped by those names; each row in its group's order of names."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for key, values in rows:
        groups.setdefault(tuple(values), []).append((*key, *values.values()))
    yield from groups.items()
