"""A crash at every failpoint of every kind of step: the instance ends as it would have without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from engine import failpoints
from engine.models import Instance
from engine.scripts.executors import STEP_EXECUTORS
from engine.steps import EXECUTORS
from tests.integration.engine.conftest import Engine
from tests.integration.engine.crashing import PROGRAMMED, SETTINGS, Driver, arm, end, publish_kind, write_script

KINDS = sorted([*SETTINGS, *PROGRAMMED, "decision"])
POINTS = ["before_effect", "after_effect", "before_write", "before_commit", "after_commit"]
MOST_TIMES = 4
"""A step is ready, begins, may wait, ends: so often a point is reached at most, and once more."""
MOST_TURNS = 12
"""A program's points are reached once more for each of its turns."""
_calm_ends: dict[str, dict[str, Any]] = {}
"""How a kind ends where nobody dies: the same whatever the point."""


@pytest.fixture(autouse=True)
def _disarmed(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    settings.SCRIPTS_FOLDER = tmp_path
    write_script(tmp_path)
    yield
    failpoints.armed.clear()


def test_every_kind_is_driven() -> None:
    assert set(KINDS) == {*EXECUTORS, *STEP_EXECUTORS}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_crash_changes_nothing(engine: Engine, kind: str, point: str) -> None:
    row = publish_kind(engine, kind)
    if kind not in _calm_ends:
        calm = Driver(engine)
        _calm_ends[kind] = end(calm.run(calm.start(row, 0)))
    crashes = 0
    for time in range(1, (MOST_TURNS if kind in PROGRAMMED else MOST_TIMES) + 1):
        driver = Driver(engine)
        instance = driver.start(row, time)
        arm(f"{point}:{kind}=raise@{time}")
        found = driver.run(instance)
        arm("")
        assert end(found) == _calm_ends[kind], f"after a crash at {point}, the {time}. time"
        crashes += driver.crashes
        if not driver.crashes:
            break
    assert crashes, f"{point} is never reached by {kind}"
    assert not Instance.objects.unfinished().exists()
