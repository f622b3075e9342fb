"""Fencing: nothing is written by somebody whose lease, or whose idea of an instance, is not the current one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from engine.core.ports import Completed, failed
from engine.models import Fact, Instance, Step
from engine.services.attempts import EndedAttempt, settle_attempts
from engine.services.interventions import pause, restart, terminate
from engine.services.rounds import LEASE, ClaimedAttempt
from engine.storage import storage
from engine.storage.contract import Batch, FactRow, Fence, Outdated, StepKey, StepPatch
from tests.integration.engine.conftest import NOON, Engine, python

ONE = {"settings": {"a": python()}}
RESULTS = {
    "a success": Completed(output="late"),
    "a failure": failed("Late", "too late"),
    "a failure that may be retried": failed("Late", "too late", retryable=True),
    "a timeout": None,
}


def written(instance: Instance) -> list[Any]:
    """Everything there is of an instance."""
    steps = Step.objects.filter(instance=instance).order_by("pk").values_list("task", "status", "output", "attempts")
    facts = Fact.objects.filter(instance=instance).order_by("number").values_list("number", "type", "data")
    return [Instance.objects.values_list("status", "fact_count", "state").get(pk=instance.pk), *steps, *facts]


def lose(engine: Engine) -> tuple[ClaimedAttempt, ClaimedAttempt]:
    """An attempt whose lease ran out, and the one that took its place."""
    (lost,) = engine.claim("first")
    engine.now += LEASE
    (again,) = engine.claim("second")
    return lost, again


@pytest.mark.parametrize("name", RESULTS)
def test_of_a_lost_lease_nothing_is_written(engine: Engine, name: str) -> None:
    instance = engine.start("a", **ONE)
    lost, _ = lose(engine)
    before = written(instance)
    assert engine.settle(lost, result=RESULTS[name], name="first") == 0
    assert written(instance) == before


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_that_is_told_twice_counts_once(engine: Engine, name: str) -> None:
    retries = {"limit": 3, "delay": "1 second"}
    instance = engine.start("a", settings={"a": python(retries=retries)})
    (attempt,) = engine.claim()
    assert engine.settle(attempt, result=RESULTS[name]) == 1
    before = written(instance)
    assert engine.settle(attempt, result=RESULTS[name]) == 0
    assert written(instance) == before


def test_a_worker_that_remembers_an_instance_is_refused_when_its_lease_is_lost(engine: Engine) -> None:
    instance = engine.start("a -> b", settings={"a": python(), "b": python()})
    worker = engine.worker("first", 10)
    (attempt,) = engine.claim("first")
    worker = engine.worker("first", 10)
    settle_attempts([EndedAttempt(attempt, Completed(output=1), engine.now)], worker, now=engine.now)
    (follow_up,) = worker.claimed
    assert instance.pk in worker.rows
    engine.now += LEASE
    (again,) = engine.claim("second")
    before = written(instance)
    assert engine.settle(follow_up, result=Completed(output="late"), name="first") == 0
    assert written(instance) == before
    assert engine.settle(again, result=Completed(output="in time"), name="second") == 1


def test_a_worker_that_remembers_an_instance_sees_what_others_did_to_it(
    engine: Engine, status_of: Callable[..., str]
) -> None:
    instance = engine.start("a -> b", settings={"a": python(), "b": python()})
    (attempt,) = engine.claim()
    pause(engine.scope, instance, now=engine.now)
    assert engine.settle(attempt) == 1
    assert status_of(instance) == "paused"
    assert engine.claim() == []


def test_a_batch_with_one_late_result_writes_the_others(engine: Engine) -> None:
    row = engine.publish("a", **ONE)
    instances = [engine.start(row) for _ in range(5)]
    attempts = engine.claim("first")
    engine.now += LEASE
    (again,) = engine.claim("second", room=1)
    assert engine.settle(*attempts, name="first") == 4
    late = Step.objects.get(instance_id=again.step.instance_id)
    assert late.status == "running"
    assert Step.objects.filter(instance__in=instances, status="completed").count() == 4
    assert engine.settle(again, name="second") == 1


@pytest.mark.parametrize("how", [terminate, restart])
def test_a_result_of_an_instance_that_somebody_ended_or_began_again_is_refused(
    engine: Engine, how: Callable[..., Instance]
) -> None:
    instance = engine.start("a", **ONE)
    (attempt,) = engine.claim()
    how(engine.scope, instance, now=engine.now)
    before = written(instance)
    assert engine.settle(attempt, result=Completed(output="late")) == 0
    assert written(instance) == before


def test_a_result_of_an_earlier_round_is_refused(engine: Engine) -> None:
    instance = engine.start(
        "a -> more; more -again-> a; more -done-> b",
        settings={"a": python(), "b": python()},
        loops={"more": ("again", "done", 3)},
        input={"again": True},
    )
    (first,) = engine.claim()
    engine.settle(first)
    (second,) = engine.claim()
    assert (second.step.task, second.step.iteration) == ("a", 2)
    before = written(instance)
    assert engine.settle(first, result=Completed(output="late")) == 0
    assert written(instance) == before


def fenced_batch(instance: Instance, count: int, token: int) -> tuple[Batch, Fence]:
    step = StepKey(instance.pk, "a", 1)
    batch = Batch(
        facts=[FactRow(instance.pk, 999, "ContextChanged", NOON, "", 0, {}, False)],
        steps={step: StepPatch(instance.environment_id, "automation", {"wakes_at": NOON})},
        instances={instance.pk: {"fact_count": 999}},
    )
    return batch, Fence({instance.pk: count}, {step: token})


@pytest.mark.parametrize(("more_facts", "more_token"), [(1, 0), (-1, 0), (0, 1), (0, -1), (5, 5)])
def test_a_fence_that_does_not_hold_refuses_all(engine: Engine, more_facts: int, more_token: int) -> None:
    instance = engine.start("a", **ONE)
    (attempt,) = engine.claim()
    before = written(instance)
    count = Instance.objects.get(pk=instance.pk).fact_count
    with pytest.raises(Outdated):
        storage().write(*fenced_batch(instance, count + more_facts, attempt.token + more_token))
    assert written(instance) == before


def test_a_fence_around_several_instances_refuses_all_for_one(engine: Engine) -> None:
    row = engine.publish("a", **ONE)
    first, second = engine.start(row), engine.start(row)
    counts = dict(Instance.objects.values_list("pk", "fact_count"))
    before = [written(first), written(second)]
    batch = Batch(instances={first.pk: {"fact_count": 99}, second.pk: {"fact_count": 99}})
    with pytest.raises(Outdated):
        storage().write(batch, Fence({first.pk: counts[first.pk], second.pk: counts[second.pk] + 1}, {}))
    assert [written(first), written(second)] == before


def test_a_refused_write_leaves_the_callers_transaction_usable(engine: Engine) -> None:
    instance = engine.start("a", **ONE)
    with transaction.atomic():
        with pytest.raises(Outdated):
            storage().write(*fenced_batch(instance, 999, 1))
        Instance.objects.filter(pk=instance.pk).update(vars={"still": "here"})
    assert Instance.objects.get(pk=instance.pk).vars == {"still": "here"}


def test_a_fence_around_an_instance_that_is_gone_refuses(engine: Engine) -> None:
    instance = engine.start("a", **ONE)
    batch, fence = fenced_batch(instance, 5, 5)
    Instance.objects.filter(pk=instance.pk).delete()
    with pytest.raises(Outdated):
        storage().write(batch, fence)
