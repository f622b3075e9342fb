"""kill -9 of the whole installation at any moment: nothing is lost, nothing that completed runs again."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from tests.integration.engine.survivor import ENOUGH, INSTANCES, KILLS, LONGEST_LIFE_SECONDS
from tests.nursery import Nursery, await_words, kill
from tests.prepared import TEMPLATE, copy_database
from tests.servers import free_port

STANDSTILL_SECONDS = 120
"""How long nothing at all may happen while something is left to do: far beyond a lease and the delays. A machine that
has much else to do may take its time, as long as it gets on."""
LEFT = "SELECT count(*) FROM engine_instance WHERE status NOT IN ('complete', 'errored', 'terminated')"
HAPPENED = "SELECT count(*) FROM engine_fact"


class Installation:
    """A data folder and the process that serves it. `url`: of its PostgreSQL database; empty for SQLite."""

    def __init__(self, folder: Path, url: str = "") -> None:
        self.folder = folder
        self.url = url
        self.lines = folder / "lines"
        kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
        self.environment = kept | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "QUADRILLE_MODE": "embedded",
            "QUADRILLE_DATA": str(folder),
            "QUADRILLE_DEVELOPMENT": "1",
            "QUADRILLE_PYTHON_MODULES": "tests.integration.engine.survivor",
            "SURVIVOR_FILE": str(self.lines),
            **({"DATABASE_URL": url} if url else {}),
        }
        self._nursery = Nursery("command", self.environment)
        self._pid: int | None = None

    def run(self, *words: str) -> str:
        return self._nursery.run(*words)

    def prepare(self) -> None:
        """Make the tables."""
        is_there = bool(os.environ.get(TEMPLATE)) if self.url else copy_database(self.folder / "quadrille.sqlite3")
        if not is_there:
            self.run("migrate", "--verbosity", "0")

    def serve(self) -> None:
        """Start it, and return once it serves."""
        log = self.folder / "log"
        self._pid = self._nursery.fork(log, "serve", "--port", str(free_port()))
        await_words(self._pid, log, b"Quadrille is at")

    def kill(self) -> None:
        """The machine dies."""
        if self._pid is not None:
            kill(self._pid)
            self._pid = None

    def close(self) -> None:
        """End everything that still runs."""
        self.kill()
        self._nursery.close()

    def unfinished(self) -> int:
        """How many instances have not ended."""
        return self._count(LEFT)

    def finish(self) -> bool:
        """Wait until all have ended. Answers False as soon as it stands still before."""
        seen, since = -1, time.monotonic()
        while self.unfinished():
            happened = self._count(HAPPENED)
            if happened != seen:
                seen, since = happened, time.monotonic()
            if time.monotonic() - since > STANDSTILL_SECONDS:
                return False
            time.sleep(0.1)
        return True

    def _count(self, question: LiteralString) -> int:
        if self.url:
            with psycopg.connect(self.url) as server:
                return int(server.execute(question).fetchone()[0])  # type: ignore[index]
        with closing(sqlite3.connect(self.folder / "quadrille.sqlite3", timeout=30)) as database:
            return int(database.execute(question).fetchone()[0])


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """A database of its own on a PostgreSQL server."""
    with psycopg.connect(server, autocommit=True) as connection:
        template = os.environ.get(TEMPLATE, "template1")
        connection.execute(sql.SQL("CREATE DATABASE survivor TEMPLATE {}").format(sql.Identifier(template)))
        yield f"{server.rpartition('/')[0]}/survivor"
        connection.execute("DROP DATABASE survivor WITH (FORCE)")


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """A prepared one that does not run yet, on the database of this test run: SQLite, or PostgreSQL."""
    server = os.environ.get("DATABASE_URL", "")
    with fresh_database(server) if server else nullcontext("") as url:
        made = Installation(tmp_path, url)
        made.prepare()
        made.run("-m", "tests.integration.engine.survivor", "prepare")
        yield made
        made.close()


def test_an_installation_that_is_killed_twenty_times_loses_nothing_and_repeats_no_step(
    installation: Installation,
) -> None:
    chance = random.Random()
    for _ in range(KILLS):
        installation.serve()
        time.sleep(chance.uniform(0.0, LONGEST_LIFE_SECONDS))
        installation.kill()
    assert installation.unfinished(), "everything was done before the last kill: the test has become too easy"
    installation.lines.with_name(ENOUGH).touch()
    installation.serve()
    assert installation.finish(), installation.run("-m", "tests.integration.engine.survivor", "check")
    installation.kill()
    found = json.loads(installation.run("-m", "tests.integration.engine.survivor", "check"))
    assert found["wrong"] == []
    assert found["statuses"] == {"complete": 2 * INSTANCES}
    assert (found["calls"], found["signals"]) == (INSTANCES, 0)
    assert len(found["rounds"]) == INSTANCES
    assert found["timers"] == 0
    assert found["lost_leases"] > 0, "no kill hit an attempt under way: the test has become too easy"
    # Every completed step left its line at least once; those whose commit was lost with the process left one more.
    lines = Counter(installation.lines.read_text().split())
    assert all(lines[f"i{n}:{task}"] >= 1 for n in range(INSTANCES) for task in ("first", "left", "right", "last"))
    assert all(lines[f"{key}:{task}"] >= count for key, count in found["rounds"].items() for task in ("page", "flaky"))
