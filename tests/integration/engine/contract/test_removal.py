"""Finished instances are removed beside those that run, and whoever still speaks of them is not heard."""

from __future__ import annotations

from datetime import timedelta

from engine.core.ports import Completed
from engine.models import Event, Fact, Instance, Step, Timer
from engine.services.events import send_event
from engine.services.interventions import restart
from engine.services.retention import remove_finished
from engine.services.timers import fire_due_timers
from tests.integration.engine.conftest import NOON, Engine, python

DAY = timedelta(days=1)
KEPT = {"settings": {"a": python()}, "retention": {"success": "1 hour", "failure": "1 hour"}}


def test_what_belongs_to_a_removed_instance_goes_with_it(engine: Engine) -> None:
    instance = engine.start("a", **KEPT)
    send_event(engine.scope, instance, type="go", now=NOON)
    engine.work()
    assert remove_finished(NOON + DAY) == 1
    counts = [rows.objects.filter(instance=instance.pk).count() for rows in (Fact, Step, Event, Timer)]
    assert counts == [0, 0, 0, 0]
    assert remove_finished(NOON + DAY) == 0


def test_those_that_run_beside_it_are_not_touched(engine: Engine) -> None:
    row = engine.publish("a", **KEPT)
    first, second = engine.start(row), engine.start(row)
    claimed = {attempt.step.instance_id: attempt for attempt in engine.claim()}
    engine.settle(claimed[first.pk])
    count = Fact.objects.filter(instance=second.pk).count()
    assert remove_finished(NOON + DAY) == 1
    assert list(Instance.objects.values_list("pk", flat=True)) == [second.pk]
    assert Fact.objects.filter(instance=second.pk).count() == count
    assert engine.settle(claimed[second.pk]) == 1


def test_a_result_for_a_removed_instance_is_refused_and_harms_nobody(engine: Engine) -> None:
    row = engine.publish("a,b", settings={"a": python(), "b": python()}, retention=KEPT["retention"])
    gone, other = engine.start(row), engine.start(row)
    attempts = engine.claim()
    Instance.objects.filter(pk=gone.pk).update(status="terminated", ended_at=NOON)
    assert remove_finished(NOON + DAY) == 1
    assert engine.settle(*attempts, result=Completed(output="late")) == 2
    assert Instance.objects.get().pk == other.pk
    assert set(Step.objects.values_list("instance", flat=True)) == {other.pk}


def test_a_timer_of_a_removed_instance_does_not_fire(engine: Engine) -> None:
    instance = engine.start("sleep", kinds={"sleep": "delay"}, retention=KEPT["retention"])
    Instance.objects.filter(pk=instance.pk).update(status="terminated", ended_at=NOON)
    assert remove_finished(NOON + DAY) == 1
    assert fire_due_timers(NOON + DAY) == 0


def test_an_instance_that_was_restarted_in_time_stays(engine: Engine) -> None:
    instance = engine.start("a", **KEPT)
    engine.work()
    restart(engine.scope, instance, now=NOON)
    assert remove_finished(NOON + DAY) == 0
    assert engine.work() == 1
