"""A process for the web, or for live updates, keeps to one CPU, which no other one of its machine keeps to.

Python carries out one thread of a process at a time. Where threads sit on several CPUs, each hand-over from one to the
next wakes another CPU whose caches know nothing of it: a request then takes up to twice as much of a processor.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

THREADS: Final = Path("/proc/self/task")
_claims: Final[list[socket.socket]] = []
"""Held as long as the process lives."""


def keep_to_one_cpu(among: str = "quadrille", *, last_first: bool = False) -> int | None:
    """Have the threads of this process, and those that they will start, run on one CPU. Answers which; None, with
    nothing changed, where there are not several, all are taken, or the system is no Linux. `among`: the name of those
    who keep to different ones. Containers do not see each other's claims; who asks for the last CPU first keeps out of
    the way of those in others who ask for the first.
    """
    allowed = os.sched_getaffinity(0) if THREADS.is_dir() else set()
    if len(allowed) < 2:
        return None
    for cpu in sorted(allowed, reverse=last_first):
        if _claim(f"\0{among}-cpu-{cpu}"):
            for thread in THREADS.iterdir():
                with suppress(OSError):  # it has just ended
                    os.sched_setaffinity(int(thread.name), {cpu})
            return cpu
    return None


def _claim(name: str) -> bool:
    """A name in the kernel is gone with the process that has it."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(name)
    except OSError:
        claim.close()
        return False
    _claims.append(claim)
    return True
