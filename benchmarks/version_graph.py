"""How long the graph of a version takes as SVG: 50 tasks new and cached, 1,000 tasks, 1,000 entangled."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence

from benchmarks.contestants import ROOT
from benchmarks.machine import describe_machine
from benchmarks.reporting import Line, Report, format_table, write_report


def main(arguments: Sequence[str] = ()) -> bool:
    """Measure, print the table, store the JSON. Answers whether every goal is reached."""
    argparse.ArgumentParser(prog="python -m benchmarks.version_graph", description=__doc__).parse_args(arguments)
    machine = describe_machine()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "QUADRILLE_MODE": "embedded", "QUADRILLE_DATA": folder, "LOG_LEVEL": "ERROR"}
        command = [sys.executable, "-m", "benchmarks.ours.version_graph"]
        ran = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(ran.stdout.splitlines()[-1])
    lines = [
        _line("50 tasks, for the first time; at most 80", found["50"]["first"], 80),
        _line("50 tasks, cached; at most 5", found["50"]["cached"], 5),
        _line("1,000 tasks, for the first time; at most 1,500", found["1000"]["first"], 1500),
        _line("1,000 tasks entangled, drawn or refused; at most 10,000", found["tangled"]["first"], 10_000),
    ]
    report = Report("version_graph", machine, lines, found)
    print(format_table(report), f"\nentangled: {found['tangled']['outcome']}\n", sep="\n")
    print(write_report(report).relative_to(ROOT))
    return report.is_reached


def _line(what: str, milliseconds: float, most: float) -> Line:
    return Line(what, milliseconds, most, "ms", milliseconds / most, 1, is_most=True)


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]))
