"""The lock for production holds what its packages need, on every Python that is promised."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[3]
PINS = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==", re.MULTILINE)


@pytest.mark.parametrize("python", ["3.11.0", "3.11.2", "3.11.3", "3.12.0", "3.13.0"])
def test_lock_is_whole_on(python: str) -> None:
    """`pip-compile` leaves out what only another Python needs: `redis` takes `async-timeout` below 3.11.3, and Debian
    12 has 3.11.2. Whatever is missing belongs among our own dependencies."""
    locked = {canonicalize_name(name) for name in PINS.findall((ROOT / "requirements" / "base.txt").read_text())}
    assert len(locked) > 50
    minor = ".".join(python.split(".")[:2])
    missing = set()
    for name in locked:
        for line in importlib.metadata.requires(name) or []:
            needed = Requirement(line)
            environment = {"python_full_version": python, "python_version": minor, "extra": ""}
            if (needed.marker is None or needed.marker.evaluate(environment)) and (
                canonicalize_name(needed.name) not in locked
            ):
                missing.add(f"{needed.name} (for {name})")
    assert not missing
