"""PostgreSQL: rows travel as one JSON parameter, which the server takes apart; locks pass over what others hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection

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


class PostgresStorage(SqlStorage):
    """The contract on PostgreSQL 13 or newer. Instances are always locked before anything of theirs is."""

    # Weaker than FOR UPDATE: rows that merely refer to the instance may be inserted meanwhile.
    lock = "FOR NO KEY UPDATE"
    lock_instance = "FOR NO KEY UPDATE OF i SKIP LOCKED"

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
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {source} {conflict}", (parameter,))

    def update(self, table: str, types: Mapping[str, str], key: Sequence[str], rows: Sequence[Row]) -> None:
        changes = ", ".join(
            f"attempts = {self.appended('x.attempts')}" if name == "attempts" else f"{name} = x.{name}"
            for name in types
            if name not in key
        )
        same = " AND ".join(f"{table}.{name} = x.{name}" for name in key)
        source, parameter = self.rows(types, rows)
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET {changes} FROM {source} WHERE {same}", (parameter,))

    def appended(self, new: str) -> str:
        return f"engine_step.attempts || {new}"

    def later(self, column: str) -> str:
        return f"{column} + make_interval(secs => x.seconds)"
