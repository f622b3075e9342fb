"""Instances that call others: started once, waited for, stopped with their parent; news travel both ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from accounts.scope import Scope
from designer.graph.kinds.call import LONGEST_CHAIN
from designer.graph.model import Flow as Graph
from designer.models import Flow
from designer.services.publishing import publish_flow
from engine.calls.models import Call, Signal
from engine.models import Fact, Instance, Step
from engine.runners.embedded import EmbeddedRunner
from engine.services import human_tasks, interventions, moving
from engine.services.calls import deliver_signals
from engine.services.instances import StartRequest, start_instances
from tests.drawing import draw
from tests.integration.engine.conftest import Engine
from tests.integration.engine.test_embedded_runner import until

StepOf = Callable[..., Step]
ECHO = {"action": "python", "inputs": {"function": "echo", "arguments": {"got": "{{ input }}"}}}
CHILD = draw("echo", key="child", settings={"echo": ECHO})
SLOW = draw("wait -> echo", key="child", kinds={"wait": "manual"}, settings={"echo": ECHO})
BROKEN = draw(
    "break",
    key="child",
    settings={"break": {"action": "raise_error", "inputs": {"message": "No paper."}}},
)


def caller(text: str = "ask -> after", **more: Any) -> Graph:
    """A flow whose task `ask` calls the flow `child`."""
    settings = {"ask": {"flow": "child", "inputs": {"n": "{{ input.n }}"}, **more}, "quick": ECHO}
    return draw(text, key="parent", kinds={"ask": "call"}, settings=settings)


def called(engine: Engine, child: Graph = CHILD, parent: Graph | None = None) -> Instance:
    """An instance of a parent that has called, as far as it goes without people."""
    engine.publish(child)
    instance = engine.start(parent or caller(), input={"n": 7})
    engine.work()
    instance.refresh_from_db()
    return instance


def child_of(instance: Instance) -> Instance:
    (call,) = Call.objects.filter(parent=instance)
    assert call.child is not None
    return call.child


def test_the_output_of_the_child_becomes_the_output_of_the_step(engine: Engine, step_of: StepOf) -> None:
    instance = called(engine)
    assert instance.status == "complete"
    step = step_of(instance, "ask")
    assert (step.status, step.output, step.input) == ("completed", {"got": {"n": 7}}, {"n": 7})
    child = child_of(instance)
    assert (child.input, child.trigger["type"]) == ({"n": 7}, "call")
    caller = {"flow": "parent", "instance": instance.key, "task": "ask", "iteration": 1}
    assert child.trigger["caller"] == caller
    queued = Fact.objects.get(instance=child, number=1)
    assert queued.data["caller"] == caller
    assert not Signal.objects.exists()


def test_the_step_waits_while_the_child_runs(engine: Engine, step_of: StepOf) -> None:
    instance = called(engine, SLOW)
    step = step_of(instance, "ask")
    assert (instance.status, step.status, step.waits_for) == ("waiting", "waiting", "child")
    child = child_of(instance)
    human_tasks.complete_step(engine.scope, step_of(child, "wait"), now=engine.now)
    engine.work()
    instance.refresh_from_db()
    assert instance.status == "complete"


def test_without_waiting_the_step_only_starts_it(engine: Engine, step_of: StepOf) -> None:
    instance = called(engine, SLOW, caller(wait=False))
    child = child_of(instance)
    assert instance.status == "complete"
    assert step_of(instance, "ask").output == {"flow": "child", "instance": child.key}
    assert child.status == "waiting"
    human_tasks.complete_step(engine.scope, step_of(child, "wait"), now=engine.now)
    engine.work()
    child.refresh_from_db()
    assert child.status == "complete"


def test_a_child_that_fails_fails_the_step(engine: Engine, step_of: StepOf) -> None:
    instance = called(engine, BROKEN)
    step = step_of(instance, "ask")
    assert instance.status == "errored"
    assert step.error is not None
    assert (step.error["name"], step.error["flow"]) == ("CallFailed", "child")
    assert "No paper." in step.error["message"]
    assert step.error["cause"]["task"] == "break"


def test_the_failure_of_a_child_can_be_caught(engine: Engine, step_of: StepOf) -> None:
    instance = called(engine, BROKEN, caller("ask -> after; ask -!-> mend"))
    assert (instance.status, step_of(instance, "mend").status) == ("complete", "completed")


def test_a_child_that_is_terminated_fails_the_step(engine: Engine, step_of: StepOf) -> None:
    instance = called(engine, SLOW)
    interventions.terminate(engine.scope, child_of(instance), reason="Enough.", now=engine.now)
    engine.work()
    error = step_of(instance, "ask").error
    assert error is not None
    assert error["name"] == "CallTerminated"


def test_terminating_the_parent_terminates_the_child_and_its_children(engine: Engine) -> None:
    engine.publish(SLOW)
    engine.publish(draw("deep", key="middle", kinds={"deep": "call"}, settings={"deep": {"flow": "child"}}))
    top = draw("ask", key="top", kinds={"ask": "call"}, settings={"ask": {"flow": "middle"}})
    instance = engine.start(top)
    engine.work()
    assert list(Instance.objects.values_list("status", flat=True)) == ["waiting"] * 3
    interventions.terminate(engine.scope, instance, now=engine.now)
    engine.work()
    assert list(Instance.objects.values_list("status", flat=True)) == ["terminated"] * 3
    reason = Fact.objects.filter(type="InstanceTerminated").exclude(instance=instance).first()
    assert reason is not None
    assert "ask" in reason.data["reason"] or "deep" in reason.data["reason"]


def test_a_child_that_is_not_needed_any_more_is_stopped(engine: Engine) -> None:
    flow = caller("start -> ask,quick; ask,quick -> first[any]")
    called(engine, SLOW, flow)
    statuses = dict(Instance.objects.values_list("flow__key", "status"))
    assert statuses == {"parent": "complete", "child": "terminated"}


def test_skipping_the_step_stops_the_child(engine: Engine, step_of: StepOf) -> None:
    instance = called(engine, SLOW)
    human_tasks.skip_step(engine.scope, step_of(instance, "ask"), now=engine.now)
    engine.work()
    assert child_of(instance).status == "terminated"
    instance.refresh_from_db()
    assert instance.status == "complete"


def test_a_call_that_is_stopped_before_its_child_starts_starts_none(engine: Engine) -> None:
    engine.publish(SLOW)
    instance = engine.start(caller(), input={"n": 1})
    assert Signal.objects.get().kind == "start"
    interventions.terminate(engine.scope, instance, now=engine.now)
    engine.deliver()
    assert not Call.objects.exists()
    assert Instance.objects.count() == 1


def test_a_child_is_started_once_however_often_it_is_asked_for(engine: Engine) -> None:
    engine.publish(SLOW)
    instance = engine.start(caller(), input={"n": 1})
    asked = Signal.objects.get()
    deliver_signals(engine.now)
    asked.pk = None
    asked.save()
    deliver_signals(engine.now)
    assert child_of(instance).status == "waiting"
    assert Instance.objects.count() == 2


def test_a_crash_in_the_middle_of_a_delivery_starts_no_second_child(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Crash(BaseException):
        pass

    def crash(*_: Any, **__: Any) -> None:
        raise Crash

    engine.publish(SLOW)
    instance = engine.start(caller(), input={"n": 1})
    with monkeypatch.context() as patched:
        patched.setattr(Signal, "delete", crash)
        with pytest.raises(Crash):
            deliver_signals(engine.now)
    assert Instance.objects.count() == 1
    deliver_signals(engine.now)
    assert child_of(instance).status == "waiting"
    assert Instance.objects.count() == 2


def test_a_pause_of_the_parent_takes_the_end_of_the_child_in(engine: Engine, step_of: StepOf) -> None:
    instance = called(engine, SLOW)
    interventions.pause(engine.scope, instance, now=engine.now)
    child = child_of(instance)
    assert child.status == "waiting"
    human_tasks.complete_step(engine.scope, step_of(child, "wait"), now=engine.now)
    engine.work()
    instance.refresh_from_db()
    assert (instance.status, step_of(instance, "ask").status) == ("paused", "completed")
    interventions.resume(engine.scope, instance, now=engine.now)
    engine.work()
    instance.refresh_from_db()
    assert instance.status == "complete"


def test_a_retry_calls_again(engine: Engine) -> None:
    instance = called(engine, BROKEN)
    interventions.retry(engine.scope, instance, now=engine.now)
    engine.work()
    assert list(Call.objects.values_list("run", "child__status")) == [(1, "errored"), (2, "errored")]


def test_a_retry_takes_a_child_that_was_mended_meanwhile(engine: Engine, step_of: StepOf) -> None:
    flow = {"action": "python", "inputs": {"function": "echo", "arguments": {"n": "{{ input.m }}"}}}
    instance = called(engine, draw("echo", key="child", settings={"echo": flow}))
    child = child_of(instance)
    assert (instance.status, child.status) == ("errored", "errored")
    interventions.retry(engine.scope, child, input={"m": 8}, now=engine.now)
    engine.work()
    interventions.retry(engine.scope, instance, now=engine.now)
    engine.work()
    instance.refresh_from_db()
    assert (instance.status, step_of(instance, "ask").output) == ("complete", {"n": 8})
    assert Call.objects.count() == 1


def test_each_round_of_a_loop_has_a_child_of_its_own(engine: Engine) -> None:
    engine.publish(CHILD)
    flow = draw(
        "ask -> again; again -yes-> ask; again -no-> done",
        key="parent",
        kinds={"ask": "call"},
        settings={"ask": {"flow": "child"}},
        loops={"again": ("yes", "no", 3)},
    )
    instance = engine.start(flow, input={"yes": True})
    engine.work()
    instance.refresh_from_db()
    assert instance.status == "complete"
    assert list(Call.objects.values_list("iteration", flat=True)) == [1, 2, 3]
    assert Call.objects.values("child").distinct().count() == 3


def test_restarting_the_parent_stops_the_child_and_calls_another(engine: Engine) -> None:
    instance = called(engine, SLOW)
    interventions.restart(engine.scope, instance, now=engine.now)
    engine.work()
    assert list(Call.objects.values_list("iteration", "child__status")) == [(1, "terminated"), (2, "waiting")]


def test_a_chain_has_at_most_ten_calls(engine: Engine) -> None:
    flow = draw("ask", key="child", kinds={"ask": "call"}, settings={"ask": {"flow": "child"}})
    engine.start(flow)
    engine.work()
    assert Instance.objects.count() == LONGEST_CHAIN + 1
    assert not Instance.objects.exclude(status="errored").exists()
    deepest = Instance.objects.order_by("-pk")[0]
    assert deepest.error is not None
    assert deepest.error["name"] == "CallTooDeep"


@pytest.mark.parametrize(("change", "name"), [("disable", "CannotCall"), ("never published", "CannotCall")])
def test_a_flow_that_cannot_be_started_fails_the_step(engine: Engine, step_of: StepOf, change: str, name: str) -> None:
    child = engine.publish(CHILD)
    if change == "disable":
        Flow.objects.filter(pk=child.pk).update(is_enabled=False)
    else:
        Flow.objects.filter(pk=child.pk).update(live_version=None)
    instance = engine.start(caller(), input={"n": 1})
    engine.work()
    error = step_of(instance, "ask").error
    assert error is not None
    assert error["name"] == name


def test_a_flow_that_is_gone_fails_the_step(engine: Engine, step_of: StepOf) -> None:
    child = engine.publish(CHILD)
    parent = engine.publish(caller())
    Flow.objects.filter(pk=child.pk).update(key="renamed")
    instance = engine.start(parent, input={"n": 1})
    engine.work()
    error = step_of(instance, "ask").error
    assert error is not None
    assert error["name"] == "UnknownFlow"


def test_a_limit_of_the_child_makes_it_wait_for_its_turn(engine: Engine) -> None:
    engine.publish(replace(SLOW, limits={"concurrency": 1}))
    parent = engine.publish(caller())
    for _ in range(2):
        engine.start(parent, input={"n": 1})
    engine.work()
    assert sorted(Instance.objects.filter(flow__key="child").values_list("status", flat=True)) == ["queued", "waiting"]


def test_a_message_that_breaks_is_tried_again_and_holds_up_no_other(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.publish(SLOW)
    parent = engine.publish(caller())
    first = engine.start(parent, input={"n": 1})
    second = engine.start(parent, input={"n": 2})
    Instance.objects.filter(pk=first.pk).update(state="nonsense")
    engine.deliver()
    assert list(Signal.objects.values_list("instance_id", flat=True)) == [first.pk]
    assert child_of(second).status == "waiting"
    Instance.objects.filter(pk=first.pk).update(state=second.state)
    engine.later(minutes=1)
    engine.deliver()
    assert child_of(first).status == "waiting"
    interventions.terminate(engine.scope, first, now=engine.now)


def test_a_step_that_a_migration_renames_still_hears_of_its_child(engine: Engine, step_of: StepOf) -> None:
    engine.publish(SLOW)
    parent = engine.publish(caller())
    begun, asked = (engine.start(parent, input={"n": n}) for n in range(2))
    deliver_signals(engine.now, 1)
    newer = draw("call -> after", key="parent", kinds={"call": "call"}, settings={"call": {"flow": "child"}})
    publish_flow(engine.scope, parent, flow=newer)
    for instance in (begun, asked):
        moving.migrate(engine.scope, instance, version="newest", mapping={"ask": "call"}, now=engine.now)
    engine.work()
    for instance in (begun, asked):
        child = child_of(instance)
        assert child.status == "waiting"
        human_tasks.complete_step(engine.scope, step_of(child, "wait"), now=engine.now)
    engine.work()
    assert not Instance.objects.exclude(status="complete").exists()


# -- at their own pace ------------------------------------------------------------------------------------------------


@pytest.fixture
def runner() -> Iterator[EmbeddedRunner]:
    """A running engine."""
    made = EmbeddedRunner(threads=8)
    made.start()
    yield made
    made.stop()


@pytest.mark.django_db(transaction=True)
def test_calls_are_delivered_right_after_the_commit(scope: Scope, runner: EmbeddedRunner) -> None:
    live = Engine(scope, now=timezone.now())
    live.publish(CHILD)
    tasks = [f"t{n}" for n in range(5)]
    middle = draw(",".join(tasks), key="middle", kinds=dict.fromkeys(tasks, "call"))
    settings = {task: replace(middle.tasks[task], settings={"flow": "child"}) for task in tasks}
    live.publish(replace(middle, tasks=settings))
    top = live.publish("ask", key="top", kinds={"ask": "call"}, settings={"ask": {"flow": "middle"}})
    start_instances(scope, top, [StartRequest() for _ in range(4)])
    until(lambda: Instance.objects.filter(status="complete").count() == 4 * 7, seconds=60)
    assert (Call.objects.count(), Signal.objects.count()) == (4 * 6, 0)
