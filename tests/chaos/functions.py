"""What the campaign's flows run. Each call leaves a line in a file: what was done outside, however often."""

from __future__ import annotations

import os
import random
import signal
import time
from typing import Any

from engine.actions.python import DoNotRetry, flow_function

SLOWEST_SECONDS = float(os.environ.get("CHAOS_SLOWEST_SECONDS", "0.3"))
"""Of a plain step. 0: nothing takes any time, in the run without faults."""


def leave_line(what: str) -> None:
    """One line, whole, whoever else writes."""
    path = os.environ.get("CHAOS_EFFECTS")
    if path:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(file, f"{what}\n".encode())
        os.close(file)


@flow_function("chaos.work")
def work(what: str, n: Any) -> dict[str, Any]:
    """Take a moment; answer what does not depend on when or how often it was called."""
    time.sleep(random.uniform(0, SLOWEST_SECONDS))
    leave_line(what)
    return {"n": n, "task": what.rpartition(":")[2]}


@flow_function("chaos.flaky")
def flaky(what: str, n: Any) -> dict[str, Any]:
    """Fails now and then, and may be tried again."""
    answer = work(what, n)
    if random.random() < 0.3:
        raise RuntimeError("not this time")
    return answer


@flow_function("chaos.fails")
def fails(what: str, n: Any) -> None:
    """Always, for good."""
    leave_line(what)
    raise DoNotRetry(f"no such thing as {n}")


@flow_function("chaos.quick", is_quick=True)
def quick(what: str, n: Any) -> dict[str, Any]:
    """At once, in the worker's own loop."""
    leave_line(what)
    return {"n": n, "task": what.rpartition(":")[2]}


@flow_function("chaos.slow")
def slow(what: str, n: Any, seconds: float) -> dict[str, Any]:
    """Take so long."""
    leave_line(what)
    time.sleep(seconds if SLOWEST_SECONDS else 0)
    leave_line(f"{what}:end")
    return {"n": n}


@flow_function("chaos.deadly")
def deadly(what: str) -> None:
    """Kill the process it runs in."""
    leave_line(what)
    os.kill(os.getpid(), signal.SIGKILL)
