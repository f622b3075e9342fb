"""A crash at every failpoint of every kind of step: the instance ends as it would have without."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine import failpoints
from engine.models import Instance
from engine.steps import EXECUTORS
from tests.integration.engine.conftest import Engine
from tests.integration.engine.crashing import NOT_DRIVEN, SETTINGS, Driver, arm, end

KINDS = sorted([*SETTINGS, "decision"])
POINTS = ["before_effect", "after_effect", "before_write", "before_commit", "after_commit"]
MOST_TIMES = 4
"""A step is ready, begins, may wait, ends: so often a point is reached at most, and once more."""


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    failpoints.armed.clear()


def test_every_kind_is_driven_or_said_not_to_be() -> None:
    assert set(KINDS) | set(NOT_DRIVEN) == set(EXECUTORS)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_crash_changes_nothing(engine: Engine, kind: str, point: str) -> None:
    calm = Driver(engine)
    wanted = end(calm.run(calm.start(kind, 0)))
    crashes = 0
    for time in range(1, MOST_TIMES + 1):
        driver = Driver(engine)
        instance = driver.start(kind, time)
        arm(f"{point}:{kind}=raise@{time}")
        found = driver.run(instance)
        arm("")
        assert end(found) == wanted, f"after a crash at {point}, the {time}. time"
        crashes += driver.crashes
        if not driver.crashes:
            break
    assert crashes, f"{point} is never reached by {kind}"
    assert not Instance.objects.unfinished().exists()
