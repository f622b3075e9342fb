"""One installation on many processes for the whole ring. Each test starts the workers it needs, and ends them.

def test_a_claim(site: Site, workers: Workers) -> None:
    first, second = workers(2)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.machines.site import Process, Site
from tests.machines.site import site as running_site
from tests.machines.slow_server import SlowServer
from tests.servers import find_postgres, find_redis

Workers = Callable[..., list[Process]]
IN_THE_COMMAND = {"WORKER_PROCESSES", "WORKER_QUEUES"}
"""Variables that the Procfile's command names; others are settings, which are read at a start."""


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """PostgreSQL, Redis, web servers and beat. Left out loudly where a program is missing; CI leaves nothing out."""
    missing = [name for name, found in (("PostgreSQL", find_postgres()), ("Redis", find_redis())) if found is None]
    if missing:
        if os.environ.get("CI"):
            pytest.fail(f"no {' and no '.join(missing)} server program on this machine, and CI leaves nothing out")
        pytest.skip(f"NOT RUN: no {' and no '.join(missing)} server program on this machine")
    with running_site() as running:
        running.start("beat")
        yield running


@pytest.fixture
def workers(site: Site) -> Iterator[Workers]:
    """`workers(2)`: so many workers of one process each, at work; forked, unless they have settings of their own. They
    are ended with the test.
    """
    started: list[Process] = []

    def start(count: int = 1, **variables: str) -> list[Process]:
        start_one = partial(site.start, "worker") if variables.keys() - IN_THE_COMMAND else site.fork_worker
        new = [start_one(**{"WORKER_PROCESSES": "1", **variables}) for _ in range(count)]
        started.extend(new)
        for worker in new:
            site.await_ready(worker)
        return new

    yield start
    for worker in started:
        worker.ask_to_end()
    for worker in started:
        worker.end()


@pytest.fixture(scope="session")
def slow_server() -> Iterator[SlowServer]:
    """Somebody whom flows call and who takes their time."""
    with SlowServer() as server:
        yield server
