"""The sides of a comparison: how each contestant is started on a place."""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.contestants import ROOT, Measurement, Meter, measure
from benchmarks.peers.installing import peer_python
from benchmarks.places import Place

WORKERS: Final = 2
"""Worker processes on PostgreSQL, of each side. On SQLite each side is one process."""
PEERS: Final = ROOT / "benchmarks" / "peers"


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is run: instances in a round, how many at once, how many before the clock starts."""

    instances: int
    in_flight: int
    warm_up: int


@dataclass(frozen=True, slots=True)
class Peer:
    """Another's program under `peers/`, in an environment of its own (`environment`: that of `requirements-NAME.txt`;
    empty: ours). `processes`: how many of it share the work; else it starts its own workers."""

    program: str
    environment: str
    processes: int = 1
    options: tuple[str, ...] = ()


def run_ours(
    place: Place,
    amount: Amount,
    meter: Meter = dict,
    *,
    more: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> Measurement:
    """On SQLite one process, with the embedded runner; on PostgreSQL, in production mode, a process that starts the
    instances and a Celery worker. `more`: further options of `benchmarks.ours.ten_steps`; `variables`: settings."""
    command = [sys.executable, "-m", "benchmarks.ours.ten_steps", "--instances", str(amount.instances)]
    command += ["--in-flight", str(amount.in_flight), "--warm-up", str(amount.warm_up)]
    command += ["--workers", "0" if place.sqlite_file else str(WORKERS)]
    return measure([[*command, *more]], {**os.environ, **our_environment(place), **(variables or {})}, meter)


def run_ours_idle(place: Place, amount: Amount) -> Measurement:
    """One instance at a time, in an installation that is idle; its answer has `milliseconds`, of each from start to
    end."""
    command = [sys.executable, "-m", "benchmarks.ours.one_at_a_time", "--instances", str(amount.instances)]
    command += ["--workers", "0" if place.sqlite_file else str(WORKERS)]
    return measure([command], {**os.environ, **our_environment(place)})


def run_dbos_idle(place: Place, amount: Amount) -> Measurement:
    """As `run_ours_idle`: one workflow at a time in one process."""
    program = PEERS / "dbos_one_at_a_time.py"
    shares = ["--url", place.url, *_shares(Amount(amount.instances, 1, 16), 1)]
    return measure([[peer_python("dbos"), program, *shares]], os.environ)


def run_bare_idle(place: Place, amount: Amount) -> Measurement:
    """As `run_ours_idle`: bare psycopg writes the rows of one workflow at a time, and nobody decides anything."""
    program = PEERS / "floor_one_at_a_time.py"
    shares = ["--url", place.url, *_shares(Amount(amount.instances, 1, 16), 1)]
    return measure([[sys.executable, program, *shares]], os.environ)


def our_environment(place: Place) -> dict[str, str]:
    """Our settings on a place: embedded on SQLite, with every commit on disk; production on PostgreSQL."""
    environment = {"QUADRILLE_DATA": str(place.folder / "data"), "DATABASE_URL": place.url, "LOG_LEVEL": "WARNING"}
    if place.sqlite_file:
        return environment | {"QUADRILLE_MODE": "embedded", "SQLITE_SYNCHRONOUS": "FULL"}
    return environment | {
        "QUADRILLE_MODE": "production",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "FIELD_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "ALLOWED_HOSTS": "localhost",
        "REDIS_URL": place.redis_url,
        "BROKER_URL": place.redis_url,
    }


def run_dbos(place: Place, amount: Amount) -> Measurement:
    """One process on SQLite, as many as ours on PostgreSQL: two made DBOS a quarter faster than one."""
    if place.sqlite_file:
        _use_write_ahead_log(place)
    processes = 1 if place.sqlite_file else min(WORKERS, amount.in_flight)
    command: list[str | Path] = [peer_python("dbos"), PEERS / "dbos_ten_steps.py", "--url", place.url]
    return measure([[*command, *_shares(amount, processes)]] * processes, os.environ)


def run_peer(peer: Peer, place: Place, amount: Amount, meter: Meter = dict) -> Measurement:
    """Any other on PostgreSQL, with Redis beside it for who needs a broker."""
    python = peer_python(peer.environment) if peer.environment else sys.executable
    command: list[str | Path] = [python, PEERS / peer.program, "--url", place.url, "--redis-url", place.redis_url]
    return measure([[*command, *_shares(amount, peer.processes), *peer.options]] * peer.processes, os.environ, meter)


def _shares(amount: Amount, processes: int) -> Sequence[str]:
    shares = {"--workflows": amount.instances, "--in-flight": amount.in_flight, "--warm-up": amount.warm_up}
    return [word for name, count in shares.items() for word in (name, str(max(1, count // processes)))]


def _use_write_ahead_log(place: Place) -> None:
    """DBOS leaves SQLite's rollback journal on; with the write-ahead log it is a third faster."""
    with contextlib.closing(sqlite3.connect(place.sqlite_file or "")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
