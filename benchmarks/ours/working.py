"""Whoever makes the attempts: the embedded runner's threads in this process, or worker processes."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator

from engine.runners.embedded import EmbeddedRunner

STOP_SECONDS = 20


@contextlib.contextmanager
def running_here() -> Iterator[None]:
    """The embedded runner, as `manage.py serve` starts it."""
    runner = EmbeddedRunner()
    runner.start()
    try:
        yield
    finally:
        runner.stop()


@contextlib.contextmanager
def running_workers(count: int) -> Iterator[None]:
    """A Celery worker with so many processes, as in production; woken through the broker by this process's commits."""
    quiet = ["--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--concurrency", str(count), *quiet]
    worker = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    try:
        yield
    finally:
        worker.terminate()
        try:
            worker.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
