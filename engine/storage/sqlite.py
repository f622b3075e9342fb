"""SQLite: one writer at a time (`BEGIN IMMEDIATE`), so nothing needs a lock of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from django.db import connection

from engine.storage import json_text
from engine.storage.shared import BIG, JSON, MOMENT, TEXT, TRUTH, WHOLE, Row, SqlStorage


def _moment(at: datetime | None) -> str | None:
    """As Django stores it."""
    return None if at is None else str(at.astimezone(UTC).replace(tzinfo=None))


def _json(value: Any) -> str | None:
    return None if value is None else json_text.write(value)


def _as_is(value: Any) -> Any:
    return value


_WRITERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    TEXT: _as_is,
    WHOLE: _as_is,
    BIG: _as_is,
    TRUTH: _as_is,
    "real": _as_is,
    MOMENT: _moment,
    JSON: _json,
}


class SqliteStorage(SqlStorage):
    """The contract on SQLite 3.35 or newer."""

    def ids(self, ids: Iterable[int]) -> tuple[str, Any]:
        return "IN (SELECT value FROM json_each(%s))", json_text.write(list(ids))

    def rows(self, columns: Mapping[str, str], rows: Iterable[Row]) -> tuple[str, Any]:
        fields = ", ".join(f"json_extract(value, '$[{number}]') AS {name}" for number, name in enumerate(columns))
        return f"(SELECT {fields} FROM json_each(%s)) x", json_text.write(list(map(list, rows)))

    def moment(self, at: datetime) -> Any:
        return _moment(at)

    def read_moment(self, stored: Any) -> datetime:
        found = stored if isinstance(stored, datetime) else datetime.fromisoformat(stored)
        return found.replace(tzinfo=UTC)

    def insert(self, table: str, types: Mapping[str, str], rows: Sequence[Row], conflict: str = "") -> None:
        marks = ", ".join(["%s"] * len(types))
        sql = f"INSERT INTO {table} ({', '.join(types)}) VALUES ({marks}) {conflict}"
        with connection.cursor() as cursor:
            cursor.executemany(sql, _written(types, rows))

    def update(self, table: str, types: Mapping[str, str], key: Sequence[str], rows: Sequence[Row]) -> None:
        changes = ", ".join(
            f"attempts = {self.appended('%s')}" if name == "attempts" else f"{name} = %s"
            for name in types
            if name not in key
        )
        same = " AND ".join(f"{name} = %s" for name in key)
        size = len(key)
        turned = [(*row[size:], *row[:size]) for row in _written(types, rows)]
        with connection.cursor() as cursor:
            cursor.executemany(f"UPDATE {table} SET {changes} WHERE {same}", turned)

    def appended(self, new: str) -> str:
        return (
            "(SELECT json_group_array(json(value)) FROM (SELECT value FROM json_each(engine_step.attempts)"
            f" UNION ALL SELECT value FROM json_each({new})))"
        )

    def later(self, column: str) -> str:
        return f"strftime('%%Y-%%m-%%d %%H:%%M:%%f', {column}, '+' || x.seconds || ' seconds')"


def _written(types: Mapping[str, str], rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    writers = [_WRITERS[type] for type in types.values()]
    return [tuple([write(value) for write, value in zip(writers, row, strict=True)]) for row in rows]
