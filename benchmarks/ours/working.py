"""Whoever makes the attempts: the embedded runner's threads in this process, or worker processes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def running_here() -> Iterator[None]:
    """The embedded runner, as `manage.py serve` starts it."""
    from engine.runners.embedded import EmbeddedRunner

    runner = EmbeddedRunner()
    runner.start()
    try:
        yield
    finally:
        runner.stop()
