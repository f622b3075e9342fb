"""Finished instances go when their time is over, and only those."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from designer.graph.model import Flow as Graph
from designer.services.versions import delete_flow
from engine.calls.models import Call
from engine.models import Event, Fact, Instance, Step
from engine.runners.beats import Seldom
from engine.services import interventions, removing
from engine.services.events import send_event
from engine.services.human_tasks import complete_step
from engine.services.instances import StartRequest, start_instances
from engine.services.retention import remove_finished
from tests.drawing import draw
from tests.integration.engine.conftest import Engine, python

StepOf = Callable[..., Step]
ONE_DAY = {"success": "1 day", "failure": "1 day"}
BREAK = {"action": "raise_error", "inputs": {"message": "No."}}


def keys() -> list[str]:
    return list(Instance.objects.order_by("pk").values_list("key", flat=True))


def test_success_and_failure_have_times_of_their_own(engine: Engine) -> None:
    flow = draw(
        "choose -yes-> fail; choose -no-> ask; choose -none_met-> end",
        kinds={"ask": "manual"},
        settings={"fail": BREAK},
        retention={"success": "10 days", "failure": "30 days"},
    )
    row = engine.publish(flow)
    done, failed, open_, ended = start_instances(
        engine.scope,
        row,
        [
            StartRequest(key="done", input={"yes": False, "no": False}),
            StartRequest(key="failed", input={"yes": True, "no": False}),
            StartRequest(key="open", input={"yes": False, "no": True}),
            StartRequest(key="ended", input={"yes": False, "no": True}),
        ],
        now=engine.now,
    )
    interventions.terminate(engine.scope, ended, now=engine.now)
    send_event(engine.scope, open_, type="x", now=engine.now)
    assert remove_finished(engine.now + timedelta(days=10)) == 0
    assert remove_finished(engine.now + timedelta(days=10, seconds=1)) == 1
    assert keys() == ["failed", "open", "ended"]
    assert remove_finished(engine.now + timedelta(days=31)) == 2
    assert keys() == ["open"]
    for table in (Step, Fact, Event):
        assert set(table.objects.values_list("instance_id", flat=True)) == {open_.pk}
    assert {done.pk, failed.pk}.isdisjoint(Instance.objects.values_list("pk", flat=True))


def test_without_a_retention_everything_is_kept(engine: Engine) -> None:
    engine.start("a")
    engine.start(draw("a", key="half", retention={"failure": "1 day"}))
    assert remove_finished(engine.now + timedelta(days=9999)) == 0
    assert Instance.objects.count() == 2


def test_one_batch_is_bounded(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    row = engine.publish(draw("a", retention={"success": "1 day"}))
    start_instances(engine.scope, row, [StartRequest(key=f"k{n}") for n in range(7)], now=engine.now)
    later = engine.now + timedelta(days=2)
    assert remove_finished(later, 3) == 3
    assert len(keys()) == 4  # all ended at one moment: any of them may be first
    monkeypatch.setattr(removing, "MOST_FACTS", Instance.objects.latest("pk").fact_count * 2)
    assert remove_finished(later) == 2
    monkeypatch.setattr(removing, "MOST_FACTS", 1)
    assert [remove_finished(later) for _ in range(3)] == [1, 1, 0]


def test_one_that_was_restarted_stays(engine: Engine) -> None:
    instance = engine.start(draw("a", settings={"a": python()}, retention={"success": "1 day"}))
    engine.work()
    engine.now += timedelta(days=2)
    interventions.restart(engine.scope, instance, now=engine.now)
    assert remove_finished(engine.now) == 0
    engine.work()
    assert remove_finished(engine.now) == 0
    assert remove_finished(engine.now + timedelta(days=2)) == 1


def test_a_child_that_is_gone_is_still_named_by_its_parent(engine: Engine) -> None:
    engine.publish(draw("a", key="child", retention={"success": "1 day"}))
    parent = engine.start(draw("ask", kinds={"ask": "call"}, settings={"ask": {"flow": "child"}}))
    engine.work()
    assert remove_finished(engine.now + timedelta(days=2)) == 1
    call = Call.objects.get(parent=parent)
    assert (call.child, call.child_key) == (None, f"call-{parent.pk}-ask-1")


def test_a_parent_that_is_gone_does_not_hold_up_the_end_of_its_child(engine: Engine, step_of: StepOf) -> None:
    engine.publish(draw("wait", key="child", kinds={"wait": "manual"}))
    settings = {"ask": {"flow": "child", "wait": False}}
    engine.start(draw("ask", kinds={"ask": "call"}, settings=settings, retention={"success": "1 day"}))
    engine.work()
    assert remove_finished(engine.now + timedelta(days=2)) == 1
    child = Instance.objects.get()
    interventions.terminate(engine.scope, child, now=engine.now)
    engine.work()
    child.refresh_from_db()
    assert child.status == "terminated"


def test_a_verb_is_asked_seldom_while_it_finds_nothing() -> None:
    answers = iter([2, 0, 5])
    seldom = Seldom(3600, lambda now: next(answers))
    assert [seldom(timezone.now()) for _ in range(4)] == [2, 0, 0, 0]


# -- what one that is gone had yet to tell ----------------------------------------------------------------------------

ASK = draw("ask -> after", key="parent", kinds={"ask": "call"}, settings={"ask": {"flow": "child"}})


def calling(engine: Engine, child: Graph, parent: Graph = ASK) -> tuple[Instance, Instance]:
    """An instance of `parent` and the child that it has called."""
    engine.publish(child)
    caller = engine.start(parent)
    engine.work()
    return caller, Instance.objects.get(call__parent=caller)


def test_a_parent_hears_of_a_child_that_is_gone_by_then(
    engine: Engine, step_of: StepOf, status_of: Callable[..., str]
) -> None:
    parent, child = calling(engine, draw("wait", key="child", kinds={"wait": "manual"}, retention=ONE_DAY))
    # Its machine is off from then on, for longer than the child is kept.
    complete_step(engine.scope, step_of(child, "wait"), output={"n": 7}, now=engine.now)
    engine.now += timedelta(days=2)
    assert remove_finished(engine.now) == 1
    assert status_of(parent) == "waiting"
    engine.work()
    step = step_of(parent, "ask")
    assert (status_of(parent), step.output, step.is_sensitive) == ("complete", {"n": 7}, False)


def test_what_a_child_that_is_gone_kept_to_itself_stays_hidden(
    engine: Engine, step_of: StepOf, status_of: Callable[..., str]
) -> None:
    hidden = python("echo", arguments={"n": 7}, sensitive="output")
    child_flow = draw("wait -> a", key="child", kinds={"wait": "manual"}, settings={"a": hidden}, retention=ONE_DAY)
    parent, child = calling(engine, child_flow)
    complete_step(engine.scope, step_of(child, "wait"), now=engine.now)
    engine.settle(*engine.claim())
    engine.now += timedelta(days=2)
    assert remove_finished(engine.now) == 1
    engine.work()
    step = step_of(parent, "ask")
    assert (status_of(parent), step.output, step.is_sensitive) == ("complete", {"n": 7}, True)


def test_a_parent_hears_that_a_child_was_terminated_that_is_gone_by_then(
    engine: Engine, step_of: StepOf, status_of: Callable[..., str]
) -> None:
    parent, child = calling(engine, draw("wait", key="child", kinds={"wait": "manual"}, retention=ONE_DAY))
    interventions.terminate(engine.scope, child, now=engine.now)
    engine.now += timedelta(days=2)
    assert remove_finished(engine.now) == 1
    engine.work()
    error = step_of(parent, "ask").error
    assert (status_of(parent), error["name"], error["instance"]) == ("errored", "CallTerminated", child.key)


def test_a_child_is_stopped_whose_parent_is_gone_by_then(engine: Engine, status_of: Callable[..., str]) -> None:
    parent, child = calling(
        engine, draw("wait", key="child", kinds={"wait": "manual"}), replace(ASK, retention=ONE_DAY)
    )
    interventions.terminate(engine.scope, parent, now=engine.now)
    engine.now += timedelta(days=2)
    assert remove_finished(engine.now) == 1
    assert status_of(child) == "waiting"
    engine.work()
    assert status_of(child) == "terminated"


def test_a_parent_hears_of_a_child_whose_flow_is_deleted(
    engine: Engine, step_of: StepOf, status_of: Callable[..., str]
) -> None:
    parent, child = calling(engine, draw("wait", key="child", kinds={"wait": "manual"}))
    complete_step(engine.scope, step_of(child, "wait"), output={"n": 7}, now=engine.now)
    delete_flow(engine.scope, child.flow, with_finished=True)
    assert not Instance.objects.filter(pk=child.pk).exists()
    engine.work()
    assert (status_of(parent), step_of(parent, "ask").output) == ("complete", {"n": 7})
