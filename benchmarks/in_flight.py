"""How many steps a second with 1, 8, 32 and 256 instances at once, how long one idle instance takes, beside DBOS; and
what the database is asked for and writes for a step, beside the bare rows. All on PostgreSQL, two worker processes.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from typing import Any, Final

from benchmarks.contestants import ROOT, Measurement
from benchmarks.machine import describe_machine
from benchmarks.metering import meter_of
from benchmarks.places import NewPlace, on_postgresql
from benchmarks.reporting import Line, Report, format_table, write_report
from benchmarks.sides import Amount, Peer, run_bare_idle, run_dbos, run_dbos_idle, run_ours, run_ours_idle, run_peer

AMOUNTS: Final = {1: (150, 40), 8: (600, 96), 32: (1600, 192), 256: (4000, 512)}
"""By how many are in flight: our instances in a round, and DBOS's."""
GOAL: Final = 20.0
IDLE_INSTANCES: Final = 100
BARE: Final = Peer("floor_ten_steps.py", "", 1, ("--batch", "16"))


def main(arguments: Sequence[str] = ()) -> bool:
    """Measure, print the table, store the JSON. Answers whether every goal is reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.in_flight", description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", type=int, choices=AMOUNTS, action="append", help="only so many at once")
    parser.add_argument("--part", choices=("throughput", "idle", "database"), action="append")
    options = parser.parse_args(arguments)
    parts = options.part or ["throughput", "idle", "database"]
    machine, lines, details = describe_machine(), [], {}
    with on_postgresql(counts_statements=True) as new_place:
        if "throughput" in parts:
            found = {size: _throughput(new_place, size, options.rounds) for size in options.only or AMOUNTS}
            details["throughput"] = {size: _rates(sides) for size, sides in found.items()}
            lines += _throughput_lines(found)
        if "idle" in parts:
            times = _idle(new_place, options.rounds)
            details["idle_milliseconds"] = times
            lines += _idle_lines(times)
        if "database" in parts:
            used = details["database"] = _database(new_place)
            lines += _database_lines(used)
    report = Report("in_flight", machine, lines, details)
    print(format_table(report), "", write_report(report).relative_to(ROOT), sep="\n")
    return report.is_reached


Sides = dict[str, list[Measurement]]


def _throughput(new_place: NewPlace, in_flight: int, rounds: int) -> Sides:
    sides: Sides = {"ours": [], "dbos": []}
    instances, workflows = AMOUNTS[in_flight]
    for number in range(1, rounds + 1):
        for side, run, count in (("ours", run_ours, instances), ("dbos", run_dbos, workflows)):
            with new_place() as place:
                sides[side].append(run(place, Amount(count, in_flight, max(64, in_flight))))
            print(f"{in_flight} {number} {side} {sides[side][-1].steps_per_second:,.0f} steps/s", file=sys.stderr)
    return sides


def _rates(sides: Sides) -> dict[str, list[float]]:
    return {side: [round(one.steps_per_second, 1) for one in measured] for side, measured in sides.items()}


def _throughput_lines(found: dict[int, Sides]) -> list[Line]:
    medians = {size: {side: statistics.median(r) for side, r in _rates(sides).items()} for size, sides in found.items()}
    lines = [
        Line(
            f"{size} in flight, DBOS",
            of["ours"],
            of["dbos"],
            "steps/s",
            of["ours"] / of["dbos"],
            GOAL if size >= 32 else None,
        )
        for size, of in medians.items()
    ]
    if {32, 256} <= medians.keys():
        large, small = medians[256]["ours"], medians[32]["ours"]
        lines.append(Line("256 in flight, against 32", large, small, "steps/s", large / small, 1))
    return lines


def _idle(new_place: NewPlace, rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {"ours": [], "dbos": [], "bare": []}
    for _ in range(rounds):
        for side, run in (("ours", run_ours_idle), ("dbos", run_dbos_idle), ("bare", run_bare_idle)):
            with new_place() as place:
                times[side] += run(place, Amount(IDLE_INSTANCES, 1, 16)).more["milliseconds"]
    return {side: [round(one, 2) for one in sorted(found)] for side, found in times.items()}


def _idle_lines(times: dict[str, list[float]]) -> list[Line]:
    lines = []
    for part, goal in ((50, 0.25), (95, None)):
        ours, dbos, bare = (statistics.quantiles(times[side], n=100)[part - 1] for side in ("ours", "dbos", "bare"))
        what = f"one idle instance from start to end, p{part}, DBOS"
        lines.append(Line(what, ours, dbos, "ms", ours / dbos, goal, is_most=True))
        lines.append(Line(f"the bare rows of one, p{part}, DBOS", bare, dbos, "ms", bare / dbos, None, is_most=True))
    return lines


def _database(new_place: NewPlace) -> dict[str, Any]:
    with new_place() as place:
        ours = run_ours(place, Amount(4000, 256, 256), meter_of(place))
    with new_place() as place:
        bare = run_peer(BARE, place, Amount(3200, 32, 32), meter_of(place))
    return {
        side: {name: count / one.steps for name, count in one.used.items()}
        for side, one in (("ours", ours), ("bare", bare))
    }


def _database_lines(used: dict[str, Any]) -> list[Line]:
    trips, written = used["ours"]["round_trips"], used["ours"]["wal_bytes"]
    bare = used["bare"]["wal_bytes"]
    return [
        Line("round trips for a step, 256 in flight; at most 0.5", trips, 0.5, "", trips / 0.5, 1, is_most=True),
        Line("written ahead for a step, the bare rows", written, bare, "bytes", written / bare, 3, is_most=True),
    ]


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]))
