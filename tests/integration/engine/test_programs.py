"""Flows as code: turns, steps, retries, pauses, restarts, and what a change of the code does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from django.conf import LazySettings

from designer.graph.model import TRIGGER, Edge, Flow, Task
from engine.models import Instance, Step
from engine.scripts.live import LIVE
from engine.scripts.sources import find_script
from engine.services.events import send_event
from engine.services.interventions import pause, restart, resume, retry, terminate
from tests.integration.engine.conftest import Engine

Write = Callable[[str], Flow]
HEAD = "import asyncio\nfrom workers import WorkflowEntrypoint, NonRetryableError, WorkflowTimeoutError\nCALLS = []\n"


@pytest.fixture
def write(settings: LazySettings, tmp_path: Path) -> Write:
    """`write(body)`: a flow whose program is `run` with this body, in the script `shop`."""
    settings.SCRIPTS_FOLDER = tmp_path

    def make(body: str) -> Flow:
        source = HEAD + "class Shop(WorkflowEntrypoint):\n    async def run(self, event, step):\n"
        source += "\n".join("        " + line for line in dedent(body).strip().splitlines()) + "\n"
        (tmp_path / "shop.py").write_text(source)
        script = find_script("shop", organization="acme")
        assert script is not None
        settings_ = {"script": "shop", "class_name": "Shop", "fingerprint": script.fingerprint}
        program = Task(key="program", name="Shop", kind="program", settings=settings_)
        return Flow(key="shop", name="Shop", tasks={"program": program}, edges=(Edge(TRIGGER, "program"),))

    return make


def run(engine: Engine, flow: Flow, input: Any = None) -> Instance:
    """Start an instance and work until nothing is left to do now."""
    instance = engine.start(flow, input)
    engine.work()
    instance.refresh_from_db()
    return instance


def again(engine: Engine, instance: Instance) -> Instance:
    """Work on, and see."""
    engine.work()
    instance.refresh_from_db()
    return instance


def log(instance: Instance) -> list[tuple[str, str]]:
    """Its steps as (key, status)."""
    steps = Step.objects.filter(instance=instance, is_past=False, task__contains="~").order_by("pk")
    return [(step.task.partition("~")[0], step.status) for step in steps]


def test_a_program_runs_its_steps_one_after_another(engine: Engine, write: Write) -> None:
    instance = run(
        engine,
        write("""
            @step.do("price")
            async def price():
                await asyncio.sleep(0)
                return event["payload"]["total"] * 2
            total = await price()
            doubled = await step.do("again", lambda: total * 2)
            return {"total": total, "doubled": doubled}
        """),
        {"total": 3},
    )
    assert (instance.status, instance.output) == ("complete", {"total": 6, "doubled": 12})
    assert log(instance) == [("1", "completed"), ("2", "completed")]


def test_gathered_steps_run_side_by_side_and_their_order_of_ending_is_kept(engine: Engine, write: Write) -> None:
    instance = engine.start(
        write("""
            first, second = step.do("a", lambda: "a"), step.do("b", lambda: "b")
            done, _ = await asyncio.wait([first, second], return_when=asyncio.FIRST_COMPLETED)
            winner = done.pop().result()
            return [winner, *await asyncio.gather(first, second)]
        """)
    )
    (turn,) = engine.claim()
    engine.settle(turn)
    a, b = sorted(engine.claim(), key=lambda attempt: attempt.step.task)
    engine.settle(b)
    engine.settle(a)
    again(engine, instance)
    assert instance.output == ["b", "a", "b"]


def test_a_program_sleeps_and_waits_for_events(engine: Engine, write: Write) -> None:
    instance = run(
        engine,
        write("""
            await step.sleep("nap", "1 hour")
            found = await step.wait_for_event("paid", "paid", timeout="2 hours")
            try:
                await step.wait_for_event("never", "never", timeout=60_000)
            except WorkflowTimeoutError as late:
                return [found["payload"], found["type"], str(late)]
        """),
    )
    assert instance.status == "waiting"
    send_event(engine.scope, instance, type="paid", payload={"by": "card"}, now=engine.now)
    assert engine.later(hours=1) == 1
    assert engine.later(minutes=2) == 1
    instance.refresh_from_db()
    assert instance.output == [{"by": "card"}, "paid", "Execution timed out after 60000ms"]


def test_a_failed_step_is_retried_and_its_error_can_be_caught(engine: Engine, write: Write) -> None:
    flow = write("""
        def flaky(ctx):
            if ctx.attempt < 3:
                raise ValueError(f"attempt {ctx.attempt}")
            return ctx.attempt
        def hopeless():
            raise NonRetryableError("no")
        tried = await step.do("flaky", flaky, {"retries": {"limit": 4, "delay": "10 seconds", "backoff": "constant"}})
        try:
            await step.do("hopeless", hopeless)
        except NonRetryableError as bad:
            return [tried, str(bad)]
    """)
    instance = run(engine, flow)
    assert instance.status == "waiting"
    engine.later(seconds=10)
    engine.later(seconds=10)
    instance.refresh_from_db()
    assert instance.output == [3, "no"]
    flaky = Step.objects.get(instance=instance, task="1~program")
    assert [attempt["error"] and attempt["error"]["message"] for attempt in flaky.attempts] == [
        "attempt 1",
        "attempt 2",
        None,
    ]


def test_an_uncaught_error_fails_the_instance_and_a_retry_goes_on_from_its_step(engine: Engine, write: Write) -> None:
    flow = write("""
        await step.do("fine", lambda: CALLS.append("fine"))
        def check():
            CALLS.append("check")
            if CALLS.count("check") < 2:
                raise ValueError("not yet")
            return "ok"
        found = await step.do("check", check, {"retries": {"limit": 0, "delay": 0}})
        return [found, CALLS.count("fine")]
    """)
    instance = run(engine, flow)
    assert (instance.status, instance.error["name"], instance.error["message"]) == ("errored", "ValueError", "not yet")
    retry(engine.scope, instance, now=engine.now)
    again(engine, instance)
    assert (instance.status, instance.output) == ("complete", ["ok", 1])


def test_changed_code_is_refused_and_goes_on_once_it_is_put_back(
    engine: Engine, write: Write, settings: LazySettings
) -> None:
    body = 'await step.sleep("nap", "1 hour")\nreturn await step.do("after", lambda: "done")'
    instance = run(engine, write(body))
    path = Path(settings.SCRIPTS_FOLDER) / "shop.py"
    before = path.read_text()
    path.write_text(before.replace("after", "later"))
    engine.later(hours=1)
    instance.refresh_from_db()
    assert (instance.status, instance.error["name"]) == ("errored", "ScriptChanged")
    path.write_text(before)
    retry(engine.scope, instance, now=engine.now)
    again(engine, instance)
    assert (instance.status, instance.output) == ("complete", "done")


def test_a_program_that_does_not_repeat_itself_is_refused(engine: Engine, write: Write) -> None:
    instance = run(
        engine,
        write("""
            CALLS.append(1)
            return await step.do(f"call {len(CALLS)}", lambda: 1)
        """),
    )
    assert (instance.status, instance.error["name"]) == ("errored", "Diverged")
    assert "step.do('call 1')" in instance.error["message"]


def test_a_pause_stops_sleeps_and_a_resume_shifts_them(engine: Engine, write: Write) -> None:
    instance = run(engine, write('await step.sleep("nap", "1 hour")\nreturn "awake"'))
    pause(engine.scope, instance, now=engine.now)
    engine.later(hours=5)
    instance.refresh_from_db()
    assert instance.status == "paused"
    resume(engine.scope, instance, now=engine.now)
    assert engine.later(minutes=59) == 0
    engine.later(minutes=1)
    instance.refresh_from_db()
    assert instance.output == "awake"


def test_restarting_runs_everything_again_and_from_a_step_only_what_follows(engine: Engine, write: Write) -> None:
    flow = write("""
        one = await step.do("one", lambda: CALLS.append("one") or CALLS.count("one"))
        two = await step.do("two", lambda: CALLS.append("two") or CALLS.count("two"))
        return [one, two]
    """)
    instance = run(engine, flow)
    assert instance.output == [1, 1]
    restart(engine.scope, instance, from_task="2~program", now=engine.now)
    again(engine, instance)
    assert (instance.status, instance.output) == ("complete", [1, 2])
    assert log(instance) == [("1", "completed"), ("3", "completed")]
    restart(engine.scope, instance, now=engine.now)
    again(engine, instance)
    assert (instance.status, instance.output) == ("complete", [2, 3])
    assert log(instance) == [("4", "completed"), ("5", "completed")]


def test_terminating_stops_the_steps_of_a_program(engine: Engine, write: Write) -> None:
    instance = run(engine, write('await step.sleep("nap", "1 hour")'))
    terminate(engine.scope, instance, now=engine.now)
    instance.refresh_from_db()
    assert (instance.status, log(instance)) == ("terminated", [("1", "cancelled")])
    assert engine.later(hours=2) == 0


def test_an_attempt_that_a_worker_lost_is_made_again(engine: Engine, write: Write) -> None:
    instance = engine.start(write('return await step.do("one", lambda ctx: ctx.attempt)'))
    engine.settle(*engine.claim())
    (lost,) = engine.claim("dies")
    engine.now += timedelta(minutes=2)
    again(engine, instance)
    assert (instance.status, instance.output) == ("complete", 1)
    assert engine.settle(lost, name="dies") == 0


def test_what_is_no_step_cannot_be_awaited_outside_of_one(engine: Engine, write: Write) -> None:
    instance = run(engine, write("await asyncio.sleep(1)"))
    assert (instance.status, instance.error["name"]) == ("errored", "NotAStep")


def test_who_exits_or_is_cancelled_ends_its_step_or_its_program_not_the_worker(engine: Engine, write: Write) -> None:
    instance = run(
        engine,
        write("""
            once = {"retries": {"limit": 0, "delay": 0}}
            def leave():
                raise SystemExit(3)
            async def cancelled():
                raise asyncio.CancelledError("by itself")
            seen = []
            for function in (leave, cancelled):
                try:
                    await step.do(function.__name__, function, once)
                except Exception as bad:
                    seen.append(f"{bad.name}: {bad}")
            await step.do("seen", lambda: seen)
            raise SystemExit("enough")
        """),
    )
    assert (instance.status, instance.error["name"], instance.error["message"]) == ("errored", "SystemExit", "enough")
    seen = Step.objects.get(instance=instance, task="3~program")
    assert seen.output == ["SystemExit: 3", "CancelledError: by itself"]


def test_a_failed_program_is_rolled_back_in_reverse_order(engine: Engine, write: Write) -> None:
    instance = run(
        engine,
        write("""
            def undo(name):
                def handler(undone):
                    CALLS.append([name, undone["output"], str(undone["error"])])
                return handler
            await step.do("one", lambda: 1, rollback=undo("one"))
            await step.do("two", lambda: 2, rollback=undo("two"), rollback_config={"timeout": "1 minute"})
            await step.do("report", lambda: CALLS.clear())
            raise ValueError("no more")
        """),
    )
    assert (instance.status, instance.error["message"]) == ("errored", "no more")
    calls = _module(instance).CALLS
    assert calls == [["two", 2, "no more"], ["one", 1, "no more"]]
    assert log(instance) == [("1", "rolled_back"), ("2", "rolled_back"), ("3", "completed")]


def test_a_terminated_program_is_rolled_back_when_asked_for(engine: Engine, write: Write) -> None:
    instance = run(
        engine,
        write("""
            undo = lambda undone: CALLS.append([type(undone["error"]).__name__, str(undone["error"]), undone["output"]])
            await step.do("one", lambda: CALLS.clear() or "made", rollback=undo)
            await step.sleep("nap", "1 hour")
        """),
    )
    terminate(engine.scope, instance, rollback=True, now=engine.now)
    again(engine, instance)
    assert instance.status == "terminated"
    assert _module(instance).CALLS == [["StepError", "Instance terminated during rollback", "made"]]


def _module(instance: Instance) -> Any:
    """The module of the script as it was run."""
    from engine.scripts import sources

    return next(reversed(sources._loaded.values()))["shop"]


def test_a_program_of_many_steps_is_not_run_from_its_start_at_each(engine: Engine, write: Write) -> None:
    flow = write("""
        total = 0
        for n in range(200):
            CALLS.append(n)
            total += await step.do(f"add {n}", lambda: n)
        return [total, len(CALLS)]
    """)
    instance = run(engine, flow)
    assert instance.status == "complete"
    total, passed = instance.output
    # Replayed at every turn and every step these would be over 40,000; a few checks by replay are made.
    assert total == sum(range(200))
    assert 200 <= passed < 200 * 4


def test_without_room_for_it_a_program_is_replayed(engine: Engine, write: Write, settings: LazySettings) -> None:
    settings.LIVE_PROGRAM_BYTES = 0
    flow = write("""
        for n in range(10):
            CALLS.append(n)
            await step.do(f"add {n}", lambda: n)
        return len(CALLS)
    """)
    instance = run(engine, flow)
    turns, steps = [*range(1, 11), 10], range(1, 11)
    assert instance.output == sum(turns) + sum(steps)
    assert LIVE.bytes == 0


def test_what_a_step_does_to_the_variables_of_its_program_is_as_if_it_was_replayed(
    engine: Engine, write: Write, settings: LazySettings
) -> None:
    flow = write("""
        seen, box = [], {"n": 0}
        def note(n):
            seen.append(n)
            box["n"] += n
            return [len(seen), box["n"]]
        got = []
        for n in (1, 2, 3, 4, 5):
            got.append(await step.do("note", lambda: note(n)))
        async def mine(ctx):
            self.n = getattr(self, "n", 0) + 1
            return self.n
        return [got, seen, box, await step.do("mine", mine), await step.do("mine", mine)]
    """)
    kept = run(engine, flow).output
    LIVE.clear()
    settings.LIVE_PROGRAM_BYTES = 0
    flow_again = Flow(key="again", name="Again", tasks=flow.tasks, edges=flow.edges)
    assert run(engine, flow_again).output == kept == [[[1, n] for n in (1, 2, 3, 4, 5)], [], {"n": 0}, 1, 1]


def test_steps_side_by_side_each_have_a_program_of_their_own(engine: Engine, write: Write) -> None:
    flow = write("""
        CALLS.append("run")
        async def twice(n):
            once = await step.do(f"once {n}", lambda: n)
            return await step.do(f"twice {n}", lambda: once * 2)
        found = await asyncio.gather(*(twice(n) for n in range(20)))
        return [found, len(CALLS)]
    """)
    found, runs = run(engine, flow).output
    assert found == [2 * n for n in range(20)]
    assert runs < 30


def test_a_step_that_is_run_again_is_not_mistaken_for_its_first_run(engine: Engine, write: Write) -> None:
    flow = write("""
        first = await step.do("first", lambda: len(CALLS))
        await step.do("count", lambda: CALLS.append(1))
        second = await step.do("second", lambda: [first, len(CALLS)])
        await step.sleep("long", "1 hour")
        return second
    """)
    instance = run(engine, flow)
    restart(engine.scope, instance, from_task="2~program", now=engine.now)
    again(engine, instance)
    engine.later(hours=1)
    instance.refresh_from_db()
    assert instance.output == [0, 2]
    restart(engine.scope, instance, now=engine.now)
    again(engine, instance)
    engine.later(hours=1)
    instance.refresh_from_db()
    assert instance.output == [2, 3]


def test_a_script_of_another_organization_is_not_there(engine: Engine, write: Write, settings: LazySettings) -> None:
    flow = write("return 1")
    shop = Path(settings.SCRIPTS_FOLDER) / "shop.py"
    theirs = Path(settings.SCRIPTS_FOLDER) / "organizations" / "globex"
    theirs.mkdir(parents=True)
    shop.rename(theirs / "shop.py")
    instance = run(engine, flow)
    assert (instance.status, instance.error["name"]) == ("errored", "ScriptMissing")
    assert "'acme' may use" in instance.error["message"]
    theirs.rename(theirs.with_name("acme"))
    retry(engine.scope, instance, now=engine.now)
    assert again(engine, instance).output == 1


def test_scripts_of_all_are_for_the_organizations_that_the_installation_names(
    engine: Engine, write: Write, settings: LazySettings
) -> None:
    flow = write("return 1")
    settings.SCRIPT_ORGANIZATIONS = ["globex"]
    instance = run(engine, flow)
    assert instance.error["name"] == "ScriptMissing"
    settings.SCRIPT_ORGANIZATIONS = ["globex", "acme"]
    retry(engine.scope, instance, now=engine.now)
    assert again(engine, instance).output == 1


def test_no_name_leads_into_the_folder_of_another_organization(settings: LazySettings, tmp_path: Path) -> None:
    settings.SCRIPTS_FOLDER, settings.SCRIPT_ORGANIZATIONS = tmp_path, ["*"]
    theirs = tmp_path / "organizations" / "globex"
    theirs.mkdir(parents=True)
    (theirs / "secret.py").write_text("KEY = 1\n")
    (tmp_path / "way.py").symlink_to(theirs / "secret.py")
    (tmp_path / "mine.py").write_text("import organizations.globex.secret\nimport secret\n")
    for name in ("secret", "organizations.globex.secret", "way", "globex.secret"):
        assert find_script(name, organization="acme") is None
    mine = find_script("mine", organization="acme")
    assert mine is not None
    assert list(mine.files) == ["mine"]
    assert find_script("secret", organization="globex") is not None
