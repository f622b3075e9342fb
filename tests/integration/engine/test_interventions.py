"""Pause, resume, terminate, restart, retry."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from accounts.models import AuditEntry
from accounts.scope import Scope
from engine.core.ports import failed
from engine.models import Instance, Step, Timer
from engine.services.errors import InvalidInput, NotLegalNow
from engine.services.interventions import legal_actions, pause, restart, resume, retry, terminate
from tests.drawing import draw
from tests.integration.engine.conftest import Engine, python

Find = Callable[..., Step]
Status = Callable[[Instance], str]
ONE = {"settings": {"a": python()}}


def test_a_pause_takes_ready_steps_from_the_queue(
    engine: Engine, scope: Scope, step_of: Find, status_of: Status
) -> None:
    instance = engine.start("a -> b", settings={"a": python(), "b": python()})
    assert pause(scope, instance, reason="wait a moment", now=engine.now).status == "paused"
    assert engine.claim() == []
    engine.now += timedelta(hours=1)
    resume(scope, instance, now=engine.now)
    assert engine.work() == 2
    assert status_of(instance) == "complete"


def test_attempts_under_way_may_finish_before_the_pause(engine: Engine, scope: Scope, status_of: Status) -> None:
    instance = engine.start("a -> b", settings={"a": python(), "b": python()})
    (attempt,) = engine.claim()
    assert pause(scope, instance, now=engine.now).status == "waiting_for_pause"
    assert engine.settle(attempt) == 1
    assert status_of(instance) == "paused"
    assert engine.claim() == []


def test_a_resume_before_the_pause_began_calls_it_off(engine: Engine, scope: Scope, status_of: Status) -> None:
    instance = engine.start("a -> b", settings={"a": python(), "b": python()})
    (attempt,) = engine.claim()
    pause(scope, instance, now=engine.now)
    assert resume(scope, instance, now=engine.now).status == "running"
    engine.settle(attempt)
    engine.work()
    assert status_of(instance) == "complete"


def test_a_pause_stops_timers_and_the_resume_shifts_them(engine: Engine, scope: Scope, status_of: Status) -> None:
    instance = engine.start("rest", kinds={"rest": "delay"}, settings={"rest": {"for": "1 hour"}})
    due_at = Timer.objects.get().due_at
    engine.now += timedelta(minutes=30)
    pause(scope, instance, now=engine.now)
    assert engine.later(hours=10) == 0
    resume(scope, instance, now=engine.now)
    assert Timer.objects.get().due_at == due_at + timedelta(hours=10)
    assert engine.later(minutes=29) == 0
    assert engine.later(minutes=1) == 1
    assert status_of(instance) == "complete"


def test_a_retry_that_is_scheduled_during_a_pause_waits_for_its_end(
    engine: Engine, scope: Scope, status_of: Status
) -> None:
    instance = engine.start("a", settings={"a": python(retries={"limit": 1, "delay": "1 second"})})
    (attempt,) = engine.claim()
    pause(scope, instance, now=engine.now)
    engine.settle(attempt, result=failed("Flaky", "once", retryable=True))
    assert status_of(instance) == "paused"
    assert engine.later(hours=1) == 0
    resume(scope, instance, now=engine.now)
    engine.later(seconds=1)
    assert status_of(instance) == "complete"


def test_terminate_cancels_what_runs(engine: Engine, scope: Scope, step_of: Find) -> None:
    instance = engine.start("a; rest", kinds={"rest": "delay"}, settings={"a": python()})
    (attempt,) = engine.claim()
    terminate(scope, instance, reason="a mistake", now=engine.now)
    assert (instance.status, instance.ended_at) == ("terminated", engine.now)
    assert {step_of(instance, task).status for task in ("a", "rest")} == {"cancelled"}
    assert engine.settle(attempt) == 0
    assert not Timer.objects.exists()
    assert instance.facts.get(type="InstanceTerminated").data["reason"] == "a mistake"


def test_a_restart_begins_again_with_the_same_input(engine: Engine, scope: Scope, step_of: Find) -> None:
    settings = {
        "a": python("echo", arguments={"n": "{{ input.n }}"}),
        "b": {"inputs": {"values": {"seen": "{{ vars.seen | default: '' }}x"}}},
    }
    instance = engine.start("a -> b", settings=settings, input={"n": 1})
    engine.work()
    restart(scope, instance, reason="once more", now=engine.now)
    assert (instance.status, instance.ended_at, instance.output) == ("running", None, None)
    engine.work()
    instance.refresh_from_db()
    assert (instance.status, instance.output, instance.vars) == ("complete", {"seen": "x"}, {"seen": "x"})
    steps = Step.objects.filter(instance=instance, task="a").order_by("iteration")
    assert [(step.iteration, step.status, step.is_past) for step in steps] == [
        (1, "completed", True),
        (2, "completed", False),
    ]


def test_a_restart_does_not_see_what_was_before(engine: Engine, scope: Scope, step_of: Find) -> None:
    settings = {
        "a": {"inputs": {"values": {"before": "{{ steps.b.output.n | default: 'nothing' }}"}}},
        "b": python("echo", arguments={"n": 1}),
    }
    instance = engine.start("a -> b", settings=settings)
    engine.work()
    restart(scope, instance, now=engine.now)
    assert step_of(instance, "a").output == {"before": "nothing"}


def test_a_restart_from_a_step_keeps_what_was_before_it(engine: Engine, scope: Scope, step_of: Find) -> None:
    settings = {task: python("echo", arguments={"n": task}) for task in "abc"}
    instance = engine.start("a -> b -> c", settings=settings)
    engine.work()
    restart(scope, instance, from_task="b", now=engine.now)
    assert engine.work() == 2
    assert [step_of(instance, task).iteration for task in "abc"] == [1, 2, 2]


def test_a_restart_from_an_earlier_round_sees_the_data_of_that_round(
    engine: Engine, scope: Scope, step_of: Find
) -> None:
    settings = {
        "count": {"inputs": {"values": {"n": "{{ vars.n | default: 0 | plus: 1 }}"}}},
        "pack": python("echo", arguments={"n": "{{ steps.count.output.n }}"}),
        "ship": python("echo", arguments={"n": "{{ steps.pack.output.n }}"}),
    }
    flow = draw(
        "trigger -> count -> pack -> ship -> d; d -again-> count; d -done-> end",
        settings=settings,
        loops={"d": ("again", "done", 3)},
    )
    instance = engine.start(flow, input={"again": True})
    engine.work()
    assert [step_of(instance, task).iteration for task in ("count", "pack", "ship")] == [3, 3, 3]
    with pytest.raises(NotLegalNow, match="ship has the rounds 1 to 3"):
        restart(scope, instance, from_task="ship", from_iteration=4)
    restart(scope, instance, from_task="ship", from_iteration=1, now=engine.now)
    assert [step.iteration for step in instance.steps.filter(is_past=False, task="pack")] == [1]
    engine.settle(*engine.claim())
    again = step_of(instance, "ship")
    assert (again.iteration, again.output) == (4, {"n": "1"})
    engine.work()
    instance.refresh_from_db()
    assert instance.status == "complete"
    assert instance.facts.filter(type="LoopEntered").latest("number").data == {"round": 3}


def test_a_restart_from_a_step_after_a_loop_keeps_all_its_rounds(engine: Engine, scope: Scope) -> None:
    flow = draw("trigger -> a -> d; d -again-> a; d -done-> end", loops={"d": ("again", "done", 3)})
    instance = engine.start(flow, input={"again": True})
    restart(scope, instance, from_task="end", now=engine.now)
    assert instance.steps.filter(task="a", is_past=False).count() == 3


def test_a_failed_instance_goes_on_from_its_failed_step(engine: Engine, scope: Scope, step_of: Find) -> None:
    instance = engine.start("a -> b -> c", settings={"a": python(), "b": python(), "c": python()})
    engine.settle(*engine.claim())
    engine.settle(*engine.claim(), result=failed("Down", "the other side is down"))
    instance.refresh_from_db()
    assert (instance.status, instance.error["name"]) == ("errored", "Down")
    retry(scope, instance, now=engine.now)
    assert (instance.status, instance.error, instance.ended_at) == ("running", None, None)
    assert engine.work() == 2
    instance.refresh_from_db()
    assert instance.status == "complete"
    assert step_of(instance, "a").attempt == 1
    assert [entry["error"] and entry["error"]["name"] for entry in step_of(instance, "b").attempts] == ["Down", None]


def test_a_retry_may_edit_the_input(engine: Engine, scope: Scope, step_of: Find) -> None:
    instance = engine.start("a", settings={"a": python("echo", arguments={"n": "{{ input.n }}"})}, input={"n": 1})
    engine.settle(*engine.claim(), result=failed("Wrong", "n is too small"))
    with pytest.raises(InvalidInput, match="larger than 1 MiB"):
        retry(scope, instance, input="x" * 1024 * 1024)
    retry(scope, instance, input={"n": 2}, now=engine.now)
    engine.work()
    assert step_of(instance, "a").output == {"n": 2}
    instance.refresh_from_db()
    assert instance.input == {"n": 2}


def test_what_is_not_legal_says_why_and_changes_nothing(engine: Engine, scope: Scope) -> None:
    instance = engine.start("a", kinds={"a": "noop"})
    count = instance.fact_count
    for act in (pause, resume, terminate, retry):
        with pytest.raises(NotLegalNow):
            act(scope, instance)
    instance.refresh_from_db()
    assert instance.fact_count == count
    assert not AuditEntry.objects.filter(action__startswith="instance.").exists()


def test_interventions_are_in_the_audit_log_with_who_and_why(engine: Engine, scope: Scope) -> None:
    instance = engine.start("a", **ONE)
    pause(scope, instance, reason="lunch", now=engine.now)
    entry = AuditEntry.objects.get(action="instance.paused")
    assert (entry.actor_user, entry.before, entry.after) == (
        scope.user,
        {"status": "running"},
        {"status": "paused", "reason": "lunch"},
    )
    fact = instance.facts.get(type="InstancePauseRequested")
    assert (fact.data["actor"]["id"], fact.data["reason"]) == (scope.user.pk if scope.user else 0, "lunch")


ACTS = {"pause": pause, "resume": resume, "terminate": terminate, "restart": restart, "retry": retry}


@pytest.mark.parametrize(
    "status", ["running", "waiting", "paused", "waiting_for_pause", "complete", "errored", "terminated"]
)
@pytest.mark.parametrize("action", list(ACTS))
def test_legal_actions_tell_what_happens(engine: Engine, scope: Scope, status: str, action: str) -> None:
    instance = in_status(engine, scope, status)
    assert instance.status == status
    why_not = legal_actions(instance)[action]
    if why_not is None:
        ACTS[action](scope, instance, now=engine.now)
    else:
        with pytest.raises(NotLegalNow):
            ACTS[action](scope, instance, now=engine.now)


def in_status(engine: Engine, scope: Scope, status: str) -> Instance:
    """An instance that has come to this status."""
    kind = {"waiting": "manual", "paused": "manual", "terminated": "manual", "complete": "noop"}.get(
        status, "automation"
    )
    instance = engine.start("a", kinds={"a": kind}, settings={"a": python()} if kind == "automation" else {})
    if status in ("waiting_for_pause", "errored"):
        attempts = engine.claim()
        if status == "errored":
            engine.settle(*attempts, result=failed("Down", "down"))
    if status in ("paused", "waiting_for_pause"):
        pause(scope, instance, now=engine.now)
    if status == "terminated":
        terminate(scope, instance, now=engine.now)
    instance.refresh_from_db()
    return instance
