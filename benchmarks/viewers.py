"""How soon a page shows what was committed: a hundred viewers of busy instances, and a thousand sockets at one. One
process for the sockets, one worker process, PostgreSQL and Redis.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence

from benchmarks.contestants import ROOT
from benchmarks.machine import describe_machine
from benchmarks.places import on_postgresql
from benchmarks.reporting import Line, Report, format_table, write_report
from benchmarks.sides import our_environment


def main(arguments: Sequence[str] = ()) -> bool:
    """Measure, print the table, store the JSON. Answers whether every goal is reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.viewers", description=__doc__.split("\n")[0])
    parser.add_argument("--viewers", type=int, default=100)
    parser.add_argument("--sockets", type=int, default=1000)
    options = parser.parse_args(arguments)
    machine = describe_machine()
    with on_postgresql() as new_place, new_place() as place:
        command = [sys.executable, "-m", "benchmarks.ours.viewers"]
        command += ["--viewers", str(options.viewers), "--sockets", str(options.sockets)]
        environment = {**os.environ, **our_environment(place)}
        ran = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(ran.stdout.splitlines()[-1])
    shared, own, apart, many = (found[name] for name in ("shared", "own", "apart", "many"))
    lines = [
        _line(f"{options.viewers} viewers of a tenth as many busy instances, p95; at most 300", shared["p95"], 300),
        _line(f"{options.viewers} viewers, each of a busy instance of its own, p95; at most 300", apart["p95"], 300),
        _line("the same where all instances change in the same moment, p95; at most 300", own["p95"], 300),
        _line(f"{options.sockets:,} sockets at one instance, the last; at most 1,000", many["last"], 1000),
    ]
    report = Report("viewers", machine, lines, found)
    print(format_table(report), "", write_report(report).relative_to(ROOT), sep="\n")
    return report.is_reached


def _line(what: str, milliseconds: float, most: float) -> Line:
    return Line(what, milliseconds, most, "ms", milliseconds / most, 1, is_most=True)


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]))
