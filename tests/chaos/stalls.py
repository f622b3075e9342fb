"""How much of a processor somebody gets who wants one: measured by asking for a little of it again and again.

The promise about recovery is about processes that run. On a machine with more to do than processors they stand still
in between, and so does this probe, a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from itertools import pairwise
from typing import Final, NamedTuple

PROBE_SECONDS: Final = 0.015
"""Time on a processor that one probe asks for: more than what a scheduler gives to whoever has just slept."""
PAUSE_SECONDS: Final = 0.25


class Probe(NamedTuple):
    """When one was made, on the monotonic clock, and which share of the time since it wanted to begin it ran."""

    at: float
    share: float


class Stalls:
    """Probes from now until `end`."""

    def __init__(self) -> None:
        words = [sys.executable, "-m", __name__]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        self._probes: list[Probe] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            at, share = line.split()
            self._probes.append(Probe(float(at), float(share)))

    def running_seconds(self, begin: float, end: float) -> float:
        """How much of a span a process would have run that wanted to all the time."""
        probes = [Probe(begin, 1.0), *(probe for probe in self._probes if begin < probe.at < end)]
        probes.append(Probe(end, probes[-1].share))
        return sum((after.at - before.at) * after.share for before, after in pairwise(probes))

    def end(self) -> None:
        """No more probes."""
        self._process.kill()
        self._process.wait()


def probe_on() -> None:
    """Print probes until somebody ends it."""
    while True:
        wanted_at = time.monotonic() + PAUSE_SECONDS
        time.sleep(PAUSE_SECONDS)
        began = time.thread_time()
        while (used := time.thread_time() - began) < PROBE_SECONDS:
            pass
        now = time.monotonic()
        print(now, min(1.0, used / (now - wanted_at)), flush=True)


if __name__ == "__main__":
    probe_on()
