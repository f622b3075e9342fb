"""Leases, fencing, retries and timeouts of attempts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import InterfaceError, InternalError, OperationalError

from accounts.scope import Scope
from engine.actions.python import DoNotRetry, flow_function
from engine.core.ports import Completed, failed
from engine.models import Instance, Step, Timer
from engine.services import attempts
from engine.services.attempts import (
    SUSPECT_PATIENCE,
    EndedAttempt,
    claim_attempts,
    extend_leases,
    give_back,
    make_attempt,
    settle_attempts,
)
from engine.services.events import send_event
from engine.services.interventions import pause
from engine.services.rounds import LEASE, MOST_LOST_IN_COMPANY, MOST_LOST_LEASES, Worker
from tests.drawing import draw
from tests.integration.engine.conftest import Engine, python

ONE = {"settings": {"a": python()}}
CALLS: list[Any] = []


@flow_function("test.flaky")
def flaky(fail_times: int) -> dict[str, int]:
    """Fails so many times, then answers how often it was called."""
    CALLS.append(fail_times)
    if len(CALLS) <= fail_times:
        raise RuntimeError("not yet")
    return {"calls": len(CALLS)}


@flow_function("test.hopeless")
def hopeless() -> None:
    """Never to be tried again."""
    raise DoNotRetry("no such customer")


@flow_function("test.answers")
def answers(what: str) -> Any:
    """What cannot be stored."""
    return {"nul": "a\0b", "large": "x" * (1024 * 1024 + 1), "set": {1, 2}, "surrogate": "\ud800"}[what]


@pytest.fixture(autouse=True)
def _no_calls() -> None:
    CALLS.clear()


def test_a_step_is_claimed_once(engine: Engine) -> None:
    engine.start("a", **ONE)
    assert len(engine.claim("first")) == 1
    assert engine.claim("second") == []


def test_a_claim_begins_the_attempt_and_notes_the_lease(engine: Engine, step_of: Callable[..., Step]) -> None:
    instance = engine.start("a", **ONE)
    assert step_of(instance, "a").status == "ready"
    (attempt,) = engine.claim()
    step = step_of(instance, "a")
    assert (step.status, step.attempt, step.lease_owner) == ("running", 1, "worker")
    assert (step.lease_token, step.claimable_at) == (attempt.token, engine.now + LEASE)


def test_a_completed_step_keeps_its_output_and_its_attempt(engine: Engine, step_of: Callable[..., Step]) -> None:
    instance = engine.start(
        "a", settings={"a": python("echo", arguments={"total": "{{ input.total }}"})}, input={"total": 7}
    )
    assert engine.work() == 1
    step = step_of(instance, "a")
    assert step.status == "completed"
    assert step.output == {"total": 7}
    assert [(entry["number"], entry["error"]) for entry in step.attempts] == [(1, None)]
    assert (step.claimable_at, step.lease_owner, step.lease_token) == (None, "", 0)
    instance.refresh_from_db()
    assert (instance.status, instance.output, instance.ended_at) == ("complete", {"total": 7}, engine.now)


def test_the_follow_up_step_begins_in_the_commit_of_the_one_before(
    engine: Engine, step_of: Callable[..., Step]
) -> None:
    instance = engine.start("a -> b", settings={"a": python(), "b": python()})
    (attempt,) = engine.claim()
    worker = Worker("worker", room=5)
    settle_attempts([EndedAttempt(attempt, Completed(output=1), engine.now)], worker, now=engine.now)
    (following,) = worker.claimed
    step = step_of(instance, "b")
    assert (step.status, step.attempt, step.lease_token) == ("running", 1, following.token)
    assert worker.room == 4


def test_a_worker_without_room_leaves_the_follow_up_to_others(engine: Engine, step_of: Callable[..., Step]) -> None:
    instance = engine.start("a -> b", settings={"a": python(), "b": python()})
    engine.settle(*engine.claim())
    assert (step_of(instance, "b").status, step_of(instance, "b").claimable_at) == ("ready", engine.now)
    assert len(engine.claim("other")) == 1


def test_a_lease_that_ran_out_is_repeated_with_the_same_number(
    engine: Engine, facts_of: Callable[..., list[str]]
) -> None:
    instance = engine.start("a", **ONE)
    (lost,) = engine.claim("first")
    engine.now += LEASE
    (again,) = engine.claim("second")
    assert (again.number, again.context.idempotency_key) == (lost.number, lost.context.idempotency_key)
    assert again.token != lost.token
    assert engine.settle(again, name="second") == 1
    assert facts_of(instance, "AttemptStarted", "StepCompleted") == ["AttemptStarted a", "StepCompleted a"]


def test_a_late_result_is_refused(engine: Engine, step_of: Callable[..., Step]) -> None:
    instance = engine.start("a", **ONE)
    (lost,) = engine.claim("first")
    engine.now += LEASE
    (again,) = engine.claim("second")
    assert engine.settle(lost, result=Completed(output="late"), name="first") == 0
    assert step_of(instance, "a").status == "running"
    assert engine.settle(again, result=Completed(output="in time"), name="second") == 1
    assert engine.settle(lost, result=Completed(output="late"), name="first") == 0
    assert step_of(instance, "a").output == "in time"


def test_a_result_of_a_cancelled_step_is_refused(engine: Engine, step_of: Callable[..., Step]) -> None:
    instance = engine.start("a -> done[any]; b -> done", settings={"a": python(), "b": python()})
    by_task = {attempt.step.task: attempt for attempt in engine.claim()}
    assert engine.settle(by_task["a"]) == 1
    assert step_of(instance, "b").status == "cancelled"
    assert engine.settle(by_task["b"]) == 0
    assert step_of(instance, "b").status == "cancelled"


def test_a_heartbeat_keeps_the_lease(engine: Engine) -> None:
    engine.start("a", **ONE)
    (attempt,) = engine.claim("first")
    engine.now += LEASE - timedelta(seconds=1)
    extend_leases({attempt.step: attempt.token}, now=engine.now)
    engine.now += timedelta(seconds=2)
    assert engine.claim("second") == []
    assert engine.settle(attempt, name="first") == 1


def test_a_heartbeat_of_a_lost_lease_changes_nothing(engine: Engine) -> None:
    engine.start("a", **ONE)
    (lost,) = engine.claim("first")
    engine.now += LEASE
    (again,) = engine.claim("second")
    extend_leases({lost.step: lost.token}, now=engine.now + LEASE)
    engine.now += LEASE
    assert len(engine.claim("third")) == 1
    assert engine.settle(again, name="second") == 0


def test_attempts_that_are_given_back_can_be_claimed_at_once(engine: Engine) -> None:
    engine.start("a", **ONE)
    (attempt,) = engine.claim("first")
    give_back({attempt.step: attempt.token}, now=engine.now)
    assert [one.number for one in engine.claim("second")] == [1]


def test_an_attempt_whose_worker_goes_away_during_a_pause_is_repeated(
    engine: Engine, status_of: Callable[..., str]
) -> None:
    instance = engine.start("a", **ONE)
    engine.claim("first")
    pause(engine.scope, instance, now=engine.now)
    assert status_of(instance) == "waiting_for_pause"
    engine.now += LEASE
    (again,) = engine.claim("second")
    assert engine.settle(again, name="second") == 1
    assert status_of(instance) == "complete"


def test_a_step_whose_worker_goes_away_again_and_again_fails(engine: Engine, step_of: Callable[..., Step]) -> None:
    instance = engine.start("a", **ONE)
    engine.claim()
    for _ in range(MOST_LOST_LEASES):
        engine.now += LEASE
        assert len(engine.claim()) == 1
    engine.now += LEASE
    assert engine.claim() == []
    step = step_of(instance, "a")
    assert (step.status, step.error["name"]) == ("failed", "WorkerLost")
    assert Instance.objects.get(pk=instance.pk).status == "errored"


def test_a_step_that_seems_to_kill_its_workers_is_made_by_an_idle_one_alone(engine: Engine) -> None:
    suspect = engine.start("a", **ONE)
    neighbours = engine.publish("b", key="neighbours", settings={"b": python()})
    engine.claim()
    for _ in range(MOST_LOST_IN_COMPANY):
        engine.now += LEASE
        (attempt,) = engine.claim()
        assert not attempt.is_suspect
    engine.now += LEASE
    engine.start(neighbours)
    engine.start(neighbours)
    worker = engine.worker("busy", 100)
    assert claim_attempts(worker, now=engine.now, limit=100, is_idle=False) == 2
    assert suspect.pk not in {attempt.step.instance_id for attempt in worker.claimed}
    assert claim_attempts(worker, now=engine.now, limit=100, is_idle=False) == 0
    (attempt,) = engine.claim("idle")
    assert attempt.is_suspect
    assert attempt.step.instance_id == suspect.pk


def test_a_step_that_seems_to_kill_its_workers_does_not_wait_for_ever_for_an_idle_one(engine: Engine) -> None:
    engine.start("a", **ONE)
    engine.claim()
    for _ in range(MOST_LOST_IN_COMPANY):
        engine.now += LEASE
        engine.claim()
    engine.now += LEASE + SUSPECT_PATIENCE
    assert claim_attempts(engine.worker("busy", 100), now=engine.now, limit=100, is_idle=False) == 1


class Away(Exception):
    """What a driver raises."""

    sqlstate = "57P01"


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (OperationalError, ""),
        (InterfaceError, ""),
        (OperationalError, "57P01"),
        (OperationalError, "53100"),
        (OperationalError, "53300"),
        (OperationalError, "40P01"),
        (InternalError, "25P03"),
    ],
)
def test_a_result_outlives_a_database_in_trouble(
    engine: Engine, step_of: Callable[..., Step], monkeypatch: pytest.MonkeyPatch, kind: type[Exception], state: str
) -> None:
    instance = engine.start("a -> b", settings={"a": python(), "b": python()})
    (attempt,) = engine.claim()
    cause = Away()
    cause.sqlstate = state
    trouble = kind("gone")
    trouble.__cause__ = cause
    worker = engine.worker("worker", 5)
    ended = [EndedAttempt(attempt, Completed(output="kept"), engine.now)]
    with monkeypatch.context() as patch:
        patch.setattr(attempts, "_settle_batch", Mock(side_effect=trouble))
        with pytest.raises(kind):
            settle_attempts(ended, worker, now=engine.now)
    assert (worker.claimed, worker.room) == ([], 5)
    assert settle_attempts(ended, worker, now=engine.now) == 1
    assert step_of(instance, "a").output == "kept"


def test_a_failed_attempt_is_retried_after_its_delay(engine: Engine, step_of: Callable[..., Step]) -> None:
    retries = {"limit": 3, "delay": "10 seconds", "backoff": "exponential"}
    settings = {"a": python("test.flaky", arguments={"fail_times": 2}, retries=retries)}
    instance = engine.start("a", settings=settings)
    engine.work()
    step = step_of(instance, "a")
    assert (step.status, step.wakes_at) == ("retrying", engine.now + timedelta(seconds=10))
    assert engine.later(seconds=9) == 0
    assert engine.later(seconds=1) == 1
    assert step_of(instance, "a").wakes_at == engine.now + timedelta(seconds=20)
    assert engine.later(seconds=20) == 1
    step = step_of(instance, "a")
    assert (step.status, step.output, step.attempt) == ("completed", {"calls": 3}, 3)
    assert [entry["error"] and entry["error"]["name"] for entry in step.attempts] == ["FunctionFailed"] * 2 + [None]


def test_a_step_fails_when_its_attempts_are_used_up(engine: Engine, step_of: Callable[..., Step]) -> None:
    settings = {"a": python("test.flaky", arguments={"fail_times": 9}, retries={"limit": 1, "delay": "1 second"})}
    instance = engine.start("a", settings=settings)
    engine.work()
    engine.later(seconds=1)
    assert (step_of(instance, "a").status, len(CALLS)) == ("failed", 2)
    instance.refresh_from_db()
    assert instance.status == "errored"
    assert instance.error["task"] == "a"
    assert "not yet" in instance.error["message"]
    assert not Timer.objects.exists()


def test_an_error_that_makes_no_sense_to_repeat_ends_the_step(engine: Engine, status_of: Callable[..., str]) -> None:
    instance = engine.start("a -!-> mend", settings={"a": python("test.hopeless"), "mend": python()})
    engine.work()
    assert status_of(instance) == "complete"
    assert Step.objects.get(instance=instance, task="a").attempt == 1


def test_an_attempt_that_takes_too_long_is_retried(engine: Engine, step_of: Callable[..., Step]) -> None:
    settings = {"a": python(timeout="5 seconds", retries={"limit": 1, "delay": "1 second"})}
    instance = engine.start("a", settings=settings)
    (attempt,) = engine.claim()
    assert engine.settle(attempt, result=None) == 1
    step = step_of(instance, "a")
    assert step.status == "retrying"
    assert step.attempts[0]["error"]["name"] == "Timeout"
    assert engine.settle(attempt, result=Completed(output="late")) == 0
    engine.later(seconds=1)
    assert step_of(instance, "a").status == "completed"


@pytest.mark.parametrize("what", ["nul", "large", "set", "surrogate"])
def test_an_output_that_cannot_be_stored_is_an_error_of_its_step(
    engine: Engine, what: str, step_of: Callable[..., Step]
) -> None:
    instance = engine.start("a", settings={"a": python("test.answers", arguments={"what": what})})
    engine.work()
    step = step_of(instance, "a")
    assert (step.status, step.error["name"]) == ("failed", "NotStorable")


def test_one_bad_result_does_not_hold_up_the_others(engine: Engine, status_of: Callable[..., str]) -> None:
    row = engine.publish("a", **ONE)
    good, bad = engine.start(row), engine.start(row)
    by_instance = {attempt.step.instance_id: attempt for attempt in engine.claim()}
    ended = [
        EndedAttempt(by_instance[good.pk], make_attempt(by_instance[good.pk]), engine.now),
        EndedAttempt(by_instance[bad.pk], Completed(output="a\0b"), engine.now),
    ]
    settle_attempts(ended, Worker("worker", 0), now=engine.now)
    assert status_of(good) == "complete"
    assert status_of(bad) in ("complete", "errored")  # only PostgreSQL refuses the character


def test_failures_of_executors_are_final_without_a_retry(engine: Engine, status_of: Callable[..., str]) -> None:
    instance = engine.start("a", **ONE)
    (attempt,) = engine.claim()
    engine.settle(attempt, result=failed("Broken", "for good"))
    assert status_of(instance) == "errored"


def test_a_change_by_somebody_else_costs_a_worker_its_memory_and_no_result(
    engine: Engine, scope: Scope, status_of: Callable[..., str]
) -> None:
    row = engine.publish("a -> b", settings={"a": python(), "b": python()})
    changed, untouched = engine.start(row), engine.start(row)
    attempts = engine.claim()
    send_event(scope, changed, type="news")
    assert engine.settle(*attempts) == 2
    engine.work()
    assert (status_of(changed), status_of(untouched)) == ("complete", "complete")


def test_a_batch_moves_many_instances(engine: Engine) -> None:
    row = engine.publish("a -> b -> c", settings={"a": python(), "b": python(), "c": python()})
    for _ in range(20):
        engine.start(row)
    assert engine.work() == 60
    assert set(Instance.objects.values_list("status", flat=True)) == {"complete"}


def test_an_instance_that_breaks_does_not_hold_up_the_others(
    engine: Engine, status_of: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    settings = {"a": python(), "rest": {"for": "1 minute"}}
    row = engine.publish("a -> rest", kinds={"rest": "delay"}, settings=settings)
    good, bad = engine.start(row), engine.start(row)
    attempts = engine.claim()
    state = Instance.objects.get(pk=bad.pk).state
    Instance.objects.filter(pk=bad.pk).update(state='{"v": 99}')
    assert engine.settle(*attempts, name="remembers nothing") == 1
    assert (status_of(good), status_of(bad)) == ("waiting", "running")
    assert f"instance {bad.pk} is left as it was" in caplog.text
    engine.now += LEASE
    assert engine.claim() == []
    Instance.objects.filter(pk=bad.pk).update(state=state)
    engine.now += LEASE
    engine.work()
    assert status_of(bad) == "waiting"
    state = Instance.objects.get(pk=bad.pk).state
    Instance.objects.filter(pk=bad.pk).update(state='{"v": 99}')
    engine.later(minutes=1)
    assert status_of(good) == "complete"
    Instance.objects.filter(pk=bad.pk).update(state=state)
    engine.later(minutes=1)
    assert status_of(bad) == "complete"


def test_an_instance_runs_no_more_steps_than_its_flow_allows(engine: Engine) -> None:
    flow = draw(
        "a -> more; more -again-> a; more -done-> end",
        settings={"a": python()},
        loops={"more": ("again", "done", 100)},
        limits={"max_steps": 20},
    )
    instance = engine.start(flow, input={"again": True})
    assert engine.work() == 10
    instance.refresh_from_db()
    assert (instance.status, instance.error["name"]) == ("errored", "TooManySteps")


def test_what_is_tried_again_within_a_transaction_keeps_its_attempts(
    engine: Engine, step_of: Callable[..., Step]
) -> None:
    retries = {"limit": 2, "delay": "1 second", "backoff": "constant"}
    raises = {"action": "raise_error", "inputs": {"message": "not yet", "retryable": True}, "retries": retries}
    instance = engine.start("a", settings={"a": raises})
    assert [one["number"] for one in step_of(instance, "a").attempts] == [1]
    engine.later(seconds=1)
    engine.later(seconds=1)
    step = step_of(instance, "a")
    assert (step.status, [one["number"] for one in step.attempts]) == ("failed", [1, 2, 3])
    assert {one["error"]["message"] for one in step.attempts} == {"not yet"}
