"""This release's processes beside those of the next one, on one database."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.machines.next_release import NEW_FACT, NEW_KEY, make_next_release
from tests.machines.site import Process, Site, until
from tests.machines.slow_server import SlowServer
from tests.machines.test_machines import all_ended, assert_recorded_once, call, chain

COUNT, CALLS = 40, 4
STEPS = 2 * CALLS - 1


@pytest.fixture
def next_release(tmp_path: Path) -> Path:
    """The folder of the release after this one."""
    return make_next_release(tmp_path / "next")


def manage_next(site: Site, release: Path, *words: str) -> str:
    """Run a management command of the next release; answers what it printed."""
    environment = site.environment | {"PYTHONPATH": str(release)}
    command = [sys.executable, "manage.py", *words]
    done = subprocess.run(command, cwd=release, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def start_worker(site: Site, release: Path | None = None) -> Process:
    """A worker of this release, or of another one."""
    if release is None:
        worker = site.fork_worker(WORKER_PROCESSES="1")
    else:
        worker = site.start("worker", root=release, WORKER_PROCESSES="1", PYTHONPATH=str(release))
    site.await_ready(worker)
    return worker


def measured(site: Site, flow: str) -> list[tuple[int, int]]:
    """By instance how many steps the next release has completed: what the marking says, and what the history says."""
    rows = site.ask(
        """SELECT i.state, count(f.id) FILTER (WHERE f.type = %s) FROM engine_instance i
        JOIN designer_flow w ON w.id = i.flow_id JOIN engine_fact f ON f.instance_id = i.id
        WHERE w.key = %s GROUP BY i.id""",
        NEW_FACT,
        flow,
    )
    return [(json.loads(state).get(NEW_KEY, 0), count) for state, count in rows]


def test_old_and_new_workers_carry_the_same_instances(site: Site, next_release: Path, slow_server: SlowServer) -> None:
    slow_server.gate.set()
    one_call = ("automation", call(f"{slow_server.url}/"))
    pause = ("delay", {"for": "400 milliseconds"})
    flow = site.publish(chain("upgraded", *[one_call, pause] * (CALLS - 1), one_call))
    old = start_worker(site)
    site.start_instances(flow, COUNT)
    until(lambda: sum(site.statuses(flow).values()) == COUNT, "all have started")

    # For the other tests of this ring it stays upgraded: they are this release on newer tables from now on.
    # The tables first, while the old ones work. Then the new worker beside the old one.
    assert "all of them only add" in manage_next(site, next_release, "check_upgrade")
    manage_next(site, next_release, "migrate", "--verbosity", "0")
    new = start_worker(site, next_release)
    site.start_instances(flow, COUNT, "later")
    until(lambda: any(count for _, count in measured(site, flow)), "the new one completes steps")

    # Going on with the new one alone, and back to the old one.
    old.kill()
    until(lambda: sum(count for _, count in measured(site, flow)) > COUNT, "the new one goes on")
    assert httpx.get(f"{site.url}/readyz").status_code == 200, "this release serves the newer tables"
    old = start_worker(site)
    new.end()
    until(lambda: all_ended(site, flow, 2 * COUNT), "all end")
    old.end()
    assert site.statuses(flow) == {"complete": 2 * COUNT}
    assert_recorded_once(site, flow)

    counts = measured(site, flow)
    # Nothing that the next release keeps was lost when this one wrote after it.
    assert [marking for marking, _ in counts] == [facts for _, facts in counts]
    assert any(0 < facts < STEPS for _, facts in counts), "no instance was carried by both"
    assert "is left as it was" not in old.read_log() + new.read_log()

    # This release's API and pages tell what they do not know.
    keys = [f"{prefix}-{number:04}" for prefix in ("i", "later") for number in range(COUNT)]
    assert any(fact["type"] == NEW_FACT for key in keys for fact in history(site, flow, key))


def history(site: Site, flow: str, key: str) -> list[dict[str, str]]:
    """An instance's facts over the API."""
    answer = site.api.get(f"/instances/{key}/facts", params={"limit": 200, "flow": flow})
    assert answer.status_code == 200, answer.text
    facts: list[dict[str, str]] = answer.json()["items"]
    return facts
