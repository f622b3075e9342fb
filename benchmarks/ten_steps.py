"""Durable steps per second: ten steps that do nothing per instance, 32 instances at once, against DBOS.

Each step's output is committed before the next step begins, on both sides. In each round ours and DBOS take turns, each
in fresh processes on a fresh database: on SQLite, then on one PostgreSQL server that lives as long as the run. What
counts is the ratio of the medians. `README.md` says what is the same on both sides and what is not.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from benchmarks.contestants import ROOT, Measurement
from benchmarks.machine import describe_machine
from benchmarks.places import on_postgresql, on_sqlite
from benchmarks.reporting import Line, Report, format_table, write_report
from benchmarks.sides import Amount, run_dbos, run_ours
from tests.servers import find_postgres, find_redis

GOAL: Final = 8.0
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
            for side, run, instances in (("ours", run_ours, options.ours), ("dbos", run_dbos, options.dbos)):
                with new_place() as place:
                    sides[side].append(run(place, Amount(instances, options.in_flight, options.warm_up)))
                print(f"{database} {number} {side} {sides[side][-1].steps_per_second:,.0f} steps/s", file=sys.stderr)
    return sides


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
