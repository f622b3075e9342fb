"""Claims and leases in SQL, as both databases say them: which steps wait for a worker, whose they become, and when
there is something to do next.
"""

from __future__ import annotations

import random
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from engine.storage.contract import ClaimableStep, InstanceRow, Lease, Queue, StepKey, Taken
from engine.storage.spelling import Spelling
from engine.storage.tables import BIG, SAME_STEP, STEP_KEY, STEP_TYPES, TEXT, types_of

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


class Claiming(Spelling):
    """The part of the contract that says what there is to do, and who does it."""

    def __init__(self) -> None:
        self._next_place = 0
        """The environment after which the next claim begins; a hint."""

    def instances_called(self, names: Collection[tuple[int, str]]) -> dict[tuple[int, str], list[int]]:
        found: dict[tuple[int, str], list[int]] = {}
        if names:
            table, parameters = self.rows({"key": TEXT, "environment_id": BIG}, [(key, place) for place, key in names])
            sql = f"""
                SELECT i.id, i.environment_id, i.key FROM {table}
                JOIN engine_instance i ON i.environment_id = x.environment_id AND i.key = x.key"""
            for id, place, key in self.query(sql, *parameters):
                found.setdefault((place, key), []).append(id)
        return found

    def lock_instances(self, ids: Sequence[int], *, skip_locked: bool = False) -> list[InstanceRow]:
        if not ids:
            return []
        inside, parameter = self.ids(ids)
        lock = f"{self.lock} SKIP LOCKED" if skip_locked and self.lock else self.lock
        return [
            InstanceRow(*row)
            for row in self.query(f"{SELECT_INSTANCES} WHERE id {inside} ORDER BY id {lock}", parameter)
        ]

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
        table, parameters = self.rows(types_of(STEP_TYPES, STEP_KEY), wanted)
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
        types = types_of(STEP_TYPES, (*STEP_KEY, "lease_token"))
        return self.rows(types, [(*step, token) for step, token in tokens.items()])


def _of_step(columns: Iterable[str]) -> str:
    return ", ".join(f"engine_step.{name}" for name in columns)
