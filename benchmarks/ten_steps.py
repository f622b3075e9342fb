"""Durable steps per second: ten steps that do nothing per instance, 32 instances at once, against DBOS.

Each step's output is committed before the next step begins, on both sides. In each round ours and DBOS take turns, each
in fresh processes on a fresh database: on SQLite, then on one PostgreSQL server that lives as long as the run. What
counts is the ratio of the medians. `README.md` says what is the same on both sides and what is not.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import os
import secrets
import sqlite3
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.contestants import ROOT, Measurement, measure
from benchmarks.machine import describe_machine
from benchmarks.peers.installing import peer_python
from benchmarks.places import NewPlace, Place, on_postgresql, on_sqlite
from benchmarks.reporting import Line, Report, format_table, write_report
from tests.servers import find_postgres, find_redis

GOAL: Final = 8.0
WORKERS: Final = 2
"""Worker processes on PostgreSQL, of each side. On SQLite each side is one process."""
PEERS: Final = ROOT / "benchmarks" / "peers"
PLACES: Final = {"sqlite": on_sqlite, "postgresql": on_postgresql}


def main(arguments: Sequence[str] = ()) -> bool:
    """Measure, print the table, store the JSON. Answers whether the goal is reached."""
    options = _read(arguments)
    machine = describe_machine()
    found = {database: _measure_database(database, options) for database in _databases(options)}
    amount = {name: vars(options)[name] for name in ("rounds", "in_flight", "ours", "dbos", "warm_up")}
    lines = [_compare(database, sides, options.in_flight) for database, sides in found.items()]
    details = {"amount": amount, **{database: _details(sides) for database, sides in found.items()}}
    report = Report("ten_steps", machine, lines, details)
    print(format_table(report), *_settings_lines(found), "", write_report(report).relative_to(ROOT), sep="\n")
    return report.is_reached


def _read(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ten_steps", description="Durable steps per second.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--in-flight", type=int, default=32, help="instances at once")
    # The faster side runs more, so that both are measured for some seconds.
    parser.add_argument("--ours", type=int, default=1600, help="our instances in a round")
    parser.add_argument("--dbos", type=int, default=192, help="DBOS's workflows in a round")
    parser.add_argument("--warm-up", type=int, default=128, help="instances before the clock starts")
    parser.add_argument("--database", choices=PLACES, help="only this one")
    return parser.parse_args(arguments)


def _databases(options: argparse.Namespace) -> list[str]:
    wanted = [options.database] if options.database else list(PLACES)
    if "postgresql" in wanted and None in (find_postgres(), find_redis()):
        print("NOT MEASURED on PostgreSQL: no PostgreSQL or Redis program on this machine", file=sys.stderr)
        wanted.remove("postgresql")
    return wanted


Sides = Mapping[str, Sequence[Measurement]]


def _measure_database(database: str, options: argparse.Namespace) -> Sides:
    sides: dict[str, list[Measurement]] = {"ours": [], "dbos": []}
    with PLACES[database]() as new_place:
        for number in range(1, options.rounds + 1):
            for side, run in (("ours", _run_ours), ("dbos", _run_dbos)):
                sides[side].append(_measure_once(run, new_place, options))
                print(f"{database} {number} {side} {sides[side][-1].steps_per_second:,.0f} steps/s", file=sys.stderr)
    return sides


def _measure_once(run: Any, new_place: NewPlace, options: argparse.Namespace) -> Measurement:
    with new_place() as place:
        measured: Measurement = run(place, options)
        return measured


def _run_ours(place: Place, options: argparse.Namespace) -> Measurement:
    """On SQLite one process, with the embedded runner; on PostgreSQL, in production mode, a process that starts the
    instances and a Celery worker."""
    command = [sys.executable, "-m", "benchmarks.ours.ten_steps", "--instances", str(options.ours)]
    command += ["--in-flight", str(options.in_flight), "--warm-up", str(options.warm_up)]
    command += ["--workers", "0" if place.sqlite_file else str(WORKERS)]
    environment = {"QUADRILLE_DATA": str(place.folder / "data"), "DATABASE_URL": place.url, "LOG_LEVEL": "WARNING"}
    if place.sqlite_file:
        environment |= {"QUADRILLE_MODE": "embedded", "SQLITE_SYNCHRONOUS": "FULL"}
    else:
        environment |= _production(place)
    return measure([command], {**os.environ, **environment})


def _production(place: Place) -> dict[str, str]:
    return {
        "QUADRILLE_MODE": "production",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "FIELD_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "ALLOWED_HOSTS": "localhost",
        "REDIS_URL": place.redis_url,
        "BROKER_URL": place.redis_url,
    }


def _run_dbos(place: Place, options: argparse.Namespace) -> Measurement:
    """One process on SQLite, as many as ours on PostgreSQL: two made DBOS a quarter faster than one."""
    if place.sqlite_file:
        _use_write_ahead_log(place)
    processes = 1 if place.sqlite_file else WORKERS
    command: list[str | Path] = [
        peer_python("dbos"),
        ROOT / "benchmarks" / "peers" / "dbos_ten_steps.py",
        "--url",
        place.url,
    ]
    shares = {"--workflows": options.dbos, "--in-flight": options.in_flight, "--warm-up": options.warm_up}
    command += [word for name, amount in shares.items() for word in (name, str(amount // processes))]
    return measure([command] * processes, os.environ)


def _use_write_ahead_log(place: Place) -> None:
    """DBOS leaves SQLite's rollback journal on; with the write-ahead log it is a third faster."""
    with contextlib.closing(sqlite3.connect(place.sqlite_file or "")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


def _compare(database: str, sides: Sides, in_flight: int) -> Line:
    ours, dbos = (statistics.median(one.steps_per_second for one in sides[side]) for side in ("ours", "dbos"))
    return Line(f"{database}, {in_flight} in flight, DBOS", ours, dbos, "steps/s", ours / dbos, GOAL)


def _details(sides: Sides) -> dict[str, Any]:
    return {
        side: {
            "steps_per_second": [round(one.steps_per_second, 1) for one in measured],
            "settings": measured[0].settings,
            "versions": measured[0].versions,
        }
        for side, measured in sides.items()
    }


def _settings_lines(found: Mapping[str, Sides]) -> list[str]:
    return ["", *[f"{name}, {side}: {_words(sides[side][0])}" for name, sides in found.items() for side in sides]]


def _words(measured: Measurement) -> str:
    return ", ".join(f"{name} {value}" for name, value in [*measured.settings.items(), *measured.versions.items()])


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]))
