"""The list of instances over a million of them, for every filter that it offers: time in the server, and queries."""

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
from benchmarks.places import on_postgresql, on_sqlite
from benchmarks.reporting import Line, Report, format_table, write_report
from benchmarks.sides import our_environment

MOST_MILLISECONDS: Final = 100
MOST_QUERIES: Final = 20
PLACES: Final = {"sqlite": on_sqlite, "postgresql": on_postgresql}


def main(arguments: Sequence[str] = ()) -> bool:
    """Measure, print the table, store the JSON. Answers whether every goal is reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lists", description=__doc__)
    parser.add_argument("--database", choices=PLACES, help="only this one")
    parser.add_argument("--instances", type=int, default=1_000_000)
    options = parser.parse_args(arguments)
    machine, lines, details = describe_machine(), [], {}
    for database in [options.database] if options.database else PLACES:
        with PLACES[database]() as new_place, new_place() as place:
            command = [sys.executable, "-m", "benchmarks.ours.lists", "--instances", str(options.instances)]
            environment = {**os.environ, **our_environment(place)}
            ran = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        found: dict[str, dict[str, Any]] = json.loads(ran.stdout.splitlines()[-1])
        details[database] = found
        lines += [_line(database, name, one["milliseconds"]) for name, one in found.items()]
        queries = max(one["queries"] for one in found.values())
        lines.append(Line(f"{database}: most queries", queries, MOST_QUERIES, "", queries / MOST_QUERIES, 1, True))
    report = Report("lists", machine, lines, details)
    print(format_table(report), "", write_report(report).relative_to(ROOT), sep="\n")
    return report.is_reached


def _line(database: str, name: str, milliseconds: float) -> Line:
    ratio = milliseconds / MOST_MILLISECONDS
    return Line(f"{database}, {name}; at most 100", milliseconds, MOST_MILLISECONDS, "ms", ratio, 1, is_most=True)


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]))
