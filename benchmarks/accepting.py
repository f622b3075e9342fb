"""What one web process takes in durably in a second: instances over the native API one by one and by batch, events,
webhooks; eight requests at once, on PostgreSQL, with nobody working on them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

from benchmarks.contestants import ROOT
from benchmarks.machine import describe_machine
from benchmarks.places import on_postgresql
from benchmarks.reporting import Line, Report, format_table, write_report
from benchmarks.sides import our_environment

GOALS: Final = {
    "start": ("instances started over the native API", 300),
    "start_batch": ("instances started over the native API, a hundred to a request", 2000),
    "event": ("events for whoever listens", 400),
    "instance_event": ("events for one instance", 400),
    "webhook": ("webhooks, each starting an instance", 400),
}


def main(arguments: Sequence[str] = ()) -> bool:
    """Measure, print the table, store the JSON. Answers whether every goal is reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accepting", description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--requests", type=int, default=1600)
    options = parser.parse_args(arguments)
    machine, rounds = describe_machine(), []
    with on_postgresql() as new_place:
        for _ in range(options.rounds):
            with new_place() as place:
                environment = {**os.environ, **our_environment(place), "SSL_REDIRECT": "0"}
                command = [sys.executable, "-m", "benchmarks.ours.accepting", "--requests", str(options.requests)]
                ran = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
                rounds.append(json.loads(ran.stdout.splitlines()[-1]))
                print(rounds[-1], file=sys.stderr)
    lines = []
    for name, (what, goal) in GOALS.items():
        rate = statistics.median(found[name] for found in rounds)
        lines.append(Line(f"{what}; at least {goal:,}", rate, goal, "/s", rate / goal, 1))
    report = Report("accepting", machine, lines, {"rounds": rounds})
    print(format_table(report), "", write_report(report).relative_to(ROOT), sep="\n")
    return report.is_reached


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]))
