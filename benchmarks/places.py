"""Fresh databases to measure on: a SQLite file, or a database on a PostgreSQL server that waits for the disk.

Both lie in the folder for temporary files; where that is memory (`machine.py` says so), point `TMPDIR` at a disk.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg

from tests.servers import postgres_server, redis_server


@dataclass(frozen=True, slots=True)
class Place:
    """A fresh database and a folder, for one contestant in one round. `url` begins `sqlite:///` or `postgresql://`.

    `redis_url`: a Redis beside PostgreSQL, for who needs a broker.
    """

    url: str
    folder: Path
    redis_url: str = ""

    @property
    def sqlite_file(self) -> Path | None:
        """The database's file; None on PostgreSQL."""
        path = self.url.removeprefix("sqlite:///")
        return Path(path) if path != self.url else None


NewPlace = Callable[[], AbstractContextManager[Place]]


@contextlib.contextmanager
def on_sqlite() -> Iterator[NewPlace]:
    """Places with a file each."""

    @contextlib.contextmanager
    def new() -> Iterator[Place]:
        with tempfile.TemporaryDirectory() as folder:
            yield Place(f"sqlite:///{folder}/bench.sqlite3", Path(folder))

    yield new


@contextlib.contextmanager
def on_postgresql(*, counts_statements: bool = False) -> Iterator[NewPlace]:
    """Places with a database each on one server; the database goes with its place.

    `counts_statements`: each has `pg_stat_statements`, which `benchmarks.metering` reads.
    """
    preload = "pg_stat_statements" if counts_statements else ""
    with postgres_server(is_durable=True, preload=preload) as url, redis_server() as redis_url:
        server = url.replace("postgres://", "postgresql://", 1)
        numbers = count(1)

        @contextlib.contextmanager
        def new() -> Iterator[Place]:
            name = f"bench_{next(numbers)}"
            with psycopg.connect(server, autocommit=True) as connection, tempfile.TemporaryDirectory() as folder:
                connection.execute(f"CREATE DATABASE {name}")
                if counts_statements:
                    with psycopg.connect(f"{server.rpartition('/')[0]}/{name}", autocommit=True) as inside:
                        inside.execute("CREATE EXTENSION pg_stat_statements")
                yield Place(f"{server.rpartition('/')[0]}/{name}", Path(folder), redis_url)
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

        yield new
