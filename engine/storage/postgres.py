"""PostgreSQL: rows travel as an array per column; locks pass over what others hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DataError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import Connection, Cursor, RawCursor
from psycopg.errors import DivisionByZero

from engine.storage.alike import Member, Moment
from engine.storage.claiming import IN_PLACE, LONG_AGO, ONE_MORE_LOST, QUEUED, Which
from engine.storage.contract import (
    Batch,
    ClaimableStep,
    Fence,
    InstanceRow,
    Lease,
    Outdated,
    Queue,
    StepKey,
    Taken,
)
from engine.storage.postgres_alike import statement_for
from engine.storage.postgres_text import (
    HELD,
    PLAIN,
    array_of,
    insert_text,
    numbered,
    plain_array_of,
    source_text,
    statement_text,
    text_of,
    texts_of,
    update_text,
)
from engine.storage.shared import Insert, SqlStorage, Update
from engine.storage.tables import BIG, JSON, Row

PREPARE_AFTER: Final = 3
"""Statements are prepared when they are used so often on a dedicated connection."""
KEYS: Final = frozenset({"id", "key", "instance_id", "task", "iteration", "event_id"})
"""Columns by which rows of tables are found."""
FOUND: Final = ", ".join(["s.id AS step", *(f"i.{name} AS {name}_" for name in InstanceRow._fields)])
TAKEN: Final = 1 + len(ClaimableStep._fields)
"""So many columns of a taken step come before those of its instance."""
KEEP_TO_INDEXES: Final = """
    SELECT set_config(name, 'off', false)
    FROM unnest(string_to_array('seqscan bitmapscan hashjoin mergejoin material', ' ')) AS way,
        concat('enable_', way) AS name
    UNION ALL SELECT set_config('plan_cache_mode', 'force_generic_plan', false)
    UNION ALL SELECT set_config('jit', 'off', false)"""
"""The engine finds every row by its key. A prepared statement keeps its plan, and one that was made while the tables
were small would go on to scan them whole, however large they get. Plans depend on no parameters, so none is made anew.
"""


def end_forsaken_transactions(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Have the server end a new connection of ours that holds a transaction open and says nothing for a whole lease.

    A process that stands still in the midst of one would hold its instances locked as long. For `connection_created`.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET idle_in_transaction_session_timeout = '{settings.LEASE_SECONDS:d}s'")


def let_migrations_take_their_time(using: str, **_: Any) -> None:
    """A migration may think for longer than a lease between two statements. For `pre_migrate`."""
    if connections[using].vendor == "postgresql":
        with connections[using].cursor() as cursor:
            cursor.execute("SET idle_in_transaction_session_timeout = 0")


class PostgresStorage(SqlStorage):
    """The contract on PostgreSQL 13 or newer. Instances are always locked before anything of theirs is."""

    # Weaker than FOR UPDATE: rows that merely refer to the instance may be inserted meanwhile.
    lock = "FOR NO KEY UPDATE"
    lock_instance = "FOR NO KEY UPDATE OF i SKIP LOCKED"

    def query(self, sql: str, *parameters: Any) -> list[Any]:
        with self._here.wrap_database_errors, self._cursor() as cursor:
            return cursor.execute(numbered(sql), parameters).fetchall()

    def execute(self, sql: str, *parameters: Any) -> int:
        with self._here.wrap_database_errors, self._cursor() as cursor:
            return cursor.execute(numbered(sql), parameters).rowcount

    def put(self, table: str, types: Mapping[str, str], rows: Sequence[Row]) -> list[int]:
        if not rows:
            return []
        source, parameters = self.source(types, rows, arrays=[next(iter(types))])
        sql = insert_text(table, tuple(types), source, "TRUE", "RETURNING id")
        with self.planned_once():
            return sorted(id for (id,) in self.query(sql, *parameters))

    @contextmanager
    def planned_once(self) -> Iterator[None]:
        """For a statement that looks nothing up in a table and only inserts: whatever connection it is sent over, it is
        prepared once it is used often. To plan it takes several times as long as to carry it out, and there is but one
        plan.
        """
        here = self._here
        here.ensure_connection()
        raw: Connection[Any] = here.connection
        before = raw.prepare_threshold
        raw.prepare_threshold = PREPARE_AFTER
        try:
            yield
        finally:
            raw.prepare_threshold = before

    def dedicate_connection(self) -> None:
        connection.ensure_connection()
        raw: Connection[Any] = connection.connection
        if raw.prepare_threshold is None:
            raw.prepare_threshold = PREPARE_AFTER
            with connection.wrap_database_errors, Cursor(raw) as cursor:
                cursor.execute(KEEP_TO_INDEXES)

    def lock_shares(self, which: Which, shares: Mapping[int, int]) -> list[tuple[StepKey, int]]:
        if len(shares) < 2:
            return [found for place, share in shares.items() for found in self.lock_place(which, place, share)]
        queued = self.locked(which, f"{QUEUED} AND s.environment_id = o.id", "o.share")
        offered = "unnest(%s::bigint[], %s::bigint[]) AS o(id, share)"
        sql = f"SELECT q.* FROM {offered} CROSS JOIN LATERAL ({queued}) q"
        arrays = (array_of(map(str, shares)), array_of(map(str, shares.values())))
        return [(StepKey(*row[:3]), row[3]) for row in self.query(sql, *arrays, *self.parameters(which))]

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
        queue = queue or self.queue(now)
        if queue.has_lost or len(queue.places) != 1:
            return super().take(
                now, limit, lease, new_token, queue=queue, most_lost=most_lost, unless_since=unless_since
            )
        (place,) = queue.places
        which = Which(now, most_lost, unless_since or LONG_AGO)
        sql = _take_text(self.locked(which, IN_PLACE, "%s", columns=FOUND))
        with connection.connection.pipeline():  # the transaction begins on the same way
            found = self.query(
                sql, *self.parameters(which, place), limit, lease.until, lease.owner, new_token(), self.moment(now)
            )
        rows = {row.id: row for row in (InstanceRow(*found[TAKEN:]) for found in found)}
        return Taken({ClaimableStep(*row[1:TAKEN]): row[0] for row in found}, [rows[id] for id in sorted(rows)])

    @property
    def _here(self) -> BaseDatabaseWrapper:
        """The thread's own. `connection` looks for it anew each time that something of it is wanted."""
        return connections[DEFAULT_DB_ALIAS]

    def _cursor(self) -> RawCursor[Any]:
        """A cursor that sends parameters beside the statement.

        Django's own puts them into the text: megabytes to quote, send and parse.
        """
        here = self._here
        here.ensure_connection()
        here.validate_no_broken_transaction()
        return RawCursor(here.connection)

    def draw_instance_ids(self, count: int) -> list[int]:
        sequence = "pg_get_serial_sequence('engine_instance', 'id')"
        with self.planned_once():
            drawn = self.query(f"SELECT nextval({sequence}) FROM generate_series(1, %s::integer)", count)
        return [id for (id,) in drawn]

    def ids(self, ids: Iterable[int]) -> tuple[str, Any]:
        return "= ANY(%s::bigint[])", array_of(map(str, ids))

    def rows(self, columns: Mapping[str, str], rows: Iterable[Row]) -> tuple[str, Sequence[Any]]:
        return self.source(columns, rows, arrays=KEYS)

    def source(
        self, columns: Mapping[str, str], rows: Iterable[Row], *, arrays: Collection[str]
    ) -> tuple[str, Sequence[Any]]:
        """As `rows`. A column in which all rows agree travels as one value; the others, and `arrays`, as an array each.

        What rows of a table are found by has to be an array, or the planner looks for all that have just that value.
        """
        values: dict[str, str | None] = {}
        spread: dict[str, str] = {}
        table = rows if isinstance(rows, Sequence) else list(rows)
        if len(table) == 1:
            for (name, type), value in zip(columns.items(), table[0], strict=True):
                text = text_of(type, value)
                if name in arrays:
                    spread[name] = plain_array_of([text]) if type in PLAIN else array_of([text])
                else:
                    values[name] = text
            return source_text(tuple(columns.items()), tuple(values), tuple(spread)), (
                *values.values(),
                *spread.values(),
            )
        for (name, type), column in zip(columns.items(), zip(*table, strict=True), strict=True):
            may_agree = name not in arrays
            if may_agree and type != JSON and column.count(column[0]) == len(column):
                values[name] = text_of(type, column[0])
                continue
            texts = texts_of(type, column)
            if may_agree and type == JSON and texts.count(texts[0]) == len(texts):
                values[name] = texts[0]
            else:
                spread[name] = plain_array_of(texts) if type in PLAIN else array_of(texts)
        return source_text(tuple(columns.items()), tuple(values), tuple(spread)), (*values.values(), *spread.values())

    def moment(self, at: datetime) -> Any:
        return at

    def read_moment(self, stored: Any) -> datetime:
        found: datetime = stored
        return found

    def write(self, batch: Batch, fence: Fence | None = None) -> None:
        statement = _Statement(self)
        for write in self.writes(batch, fence):
            if isinstance(write, Insert):
                statement.insert(write)
            else:
                statement.update(write)
        if statement.parts:
            statement.run(is_fenced=fence is not None)

    def write_alike(self, members: Sequence[Member], moment: Moment, *, is_locked: bool = False) -> None:
        sql, parameters = statement_for(members, moment, self)
        self.execute_fenced(sql, *parameters, is_locked=is_locked)

    def execute_fenced(self, sql: str, *parameters: Any, is_locked: bool = False) -> None:
        """As `execute`, for a statement with fences. Raises `Outdated`, and has written nothing, when one does not
        hold. Where everything `is_locked` that does not happen, and the caller's transaction is not to go on after it.
        """
        try:
            with transaction.atomic() if connection.in_atomic_block and not is_locked else nullcontext():
                self.execute(sql, *parameters)
        except DataError as error:
            if isinstance(error.__cause__, DivisionByZero):
                raise Outdated from error
            raise

    def insert(self, put: Insert) -> None:
        statement = _Statement(self)
        statement.insert(put)
        statement.run(is_fenced=False)

    def appended(self, new: str) -> str:
        return f"engine_step.attempts || {new}"

    def later(self, column: str) -> str:
        return f"{column} + make_interval(secs => x.seconds)"


class _Statement:
    """Many writes as one statement: `WITH w0 AS (UPDATE …), w1 AS (INSERT …), … SELECT …`."""

    def __init__(self, storage: PostgresStorage) -> None:
        self.storage = storage
        self.parts: list[str] = []
        self.parameters: list[Any] = []
        self.fences: list[tuple[str, int]] = []
        """Parts that have to touch so many rows."""
        self.only_inserts = True

    def insert(self, put: Insert) -> None:
        """One more part."""
        source, parameters = self.storage.source(put.types, put.rows, arrays=[next(iter(put.types))])
        after = self._after_fences() if self.fences else "TRUE"
        self._add(insert_text(put.table, tuple(put.types), source, after, put.conflict), parameters)

    def update(self, put: Update) -> None:
        """One more part."""
        self.only_inserts = False
        types, rows = put.types, put.rows
        if put.held is not None:
            types = {**types, HELD: BIG}
            rows = [(*row, value) for row, value in zip(rows, put.held, strict=True)]
        source, parameters = self.storage.rows(types, rows)
        fence = put.fence if put.held is not None else ""
        after = self._after_fences() if self.fences else ""
        appended = self.storage.appended("x.attempts")
        sql = update_text(put.table, tuple(put.types), tuple(put.key), source, fence, after, appended)
        name = self._add(sql, parameters)
        if put.held is not None:
            self.fences.append((name, len(rows)))

    def _add(self, sql: str, parameters: Iterable[Any]) -> str:
        name = f"w{len(self.parts)}"
        self.parts.append(sql)
        self.parameters += parameters
        return name

    def _after_fences(self) -> str:
        """True, but only once the fenced parts before are done: who waits for an instance is to hold nothing yet."""
        return " + ".join(f"(SELECT count(*) FROM {name})" for name, _ in self.fences) + " >= 0"

    def run(self, *, is_fenced: bool) -> None:
        """Send it. Raises `Outdated`, and has written nothing, when a fence does not hold."""
        sql = statement_text(tuple(self.parts), tuple(name for name, _ in self.fences))
        self.parameters += [count for _, count in self.fences]
        if self.only_inserts:
            with self.storage.planned_once():
                self.storage.execute(sql, *self.parameters)
            return
        if is_fenced:
            self.storage.execute_fenced(sql, *self.parameters)
        else:
            self.storage.execute(sql, *self.parameters)


@lru_cache(maxsize=64)
def _take_text(locked: str) -> str:
    """Find, lock and claim. Each lease has a token of its own: the given number and the id of its step.

    A step that somebody else has claimed since the statement began is looked at again before it is written.
    """
    answered = ", ".join(f"engine_step.{name}" for name in ("lease_token", *ClaimableStep._fields))
    rows = ", ".join(f"found.{name}_" for name in InstanceRow._fields)
    return f"""
        WITH found AS MATERIALIZED ({locked})
        UPDATE engine_step SET claimable_at = %s, lease_owner = %s,
            lease_token = %s::bigint + engine_step.id, {ONE_MORE_LOST}
        FROM found WHERE engine_step.id = found.step AND engine_step.claimable_at <= %s RETURNING {answered}, {rows}"""
