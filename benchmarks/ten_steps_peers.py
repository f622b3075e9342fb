"""Ten durable steps per instance, 32 instances at once, beside those one would pick instead. All on PostgreSQL.

In each round everybody has a turn, each in fresh processes on a fresh database of one server. What counts is the ratio
of the medians. `README.md` says what each one does for a step.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from typing import Final, NamedTuple

from benchmarks.contestants import ROOT, Measurement
from benchmarks.machine import describe_machine
from benchmarks.places import on_postgresql
from benchmarks.reporting import Line, Report, format_table, write_report
from benchmarks.sides import WORKERS, Amount, Peer, run_ours, run_peer


class Rival(NamedTuple):
    """A peer, how many workflows it runs in a round, and how many times faster we mean to be."""

    peer: Peer
    workflows: int
    goal: float | None


RIVALS: Final = {
    "procrastinate": Rival(Peer("procrastinate_ten_steps.py", "procrastinate"), 192, 5),
    "a Celery chain": Rival(Peer("celery_ten_steps.py", "celery"), 192, 5),
    "Viewflow": Rival(Peer("viewflow_ten_steps.py", "viewflow", WORKERS), 256, 5),
    "Prefect": Rival(Peer("prefect_ten_steps.py", "prefect"), 32, 5),
    "SpiffWorkflow, stored after each step": Rival(
        Peer("spiffworkflow_ten_steps.py", "spiffworkflow", WORKERS), 512, 5
    ),
    "SpiffWorkflow, in memory": Rival(
        Peer("spiffworkflow_ten_steps.py", "spiffworkflow", WORKERS, ("--memory",)), 3200, 1
    ),
    "psycopg, the bare rows, an instance to a transaction": Rival(
        Peer("floor_ten_steps.py", "", 1, ("--batch", "1")), 1600, None
    ),
    "psycopg, the bare rows, 16 instances to a transaction": Rival(
        Peer("floor_ten_steps.py", "", 1, ("--batch", "16")), 3200, 0.15
    ),
}


def main(arguments: Sequence[str] = ()) -> bool:
    """Measure, print the table, store the JSON. Answers whether every goal is reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ten_steps_peers", description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--in-flight", type=int, default=32)
    parser.add_argument("--only", choices=RIVALS, action="append", help="only these; may be repeated")
    options = parser.parse_args(arguments)
    machine = describe_machine()
    rivals = {name: rival for name, rival in RIVALS.items() if not options.only or name in options.only}
    found: dict[str, list[Measurement]] = {name: [] for name in ("ours", *rivals)}
    with on_postgresql() as new_place:
        for number in range(1, options.rounds + 1):
            for name, measured in found.items():
                with new_place() as place:
                    if name == "ours":
                        amount = Amount(
                            max(1600, 16 * options.in_flight), options.in_flight, max(128, options.in_flight)
                        )
                        measured.append(run_ours(place, amount))
                    else:
                        amount = Amount(rivals[name].workflows, options.in_flight, options.in_flight)
                        measured.append(run_peer(rivals[name].peer, place, amount))
                print(f"{number} {name}: {measured[-1].steps_per_second:,.0f} steps/s", file=sys.stderr)
    medians = {name: statistics.median(one.steps_per_second for one in measured) for name, measured in found.items()}
    lines = [
        Line(name, medians["ours"], medians[name], "steps/s", medians["ours"] / medians[name], rival.goal)
        for name, rival in rivals.items()
    ]
    details = {
        name: {
            "steps_per_second": [round(one.steps_per_second, 1) for one in measured],
            "versions": measured[0].versions,
        }
        for name, measured in found.items()
    }
    report = Report("ten_steps_peers", machine, lines, details)
    print(format_table(report), "", write_report(report).relative_to(ROOT), sep="\n")
    return report.is_reached


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]))
