"""Delays, timeouts and events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from accounts.scope import Scope
from engine.models import Event, Instance, Step, Timer
from engine.services.errors import InvalidInput, NotLegalNow
from engine.services.events import send_event
from engine.services.interventions import pause, resume
from tests.drawing import draw
from tests.integration.engine.conftest import Engine, python

Find = Callable[..., Step]
Status = Callable[[Instance], str]


def waiting(engine: Engine, **settings: object) -> Instance:
    """An instance that waits for the event `go`."""
    return engine.start("wait", kinds={"wait": "wait_event"}, settings={"wait": settings})


def test_a_delay_ends_at_its_moment(engine: Engine, status_of: Status, step_of: Find) -> None:
    instance = engine.start(
        "rest -> a", kinds={"rest": "delay"}, settings={"rest": {"for": "2 minutes"}, "a": python()}
    )
    assert status_of(instance) == "waiting"
    assert step_of(instance, "rest").wakes_at == engine.now + timedelta(minutes=2)
    assert engine.later(seconds=119) == 0
    assert engine.later(seconds=1) == 1
    assert status_of(instance) == "complete"
    assert not Timer.objects.exists()


def test_a_delay_until_a_moment_in_the_data(engine: Engine, status_of: Status) -> None:
    until = (engine.now + timedelta(days=3)).isoformat()
    flow = draw("rest", kinds={"rest": "delay"})
    flow = flow.with_task(replace(flow.tasks["rest"], settings={"until": "{{ input.until }}"}))
    instance = engine.start(flow, input={"until": until})
    engine.later(days=2, hours=23)
    assert status_of(instance) == "waiting"
    engine.later(hours=1)
    assert status_of(instance) == "complete"


def test_timers_of_many_instances_fire_in_one_go(engine: Engine) -> None:
    row = engine.publish("rest", kinds={"rest": "delay"}, settings={"rest": {"for": "1 minute"}})
    for _ in range(10):
        engine.start(row)
    assert engine.later(minutes=1) == 10
    assert set(Instance.objects.values_list("status", flat=True)) == {"complete"}


def test_an_event_satisfies_the_wait(engine: Engine, scope: Scope, status_of: Status, step_of: Find) -> None:
    instance = waiting(engine)
    event = send_event(scope, instance, type="go", payload={"by": "van"}, now=engine.now)
    assert status_of(instance) == "complete"
    assert step_of(instance, "wait").output == {"by": "van"}
    assert (event.consumed_at, event.consumed_by) == (engine.now, step_of(instance, "wait"))
    assert not Timer.objects.exists()


def test_an_event_before_the_wait_is_kept_for_it(
    engine: Engine, scope: Scope, status_of: Status, step_of: Find
) -> None:
    instance = engine.start("a -> wait", kinds={"wait": "wait_event"}, settings={"a": python()})
    event = send_event(scope, instance, type="go", payload=1, now=engine.now)
    assert event.consumed_at is None
    engine.work()
    assert status_of(instance) == "complete"
    assert step_of(instance, "wait").output == 1


def test_events_are_consumed_first_in_first_out_and_each_satisfies_one_wait(
    engine: Engine, scope: Scope, step_of: Find, status_of: Status
) -> None:
    instance = engine.start(
        "a -> one -> two", kinds={"one": "wait_event", "two": "wait_event"}, settings={"a": python()}
    )
    for payload in ("first", "second", "third"):
        send_event(scope, instance, type="go", payload=payload, now=engine.now)
    send_event(scope, instance, type="other", payload="x", now=engine.now)
    engine.work()
    assert (step_of(instance, "one").output, step_of(instance, "two").output) == ("first", "second")
    assert list(Event.objects.filter(consumed_at=None).values_list("payload", flat=True)) == ["third", "x"]


def test_one_event_goes_to_the_step_that_waited_first(engine: Engine, scope: Scope, step_of: Find) -> None:
    instance = engine.start("one; two", kinds={"one": "wait_event", "two": "wait_event"})
    send_event(scope, instance, type="go", payload=1, now=engine.now)
    assert [step_of(instance, task).status for task in ("one", "two")] == ["completed", "waiting"]
    send_event(scope, instance, type="go", payload=2, now=engine.now)
    assert step_of(instance, "two").output == 2


def test_an_event_that_does_not_pass_the_filter_is_kept(engine: Engine, scope: Scope, status_of: Status) -> None:
    instance = waiting(engine, filter='event.carrier == "dhl"')
    for payload in ({"carrier": "ups"}, {"weight": 3}, "text"):
        assert send_event(scope, instance, type="go", payload=payload, now=engine.now).consumed_at is None
    assert status_of(instance) == "waiting"
    send_event(scope, instance, type="go", payload={"carrier": "dhl"}, now=engine.now)
    assert status_of(instance) == "complete"


def test_a_wait_that_times_out_takes_its_error_edge(engine: Engine, status_of: Status, step_of: Find) -> None:
    flow = {"kinds": {"wait": "wait_event"}, "settings": {"wait": {"timeout": "1 hour"}, "late": python()}}
    instance = engine.start("wait -!-> late", **flow)
    engine.later(hours=1)
    assert status_of(instance) == "complete"
    assert step_of(instance, "wait").error["name"] == "WaitTimedOut"
    assert step_of(instance, "late").status == "completed"


def test_a_paused_instance_keeps_its_events_until_it_is_resumed(
    engine: Engine, scope: Scope, status_of: Status, facts_of: Callable[..., list[str]]
) -> None:
    instance = waiting(engine)
    pause(scope, instance, now=engine.now)
    assert send_event(scope, instance, type="go", payload=1, now=engine.now).consumed_at is None
    assert status_of(instance) == "paused"
    resume(scope, instance, now=engine.now)
    assert status_of(instance) == "complete"
    assert facts_of(instance, "EventReceived", "EventConsumed") == ["EventReceived", "EventConsumed wait"]


def test_an_ended_instance_takes_no_events(engine: Engine, scope: Scope) -> None:
    instance = engine.start("a", kinds={"a": "noop"})
    with pytest.raises(NotLegalNow, match="complete"):
        send_event(scope, instance, type="go")
    assert not Event.objects.exists()


@pytest.mark.parametrize("type", ["", "  ", "x" * 201, "a\0b"])
def test_an_event_type_that_is_none_is_refused(engine: Engine, scope: Scope, type: str) -> None:
    instance = waiting(engine)
    with pytest.raises(InvalidInput) as refused:
        send_event(scope, instance, type=type)
    assert refused.value.problems[0][0] == "type"


def test_a_payload_over_one_mebibyte_is_refused(engine: Engine, scope: Scope) -> None:
    instance = waiting(engine)
    with pytest.raises(InvalidInput, match="larger than 1 MiB"):
        send_event(scope, instance, type="go", payload="x" * (1024 * 1024))
