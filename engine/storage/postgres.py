"""PostgreSQL: rows travel as an array per column; locks pass over what others hold."""

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
"""Statements are prepared when they are used so often on a dedicated connection."""
KEEP_TO_INDEXES: Final = """
    SELECT set_config(name, 'off', false)
    FROM unnest(ARRAY['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin']) AS name"""
"""The engine finds every row by its key. A prepared statement keeps its plan, and one that was made while the tables
were small would go on to scan them whole, however large they get.
"""


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

    def dedicate_connection(self) -> None:
        connection.ensure_connection()
        raw: Connection[Any] = connection.connection
        if raw.prepare_threshold is None:
            raw.prepare_threshold = PREPARE_AFTER
            with connection.wrap_database_errors, Cursor(raw) as cursor:
                cursor.execute(KEEP_TO_INDEXES)

    def _cursor(self) -> Cursor[Any]:
        """A cursor that sends parameters beside the statement.

        Django's own puts them into the text: megabytes to quote, send and parse.
        """
        connection.ensure_connection()
        connection.validate_no_broken_transaction()
        return Cursor(connection.connection)

    def ids(self, ids: Iterable[int]) -> tuple[str, Any]:
        return "= ANY(%s)", list(ids)

    def rows(self, columns: Mapping[str, str], rows: Iterable[Row]) -> tuple[str, Sequence[Any]]:
        """A column in which all rows agree travels as one value, any other as an array; the first always so."""
        arrays: dict[str, str] = {}
        values: dict[str, str | None] = {}
        for (name, type), column in zip(columns.items(), zip(*rows, strict=True), strict=True):
            texts = _texts(type, column)
            if arrays and texts.count(texts[0]) == len(texts):
                values[name] = texts[0]
            else:
                arrays[name] = _array(texts)
        selected = ["r.*", *(f"%s::{_TYPES[columns[name]]} AS {name}" for name in values)]
        unnested = ", ".join(f"%s::{_TYPES[columns[name]]}[]" for name in arrays)
        sql = f"(SELECT {', '.join(selected)} FROM unnest({unnested}) AS r({', '.join(arrays)})) x"
        return sql, (*values.values(), *arrays.values())

    def moment(self, at: datetime) -> Any:
        return at

    def read_moment(self, stored: Any) -> datetime:
        found: datetime = stored
        return found

    def insert(self, table: str, types: Mapping[str, str], rows: Sequence[Row], conflict: str = "") -> None:
        names = ", ".join(types)
        source, parameters = self.rows(types, rows)
        self._send(f"INSERT INTO {table} ({names}) SELECT {names} FROM {source} {conflict}", *parameters)

    def update(self, table: str, types: Mapping[str, str], key: Sequence[str], rows: Sequence[Row]) -> None:
        changes = ", ".join(
            f"attempts = {self.appended('x.attempts')}" if name == "attempts" else f"{name} = x.{name}"
            for name in types
            if name not in key
        )
        same = " AND ".join(f"{table}.{name} = x.{name}" for name in key)
        source, parameters = self.rows(types, rows)
        self._send(f"UPDATE {table} SET {changes} FROM {source} WHERE {same}", *parameters)

    def _send(self, sql: str, *parameters: Any) -> None:
        with connection.wrap_database_errors, self._cursor() as cursor:
            cursor.execute(sql, parameters)

    def appended(self, new: str) -> str:
        return f"engine_step.attempts || {new}"

    def later(self, column: str) -> str:
        return f"{column} + make_interval(secs => x.seconds)"


def _texts(type: str, column: Sequence[Any]) -> list[str | None]:
    """The values of a column as PostgreSQL reads them; None for NULL."""
    if type == JSON:
        return [None if value is None else json_text.write(value) for value in column]
    known = {value: None if value is None else str(value) for value in set(column)}
    return [known[value] for value in column]


def _array(texts: Iterable[str | None]) -> str:
    """The text of an array. Written here because psycopg takes many times as long for it."""
    return "{" + ",".join(["NULL" if text is None else f'"{_escaped(text)}"' for text in texts]) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
