"""kill -9 of the whole installation while programs run: they go on where they were."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.engine.program_survivor import INSTANCES, KILLS, ROUNDS
from tests.integration.engine.survivor import LONGEST_LIFE_SECONDS
from tests.integration.engine.test_survives_kill import Installation

MODULE = "tests.integration.engine.program_survivor"


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """A prepared one that does not run yet."""
    made = Installation(tmp_path)
    made.prepare()
    made.run("-m", MODULE, "prepare")
    yield made
    made.close()


def test_programs_go_on_after_each_kill_and_no_step_that_completed_runs_again(installation: Installation) -> None:
    chance = random.Random()
    for _ in range(KILLS):
        installation.serve()
        time.sleep(chance.uniform(0.0, LONGEST_LIFE_SECONDS))
        installation.kill()
    assert installation.unfinished(), "everything was done before the last kill: the test has become too easy"
    installation.serve()
    assert installation.finish(), installation.run("-m", MODULE, "check")
    installation.kill()
    found = json.loads(installation.run("-m", MODULE, "check"))
    pages = [f"page{number}" for number in range(ROUNDS)]
    assert (found["statuses"], found["errors"]) == ({"complete": INSTANCES}, [])
    assert found["outputs"] == [["first", "left", "right", *pages]] * INSTANCES
    assert found["steps"] == [3 + 2 * ROUNDS] * INSTANCES
    assert (found["unsettled"], found["timers"]) == (0, 0)
