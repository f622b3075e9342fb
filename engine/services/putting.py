"""Storing rows of what comes in, with a statement that is written once and planned once. Django writes that of
`bulk_create` anew each time, and PostgreSQL plans it anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from django.db import DEFAULT_DB_ALIAS, models

from engine.storage import storage

Rows = TypeVar("Rows", bound=Sequence[models.Model])


def put(rows: Rows, types: Mapping[str, str]) -> Rows:
    """Insert new rows of one model; answers them with their ids. `types`: its columns that may hold anything but what
    the database fills in (see `engine.storage.tables`). Raises IntegrityError.
    """
    if rows:
        values = [[getattr(row, name) for name in types] for row in rows]
        for row, id in zip(rows, storage().put(rows[0]._meta.db_table, types, values), strict=True):
            row.pk, row._state.adding, row._state.db = id, False, DEFAULT_DB_ALIAS
    return rows
