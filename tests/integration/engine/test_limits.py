"""Limits of steps, facts and payloads: a warning first, then an error with a name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.core.ports import Completed
from engine.models import Fact, Instance, Step
from engine.services import interventions, limits
from engine.services.events import send_event
from engine.services.executing import storable
from engine.services.human_tasks import complete_step
from engine.services.instances import start_instance
from tests.drawing import draw
from tests.integration.engine.conftest import Engine, python

StepOf = Callable[..., Step]


def endless(**flow_limits: int) -> Any:
    """A flow that goes round for ever."""
    return draw(
        "a -> more; more -again-> a; more -done-> end",
        loops={"more": ("again", "done", 1000)},
        limits=flow_limits,
    )


def warnings(instance: Instance) -> list[dict[str, Any]]:
    return list(Fact.objects.filter(instance=instance, type="InstanceWarned").values_list("data", flat=True))


@pytest.mark.parametrize(
    ("flow_limits", "error", "words"),
    [
        ({"max_steps": 100}, "TooManySteps", "has run 100 steps"),
        ({"max_facts": 200}, "HistoryTooLong", "its flow allows 200"),
    ],
)
def test_an_instance_is_warned_and_then_fails(
    engine: Engine, flow_limits: dict[str, int], error: str, words: str
) -> None:
    instance = engine.start(endless(**flow_limits), input={"again": True})
    engine.work()
    instance.refresh_from_db()
    assert instance.status == "errored"
    assert (instance.error["name"], words in instance.error["message"]) == (error, True)
    ((name, most),) = flow_limits.items()
    (warned,) = warnings(instance)
    assert (warned["limit"], warned["most"]) == (name, most)
    assert 0.8 * most < warned["count"] <= 0.8 * most + 10


def test_an_instance_that_is_sent_too_many_events_is_warned_before_its_next_step_fails(
    engine: Engine, step_of: StepOf
) -> None:
    instance = engine.start("ask -> a", kinds={"ask": "manual"}, limits={"max_facts": 100})
    for _ in range(120):
        send_event(engine.scope, instance, type="x", now=engine.now)
    (warned,) = warnings(instance)
    assert (warned["limit"], warned["count"], warned["most"]) == ("max_facts", 81, 100)
    complete_step(engine.scope, step_of(instance, "ask"), now=engine.now)
    engine.work()
    instance.refresh_from_db()
    assert (instance.status, instance.error["name"]) == ("errored", "HistoryTooLong")


def test_the_defaults_hold_where_a_flow_says_nothing(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_STEPS", 50)
    instance = engine.start(endless(), input={"again": True})
    engine.work()
    instance.refresh_from_db()
    assert instance.error["name"] == "TooManySteps"


def test_a_flow_that_catches_its_failures_ends_as_well(engine: Engine) -> None:
    flow = draw(
        "a -> more; a -!-> more[any]; more -again-> a; more -done-> end",
        loops={"more": ("again", "done", 1000)},
        limits={"max_steps": 30},
    )
    instance = engine.start(flow, input={"again": True})
    engine.work()
    instance.refresh_from_db()
    assert instance.status == "errored"


def test_a_restart_begins_to_count_anew(engine: Engine) -> None:
    flow = draw("a -> b -> c", settings={"a": python(), "b": python(), "c": python()}, limits={"max_steps": 3})
    instance = engine.start(flow)
    for _ in range(3):
        engine.work()
        instance.refresh_from_db()
        assert instance.status == "complete"
        interventions.restart(engine.scope, instance, now=engine.now)


@pytest.mark.parametrize("size", [1024 * 1024, 1024 * 1024 + 1])
def test_an_output_has_at_most_one_mebibyte(engine: Engine, step_of: StepOf, size: int) -> None:
    instance = engine.start("a", settings={"a": python()})
    (attempt,) = engine.claim()
    text = "x" * (size - 2)  # and its two quotes
    engine.settle(attempt, result=storable(Completed(output=text)))
    step = step_of(instance, "a")
    if size == 1024 * 1024:
        assert (step.status, step.output) == ("completed", text)
    else:
        assert (step.status, step.error["name"]) == ("failed", "NotStorable")
        assert "larger than 1 MiB" in step.error["message"]


def test_an_output_of_a_child_is_no_exception(engine: Engine, step_of: StepOf) -> None:
    long = {"action": "set_values", "inputs": {"values": {"x": "{{ input }}"}}}
    engine.publish(draw("a,b,c", key="child", settings=dict.fromkeys("abc", long)))
    parent = engine.publish(
        draw("ask", kinds={"ask": "call"}, settings={"ask": {"flow": "child", "inputs": {"t": "{{ input }}"}}})
    )
    instance = start_instance(engine.scope, parent, input="x" * 500_000, now=engine.now)
    engine.work()
    assert step_of(instance, "ask").error["name"] == "NotStorable"
