"""Instances of ten HTTP requests in a row to a local server that takes 5 ms, 256 instances at once, beside a plain
httpx client that makes as many requests at once and records nothing. Two processes each, ours on PostgreSQL.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections.abc import Sequence
from typing import Final

from benchmarks.contestants import ROOT, Measurement, measure
from benchmarks.local_server import local_server
from benchmarks.machine import describe_machine
from benchmarks.places import on_postgresql
from benchmarks.reporting import Line, Report, format_table, write_report
from benchmarks.sides import PEERS, WORKERS, Amount, run_ours

IN_FLIGHT: Final = 256
INSTANCES: Final = 512
REQUESTS: Final = 6000
GOAL: Final = 0.7


def main(arguments: Sequence[str] = ()) -> bool:
    """Measure, print the table, store the JSON. Answers whether the goal is reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.http_steps", description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--instances", type=int, default=INSTANCES)
    options = parser.parse_args(arguments)
    machine = describe_machine()
    found: dict[str, list[Measurement]] = {"ours": [], "httpx": []}
    with on_postgresql() as new_place, local_server() as url:
        # As many attempts side by side as there are instances: `docs/howto/production.md` says how to size workers.
        threads = {"ATTEMPT_THREADS": str(IN_FLIGHT // WORKERS), "QUADRILLE_OUTBOUND_ALLOW": "127.0.0.0/8"}
        for number in range(1, options.rounds + 1):
            with new_place() as place:
                amount = Amount(options.instances, IN_FLIGHT, IN_FLIGHT)
                found["ours"].append(run_ours(place, amount, more=("--url", url), variables=threads))
            found["httpx"].append(_plain(url))
            print(number, {side: round(all[-1].steps_per_second) for side, all in found.items()}, file=sys.stderr)
    medians = {side: statistics.median(one.steps_per_second for one in all) for side, all in found.items()}
    ours, plain = medians["ours"], medians["httpx"]
    line = Line(f"HTTP steps, {IN_FLIGHT} in flight, plain httpx", ours, plain, "requests/s", ours / plain, GOAL)
    details = {side: [round(one.steps_per_second, 1) for one in all] for side, all in found.items()}
    report = Report("http_steps", machine, [line], details)
    print(format_table(report), "", write_report(report).relative_to(ROOT), sep="\n")
    return report.is_reached


def _plain(url: str) -> Measurement:
    share = ["--requests", str(REQUESTS // WORKERS), "--at-once", str(IN_FLIGHT // WORKERS)]
    return measure([[sys.executable, PEERS / "plain_httpx.py", "--url", url, *share]] * WORKERS, os.environ)


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]))
