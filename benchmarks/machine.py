"""Where and when a figure was measured."""

from __future__ import annotations

import contextlib
import os
import platform
import sqlite3
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def describe_machine() -> dict[str, Any]:
    """Date, processor, cores, memory and system. `load` is what else the machine was doing as the run began."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": _first_value("/proc/cpuinfo", "model name") or platform.processor(),
        "cores": os.cpu_count(),
        "memory": _first_value("/proc/meminfo", "MemTotal"),
        "system": platform.platform(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "temporary_files": _file_system(tempfile.gettempdir()),
        "load": os.getloadavg()[0],
    }


def _first_value(path: str, name: str) -> str | None:
    """The value of the first line `name : value` of a file of the kernel's; None where there is none."""
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), None)


def _file_system(folder: str) -> str | None:
    """The type of the file system that holds a folder: `ext4`, `tmpfs`; None where the kernel does not tell."""
    with contextlib.suppress(OSError):
        mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
        holding = [mount for mount in mounts if Path(folder).resolve().is_relative_to(mount[0])]
        return max(holding, key=lambda mount: len(mount[0]))[1]
    return None
