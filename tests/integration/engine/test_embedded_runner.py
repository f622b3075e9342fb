"""The loops in their threads, at their own pace."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from django.utils import timezone

from accounts.scope import Scope
from engine.actions.python import flow_function
from engine.models import Instance, Step, Timer
from engine.runners.attempt_loop import AttemptLoop
from engine.runners.beats import Beat
from engine.runners.embedded import EmbeddedRunner
from engine.services.events import send_event
from engine.services.instances import StartRequest, start_instance, start_instances
from engine.services.timers import fire_due_timers
from engine.services.triggers import receive_event
from tests.integration.engine.conftest import Engine, assert_history_is_whole, python

pytestmark = pytest.mark.django_db(transaction=True)
gate = threading.Event()
at_work: list[str] = []


@flow_function("test.gate")
def wait_at_gate() -> str:
    """Blocks until the test opens the gate."""
    at_work.append(threading.current_thread().name)
    gate.wait(20)
    return "through"


@pytest.fixture(autouse=True)
def _closed_gate() -> Iterator[None]:
    gate.clear()
    at_work.clear()
    yield
    gate.set()


@pytest.fixture
def live(scope: Scope) -> Engine:
    """Publishing and starting; the runner does the rest."""
    return Engine(scope, now=timezone.now())


@pytest.fixture
def runner() -> Iterator[EmbeddedRunner]:
    """A running engine."""
    running = EmbeddedRunner(threads=8)
    running.start()
    yield running
    gate.set()
    running.stop()


def test_what_comes_due_while_the_clock_looks_is_looked_for_at_once(scope: Scope) -> None:
    instance = Engine(scope, now=timezone.now()).start(
        "wait", kinds={"wait": "delay"}, settings={"wait": {"for": "1 hour"}}
    )

    def set_to_now(_: datetime) -> int:
        Timer.objects.filter(instance=instance).update(due_at=timezone.now())
        return 0

    assert Beat("clock", set_to_now).look() == 0.001
    assert Beat("clock", fire_due_timers, set_to_now).look() == 0.0


def until(claim: Callable[[], bool], seconds: float = 15) -> None:
    """Wait for something to be true."""
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def has_status(instance: Instance, status: str) -> Callable[[], bool]:
    return lambda: Instance.objects.filter(pk=instance.pk, status=status).exists()


def test_instances_run_to_their_end(live: Engine, scope: Scope, runner: EmbeddedRunner) -> None:
    settings = {
        "a": python(),
        "slow": python("sleep", arguments={"seconds": 0.01}),
        "b": python(),
        "rest": {"for": "50 milliseconds"},
    }
    row = live.publish("a -> slow,rest -> b", settings=settings, kinds={"rest": "delay"})
    started = start_instances(scope, row, [StartRequest() for _ in range(20)])
    until(lambda: Instance.objects.filter(status="complete").count() == 20)
    for instance in started:
        instance.refresh_from_db()
        assert_history_is_whole(instance)
        assert instance.facts.filter(type="StepCompleted").count() == 4


def test_slow_attempts_run_side_by_side_and_hold_up_nobody(live: Engine, scope: Scope, runner: EmbeddedRunner) -> None:
    slow = live.publish("a", settings={"a": python("test.gate")}, key="slow")
    quick = live.publish("a -> b", settings={"a": python(), "b": python()}, key="quick")
    start_instances(scope, slow, [StartRequest() for _ in range(5)])
    until(lambda: len(at_work) == 5)
    until(has_status(start_instance(scope, quick), "complete"))
    gate.set()
    until(lambda: Instance.objects.filter(status="complete").count() == 6)


def test_an_attempt_that_takes_too_long_is_given_up(live: Engine, scope: Scope, runner: EmbeddedRunner) -> None:
    settings = {"a": python("test.gate", timeout="200 milliseconds", retries={"limit": 0})}
    instance = start_instance(scope, live.publish("a", settings=settings))
    until(has_status(instance, "errored"))
    gate.set()
    step = Step.objects.get(instance=instance)
    assert (step.status, step.error["name"], step.output) == ("failed", "Timeout", None)


def test_more_attempts_hang_than_there_are_threads(live: Engine, scope: Scope, runner: EmbeddedRunner) -> None:
    settings = {"a": python("test.gate", timeout="300 milliseconds", retries={"limit": 0})}
    start_instances(scope, live.publish("a", settings=settings, key="hangs"), [StartRequest() for _ in range(12)])
    until(lambda: Instance.objects.filter(status="errored").count() == 12)
    other = live.publish("a", settings={"a": python("sleep", arguments={"seconds": 0.01})}, key="other")
    until(has_status(start_instance(scope, other), "complete"))


def test_events_and_triggers_wake_the_engine(live: Engine, scope: Scope, runner: EmbeddedRunner) -> None:
    row = live.publish(
        "wait -> a",
        kinds={"wait": "wait_event"},
        settings={"a": python()},
        triggers=({"type": "event", "event": "order.made"},),
    )
    instance = start_instance(scope, row)
    send_event(scope, instance, type="go")
    until(has_status(instance, "complete"))
    receive_event(scope, "order.made", {"n": 1})
    until(lambda: Instance.objects.filter(status="waiting").count() == 1)


def test_what_a_stopped_engine_left_is_taken_up_at_once(live: Engine, scope: Scope) -> None:
    instance = start_instance(scope, live.publish("a", settings={"a": python("test.gate", retries={"limit": 0})}))
    first = EmbeddedRunner(threads=2)
    first.start()
    until(lambda: len(at_work) == 1)
    first.stop(seconds=0.1)
    assert Step.objects.get(instance=instance).status == "running"
    second = EmbeddedRunner(threads=2)
    second.start()
    until(lambda: len(at_work) == 2, seconds=5)
    gate.set()
    until(has_status(instance, "complete"))
    second.stop()
    assert instance.facts.filter(type="AttemptStarted").count() == 1


def test_workers_share_the_work_and_nothing_runs_twice(live: Engine, scope: Scope) -> None:
    row = live.publish("a -> b -> c", settings={task: python() for task in "abc"})
    start_instances(scope, row, [StartRequest() for _ in range(60)])
    loops = [AttemptLoop(capacity=10), AttemptLoop(capacity=10)]
    threads = [threading.Thread(target=loop.run) for loop in loops]
    for thread in threads:
        thread.start()
    until(lambda: not Instance.objects.unfinished().exists())
    for loop, thread in zip(loops, threads, strict=True):
        loop.stop()
        thread.join()
    assert set(Instance.objects.values_list("status", flat=True)) == {"complete"}
    for instance in Instance.objects.all():
        assert instance.facts.filter(type="StepCompleted").count() == 3
        assert_history_is_whole(instance)
