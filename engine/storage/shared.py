"""What both databases say alike. Each hands in how it spells that (`spelling`)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from engine.storage.alike import Member, Moment, as_batch
from engine.storage.claiming import Claiming
from engine.storage.contract import (
    AwaitingStep,
    Batch,
    DueTimer,
    Fence,
    InstanceData,
    KeptEvent,
    StepData,
    StepKey,
    TimerRow,
)
from engine.storage.tables import (
    BIG,
    FACT_TYPES,
    INSTANCE_TYPES,
    INSTANCES,
    NEW_INSTANCE,
    NEW_STEP,
    STEP_KEY,
    STEP_TYPES,
    STEPS,
    TEXT,
    TIMER_TYPES,
    Row,
    types_of,
)


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


class SqlStorage(Claiming):
    """The contract in SQL."""

    @abstractmethod
    def write(self, batch: Batch, fence: Fence | None = None) -> None:
        """See the contract."""

    @abstractmethod
    def insert(self, put: Insert) -> None:
        """Insert rows."""

    # -- instances ----------------------------------------------------------------------------------------------------

    def instance_data(self, ids: Sequence[int]) -> list[InstanceData]:
        if not ids:
            return []
        inside, parameter = self.ids(ids)
        columns = "id, input, context, vars, trigger, created_at, started_at"
        found = self.query(f"SELECT {columns} FROM engine_instance WHERE id {inside}", parameter)
        return [InstanceData(*row[:5], *self._moments(row[5:])) for row in found]

    def _moments(self, stored: Sequence[Any]) -> list[datetime | None]:
        return [None if value is None else self.read_moment(value) for value in stored]

    # -- steps and facts ----------------------------------------------------------------------------------------------

    def writes(self, batch: Batch, fence: Fence | None) -> Iterator[Insert | Update]:
        """What a batch comes to. Instances come first: who waits for them holds nothing yet."""
        if batch.new_instances:
            fresh = [(id, *(values[name] for name in NEW_INSTANCE)) for id, values in batch.new_instances.items()]
            yield Insert(INSTANCES, INSTANCE_TYPES, fresh)
        fact_counts = fence.fact_counts if fence else {}
        for columns, group in _by_columns(((id,), values) for id, values in batch.instances.items()):
            held = [fact_counts[row[0]] for row in group] if fence else None
            yield Update(INSTANCES, types_of(INSTANCE_TYPES, ("id", *columns)), ("id",), group, "fact_count", held)
        tokens = fence.tokens if fence else {}
        claimed = ((step, batch.steps[step].columns) for step in tokens)
        for columns, group in _by_columns(claimed):
            held = [tokens[StepKey(*row[:3])] for row in group]
            yield Update(STEPS, types_of(STEP_TYPES, (*STEP_KEY, *columns)), STEP_KEY, group, "lease_token", held)
        known = ((step, patch.columns) for step, patch in batch.steps.items() if not patch.may_be_new)
        for columns, group in _by_columns((step, values) for step, values in known if values and step not in tokens):
            yield Update(STEPS, types_of(STEP_TYPES, (*STEP_KEY, *columns)), STEP_KEY, group)
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
        types = types_of(STEP_TYPES, (*STEP_KEY, "environment_id", "kind", *columns, *defaults))
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
        table, parameters = self.rows(types_of(STEP_TYPES, STEP_KEY), steps)
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
        # A due date that is yet to come goes with its timer; one that has passed stays.
        sql = f"""
            UPDATE engine_step SET wakes_at = {self.later("engine_step.wakes_at")}, due_at = CASE WHEN EXISTS (
                SELECT 1 FROM engine_timer t WHERE t.instance_id = engine_step.instance_id AND t.purpose = 'due'
                AND t.task = engine_step.task AND t.iteration = engine_step.iteration
            ) THEN {self.later("engine_step.due_at")} ELSE engine_step.due_at END
            FROM {table} WHERE engine_step.instance_id = x.instance_id
            AND (engine_step.wakes_at IS NOT NULL OR engine_step.due_at IS NOT NULL)"""
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
        types = {"event_id": BIG, **types_of(STEP_TYPES, STEP_KEY)}
        table, parameters = self.rows(types, [(event, *step) for event, step in consumed])
        sql = f"""
            UPDATE engine_event SET consumed_at = %s, consumed_by_id = (
                SELECT s.id FROM engine_step s
                WHERE s.instance_id = x.instance_id AND s.task = x.task AND s.iteration = x.iteration)
            FROM {table} WHERE engine_event.id = x.event_id"""
        self.execute(sql, self.moment(now), *parameters)


def _by_columns(rows: Iterable[tuple[Row, Mapping[str, Any]]]) -> Iterator[tuple[tuple[str, ...], list[Row]]]:
    """Rows `(key columns, other columns by name)`, grouped by those names; each row in its group's order of names."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for key, values in rows:
        groups.setdefault(tuple(values), []).append((*key, *values.values()))
    yield from groups.items()
