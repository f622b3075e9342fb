"""What is done to an instance while something else is being done to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from accounts.scope import Scope
from engine.core.ports import failed
from engine.models import Instance, Step, Timer
from engine.services.errors import InvalidInput, NotLegalNow
from engine.services.events import send_event
from engine.services.human_tasks import claim_step, complete_step
from engine.services.instances import StartRequest, start_instances
from engine.services.interventions import close, pause, restart, resume, retry, revert, terminate
from engine.services.moving import migrate
from engine.services.queueing import start_queued_instances
from engine.services.retention import remove_finished
from tests.drawing import draw
from tests.integration.engine.conftest import Engine, python

Find = Callable[..., Step]
Facts = Callable[..., list[str]]
Status = Callable[[Instance], str]
WAITS = {"kinds": {"wait": "wait_event"}, "settings": {"wait": {"event_type": "go", "timeout": "1 hour"}}}


def statuses() -> list[str]:
    return list(Instance.objects.order_by("pk").values_list("status", flat=True))


def undone() -> dict[str, object]:
    return python("echo", compensation={"action": "python", "inputs": {"function": "echo"}})


def calling(engine: Engine, child: str = "rest -> end", kind: str = "delay") -> tuple[Instance, Instance]:
    engine.publish(draw(child, key="child", kinds={"rest": kind}))
    parent = engine.start(
        draw("ask -> after", key="parent", kinds={"ask": "call"}, settings={"ask": {"flow": "child"}})
    )
    engine.work()
    return parent, Instance.objects.get(flow__key="child")


def test_a_child_that_is_paused_is_stopped_with_its_parent(engine: Engine, scope: Scope) -> None:
    parent, child = calling(engine)
    pause(scope, child, now=engine.now)
    terminate(scope, parent, now=engine.now)
    engine.work()
    assert statuses() == ["terminated", "terminated"]
    assert not Timer.objects.exists()


def test_a_parent_waits_for_a_child_that_is_paused_and_both_go_on(engine: Engine, scope: Scope) -> None:
    parent, child = calling(engine)
    pause(scope, parent, now=engine.now)
    pause(scope, child, now=engine.now)
    engine.later(hours=5)
    resume(scope, parent, now=engine.now)
    assert engine.later(hours=5) == 0
    resume(scope, child, now=engine.now)
    engine.later(hours=1)
    assert statuses() == ["complete", "complete"]


def test_terminating_with_a_rollback_while_an_attempt_is_out(
    engine: Engine, scope: Scope, facts_of: Facts, status_of: Status
) -> None:
    instance = engine.start("a -> b", settings={"a": undone(), "b": undone()})
    engine.settle(*engine.claim())
    (out,) = engine.claim()
    terminate(scope, instance, rollback=True, now=engine.now)
    assert engine.settle(out) == 0
    engine.work()
    assert status_of(instance) == "terminated"
    # What was under way has begun, so it may have had its effect: undone first, as it began last.
    assert facts_of(instance, "StepRolledBack") == ["StepRolledBack b", "StepRolledBack a"]


def test_a_restart_while_a_pause_waits_for_an_attempt(engine: Engine, scope: Scope, status_of: Status) -> None:
    instance = engine.start("a -> b", settings={"a": python(), "b": python()})
    (out,) = engine.claim()
    assert pause(scope, instance, now=engine.now).status == "waiting_for_pause"
    restart(scope, instance, now=engine.now)
    assert engine.settle(out) == 0
    assert engine.work() == 2
    assert status_of(instance) == "complete"


def test_a_restart_of_a_paused_instance_runs(engine: Engine, scope: Scope, status_of: Status) -> None:
    instance = engine.start("rest", kinds={"rest": "delay"})
    pause(scope, instance, now=engine.now)
    engine.now += timedelta(hours=3)
    restart(scope, instance, now=engine.now)
    assert Timer.objects.get().due_at == engine.now + timedelta(hours=1)
    engine.later(hours=1)
    assert status_of(instance) == "complete"


def test_a_migration_of_a_paused_instance_keeps_what_its_timers_have_left(
    engine: Engine, scope: Scope, status_of: Status
) -> None:
    row = engine.publish("rest", kinds={"rest": "delay"})
    instance = engine.start(row)
    engine.now += timedelta(minutes=20)
    pause(scope, instance, now=engine.now)
    engine.publish_again(row, "sleep -> end", kinds={"sleep": "delay"})
    migrate(scope, instance, version=2, mapping={"rest": "sleep"}, now=engine.now)
    assert status_of(instance) == "paused"
    assert engine.later(hours=9) == 0
    resume(scope, instance, now=engine.now)
    assert engine.later(minutes=39) == 0
    assert engine.later(minutes=1) == 1
    assert status_of(instance) == "complete"


def test_an_event_of_before_a_migration_is_there_after_it(engine: Engine, scope: Scope, status_of: Status) -> None:
    row = engine.publish("ask -> wait", kinds={"ask": "manual", "wait": "wait_event"})
    instance = engine.start(row)
    send_event(scope, instance, type="go", payload={"n": 1}, now=engine.now)
    engine.publish_again(row, "ask -> await", kinds={"ask": "manual", "await": "wait_event"})
    migrate(scope, instance, version=2, now=engine.now)
    complete_step(scope, Step.objects.get(task="ask"), now=engine.now)
    assert status_of(instance) == "complete"


def test_a_retry_that_was_scheduled_comes_after_a_migration(engine: Engine, scope: Scope, status_of: Status) -> None:
    row = engine.publish("a", settings={"a": python()})
    instance = engine.start(row)
    engine.settle(*engine.claim(), result=failed("Flaky", "once more", retryable=True))
    engine.publish_again(row, "b -> c", settings={"b": python(), "c": python()})
    migrate(scope, instance, version=2, mapping={"a": "b"}, now=engine.now)
    engine.later(hours=1)
    assert status_of(instance) == "complete"


def test_an_event_that_comes_during_a_pause_counts_though_the_wait_is_overdue(
    engine: Engine, scope: Scope, status_of: Status, facts_of: Facts
) -> None:
    instance = engine.start("wait", **WAITS)
    engine.now += timedelta(minutes=59)
    pause(scope, instance, now=engine.now)
    engine.now += timedelta(hours=9)
    send_event(scope, instance, type="go", now=engine.now)
    assert status_of(instance) == "paused"
    resume(scope, instance, now=engine.now)
    engine.later(hours=2)
    assert status_of(instance) == "complete"
    assert facts_of(instance, "TimerFired") == []


def test_closing_frees_who_has_claimed_an_open_task(engine: Engine, scope: Scope, status_of: Status) -> None:
    instance = engine.start("ask", kinds={"ask": "manual"})
    step = Step.objects.get()
    claim_step(scope, step, now=engine.now)
    close(scope, instance, reasons=[], now=engine.now)
    assert status_of(instance) == "terminated"
    with pytest.raises(NotLegalNow):
        complete_step(scope, Step.objects.get(), now=engine.now)


def test_an_instance_that_is_paused_keeps_its_place_under_a_limit(engine: Engine, scope: Scope) -> None:
    row = engine.publish("ask", kinds={"ask": "manual"}, limits={"concurrency": 1})
    first, _ = start_instances(scope, row, [StartRequest() for _ in range(2)], now=engine.now)
    pause(scope, first, now=engine.now)
    start_queued_instances(engine.now)
    assert statuses() == ["paused", "queued"]
    terminate(scope, first, now=engine.now)
    engine.deliver()
    start_queued_instances(engine.now)
    assert statuses() == ["terminated", "waiting"]


def test_a_restart_takes_its_turn_under_a_limit(engine: Engine, scope: Scope) -> None:
    row = engine.publish("ask", kinds={"ask": "manual"}, limits={"concurrency": 1})
    first, second = start_instances(scope, row, [StartRequest() for _ in range(2)], now=engine.now)
    terminate(scope, first, now=engine.now)
    engine.deliver()
    assert statuses() == ["terminated", "waiting"]
    restart(scope, first, now=engine.now)
    start_queued_instances(engine.now)
    assert statuses() == ["queued", "waiting"]
    terminate(scope, second, now=engine.now)
    engine.deliver()
    start_queued_instances(engine.now)
    assert statuses() == ["waiting", "terminated"]


def test_what_waits_for_its_turn_takes_events_and_can_be_stopped(engine: Engine, scope: Scope) -> None:
    row = engine.publish("wait", limits={"concurrency": 1}, **WAITS)
    first, second, third = start_instances(scope, row, [StartRequest() for _ in range(3)], now=engine.now)
    send_event(scope, third, type="go", now=engine.now)
    terminate(scope, second, now=engine.now)
    send_event(scope, first, type="go", now=engine.now)
    engine.deliver()
    start_queued_instances(engine.now)
    assert statuses() == ["complete", "terminated", "complete"]


def test_a_revert_stops_what_has_begun_since(engine: Engine, scope: Scope, status_of: Status) -> None:
    instance = engine.start("ask -> a -> b", kinds={"ask": "manual"}, settings={"a": python(), "b": python()})
    complete_step(scope, Step.objects.get(task="ask"), now=engine.now)
    (out,) = engine.claim()
    revert(scope, instance, to="ask", now=engine.now)
    assert engine.settle(out) == 0
    assert engine.claim() == []
    complete_step(scope, Step.objects.filter(task="ask").latest("pk"), now=engine.now)
    assert engine.work() == 2
    assert status_of(instance) == "complete"


def test_a_retry_makes_again_what_was_cancelled_beside_the_failure(
    engine: Engine, scope: Scope, status_of: Status
) -> None:
    instance = engine.start("trigger -> a,b; a,b -> c", settings={key: python() for key in "abc"})
    attempts = {attempt.step.task: attempt for attempt in engine.claim()}
    engine.settle(attempts["a"], result=failed("Down", "for good"))
    assert status_of(instance) == "errored"
    assert engine.settle(attempts["b"]) == 0
    retry(scope, instance, now=engine.now)
    engine.work()
    assert status_of(instance) == "complete"


def test_nothing_is_removed_that_was_retried_meanwhile(engine: Engine, scope: Scope) -> None:
    row = engine.publish("a -> ask", kinds={"ask": "manual"}, settings={"a": python()}, retention={"failure": "1 day"})
    instance, _ = engine.start(row), engine.start(row)
    engine.settle(*engine.claim(), result=failed("Down", "for good"))
    engine.now += timedelta(days=3)
    retry(scope, instance, now=engine.now)
    engine.work()
    assert remove_finished(engine.now) == 1
    assert statuses() == ["waiting"]


def test_a_paused_parent_is_terminated_with_a_rollback_while_its_child_runs(
    engine: Engine, scope: Scope, facts_of: Facts
) -> None:
    engine.publish(draw("c -> rest", key="child", kinds={"rest": "delay"}, settings={"c": undone()}))
    settings = {"a": undone(), "ask": {"flow": "child"}}
    parent = engine.start(draw("a -> ask -> after", key="parent", kinds={"ask": "call"}, settings=settings))
    engine.work()
    pause(scope, parent, now=engine.now)
    terminate(scope, parent, rollback=True, now=engine.now)
    engine.work()
    assert statuses() == ["terminated", "terminated"]
    assert facts_of(parent, "StepRolledBack") == ["StepRolledBack a"]
    assert facts_of(Instance.objects.get(flow__key="child"), "StepRolledBack") == []  # it is stopped, not undone
    assert not Timer.objects.exists()


def test_closing_a_parent_terminates_its_child_without_its_reasons(
    engine: Engine, scope: Scope, facts_of: Facts
) -> None:
    parent, child = calling(engine)
    close(scope, parent, reasons=[], note="Not needed.", now=engine.now)
    engine.work()
    assert statuses() == ["terminated", "terminated"]
    assert (facts_of(child, "InstanceClosed"), len(facts_of(child, "InstanceTerminated"))) == ([], 1)


def test_a_restart_from_a_step_in_one_of_two_parallel_phases_leaves_the_other_alone(
    engine: Engine, scope: Scope, status_of: Status
) -> None:
    instance = engine.start(
        "trigger -> phase:p,phase:q; a -> b; c -> d; phase:p,phase:q -> e; phase:p -> f",
        phases={"p": "a b", "q": "c d"},
        kinds={"f": "manual"},
        settings={task: python() for task in "abcde"},
    )
    engine.work()
    restart(scope, instance, from_task="b", now=engine.now)
    engine.work()
    done = Step.objects.filter(instance=instance, status="completed").values_list("task", "iteration")
    assert sorted(done) == [("a", 1), ("b", 1), ("b", 2), ("c", 1), ("d", 1), ("e", 1), ("e", 2)]
    complete_step(scope, Step.objects.filter(task="f").latest("pk"), now=engine.now)
    assert status_of(instance) == "complete"


def test_a_scheduled_step_keeps_its_moment_through_a_migration_and_a_pause(
    engine: Engine, scope: Scope, status_of: Status
) -> None:
    late = python(schedule={"mode": "delayed", "duration": "1 hour"})
    row = engine.publish("late", settings={"late": late})
    instance = engine.start(row)
    engine.now += timedelta(minutes=30)
    engine.publish_again(row, "later -> end", settings={"later": late, "end": python()})
    migrate(scope, instance, version=2, mapping={"late": "later"}, now=engine.now)
    pause(scope, instance, now=engine.now)
    engine.now += timedelta(hours=5)
    resume(scope, instance, now=engine.now)
    assert engine.later(minutes=29) == 0
    assert engine.later(minutes=1) == 1
    assert status_of(instance) == "complete"


def test_closing_reasons_are_those_of_the_start_also_after_a_migration(engine: Engine, scope: Scope) -> None:
    row = engine.publish("ask", kinds={"ask": "manual"}, closing_reasons=("Old",))
    instance = engine.start(row)
    engine.publish_again(row, "ask", kinds={"ask": "manual"}, closing_reasons=("New",))
    migrate(scope, instance, version=2, now=engine.now)
    with pytest.raises(InvalidInput):
        close(scope, instance, reasons=["New"], now=engine.now)
    assert close(scope, instance, reasons=["Old"], now=engine.now).status == "terminated"
