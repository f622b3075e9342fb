"""What a database was asked to do, and what it wrote for it, as PostgreSQL counts it."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg

from benchmarks.contestants import Meter
from benchmarks.places import Place

LOOKING = "SELECT count(*) FROM engine_instance WHERE flow_id%"
"""How the process that starts instances sees that they have ended: part of the measuring."""
STATEMENTS = f"""
    SELECT coalesce(sum(calls), 0) FROM pg_stat_statements
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND query NOT LIKE '{LOOKING}'
        AND query NOT LIKE '%pg_stat_statements%'"""  # noqa: S608 - a pattern of ours
WRITTEN = "SELECT pg_current_wal_lsn() - '0/0'"


def meter_of(place: Place) -> Meter:
    """`round_trips`: statements that clients sent, transactions' begin and end among them. `wal_bytes`: written ahead,
    by the whole server."""

    def read() -> Mapping[str, float]:
        with psycopg.connect(place.url, autocommit=True) as connection:
            ((statements,),) = connection.execute(STATEMENTS).fetchall()
            ((written,),) = connection.execute(WRITTEN).fetchall()
        return {"round_trips": float(statements), "wal_bytes": float(written)}

    return read
