"""Final states are written once; facts are numbered without gaps, whoever writes, and never change."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.scope import Scope
from engine.core.facts import Fact as CoreFact
from engine.core.facts import FactType
from engine.core.ports import Completed
from engine.models import Fact, Instance, Step
from engine.services.advancing import Change, apply_facts, change_instances
from engine.services.errors import KeyTaken, NotLegalNow
from engine.services.events import send_event
from engine.services.history import facts_after
from engine.services.instances import StartRequest, start_instance, start_instances
from engine.services.interventions import pause, restart, resume, retry, terminate
from engine.storage import storage
from engine.storage.contract import Batch, FactRow
from tests.integration.engine.conftest import NOON, Engine, python, rolled_back

ONE = {"settings": {"a": python()}}
STEERING = {
    "pause": pause,
    "resume": resume,
    "terminate": terminate,
    "retry": retry,
    "an event": lambda scope, instance, **_: send_event(scope, instance, type="go", now=NOON),
}


def end(engine: Engine, how: str) -> Instance:
    """An instance that has ended."""
    settings = {"a": python("raise" if how == "errored" else "noop", retries={"limit": 0})}
    instance = engine.start("a", settings=settings)
    if how == "terminated":
        terminate(engine.scope, instance, now=engine.now)
    engine.work()
    instance.refresh_from_db()
    assert instance.status == how
    return instance


@pytest.mark.parametrize("what", STEERING)
@pytest.mark.parametrize("how", ["complete", "errored", "terminated"])
def test_nothing_but_restart_and_retry_leads_out_of_an_end(engine: Engine, how: str, what: str) -> None:
    instance = end(engine, how)
    before = (Fact.objects.filter(instance=instance).count(), instance.status, instance.output, instance.ended_at)
    if (how, what) == ("errored", "retry"):
        STEERING[what](engine.scope, instance, now=engine.now)
        assert Instance.objects.get(pk=instance.pk).status != how
        return
    with pytest.raises(NotLegalNow):
        STEERING[what](engine.scope, instance, now=engine.now)
    row = Instance.objects.get(pk=instance.pk)
    assert (Fact.objects.filter(instance=instance).count(), row.status, row.output, row.ended_at) == before


FINAL_STEPS = [
    CoreFact(FactType.STEP_COMPLETED, NOON, "a", 1, {"number": 1}),
    CoreFact(FactType.STEP_FAILED, NOON, "a", 1, {"error": {"name": "X", "message": "x"}}),
    CoreFact(FactType.STEP_SKIPPED, NOON, "a", 1, {"reason": "no"}),
    CoreFact(FactType.ATTEMPT_STARTED, NOON, "a", 1, {"number": 2}),
    CoreFact(FactType.ATTEMPT_FAILED, NOON, "a", 1, {"number": 1, "error": {"name": "X", "message": "x"}}),
    CoreFact(FactType.ATTEMPT_TIMED_OUT, NOON, "a", 1, {"number": 1, "error": {"name": "X", "message": "x"}}),
    CoreFact(FactType.STEP_WAITING, NOON, "a", 1, {"for": "event", "event_type": "go"}),
]


@pytest.mark.parametrize("fact", FINAL_STEPS, ids=lambda fact: fact.type.value)
def test_a_step_that_has_ended_stays_as_it_is(engine: Engine, step_of: Callable[..., Step], fact: CoreFact) -> None:
    instance = engine.start("a -> ask", settings={"a": python("echo", arguments={"n": 1})}, kinds={"ask": "manual"})
    engine.work()
    before = Step.objects.filter(pk=step_of(instance, "a").pk).values().get()
    with pytest.raises(NotLegalNow):
        apply_facts(instance.pk, [fact], NOON)
    assert Step.objects.filter(pk=before["id"]).values().get() == before


def test_a_fact_number_is_given_once(engine: Engine) -> None:
    instance = engine.start("a", **ONE)
    with pytest.raises(IntegrityError), transaction.atomic():
        storage().write(Batch(facts=[FactRow(instance.pk, 1, "InstanceQueued", NOON, "", 0, {}, False)]))


def test_a_change_that_is_refused_uses_no_number(engine: Engine) -> None:
    instance = engine.start("a", **ONE)
    count = Instance.objects.get(pk=instance.pk).fact_count

    def refuse(case: Any) -> None:
        raise NotLegalNow("no")

    def note(case: Any) -> None:
        case.tell(case.fact(FactType.EVENT_RECEIVED, type="x", event=0))

    outcomes = change_instances([Change(instance.pk, refuse), Change(instance.pk, note)], now=NOON)
    assert [outcome.refusal is None for outcome in outcomes] == [False, True]
    assert Instance.objects.get(pk=instance.pk).fact_count == count + 1


def test_a_change_that_is_rolled_back_uses_no_number(engine: Engine) -> None:
    instance = engine.start("a", **ONE)
    count = Instance.objects.get(pk=instance.pk).fact_count
    with rolled_back():
        pause(engine.scope, instance, now=engine.now)
    pause(engine.scope, instance, now=engine.now)
    numbers = list(Fact.objects.filter(instance=instance).order_by("number").values_list("number", flat=True))
    assert numbers[count:] == list(range(count + 1, len(numbers) + 1))


def test_an_instance_that_breaks_in_a_batch_loses_nothing_and_harms_nobody(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = engine.publish("a", **ONE)
    good, bad = engine.start(row), engine.start(row)
    state, count = Instance.objects.values_list("state", "fact_count").get(pk=bad.pk)
    Instance.objects.filter(pk=bad.pk).update(state="{nonsense")
    assert len(engine.claim()) == 1
    assert Step.objects.get(instance=good).status == "running"
    assert Fact.objects.filter(instance=bad).count() == count
    Instance.objects.filter(pk=bad.pk).update(state=state)


def test_facts_after_a_number_come_in_order_without_gaps(engine: Engine) -> None:
    instance = engine.start("a -> b", settings={"a": python(), "b": python()})
    engine.work()
    numbers = [fact.number for fact in facts_after(instance, 3)]
    assert numbers == list(range(4, Instance.objects.get(pk=instance.pk).fact_count + 1))


def test_a_restart_goes_on_counting(engine: Engine) -> None:
    instance = engine.start("a", **ONE)
    engine.work()
    before = Instance.objects.get(pk=instance.pk).fact_count
    restart(engine.scope, instance, now=engine.now)
    assert min(fact.number for fact in facts_after(instance, before)) == before + 1


@pytest.mark.django_db(transaction=True)
def test_many_writers_number_the_facts_of_one_instance_without_gaps(engine: Engine, scope: Scope) -> None:
    instance = engine.start("wait", kinds={"wait": "wait_event"}, settings={"wait": {"event_type": "never"}})
    begin = threading.Barrier(5)

    def write() -> None:
        begin.wait()
        for _ in range(10):
            send_event(scope, instance, type="other", now=engine.now)
        connection.close()

    threads = [threading.Thread(target=write) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = list(Fact.objects.filter(instance=instance).order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert Fact.objects.filter(instance=instance, type="EventReceived").count() == 50


# -- keys of instances ------------------------------------------------------------------------------------------------


def test_a_key_names_one_instance_of_a_flow(engine: Engine) -> None:
    row, other = engine.publish("a", **ONE), engine.publish("a", key="other", **ONE)
    start_instance(engine.scope, row, key="mine", now=NOON)
    with pytest.raises(KeyTaken):
        start_instance(engine.scope, row, key="mine", now=NOON)
    assert start_instance(engine.scope, other, key="mine", now=NOON).key == "mine"


def test_a_start_of_several_with_one_key_taken_starts_none(engine: Engine) -> None:
    row = engine.publish("a", **ONE)
    start_instance(engine.scope, row, key="two", now=NOON)
    with pytest.raises(KeyTaken):
        start_instances(engine.scope, row, [StartRequest(key=key) for key in ("one", "two", "three")], now=NOON)
    assert set(Instance.objects.values_list("key", flat=True)) == {"two"}


@pytest.mark.django_db(transaction=True)
def test_of_many_who_start_with_one_key_one_does(engine: Engine) -> None:
    row = engine.publish("a", **ONE)
    begin = threading.Barrier(6)
    outcomes: list[str] = []

    def start() -> None:
        begin.wait()
        try:
            start_instance(engine.scope, row, key="mine", now=NOON)
            outcomes.append("started")
        except KeyTaken:
            outcomes.append("taken")
        connection.close()

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["started"] + ["taken"] * 5
    assert Step.objects.count() == 1


def test_the_output_of_a_completed_step_is_written_with_its_facts(engine: Engine) -> None:
    instance = engine.start("a -> b", settings={"a": python(), "b": python()})
    (attempt,) = engine.claim()
    with rolled_back():
        engine.settle(attempt, result=Completed(output={"n": 1}))
    step = Step.objects.get(instance=instance, task="a")
    assert (step.status, step.output) == ("running", None)
    assert not Fact.objects.filter(instance=instance, type="StepCompleted").exists()
    engine.workers.clear()
    assert engine.settle(attempt, result=Completed(output={"n": 1})) == 1
    assert Step.objects.get(instance=instance, task="a").output == {"n": 1}
