"""Counting statements, also those that the storage sends past Django's cursors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from engine.storage.postgres import PostgresStorage


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """The statements that are sent meanwhile. A batch of rows that travels in one call is one statement."""
    sent: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        sent.append(sql)
        return execute(sql, params, many, context)

    def note_cursor(self: PostgresStorage) -> Any:
        sent.append("by the storage")
        return plain(self)

    plain = PostgresStorage._cursor
    PostgresStorage._cursor = note_cursor  # type: ignore[method-assign]  # put back below
    try:
        with connection.execute_wrapper(note):
            yield sent
    finally:
        PostgresStorage._cursor = plain  # type: ignore[method-assign]
