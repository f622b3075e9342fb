"""A limit of instances at once: exact, in order, whoever starts and whatever ends meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from django.conf import LazySettings
from django.db import connection
from django.utils import timezone

from accounts.scope import Scope
from designer.models import Flow
from designer.services.publishing import publish_flow
from designer.services.versions import flow_of
from engine.actions.python import flow_function
from engine.models import Instance, Step
from engine.runners.embedded import EmbeddedRunner
from engine.services.crowding import note_crowded
from engine.services.human_tasks import complete_step
from engine.services.instances import StartRequest, start_instance, start_instances
from engine.services.queueing import start_queued_instances
from tests.integration.engine.conftest import Engine, python
from tests.integration.engine.test_embedded_runner import until

StepOf = Callable[..., Step]


def statuses() -> list[str]:
    return list(Instance.objects.order_by("pk").values_list("status", flat=True))


def test_the_next_starts_as_soon_as_one_has_ended(engine: Engine, scope: Scope, step_of: StepOf) -> None:
    row = engine.publish("ask", kinds={"ask": "manual"}, limits={"concurrency": 1})
    first, *_ = start_instances(scope, row, [StartRequest() for _ in range(3)], now=engine.now)
    complete_step(scope, step_of(first, "ask"), now=engine.now)
    engine.deliver()
    assert statuses() == ["complete", "waiting", "queued"]


def test_nobody_jumps_the_queue(engine: Engine, scope: Scope, step_of: StepOf) -> None:
    row = engine.publish("ask", kinds={"ask": "manual"}, limits={"concurrency": 1})
    first, _ = start_instances(scope, row, [StartRequest() for _ in range(2)], now=engine.now)
    complete_step(scope, step_of(first, "ask"), now=engine.now)
    assert start_instance(scope, row, now=engine.now).status == "queued"
    engine.deliver()
    assert statuses() == ["complete", "waiting", "queued"]


def test_a_flow_that_is_full_holds_up_no_other(engine: Engine, scope: Scope) -> None:
    full = engine.publish("ask", kinds={"ask": "manual"}, limits={"concurrency": 1}, key="full")
    start_instances(scope, full, [StartRequest() for _ in range(150)], now=engine.now)
    other = engine.publish("ask", kinds={"ask": "manual"}, limits={"concurrency": 1}, key="other")
    start_instances(scope, other, [StartRequest() for _ in range(2)], now=engine.now)
    Instance.objects.filter(flow=other, status="waiting").delete()
    assert start_queued_instances(engine.now) == 1
    assert Instance.objects.get(flow=other).status == "waiting"


def test_a_limit_that_is_raised_or_taken_away_lets_more_start(engine: Engine, scope: Scope) -> None:
    row = engine.publish("ask", kinds={"ask": "manual"}, limits={"concurrency": 1})
    start_instances(scope, row, [StartRequest() for _ in range(5)], now=engine.now)
    for limit, running in ((3, 3), (None, 5)):
        raise_limit(scope, row, limit)
        start_queued_instances(engine.now)
        assert statuses().count("waiting") == running


def raise_limit(scope: Scope, row: Flow, limit: int | None) -> None:
    """Publish the flow with another limit."""
    live = Flow.objects.select_related("live_version").get(pk=row.pk).live_version
    assert live is not None
    publish_flow(scope, row, flow=replace(flow_of(live), limits={} if limit is None else {"concurrency": limit}))


def test_one_that_is_broken_is_passed_over(engine: Engine, scope: Scope) -> None:
    row = engine.publish("ask", kinds={"ask": "manual"}, limits={"concurrency": 1})
    first, broken, _ = start_instances(scope, row, [StartRequest() for _ in range(3)], now=engine.now)
    state = Instance.objects.get(pk=broken.pk).state
    Instance.objects.filter(pk=broken.pk).update(state='{"v": 99}')
    Instance.objects.filter(pk=first.pk).delete()
    assert start_queued_instances(engine.now) == 1
    assert statuses() == ["queued", "waiting"]
    Instance.objects.filter(pk=broken.pk).update(state=state)


def test_all_flows_of_an_environment_share_the_limit_of_the_installation(
    engine: Engine, scope: Scope, settings: LazySettings
) -> None:
    settings.MOST_RUNNING = 2
    call = {"work": {"action": "http_request", "inputs": {"method": "GET", "url": "https://example.com/"}}}
    kinds = {"work": "automation"}
    rows = [engine.publish("work", kinds=kinds, settings=call, key=key) for key in ("one", "two")]
    started = [*start_instances(scope, rows[0], [StartRequest() for _ in range(3)], now=engine.now)]
    note_crowded(engine.now)
    started.append(start_instance(scope, rows[1], now=engine.now))
    assert [one.status for one in started] == ["running", "running", "queued", "queued"]
    assert start_queued_instances(engine.now) == 0
    started[0].delete()
    assert start_instance(scope, rows[1], now=engine.now).status == "queued"  # others were here before
    assert start_queued_instances(engine.now) == 1
    assert statuses() == ["running", "running", "queued", "queued"]
    settings.MOST_RUNNING = 0
    assert start_queued_instances(engine.now) == 2


# -- with threads -----------------------------------------------------------------------------------------------------

LIMIT = 3
most: list[int] = []
running = 0
counting = threading.Lock()


@flow_function("test.counted")
def counted() -> None:
    """Notes how many of them run at this moment."""
    global running
    with counting:
        running += 1
        most.append(running)
    threading.Event().wait(0.01)
    with counting:
        running -= 1


@pytest.fixture
def runner() -> Iterator[EmbeddedRunner]:
    """A running engine."""
    most.clear()
    made = EmbeddedRunner(threads=16)
    made.start()
    yield made
    made.stop()


@pytest.mark.django_db(transaction=True)
def test_no_more_than_the_limit_run_however_many_start_them(scope: Scope, runner: EmbeddedRunner) -> None:
    live = Engine(scope, now=timezone.now())
    row = live.publish("a -> b", settings={"a": python("test.counted"), "b": python()}, limits={"concurrency": LIMIT})

    def start_some() -> None:
        try:
            for _ in range(8):
                start_instance(scope, row)
        finally:
            connection.close()

    starters = [threading.Thread(target=start_some) for _ in range(4)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join(60)
    until(lambda: Instance.objects.filter(status="complete").count() == 32, seconds=60)
    assert max(most) <= LIMIT
