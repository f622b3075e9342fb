"""Rows of the contract about programs, over the wire: sleeps that cannot be, long and binary outputs, single attempts,
scripts that are gone, scripts of packages.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import LazySettings
from django.core.cache import cache

from accounts.scope import Scope
from engine.models import Instance
from engine.scripts.sources import find_script
from tests.integration.cloudflare.conftest import Call, Run
from tests.integration.engine.conftest import Engine


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ('sleep_until("nap", "2020-01-01T00:00:00Z")', "You can't sleep until a time in the past, time-traveler"),
        ('sleep_until("nap", "2999-01-01T00:00:00Z")', "A step can sleep for at most 365 days."),
        ('sleep("nap", "366 days")', "A step can sleep for at most 365 days."),
        ('wait_for_event("nap", "go", timeout="366 days")', "A step can wait for at most 365 days."),
    ],
)
def test_a_sleep_that_cannot_be_is_an_error_that_can_be_caught(run: Run, asked: str, message: str) -> None:
    found = run(f"try:\n    await step.{asked}\nexcept Exception as bad:\n    return str(bad)")
    assert (found["status"], found["output"]) == ("complete", message)
    (entry,) = found["steps"]
    assert (entry["name"], entry["finished"], entry["error"]["message"]) == ("nap-1", True, message)


@pytest.mark.parametrize("around", ["Exception", "BaseException"])
def test_the_step_after_the_limit_fails_the_instance_whatever_its_program_catches(run: Run, around: str) -> None:
    found = run(
        f"""
        for n in range(2):
            await step.do("free", lambda: n)
            await step.sleep("nap", 0)
        try:
            await step.do("one too many", lambda: n)
        except {around}:
            await step.sleep("nap", "1 hour")
        return "went on"
        """,
        limits={"steps": 2},
    )
    message = "The limit of 2 steps has been reached. This limit can be changed in your worker configuration."
    assert (found["status"], found["error"]) == ("errored", {"name": "WorkflowFatalError", "message": message})
    assert [entry["name"] for entry in found["steps"]] == ["free-1", "nap-1", "free-2", "nap-2"]


def test_as_many_steps_as_the_limit_are_fine_and_retries_sleeps_and_waits_do_not_count(
    run: Run, call: Call, scope: Scope
) -> None:
    run(
        """
        def flaky(ctx):
            if ctx.attempt < 3:
                raise RuntimeError("busy")
        await step.do("flaky", flaky, {"retries": {"limit": 5, "delay": 0}})
        try:
            await step.wait_for_event("never", "never", timeout=1)
        except Exception:
            await step.sleep("nap", 0)
        return await step.do("last", lambda: "done")
        """,
        limits={"steps": 2},
    )
    engine = Engine(scope)
    for _ in range(6):  # two pauses, the wait, the nap
        engine.later(seconds=1)
    found = call("GET", "/instances/one")["result"]
    assert (found["status"], found["output"]) == ("complete", "done")
    assert [len(entry.get("attempts", ())) for entry in found["steps"]] == [3, 0, 0, 1]


def test_long_and_binary_outputs_are_cut_in_the_log_and_whole_in_the_step(run: Run, call: Call) -> None:
    found = run("""
        await step.do("long", lambda: "x" * 10_000)
        await step.do("picture", lambda: bytes([255, 216, 0]))
        await step.do("secret", lambda: "4711", {"sensitive": "output"})
    """)
    long, picture, secret = found["steps"]
    assert (len(long["output"]), long["output"][-3:]) == (4097, "xx…")
    assert (picture["output"], secret["output"]) == ("[binary data, 3 bytes]", "[REDACTED]")
    assert call("GET", "/instances/one/step?name=long-1&type=step")["result"]["output"] == "x" * 10_000
    assert call("GET", "/instances/one/step?name=secret-1&type=step")["result"]["output"] == "[REDACTED]"


def test_a_step_can_be_asked_for_by_its_attempts(run: Run, call: Call) -> None:
    run("""
        def flaky(ctx):
            if ctx.attempt == 1:
                raise RuntimeError("busy")
            return "done"
        await step.do("flaky", flaky, {"retries": {"limit": 1, "delay": 0}})
    """)
    path = f"/instances/one/step?name={quote('flaky-1')}&type=step"
    first, second = (call("GET", f"{path}&attempt={number}")["result"] for number in (1, 2.0))
    assert first == {"status": "errored", "error": {"name": "RuntimeError", "message": "busy"}, "output": None}
    assert second == {"status": "complete", "error": None, "output": "done"}
    assert call("GET", f"{path}&attempt=3")["errors"][0]["code"] == 10307
    assert call("GET", f"{path}&attempt=0")["errors"][0]["code"] == 10300


def test_a_script_that_is_gone_is_said_to_be_and_starts_nothing(run: Run, call: Call, tmp_path: Path) -> None:
    run("return 1")
    assert "script_deleted" not in call("GET")["result"]
    (tmp_path / "shop.py").unlink()
    assert call("GET")["result"]["script_deleted"] is True
    for path, body in (("/instances", {}), ("/instances/batch", [{}])):
        assert call("POST", path, body)["errors"][0]["code"] == 10300
    assert Instance.objects.count() == 1


def test_a_mass_termination_is_told_while_another_goes_on(run: Run, call: Call) -> None:
    run('await step.sleep("nap", "1 hour")')
    lock = f"cloudflare:terminating:{Instance.objects.get().flow_id}"
    cache.set(lock, True, timeout=60)
    assert call("PUT", "/instances/terminate")["result"] == {"status": "already_running"}
    cache.delete(lock)
    assert call("PUT", "/instances/terminate")["result"] == {"status": "ok"}
    assert call("GET", "/instances/one")["result"]["status"] == "terminated"


def test_a_script_of_a_package_is_found_only_where_the_deployment_names_it(settings: LazySettings) -> None:
    settings.SCRIPT_PACKAGES = []
    assert find_script("tests.integration.cloudflare.test-script-rows", organization="acme") is None
    settings.SCRIPT_PACKAGES = ["tests.integration.cloudflare"]
    found = find_script("tests.integration.cloudflare.test-script-rows", organization="acme")
    assert found is not None
    assert found.path == Path(__file__)
    assert find_script("tests.drawing", organization="acme") is None


def test_events_are_kept_for_their_waits_in_order_and_by_type(run: Run, call: Call, scope: Scope) -> None:
    found = run("""
        await step.sleep("nap", "1 hour")
        first = await step.wait_for_event("first", "paid")
        try:
            await step.wait_for_event("never", "sent", timeout="1 second")
        except Exception as late:
            name = type(late).__name__
        second = await step.wait_for_event("second", "paid")
        third = await step.wait_for_event("third", "sent")
        return [first["payload"], name, second["payload"], third["payload"]]
    """)
    assert found["status"] == "waiting"
    assert call("PATCH", "/instances/one/status", {"status": "pause"})["result"]["status"] == "paused"
    assert call("POST", "/instances/one/events/paid", 1)["result"]["instanceId"] == "one"
    assert call("PATCH", "/instances/one/status", {"status": "resume"})["success"]
    call("POST", "/instances/one/events/paid", 2)
    engine = Engine(scope)
    engine.later(hours=2)
    engine.later(seconds=5)
    assert call("GET", "/instances/one")["result"]["status"] == "waiting"
    call("POST", "/instances/one/events/sent", 3)
    engine.work()
    found = call("GET", "/instances/one")["result"]
    assert (found["status"], found["output"]) == ("complete", [1, "WorkflowTimeoutError", 2, 3])
    assert call("POST", "/instances/one/events/sent", 4)["errors"][0]["code"] == 10310


def test_an_instance_tells_what_started_it(run: Run, call: Call, scope: Scope) -> None:
    assert run("return 1")["trigger"] == {"source": "api"}
    for type, source in (("manual", "binding"), ("webhook", "binding"), ("event", "event"), ("cron", "cron")):
        Instance.objects.update(trigger={"type": type, "by": "tests"})
        assert call("GET", "/instances/one")["result"]["trigger"] == {"source": source}


def test_a_function_that_a_loop_has_made_keeps_what_it_was_made_with(run: Run) -> None:
    found = run(
        """
        made = []
        for n in range(3):
            made.append(await step.do("one", lambda n=n: n, rollback=lambda n=n: None))
        made.append(await step.do("told", lambda ctx=None: ctx.attempt))

        @step.do("first")
        async def first():
            return 5

        @step.do("second", depends=[first])
        async def second(result=None, n=7):
            return [result, n]

        made.append(await second())
        return made
        """
    )
    assert (found["status"], found["output"]) == ("complete", [0, 1, 2, 1, [5, 7]])
