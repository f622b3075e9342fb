"""Runs Graphviz. The only file that does.

The program is the system's `dot` if there is one, else the one that the `graphviz-pure` wheel puts beside the Python
interpreter, so that no system package is needed. It runs as a child process with a time limit and a memory limit.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import sysconfig
import threading
from functools import cache
from pathlib import Path
from typing import Final

FIRST_SECONDS: Final = 3.0
SECOND_SECONDS: Final = 6.0
MOST_MEMORY: Final = 2 * 1024**3
MOST_AT_ONCE: Final = 4
WHEEL_PROGRAM: Final = "graphviz-pure"

_slots = threading.BoundedSemaphore(MOST_AT_ONCE)


class LayoutTooLarge(Exception):
    """This graph is too large to lay out in the time there is. Its text forms (DOT, JSON, YAML) remain."""

    def __init__(self) -> None:
        super().__init__("This graph is too large to lay out.")


class GraphvizFailed(Exception):
    """Graphviz is missing, or it refused a graph that we wrote: a fault of the installation or of Quadrille."""


class OutOfTime(Exception):
    """Graphviz did not finish in time."""


def system_program() -> str | None:
    """The system's `dot`, or None."""
    return shutil.which("dot")


def wheel_program() -> str | None:
    """The program of the `graphviz-pure` wheel, or None. Wheels put programs beside the interpreter."""
    folders = (Path(sys.executable).parent, Path(sysconfig.get_path("scripts")))
    names = (WHEEL_PROGRAM, f"{WHEEL_PROGRAM}.exe")
    return next((str(place / name) for place in folders for name in names if (place / name).is_file()), None)


@cache
def program() -> str:
    """The program to run. Raises `GraphvizFailed` where there is none."""
    found = system_program() or wheel_program()
    if found is None:
        raise GraphvizFailed("Graphviz is not installed: there is neither `dot` nor the package graphviz-pure.")
    return found


@cache
def makes_pdf() -> bool:
    """Whether the program writes PDF: the system's mostly does, the wheel's does not."""
    try:
        return run_dot("digraph {a}", "pdf", seconds=FIRST_SECONDS).startswith(b"%PDF")
    except (GraphvizFailed, OutOfTime):
        return False


def run_dot(dot: str, output: str, *, seconds: float, using: str | None = None, dpi: int | None = None) -> bytes:
    """What Graphviz makes of DOT text, in a format such as `json0`, `svg` or `png`.

    Raises `OutOfTime` after `seconds` (waiting for a free slot included), `GraphvizFailed` when it cannot be done.
    `using`: another program than `program()`. `dpi`: dots per inch of a picture made of dots.
    """
    command = [using or program(), "-Kdot", f"-T{output}", *([f"-Gdpi={dpi}"] if dpi else ())]
    if not _slots.acquire(timeout=seconds):
        raise OutOfTime
    try:
        return _run(command, dot.encode(), seconds)
    finally:
        _slots.release()


def layout(dot: str, fast_dot: str) -> bytes:
    """The layout of DOT text as Graphviz JSON (format `json0`): as it should look, else in the fast way.

    Raises `LayoutTooLarge` when both take too long.
    """
    return _twice(dot, fast_dot, "json0")


def render(dot: str, fast_dot: str, output: str, *, dpi: int | None = None) -> bytes:
    """A picture of DOT text in a format such as `png`, made in the fast way when the good one takes too long."""
    return _twice(dot, fast_dot, output, dpi)


def _twice(dot: str, fast_dot: str, output: str, dpi: int | None = None) -> bytes:
    with contextlib.suppress(OutOfTime):
        return run_dot(dot, output, seconds=FIRST_SECONDS, dpi=dpi)
    try:
        return run_dot(fast_dot, output, seconds=SECOND_SECONDS, dpi=dpi)
    except OutOfTime:
        raise LayoutTooLarge from None


def _run(command: list[str], text: bytes, seconds: float) -> bytes:
    try:
        # The command is ours, the text goes through a pipe.
        child = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except OSError as error:
        raise GraphvizFailed(f"Graphviz could not be started: {error}") from error
    with child:
        _limit_memory(child.pid)
        try:
            made, said = child.communicate(text, timeout=seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            raise OutOfTime from None
        except BaseException:
            child.kill()
            raise
    if child.returncode < 0:  # killed: out of memory is as good as too large
        raise OutOfTime
    if child.returncode or not made:
        raise GraphvizFailed(said.decode(errors="replace").strip()[:500] or "Graphviz made nothing.")
    return made


def _limit_memory(pid: int) -> None:
    if sys.platform == "linux":
        import resource

        # The child may be gone already.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            resource.prlimit(pid, resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
