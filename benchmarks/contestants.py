"""Processes that do a piece of work when told to, and say how long it took them.

Each process makes itself ready, warm-up included, and writes `ready` to stdout; on a line on stdin it works; then it
writes one line of JSON with at least `began` and `ended` (system-wide monotonic clock), `steps`, `settings` and
`versions`, and ends. It checks its own results and fails when one is missing, so a wrong answer is never a figure.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Measurement:
    """One round of one contestant."""

    steps: int
    seconds: float
    settings: Mapping[str, Any]
    versions: Mapping[str, Any]
    used: Mapping[str, float]
    """What the meter counted meanwhile, by name."""
    more: Mapping[str, Any]
    """Whatever else the first process said."""

    @property
    def steps_per_second(self) -> float:
        """From the first start to the last completion."""
        return self.steps / self.seconds


Meter = Callable[[], Mapping[str, float]]
"""Counts something, by name; what counts is the difference between two readings."""


def measure(
    commands: Sequence[Sequence[str | Path]], environment: Mapping[str, str], meter: Meter = dict
) -> Measurement:
    """Run processes together, begun together once all are ready. Raises RuntimeError when one fails."""
    with ExitStack() as stack:
        processes = [stack.enter_context(_start(command, environment)) for command in commands]
        try:
            for process in processes:
                if _read_line(process) != "ready\n":
                    raise RuntimeError(f"{process.args!r} did not become ready")
            before = meter()
            for process in processes:
                _tell_to_go(process)
            answers = [json.loads(_read_line(process)) for process in processes]
            after = meter()
        except BaseException:
            for process in processes:
                process.kill()
            raise
    failed = [process.args for process in processes if process.returncode]
    if failed:
        raise RuntimeError(f"{failed!r} failed")
    seconds = max(answer["ended"] for answer in answers) - min(answer["began"] for answer in answers)
    steps = sum(answer["steps"] for answer in answers)
    used = {name: after[name] - before[name] for name in after}
    first = answers[0]
    return Measurement(steps, seconds, first.get("settings", {}), first.get("versions", {}), used, first)


def _start(command: Sequence[str | Path], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(word) for word in command],
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line: str = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} ended early: exit code {process.wait()}")
    return line


def _tell_to_go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()
