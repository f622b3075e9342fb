"""Compensations as leased attempts: in order, retried, surviving a worker that goes away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import AuditEntry
from accounts.scope import Scope
from engine.core.ports import failed
from engine.models import Instance, Step, Timer
from engine.services.errors import NotLegalNow
from engine.services.interventions import legal_actions, pause, restart, retry, terminate
from engine.services.recovery import recover_alone
from tests.integration.engine.conftest import Engine, python

Find = Callable[..., Step]
Facts = Callable[..., list[str]]
DOWN = failed("Down", "the other side is down")
FLAKY = failed("Flaky", "once more", retryable=True)


def undone_by(function: str = "echo", **compensation: Any) -> dict[str, Any]:
    """An automation and the registered function that undoes it."""
    undo = {"action": "python", "inputs": {"function": function, "arguments": {"undone": "{{ steps.a.output.n }}"}}}
    return python("echo", arguments={"n": "{{ now }}"}, compensation={**undo, **compensation})


def failed_instance(engine: Engine, **compensation: Any) -> Instance:
    """`a` and `b`, which have compensations, are done; `c` has failed."""
    settings = {"a": undone_by(**compensation), "b": undone_by(**compensation), "c": python()}
    instance = engine.start("a -> b -> c", settings=settings)
    engine.settle(*engine.claim())
    engine.settle(*engine.claim())
    engine.settle(*engine.claim(), result=DOWN)
    instance.refresh_from_db()
    return instance


def test_a_failed_instance_is_rolled_back_before_it_is_errored(engine: Engine, facts_of: Facts, step_of: Find) -> None:
    instance = failed_instance(engine)
    assert (instance.status, instance.error["name"], instance.ended_at) == ("rolling_back", "Down", None)
    (attempt,) = engine.claim()
    assert (attempt.step.task, attempt.context.is_compensation, attempt.context.cause["name"]) == ("b", True, "Down")
    assert attempt.context.idempotency_key.endswith(":b:1:rollback")
    assert attempt.context.task.settings["action"] == "python"
    assert step_of(instance, "b").status == "rolling_back"
    assert engine.claim("other") == []
    assert engine.settle(attempt) == 1
    assert engine.work() == 1
    instance.refresh_from_db()
    assert (instance.status, instance.error["name"], instance.ended_at) == ("errored", "Down", engine.now)
    assert [step_of(instance, task).status for task in "abc"] == ["rolled_back", "rolled_back", "failed"]
    assert step_of(instance, "a").output == {"n": engine.now.isoformat()}
    assert [entry.get("compensation", False) for entry in step_of(instance, "a").attempts] == [False, True]
    assert facts_of(instance)[-6:] == [
        "AttemptStarted b",
        "StepRolledBack b",
        "AttemptStarted a",
        "StepRolledBack a",
        "RollbackFinished",
        "InstanceFailed",
    ]


def test_a_compensation_is_retried_as_its_own_settings_say(engine: Engine, step_of: Find) -> None:
    instance = failed_instance(engine, retries={"limit": 1, "delay": "1 minute", "backoff": "constant"})
    engine.settle(*engine.claim(), result=FLAKY)
    assert step_of(instance, "b").status == "rolling_back"
    assert Timer.objects.get().purpose == "rollback"
    assert engine.claim() == []
    assert engine.later(minutes=1) == 1
    instance.refresh_from_db()
    assert instance.status == "errored"
    assert [step_of(instance, task).status for task in "ab"] == ["rolled_back", "rolled_back"]
    assert not Timer.objects.exists()


def test_a_rollback_stops_at_the_first_compensation_that_fails(engine: Engine, step_of: Find) -> None:
    instance = failed_instance(engine, retries={"limit": 0})
    engine.settle(*engine.claim(), result=FLAKY)
    instance.refresh_from_db()
    assert (instance.status, instance.error["name"]) == ("errored", "Down")
    assert [step_of(instance, task).status for task in "abc"] == ["completed", "rollback_failed", "failed"]
    finished = instance.facts.get(type="RollbackFinished")
    assert (finished.task, finished.data["outcome"], finished.data["error"]["name"]) == ("b", "failed", "Flaky")
    assert engine.claim() == []


def test_a_compensation_whose_worker_goes_away_is_repeated(engine: Engine, step_of: Find) -> None:
    instance = failed_instance(engine)
    (lost,) = engine.claim("lost")
    assert engine.claim() == []
    engine.later(seconds=31)
    instance.refresh_from_db()
    assert instance.status == "errored"
    assert engine.settle(lost, name="lost") == 0
    assert step_of(instance, "b").lost_leases == 1


def test_a_process_that_comes_back_goes_on_with_the_rollback_at_once(engine: Engine, step_of: Find) -> None:
    instance = failed_instance(engine)
    (lost,) = engine.claim("lost")
    assert recover_alone(engine.now) == 1
    (again,) = engine.claim()
    assert (again.step, again.number, again.context.is_compensation) == (lost.step, lost.number, True)
    assert again.context.idempotency_key == lost.context.idempotency_key
    assert engine.settle(again) == 1
    assert engine.settle(lost, name="lost") == 0
    engine.work()
    assert [step_of(instance, task).status for task in "ab"] == ["rolled_back", "rolled_back"]


def test_more_compensations_than_one_transaction_makes_are_left_to_workers(
    engine: Engine, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.services.rounds.MOST_EXECUTIONS", 2)
    undo = {"action": "set_values", "inputs": {"values": {}}}
    settings = {task: {**undo, "compensation": undo} for task in "abcde"}
    instance = engine.start("a -> b -> c -> d -> e -> ask", kinds={"ask": "manual"}, settings=settings)
    engine.work()
    terminate(scope, instance, rollback=True, now=engine.now)
    assert instance.status == "rolling_back"
    engine.work()
    instance.refresh_from_db()
    assert (instance.status, instance.steps.filter(status="rolled_back").count()) == ("terminated", 5)


def test_a_compensation_that_takes_too_long_has_timed_out(engine: Engine, step_of: Find) -> None:
    instance = failed_instance(engine, retries={"limit": 0}, timeout="2 seconds")
    engine.settle(*engine.claim(), result=None)
    error = instance.facts.get(type="RollbackFinished").data["error"]
    assert error["message"] == "The attempt took longer than 2 s."


def test_terminating_with_a_rollback_says_who_and_why(engine: Engine, scope: Scope, step_of: Find) -> None:
    instance = engine.start("a -> ask", kinds={"ask": "manual"}, settings={"a": undone_by()})
    engine.work()
    terminate(scope, instance, rollback=True, reason="a mistake", now=engine.now)
    assert (instance.status, instance.ended_at) == ("rolling_back", None)
    assert step_of(instance, "ask").status == "cancelled"
    (attempt,) = engine.claim()
    assert attempt.context.cause is None
    engine.settle(attempt)
    instance.refresh_from_db()
    assert (instance.status, instance.ended_at, instance.error) == ("terminated", engine.now, None)
    started = instance.facts.get(type="RollbackStarted").data
    assert (started["reason"], started["before"], started["after"]) == (
        "a mistake",
        {"status": "waiting"},
        {"status": "rolling_back"},
    )
    assert started["steps"] == [{"task": "a", "iteration": 1}]
    assert AuditEntry.objects.get(action="instance.terminated").after["status"] == "rolling_back"
    assert instance.facts.get(type="InstanceTerminated").data["reason"] == "a mistake"


def test_values_are_set_back_at_once(engine: Engine, scope: Scope) -> None:
    """A compensation without an outside effect needs no worker."""
    undo = {"action": "set_values", "inputs": {"values": {"stock": "{{ steps.take.output.before }}"}}}
    settings = {"take": {"inputs": {"values": {"before": 7, "stock": 6}}, "compensation": undo}}
    instance = engine.start("take -> ask", kinds={"ask": "manual"}, settings=settings)
    terminate(scope, instance, rollback=True, now=engine.now)
    assert (instance.status, instance.vars) == ("terminated", {"before": 7, "stock": 7})


def test_each_round_is_undone_with_what_it_saw(engine: Engine, scope: Scope) -> None:
    undo = {"action": "set_values", "inputs": {"values": {"undone": "{{ vars.undone }} {{ steps.take.output.n }}"}}}
    values = {"n": "{{ vars.n | default: 0 | plus: 1 }}", "undone": ""}
    settings = {"take": {"inputs": {"values": values}, "compensation": undo}}
    instance = engine.start(
        "trigger -> take -> d; d -again-> take; d -done-> ask",
        kinds={"ask": "manual"},
        settings=settings,
        loops={"d": ("again", "done", 3)},
        input={"again": True},
    )
    terminate(scope, instance, rollback=True, now=engine.now)
    assert instance.vars["undone"].split() == ["3", "2", "1"]


def test_a_terminate_gives_a_rollback_up_and_a_late_result_is_refused(
    engine: Engine, scope: Scope, step_of: Find
) -> None:
    instance = failed_instance(engine)
    (attempt,) = engine.claim()
    terminate(scope, instance, now=engine.now)
    assert (instance.status, step_of(instance, "b").status) == ("terminated", "rollback_failed")
    assert engine.settle(attempt) == 0
    assert engine.claim() == []


def test_a_restart_gives_a_rollback_up(engine: Engine, scope: Scope, step_of: Find) -> None:
    instance = failed_instance(engine)
    restart(scope, instance, now=engine.now)
    assert instance.status == "running"
    assert engine.work() == 3
    instance.refresh_from_db()
    assert (instance.status, step_of(instance, "b").iteration) == ("complete", 2)


@pytest.mark.parametrize("act", [pause, retry])
def test_little_else_is_legal_meanwhile(engine: Engine, scope: Scope, act: Callable[..., Instance]) -> None:
    instance = failed_instance(engine)
    with pytest.raises(NotLegalNow):
        act(scope, instance)
    with pytest.raises(NotLegalNow, match="already rolling back"):
        terminate(scope, instance, rollback=True)


def test_what_was_rolled_back_is_not_retried_and_says_so(engine: Engine, scope: Scope) -> None:
    instance = failed_instance(engine)
    for _ in "ba":
        engine.settle(*engine.claim())
    instance.refresh_from_db()
    assert instance.status == "errored"
    why_not = legal_actions(instance)["retry"]
    assert why_not is not None
    assert "was rolled back: restart the instance" in why_not
    with pytest.raises(NotLegalNow, match="was rolled back"):
        retry(scope, instance)
