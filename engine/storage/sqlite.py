"""SQLite: one writer at a time (`BEGIN IMMEDIATE`), so nothing needs a lock of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from django.db import connection, transaction

from engine.storage import json_text
from engine.storage.claiming import Which
from engine.storage.contract import Batch, Fence, Outdated, StepKey
from engine.storage.shared import Insert, SqlStorage, Update
from engine.storage.tables import JSON, MOMENT, Row


def _moment(at: datetime | None) -> str | None:
    """As Django stores it."""
    return None if at is None else str(at.astimezone(UTC).replace(tzinfo=None))


def _json(value: Any) -> str | None:
    return None if value is None else json_text.write(value)


def _moments(column: Sequence[Any]) -> list[str | None]:
    # A batch has few different moments: mostly its own.
    known = {at: _moment(at) for at in set(column)}
    return [known[at] for at in column]


def _jsons(column: Sequence[Any]) -> list[str | None]:
    return [_json(value) for value in column]


_WRITERS: Final[Mapping[str, Callable[[Sequence[Any]], Sequence[Any]]]] = {MOMENT: _moments, JSON: _jsons}


class SqliteStorage(SqlStorage):
    """The contract on SQLite 3.35 or newer."""

    def dedicate_connection(self) -> None:
        """Nothing: the settings of every connection suit."""

    def query(self, sql: str, *parameters: Any) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            rows: list[Any] = cursor.fetchall()
            return rows

    def execute(self, sql: str, *parameters: Any) -> int:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return int(cursor.rowcount)

    def lock_shares(self, which: Which, shares: Mapping[int, int]) -> list[tuple[StepKey, int]]:
        return [found for place, share in shares.items() for found in self.lock_place(which, place, share)]

    def draw_instance_ids(self, count: int) -> list[int]:
        # Nobody else writes until this transaction ends.
        found = self.query("SELECT seq FROM sqlite_sequence WHERE name = 'engine_instance'")
        last = found[0][0] if found else 0
        return list(range(last + 1, last + 1 + count))

    def put(self, table: str, types: Mapping[str, str], rows: Sequence[Row]) -> list[int]:
        marks = ", ".join(["%s"] * len(types))
        sql = f"INSERT INTO {table} ({', '.join(types)}) VALUES ({marks}) RETURNING id"
        return [self.query(sql, *row)[0][0] for row in _written(types, rows)] if rows else []

    def ids(self, ids: Iterable[int]) -> tuple[str, Any]:
        return "IN (SELECT value FROM json_each(%s))", json_text.write(list(ids))

    def rows(self, columns: Mapping[str, str], rows: Iterable[Row]) -> tuple[str, Sequence[Any]]:
        fields = ", ".join(f"json_extract(value, '$[{number}]') AS {name}" for number, name in enumerate(columns))
        return f"(SELECT {fields} FROM json_each(%s)) x", (json_text.write(list(map(list, rows))),)

    def moment(self, at: datetime) -> Any:
        return _moment(at)

    def read_moment(self, stored: Any) -> datetime:
        found = stored if isinstance(stored, datetime) else datetime.fromisoformat(stored)
        return found.replace(tzinfo=UTC)

    def write(self, batch: Batch, fence: Fence | None = None) -> None:
        writes = list(self.writes(batch, fence))
        if not writes:
            return
        with transaction.atomic(savepoint=fence is not None):
            for write in writes:
                if isinstance(write, Insert):
                    self.insert(write)
                else:
                    self.update(write)

    def insert(self, put: Insert) -> None:
        marks = ", ".join(["%s"] * len(put.types))
        sql = f"INSERT INTO {put.table} ({', '.join(put.types)}) VALUES ({marks}) {put.conflict}"
        with connection.cursor() as cursor:
            cursor.executemany(sql, _written(put.types, put.rows))

    def update(self, put: Update) -> None:
        """Raises `Outdated` when a row is not as it has to be; those before it are written then."""
        changes = ", ".join(
            f"attempts = {self.appended('%s')}" if name == "attempts" else f"{name} = %s"
            for name in put.types
            if name not in put.key
        )
        same = " AND ".join(f"{name} = %s" for name in put.key)
        size = len(put.key)
        turned = [(*row[size:], *row[:size]) for row in _written(put.types, put.rows)]
        if put.held is not None:
            same += f" AND {put.fence} = %s"
            turned = [(*row, value) for row, value in zip(turned, put.held, strict=True)]
        with connection.cursor() as cursor:
            cursor.executemany(f"UPDATE {put.table} SET {changes} WHERE {same}", turned)
            if put.held is not None and cursor.rowcount != len(turned):
                raise Outdated

    def appended(self, new: str) -> str:
        return (
            "(SELECT json_group_array(json(value)) FROM (SELECT value FROM json_each(engine_step.attempts)"
            f" UNION ALL SELECT value FROM json_each({new})))"
        )

    def later(self, column: str) -> str:
        moved = f"strftime('%%Y-%%m-%%d %%H:%%M:%%f', {column}, '+' || x.seconds || ' seconds')"
        # As Django writes it: no fraction where it is zero. Moments are compared as text.
        return f"rtrim(rtrim({moved}, '0'), '.')"


def _written(types: Mapping[str, str], rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """The rows as SQLite stores them; written column by column, which is a good deal faster than value by value."""
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for number, type in enumerate(types.values()):
        if type in _WRITERS:
            columns[number] = _WRITERS[type](columns[number])
    return list(zip(*columns, strict=True))
