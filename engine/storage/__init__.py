"""The hot path's SQL, behind one contract: a few statements per batch, whatever its size.

`contract.py` says what there is. What both databases say alike is in `shared.py`, of claims in `claiming.py`, over the
columns of `tables.py`; how each spells it (`spelling.py`) in `sqlite.py` and `postgres.py`. Nothing here decides
anything. Not in this room: reading for pages, and what happens once per request (the ORM's).
"""

from __future__ import annotations

from functools import cache

from django.db import connection

from engine.storage.contract import Storage


@cache
def _storage_for(vendor: str) -> Storage:
    if vendor == "postgresql":
        from engine.storage.postgres import PostgresStorage

        return PostgresStorage()
    from engine.storage.sqlite import SqliteStorage

    return SqliteStorage()


def storage() -> Storage:
    """The storage of the default database. Its methods use the caller's connection and transaction."""
    return _storage_for(connection.vendor)
