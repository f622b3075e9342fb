"""PostgreSQL: rows travel as one JSON parameter, which the server takes apart; locks pass over what others hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from django.db import connection
from psycopg import Connection, Cursor

from engine.storage import json_text
from engine.storage.shared import BIG, JSON, MOMENT, TEXT, TRUTH, WHOLE, Row, SqlStorage

_TYPES: Final[Mapping[str, str]] = {
    TEXT: "text",
    WHOLE: "integer",
    BIG: "bigint",
    TRUTH: "boolean",
    MOMENT: "timestamptz",
    JSON: "jsonb",
    "real": "double precision",
}
PREPARE_AFTER: Final = 3
"""Statements are prepared when they are used so often on a connection."""


class PostgresStorage(SqlStorage):
    """The contract on PostgreSQL 13 or newer. Instances are always locked before anything of theirs is."""

    # Weaker than FOR UPDATE: rows that merely refer to the instance may be inserted meanwhile.
    lock = "FOR NO KEY UPDATE"
    lock_instance = "FOR NO KEY UPDATE OF i SKIP LOCKED"

    def query(self, sql: str, *parameters: Any) -> list[Any]:
        with connection.wrap_database_errors, self._cursor() as cursor:
            return cursor.execute(sql, parameters).fetchall()

    def execute(self, sql: str, *parameters: Any) -> int:
        with connection.wrap_database_errors, self._cursor() as cursor:
            return cursor.execute(sql, parameters).rowcount

    @contextmanager
    def together(self) -> Iterator[None]:
        connection.ensure_connection()
        with connection.wrap_database_errors, connection.connection.pipeline():
            yield

    def _cursor(self) -> Cursor[Any]:
        """A cursor that sends parameters beside the statement, which the server then prepares and keeps.

        Django's own puts them into the text: megabytes to quote, send and parse.
        """
        connection.ensure_connection()
        connection.validate_no_broken_transaction()
        raw: Connection[Any] = connection.connection
        raw.prepare_threshold = PREPARE_AFTER
        return Cursor(raw)

    def ids(self, ids: Iterable[int]) -> tuple[str, Any]:
        return "= ANY(%s)", list(ids)

    def rows(self, columns: Mapping[str, str], rows: Iterable[Row]) -> tuple[str, Any]:
        names = tuple(columns)
        fields = ", ".join(f"{name} {_TYPES[type]}" for name, type in columns.items())
        documents = [dict(zip(names, row, strict=True)) for row in rows]
        return f"json_to_recordset(%s::json) AS x({fields})", json_text.write(documents)

    def moment(self, at: datetime) -> Any:
        return at

    def read_moment(self, stored: Any) -> datetime:
        found: datetime = stored
        return found

    def insert(self, table: str, types: Mapping[str, str], rows: Sequence[Row], conflict: str = "") -> None:
        names = ", ".join(types)
        source, parameter = self.rows(types, rows)
        self._send(f"INSERT INTO {table} ({names}) SELECT {names} FROM {source} {conflict}", parameter)

    def update(self, table: str, types: Mapping[str, str], key: Sequence[str], rows: Sequence[Row]) -> None:
        changes = ", ".join(
            f"attempts = {self.appended('x.attempts')}" if name == "attempts" else f"{name} = x.{name}"
            for name in types
            if name not in key
        )
        same = " AND ".join(f"{table}.{name} = x.{name}" for name in key)
        source, parameter = self.rows(types, rows)
        self._send(f"UPDATE {table} SET {changes} FROM {source} WHERE {same}", parameter)

    def _send(self, sql: str, *parameters: Any) -> None:
        with connection.wrap_database_errors, self._cursor() as cursor:
            cursor.execute(sql, parameters)

    def appended(self, new: str) -> str:
        return f"engine_step.attempts || {new}"

    def later(self, column: str) -> str:
        return f"{column} + make_interval(secs => x.seconds)"
