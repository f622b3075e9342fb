"""Starting instances: one, many, queued."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.scope import Scope
from designer.services.drafting import create_flow
from designer.services.publishing import publish_flow
from engine.models import Instance, Step
from engine.services.errors import InvalidInput, KeyTaken, NotLegalNow
from engine.services.human_tasks import complete_step
from engine.services.instances import StartRequest, start_instance, start_instances, start_queued_instances
from tests.drawing import draw
from tests.integration.engine.conftest import Engine, python

Find = Callable[..., Step]


def test_inline_steps_run_in_the_start(engine: Engine, step_of: Find) -> None:
    settings = {
        "sum": {"inputs": {"values": {"total": "{{ input.price | times: 2 }}", "who": "{{ instance.id }}"}}},
        "copy": {"inputs": {"values": {"again": "{{ steps.sum.output.total }}", "seen": "{{ vars.total }}"}}},
    }
    instance = engine.start("sum -> copy", settings=settings, input={"price": 21})
    assert (instance.status, instance.started_at, instance.ended_at) == ("complete", engine.now, engine.now)
    assert instance.output == {"again": "42", "seen": "42"} or instance.output == {"again": 42, "seen": 42}
    assert instance.vars["who"] == instance.key
    assert step_of(instance, "sum").started_at == engine.now


def test_a_decision_goes_by_the_input(engine: Engine, step_of: Find) -> None:
    row = engine.publish("pick -yes-> good; pick -none_met-> bad", settings={"good": python(), "bad": python()})
    yes, no = engine.start(row, input={"yes": True}), engine.start(row, input={"yes": False})
    engine.work()
    assert (step_of(yes, "good").status, step_of(yes, "bad").status) == ("completed", "skipped")
    assert (step_of(no, "good").status, step_of(no, "bad").status) == ("skipped", "completed")


def test_an_input_that_does_not_fit_what_the_flow_declares_is_refused(engine: Engine) -> None:
    order = {"type": "object", "properties": {"total": {"type": "number"}}, "required": ["total"]}
    schema = {"type": "object", "properties": {"order": order}, "required": ["order"]}
    row = engine.publish("a", input_schema=schema)
    for given, problem in (
        (None, ("input.order", "is required")),
        ({"order": {}}, ("input.order.total", "is required")),
        ({"order": {"total": "many"}}, ("input.order.total", "'many' is not of type 'number'")),
    ):
        with pytest.raises(InvalidInput) as refused:
            engine.start(row, input=given)
        assert refused.value.problems == (problem,)
    assert not Instance.objects.exists()
    assert engine.start(row, input={"order": {"total": 3}}).status == "complete"


def test_a_loop_keeps_each_round(engine: Engine) -> None:
    settings = {"page": {"inputs": {"values": {"n": "{{ vars.n | default: 0 | plus: 1 }}"}}}}
    flow = draw(
        "page -> more; more -again-> page; more -done-> end", settings=settings, loops={"more": ("again", "done", 3)}
    )
    instance = engine.start(flow, input={"again": True})
    rounds = Step.objects.filter(instance=instance, task="page").order_by("iteration")
    assert [step.iteration for step in rounds] == [1, 2, 3]
    assert [str(step.output["n"]) for step in rounds] == ["1", "2", "3"]
    assert instance.status == "complete"


def test_the_output_is_that_of_the_last_task_or_of_each_end(engine: Engine) -> None:
    one = engine.start("a -> b", settings={"b": {"inputs": {"values": {"n": 1}}}}, key="one")
    assert one.output == {"n": 1}
    settings = {"a": {"inputs": {"values": {"n": 1}}}, "b": {"inputs": {"values": {"n": 2}}}}
    two = engine.start("a; b", settings=settings, key="two")
    assert two.output == {"a": {"n": 1}, "b": {"n": 2}}


def test_many_start_in_one_transaction_in_their_order(engine: Engine, scope: Scope) -> None:
    row = engine.publish("a", settings={"a": python()})
    started = start_instances(scope, row, [StartRequest(key=f"k{n}", input=n) for n in range(50)], now=engine.now)
    assert [(one.key, one.input, one.status) for one in started] == [(f"k{n}", n, "running") for n in range(50)]
    assert engine.work() == 50


def test_a_taken_key_is_refused_and_nothing_is_started(engine: Engine, scope: Scope) -> None:
    row = engine.publish("a", settings={"a": python()})
    start_instance(scope, row, key="order-1")
    with pytest.raises(KeyTaken):
        start_instance(scope, row, key="order-1")
    with pytest.raises(KeyTaken):
        start_instances(scope, row, [StartRequest(key="order-2"), StartRequest(key="order-1")])
    with pytest.raises(InvalidInput, match=r"instances\.1\.id: is given twice"):
        start_instances(scope, row, [StartRequest(key="order-3"), StartRequest(key="order-3")])
    assert Instance.objects.count() == 1
    other = engine.publish("a", settings={"a": python()}, key="other")
    assert start_instance(scope, other, key="order-1").key == "order-1"


@pytest.mark.parametrize("key", ["", "-a", "a b", "a/b", "x" * 201, "a\n", "ä"])
def test_a_key_that_is_none_is_refused(engine: Engine, scope: Scope, key: str) -> None:
    row = engine.publish("a", settings={"a": python()})
    with pytest.raises(InvalidInput, match="id: must begin"):
        start_instance(scope, row, key=key)


def test_input_has_to_be_storable(engine: Engine, scope: Scope) -> None:
    row = engine.publish("a", settings={"a": python()})
    for bad in ("x" * 1024 * 1024, {"a": "\0"}, {"a": "\ud800"}, {"a": {1, 2}}):
        with pytest.raises(InvalidInput) as refused:
            start_instance(scope, row, input=bad)
        assert refused.value.problems[0][0] == "input"


def test_a_version_may_be_chosen(engine: Engine, scope: Scope) -> None:
    row = engine.publish("a", settings={"a": python()})
    second = publish_flow(scope, row)
    assert start_instance(scope, row).version == second
    assert start_instance(scope, row, version=1).version.number == 1
    with pytest.raises(InvalidInput, match="version: there is no version 7"):
        start_instance(scope, row, version=7)


def test_what_is_disabled_or_not_published_does_not_start(engine: Engine, scope: Scope) -> None:
    draft = create_flow(scope, key="draft", name="Draft", flow=draw("a", key="draft"))
    with pytest.raises(NotLegalNow, match="not been published"):
        start_instance(scope, draft)
    row = engine.publish("a", settings={"a": python()})
    row.is_enabled = False
    row.save()
    with pytest.raises(NotLegalNow, match="disabled"):
        start_instance(scope, row)


def test_a_limit_of_running_instances_queues_the_rest_in_order(engine: Engine, scope: Scope, step_of: Find) -> None:
    row = engine.publish("ask", kinds={"ask": "manual"}, limits={"concurrency": 2})
    started = start_instances(scope, row, [StartRequest() for _ in range(4)], now=engine.now)
    assert [one.status for one in started] == ["waiting", "waiting", "queued", "queued"]
    assert start_queued_instances(engine.now) == 0
    complete_step(scope, step_of(started[1], "ask"), now=engine.now)
    assert start_queued_instances(engine.now) == 1
    statuses = list(Instance.objects.order_by("pk").values_list("status", flat=True))
    assert statuses == ["waiting", "complete", "waiting", "queued"]
