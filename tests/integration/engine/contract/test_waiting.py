"""Timers fire in due order, once; events are kept first-in-first-out per type, and each satisfies one wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.scope import Scope
from engine.core.facts import FactType
from engine.models import Event, Fact, Instance, Step, Timer
from engine.services.events import send_event
from engine.services.interventions import pause, restart, resume, terminate
from engine.services.timers import fire_due_timers
from engine.storage import storage
from engine.storage.contract import StepKey, TimerRow
from tests.integration.engine.conftest import NOON, Engine, python, rolled_back

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
SLEEP = {"kinds": {"sleep": "delay"}, "settings": {"sleep": {"for": "1 hour"}}}
WAITS = {
    "kinds": {"one": "wait_event", "two": "wait_event"},
    "settings": {"one": {"event_type": "go"}, "two": {"event_type": "go"}},
}


# -- timers -----------------------------------------------------------------------------------------------------------


def test_a_timer_fires_at_its_moment_not_before(engine: Engine, status_of: Callable[..., str]) -> None:
    instance = engine.start("sleep", **SLEEP)
    assert fire_due_timers(NOON + HOUR - timedelta(microseconds=1)) == 0
    assert fire_due_timers(NOON + HOUR) == 1
    assert status_of(instance) == "complete"


def test_a_timer_fires_once(engine: Engine) -> None:
    instance = engine.start("sleep -> ask", kinds={"sleep": "delay", "ask": "manual"}, settings=SLEEP["settings"])
    assert [fire_due_timers(NOON + HOUR) for _ in range(3)] == [1, 0, 0]
    assert Fact.objects.filter(instance=instance, type="TimerFired").count() == 1
    assert Timer.objects.count() == 0


def test_a_timer_whose_firing_is_rolled_back_fires_again(engine: Engine) -> None:
    instance = engine.start("sleep", **SLEEP)
    with rolled_back():
        assert fire_due_timers(NOON + HOUR) == 1
    assert fire_due_timers(NOON + HOUR) == 1
    assert Fact.objects.filter(instance=instance, type="TimerFired").count() == 1


def test_overdue_timers_fire_in_due_order(engine: Engine) -> None:
    lengths = [5, 1, 4, 2, 3]
    for number, length in enumerate(lengths):
        engine.start(
            "sleep", kinds={"sleep": "delay"}, settings={"sleep": {"for": f"{length} hours"}}, key=f"f{number}"
        )
    fired = []
    while fire_due_timers(NOON + timedelta(days=1), limit=1):
        fired.append(Instance.objects.filter(status="complete").latest("ended_at", "pk"))
        Instance.objects.filter(status="complete").update(ended_at=NOON)
    order = [f.instance_id for f in Fact.objects.filter(type="TimerFired").order_by("pk")]
    by_length = [
        pk for _, pk in sorted(zip(lengths, Instance.objects.order_by("pk").values_list("pk", flat=True), strict=True))
    ]
    assert order == by_length


def test_a_batch_of_timers_is_limited(engine: Engine) -> None:
    row = engine.publish("sleep", **SLEEP)
    for _ in range(7):
        engine.start(row)
    assert [fire_due_timers(NOON + HOUR, limit=3) for _ in range(4)] == [3, 3, 1, 0]


def test_a_timer_of_a_step_that_has_moved_on_does_nothing(engine: Engine) -> None:
    instance = engine.start(
        "one", kinds={"one": "wait_event"}, settings={"one": {"event_type": "go", "timeout": "1 hour"}}
    )
    send_event(engine.scope, instance, type="go", now=NOON)
    storage().set_timers([TimerRow(instance.pk, "one", 1, "timeout", NOON, False)])
    count = Fact.objects.count()
    assert fire_due_timers(NOON) == 1
    assert Fact.objects.count() == count
    assert Timer.objects.count() == 0


def test_the_timers_of_an_ended_step_go_with_it(engine: Engine) -> None:
    instance = engine.start(
        "one", kinds={"one": "wait_event"}, settings={"one": {"event_type": "go", "timeout": "1 hour"}}
    )
    assert Timer.objects.count() == 1
    send_event(engine.scope, instance, type="go", now=NOON)
    assert Timer.objects.count() == 0


@pytest.mark.parametrize("how", [terminate, restart])
def test_the_timers_of_an_instance_go_with_its_history(engine: Engine, how: Callable[..., Any]) -> None:
    instance = engine.start("a -> sleep", kinds={"sleep": "delay"}, settings={**SLEEP["settings"], "a": python()})
    engine.work()
    assert Timer.objects.count() == 1
    how(engine.scope, instance, now=engine.now)
    assert Timer.objects.count() == 0


def test_timers_of_paused_instances_wait_and_are_shifted(engine: Engine, status_of: Callable[..., str]) -> None:
    instance = engine.start("sleep", **SLEEP)
    pause(engine.scope, instance, now=NOON + SECOND)
    assert fire_due_timers(NOON + 3 * HOUR) == 0
    resume(engine.scope, instance, now=NOON + SECOND + 2 * HOUR)
    assert Timer.objects.get().due_at == NOON + 3 * HOUR
    assert fire_due_timers(NOON + 3 * HOUR - SECOND) == 0
    assert fire_due_timers(NOON + 3 * HOUR) == 1


def test_a_due_date_to_come_is_shifted_with_its_timer_and_one_that_has_passed_is_not(engine: Engine) -> None:
    due = {task: {"due": {"for": f"{hours} hours"}} for task, hours in (("past", 1), ("later", 3))}
    due["both"] = {"due": {"for": "3 hours"}, "expires": "5 hours"}
    instance = engine.start("past,later,both", kinds=dict.fromkeys(due, "manual"), settings=due)
    assert fire_due_timers(NOON + HOUR) == 1
    pause(engine.scope, instance, now=NOON + 2 * HOUR)
    resume(engine.scope, instance, now=NOON + 12 * HOUR)
    shown = {step.task: (step.due_at, step.wakes_at) for step in Step.objects.all()}
    due_at = NOON + 13 * HOUR
    assert shown == {"past": (NOON + HOUR, None), "later": (due_at, None), "both": (due_at, NOON + 15 * HOUR)}
    timers = set(Timer.objects.values_list("task", "purpose", "due_at"))
    assert timers == {("later", "due", due_at), ("both", "due", due_at), ("both", "expire", NOON + 15 * HOUR)}


def test_timers_of_other_instances_are_not_touched(engine: Engine) -> None:
    row = engine.publish("sleep", **SLEEP)
    first, second = engine.start(row), engine.start(row)
    terminate(engine.scope, first, now=NOON)
    assert list(Timer.objects.values_list("instance_id", flat=True)) == [second.pk]


def test_a_broken_instance_keeps_its_timer_and_holds_up_nobody(engine: Engine, status_of: Callable[..., str]) -> None:
    row = engine.publish("sleep", **SLEEP)
    bad, good = engine.start(row), engine.start(row)
    state = Instance.objects.get(pk=bad.pk).state
    Instance.objects.filter(pk=bad.pk).update(state="{nonsense")
    fire_due_timers(NOON + HOUR)
    assert status_of(good) == "complete"
    assert Timer.objects.get().instance_id == bad.pk
    Instance.objects.filter(pk=bad.pk).update(state=state)
    fire_due_timers(NOON + 2 * HOUR)
    assert status_of(bad) == "complete"


@pytest.mark.django_db(transaction=True)
def test_clocks_that_tick_at_once_fire_each_timer_once(engine: Engine) -> None:
    row = engine.publish("sleep", **SLEEP)
    for _ in range(40):
        engine.start(row)
    begin = threading.Barrier(4)
    fired: list[int] = []

    def tick() -> None:
        begin.wait()
        for _ in range(20):
            fired.append(fire_due_timers(NOON + HOUR, limit=7))
        connection.close()

    threads = [threading.Thread(target=tick) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while count := fire_due_timers(NOON + HOUR):
        fired.append(count)
    assert sum(fired) == 40
    assert Fact.objects.filter(type="TimerFired").count() == 40
    assert not Instance.objects.unfinished().exists()


# -- events -----------------------------------------------------------------------------------------------------------


def test_an_event_before_the_wait_is_kept_for_it(engine: Engine, status_of: Callable[..., str]) -> None:
    instance = engine.start(
        "a -> one", kinds={"one": "wait_event"}, settings={"one": {"event_type": "go"}, "a": python()}
    )
    event = send_event(engine.scope, instance, type="go", payload=1, now=NOON)
    assert event.consumed_at is None
    engine.work()
    event.refresh_from_db()
    assert (event.consumed_at, event.consumed_by.task) == (NOON, "one")
    assert status_of(instance) == "complete"


def test_events_of_a_type_come_in_the_order_of_their_sending(engine: Engine) -> None:
    instance = engine.start("a -> one -> two", kinds=WAITS["kinds"], settings={**WAITS["settings"], "a": python()})
    for payload in ("first", "second", "third"):
        send_event(engine.scope, instance, type="go", payload=payload, now=NOON)
    engine.work()
    outputs = dict(Step.objects.filter(instance=instance).values_list("task", "output"))
    assert (outputs["one"], outputs["two"]) == ("first", "second")


def test_an_event_satisfies_one_wait(engine: Engine) -> None:
    instance = engine.start("one,two", **WAITS)
    send_event(engine.scope, instance, type="go", now=NOON)
    assert Step.objects.filter(instance=instance, status="completed").count() == 1
    assert Event.objects.exclude(consumed_by=None).count() == 1


def test_events_of_other_types_are_left_alone(engine: Engine) -> None:
    instance = engine.start("one", kinds={"one": "wait_event"}, settings={"one": {"event_type": "go"}})
    send_event(engine.scope, instance, type="stop", now=NOON)
    assert Step.objects.get(instance=instance).status == "waiting"
    assert [kept.type for kept in storage().kept_events([instance.pk])] == ["stop"]


def test_an_event_that_a_filter_does_not_let_pass_is_kept(engine: Engine) -> None:
    settings = {"one": {"event_type": "go", "filter": "event.n > 1"}}
    instance = engine.start("one", kinds={"one": "wait_event"}, settings=settings)
    send_event(engine.scope, instance, type="go", payload={"n": 1}, now=NOON)
    assert Step.objects.get(instance=instance).status == "waiting"
    send_event(engine.scope, instance, type="go", payload={"n": 2}, now=NOON)
    assert Step.objects.get(instance=instance).output == {"n": 2}
    assert len(storage().kept_events([instance.pk])) == 1


def test_events_during_a_pause_are_offered_afterwards(engine: Engine) -> None:
    instance = engine.start("one", kinds={"one": "wait_event"}, settings={"one": {"event_type": "go"}})
    pause(engine.scope, instance, now=NOON)
    send_event(engine.scope, instance, type="go", payload="kept", now=NOON)
    assert Step.objects.get(instance=instance).status == "waiting"
    resume(engine.scope, instance, now=NOON)
    assert Step.objects.get(instance=instance).output == "kept"


def test_an_event_that_is_rolled_back_was_never_there(engine: Engine) -> None:
    instance = engine.start("one", kinds={"one": "wait_event"}, settings={"one": {"event_type": "go"}})
    with rolled_back():
        send_event(engine.scope, instance, type="go", now=NOON)
    assert Event.objects.count() == 0
    assert Step.objects.get(instance=instance).status == "waiting"


def test_only_waiting_steps_are_offered_events(engine: Engine) -> None:
    instance = engine.start("one -> two", **WAITS)
    assert [step.task for step in storage().awaiting_steps([instance.pk])] == ["one"]
    send_event(engine.scope, instance, type="go", now=NOON)
    assert [step.task for step in storage().awaiting_steps([instance.pk])] == ["two"]


def test_who_consumed_an_event_is_noted(engine: Engine) -> None:
    instance = engine.start("one,two", **WAITS)
    step = StepKey(instance.pk, "two", 1)
    event = Event.objects.create(instance=instance, type="x", received_at=NOON)
    storage().consume_events([(event.pk, step)], NOON + SECOND)
    event.refresh_from_db()
    assert (event.consumed_by.task, event.consumed_at) == ("two", NOON + SECOND)


@pytest.mark.django_db(transaction=True)
def test_events_that_are_sent_at_once_are_consumed_once_each(engine: Engine, scope: Scope) -> None:
    waits = [f"w{number}" for number in range(12)]
    instance = engine.start(
        ",".join(waits),
        kinds=dict.fromkeys(waits, "wait_event"),
        settings={wait: {"event_type": "go"} for wait in waits},
    )
    begin = threading.Barrier(4)

    def send() -> None:
        begin.wait()
        for _ in range(3):
            send_event(scope, instance, type="go", now=NOON)
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Instance.objects.get(pk=instance.pk).status == "complete"
    consumed = list(Event.objects.values_list("consumed_by", flat=True))
    assert len(set(consumed)) == 12
    assert Fact.objects.filter(type=FactType.EVENT_CONSUMED.value).count() == 12
