"""The heap of a process that works for long."""

from __future__ import annotations

import gc


def settle_heap() -> None:
    """Let the garbage collector pass over everything there is by now: the program itself, which never becomes garbage.

    A worker makes many short-lived objects, and the collections these set off would look at the program each time:
    an eighth of a worker's time.
    """
    gc.collect()
    gc.freeze()
