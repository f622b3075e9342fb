"""Rows of the contract about instances: ids, versions, events across restarts, pauses, rollbacks, retries."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.scope import Scope
from dialects.cloudflare.bodies import CreateInstance
from dialects.cloudflare.creating import create_instances
from engine.models import Instance
from engine.services.retention import remove_finished
from tests.integration.cloudflare.conftest import Bind, Call, Run
from tests.integration.engine.conftest import Engine

TWO_WAITS = """
    first = await step.wait_for_event("first", "paid")
    second = await step.wait_for_event("second", "paid")
    return [first["payload"], second["payload"]]
"""


def status(call: Call, instance: str = "one") -> str:
    """What the instance's status is."""
    return str(call("GET", f"/instances/{instance}")["result"]["status"])


# -- events across restarts -------------------------------------------------------------------------------------------


def test_a_restart_wipes_results_and_buffered_events(run: Run, call: Call, scope: Scope) -> None:
    run(TWO_WAITS)
    call("POST", "/instances/one/events/paid", 1)
    Engine(scope).work()
    call("POST", "/instances/one/events/other", "kept for nobody")
    assert call("PATCH", "/instances/one/status", {"status": "restart"})["result"]["status"] == "queued"
    Engine(scope).work()
    found = call("GET", "/instances/one")["result"]
    assert (found["status"], [entry["name"] for entry in found["steps"]]) == ("waiting", ["first-1"])
    for payload in (2, 3):
        call("POST", "/instances/one/events/paid", payload)
    Engine(scope).work()
    assert call("GET", "/instances/one")["result"]["output"] == [2, 3]


def test_a_restart_from_a_step_keeps_events_that_nobody_took_and_gives_none_twice(
    run: Run, call: Call, scope: Scope
) -> None:
    run(f"await step.sleep('nap', '1 hour')\n{TWO_WAITS.strip()}".replace("\n    ", "\n"))
    for payload in (1, 2, 3):
        call("POST", "/instances/one/events/paid", payload)
    Engine(scope).later(hours=2)
    assert call("GET", "/instances/one")["result"]["output"] == [1, 2]
    body = {"status": "restart", "from": {"name": "second", "type": "waitForEvent"}}
    assert call("PATCH", "/instances/one/status", body)["result"]["status"] == "queued"
    Engine(scope).work()
    assert call("GET", "/instances/one")["result"]["output"] == [1, 3]


# -- ids --------------------------------------------------------------------------------------------------------------


def test_an_id_belongs_to_its_workflow_and_is_free_again_once_its_instance_is_gone(
    run: Run, bind: Bind, call: Call
) -> None:
    run("return 1")
    bind("return 1", name="other")
    made = {"instance_id": "one"}
    assert call("POST", "/instances", made)["errors"][0]["code"] == 10304
    assert call("POST", "/instances", made, of="/other")["result"]["id"] == "one"
    assert call("DELETE", "/instances/one")["result"] == {"success": True}
    assert call("GET", "/instances/one")["errors"][0]["code"] == 10400
    assert call("GET", "/instances/one", of="/other")["success"]
    assert call("POST", "/instances", made)["result"]["id"] == "one"


def test_an_id_is_free_again_when_its_time_is_over(run: Run, call: Call) -> None:
    run("return 1", default_retention={"success_retention": 86_400_000})
    remove_finished(Instance.objects.get().ended_at + timedelta(hours=25))  # type: ignore[operator]
    assert call("GET", "/instances/one")["errors"][0]["code"] == 10400
    assert call("POST", "/instances", {"instance_id": "one"})["result"]["id"] == "one"


# -- versions ---------------------------------------------------------------------------------------------------------


def test_instances_stay_on_their_version_and_a_put_is_for_new_ones(
    run: Run, bind: Bind, call: Call, scope: Scope
) -> None:
    first = run("return (await step.wait_for_event('wait', 'go'))['payload']", limits={"steps": 7})["versionId"]
    flow = bind("return 'new'")
    second = call("GET", "/versions")["result"][0]["id"]
    create_instances(scope, flow, [CreateInstance("two")])
    Engine(scope).work()
    assert first != second
    assert [call("GET", f"/instances/{id}")["result"]["versionId"] for id in ("one", "two")] == [first, second]
    assert call("GET", "/instances/two")["result"]["output"] == "new"
    assert status(call) == "waiting"


def test_a_restart_stays_on_the_version_of_its_instance(run: Run, call: Call, scope: Scope) -> None:
    run("return 1")
    call("PUT", "", {"class_name": "Shop", "script_name": "shop", "limits": {"steps": 9}})
    assert call("PATCH", "/instances/one/status", {"status": "restart"})["success"]
    Engine(scope).work()
    newest, oldest = call("GET", "/versions")["result"]
    assert call("GET", "/instances/one")["result"]["versionId"] == oldest["id"]
    assert (newest["limits"], "limits" in oldest) == ({"steps": 9}, False)


def test_a_put_without_limits_takes_the_defaults_and_keeps_the_schedules(bind: Bind, call: Call) -> None:
    more = {"limits": {"steps": 2}, "concurrency": {"limit": 1}, "default_retention": {"success_retention": 86_400_000}}
    body = {"class_name": "Shop", "script_name": "shop"}
    bind("return 1")
    assert call("PUT", "", {**body, **more, "schedules": [{"cron": "0 6 * * *"}]})["success"]
    assert call("PUT", "", body)["success"]
    newest, before, _ = call("GET", "/versions")["result"]
    assert {name: before[name] for name in more} == more
    assert not set(more) & set(newest)
    assert call("GET")["result"]["schedules"][0]["cron"] == "0 6 * * *"
    assert call("PUT", "", body)["result"]["version_id"] != newest["id"]


# -- statuses that pass -----------------------------------------------------------------------------------------------


def test_a_pause_waits_for_the_attempt_under_way(bind: Bind, call: Call, scope: Scope) -> None:
    create_instances(scope, bind("return await step.do('one', lambda: 1)"), [CreateInstance("one")])
    engine = Engine(scope, timezone.now())
    engine.settle(*engine.claim())
    under_way = engine.claim()
    for _ in range(2):
        answer = call("PATCH", "/instances/one/status", {"status": "pause"})
        assert answer["result"]["status"] == "waitingForPause"
    assert status(call) == "waitingForPause"
    (listed,) = call("GET", "/instances?status=waitingForPause")["result"]
    assert (listed["id"], call("GET")["result"]["instances"]["waitingForPause"]) == ("one", 1)
    assert call("PATCH", "/instances/one/status", {"status": "resume"})["result"]["status"] == "running"
    call("PATCH", "/instances/one/status", {"status": "pause"})
    engine.settle(*under_way)
    found = call("GET", "/instances/one")["result"]
    assert (found["status"], found["steps"][0]["success"]) == ("paused", True)
    engine.work()
    assert status(call) == "paused"
    assert call("PATCH", "/instances/one/status", {"status": "resume"})["result"]["status"] in ("queued", "running")
    engine.now = timezone.now()
    engine.work()
    assert call("GET", "/instances/one")["result"]["output"] == 1


@pytest.mark.parametrize("command", ["fails", "is terminated"])
def test_while_handlers_run_an_instance_is_rolling_back(command: str, bind: Bind, call: Call, scope: Scope) -> None:
    flow = bind("""
        await step.do("book", lambda: "seat", rollback=lambda undone: None)
        if event["payload"] == "fails":
            raise ValueError("no more")
        await step.sleep("nap", "1 hour")
    """)
    create_instances(scope, flow, [CreateInstance("one", command)])
    engine = Engine(scope, timezone.now())
    engine.settle(*engine.claim())  # the first turn
    engine.settle(*engine.claim())  # the step
    engine.settle(*engine.claim())  # the second turn
    if command == "is terminated":
        body = {"status": "terminate", "rollback": True}
        assert call("PATCH", "/instances/one/status", body)["result"]["status"] == "rollingBack"
    engine.now = timezone.now()
    undoing = engine.claim()
    found = call("GET", "/instances/one")["result"]
    assert (found["status"], found["success"], found["rollback"], found["end"]) == ("rollingBack", None, None, None)
    entry = next(entry for entry in found["steps"] if entry["type"] == "rollback")
    assert (entry["name"], entry["end"], entry["success"]) == ("book-1", None, None)
    assert call("GET")["result"]["instances"]["rollingBack"] == 1
    engine.settle(*undoing)
    engine.work()
    found = call("GET", "/instances/one")["result"]
    assert found["status"] == ("errored" if command == "fails" else "terminated")
    assert (found["success"], found["rollback"]) == (False, {"outcome": "complete", "error": None})


# -- retries ----------------------------------------------------------------------------------------------------------


def test_a_limit_may_be_infinite(run: Run, call: Call, scope: Scope) -> None:
    found = run("""
        def flaky(ctx):
            if ctx.attempt <= 12:
                raise RuntimeError(f"attempt {ctx.attempt}")
            return ctx.attempt
        return await step.do(
            "flaky", flaky, {"retries": {"limit": float("inf"), "delay": "1 minute", "backoff": "constant"}}
        )
    """)
    assert (found["status"], found["steps"][0]["config"]["retries"]["limit"]) == ("running", 9_007_199_254_740_991)
    engine = Engine(scope)
    engine.later(minutes=1)
    assert call("GET", "/instances/one/step?name=flaky-1&type=step")["result"] == {
        "status": "running", "error": {"name": "RuntimeError", "message": "attempt 2"}, "output": None,
    }  # fmt: skip
    for _ in range(11):
        engine.later(minutes=1)
    assert call("GET", "/instances/one")["result"]["output"] == 13
