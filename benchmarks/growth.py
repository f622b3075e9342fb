"""How our costs grow: with the length of a flow, with the branches of a fan-out, with instances that only wait.

No peer here: each line compares us with ourselves, the large case with the small one, on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, Final

from benchmarks.contestants import ROOT
from benchmarks.machine import describe_machine
from benchmarks.places import Place, on_postgresql, on_sqlite
from benchmarks.reporting import Line, Report, format_table, write_report
from benchmarks.sides import our_environment

GOALS: Final = {
    "chain": ("a step of a flow of 1,000 tasks, against 10", "µs", 1e6, 1.3),
    "fan_out": ("a branch of 1,000, against 100", "µs", 1e6, 1.3),
    "sweep": ("a sweep over 100,000 waiting instances, against 1,000", "µs", 1e6, 2.0),
    "memory": ("the process beside 100,000 waiting instances, against 1,000", "MiB", 1 / 2**20, 1.1),
}


def main(arguments: Sequence[str] = ()) -> bool:
    """Measure, print the table, store the JSON. Answers whether every goal is reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__.split("\n")[0])
    places = {"sqlite": on_sqlite, "postgresql": on_postgresql}
    parser.add_argument("--database", choices=places, help="only this one")
    options = parser.parse_args(arguments)
    machine, lines, details = describe_machine(), [], {}
    for database in [options.database] if options.database else places:
        with places[database]() as new_place, new_place() as place:
            found = details[database] = _measure(place)
        lines += [_line(database, name, found[name]) for name in GOALS]
    report = Report("growth", machine, lines, details)
    print(format_table(report), "", write_report(report).relative_to(ROOT), sep="\n")
    return report.is_reached


def _measure(place: Place) -> dict[str, dict[str, float]]:
    command = [sys.executable, "-m", "benchmarks.ours.growth"]
    environment = {**os.environ, **our_environment(place)}
    ran = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def _line(database: str, name: str, found: dict[str, float]) -> Line:
    what, unit, factor, goal = GOALS[name]
    small, *_, large = found.values()
    return Line(f"{database}: {what}", large * factor, small * factor, unit, large / small, goal, is_most=True)


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]))
