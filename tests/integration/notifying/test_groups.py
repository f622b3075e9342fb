"""Digests and throttles are exact, whatever happens at the same time: real threads on a real database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

import pytest
from django.db import connection

from designer.graph.model import Task
from engine.core.ports import StepContext
from engine.models import Instance, Step
from engine.notifying.groups import collect, pass_through
from engine.notifying.models import Collected, Message, Passage, Window
from engine.services.notifications import cancel
from tests.integration.engine.conftest import NOON, Engine
from tests.integration.notifying.conftest import Send

pytestmark = pytest.mark.django_db(transaction=True)
Found = TypeVar("Found")
NUMBER = 24


def at_once(engine: Engine, act: Callable[[StepContext], Found]) -> list[Found]:
    """What `act` answers for many instances of one flow, each in a thread of its own, all let go together."""
    flow = engine.publish("trigger -> d", kinds={"d": "wait_event"})
    instances = [engine.start(flow) for _ in range(NUMBER)]
    gate = threading.Barrier(NUMBER)

    def run(instance: Instance) -> Found:
        try:
            context = StepContext(
                instance_id=instance.pk,
                instance_key=instance.key,
                flow_key=flow.key,
                task=Task("d", "D", "digest"),
                iteration=1,
                attempt=1,
                data={},
                now=NOON,
                environment_id=flow.environment_id,
                flow_id=flow.pk,
            )
            gate.wait(60)
            return act(context)
        finally:
            connection.close()

    with ThreadPoolExecutor(NUMBER) as pool:
        return list(pool.map(run, instances))


def test_of_many_events_at_once_exactly_one_owns_the_window(engine: Engine) -> None:
    def act(context: StepContext) -> bool:
        ends_at = NOON + timedelta(minutes=30)
        number = context.instance_id
        done = collect(context, who="ada", value="", ends_at=ends_at, look_back=None, payload={"n": number})
        again = collect(context, who="ada", value="", ends_at=ends_at, look_back=None, payload={"n": number})
        assert done == again  # known by its idempotency key
        return done.is_owner

    owners = at_once(engine, act)
    assert owners.count(True) == 1
    assert Window.objects.count() == 1
    assert Collected.objects.filter(window=Window.objects.get()).count() == NUMBER


@pytest.mark.parametrize("threshold", [1, 5])
def test_of_many_at_once_exactly_as_many_pass_as_may(engine: Engine, threshold: int) -> None:
    def act(context: StepContext) -> bool:
        asked = {"who": "ada", "value": "", "threshold": threshold, "expires_at": NOON + timedelta(hours=1)}
        first = pass_through(context, **asked)
        assert pass_through(context, **asked) == first
        return first[0]

    assert at_once(engine, act).count(True) == threshold
    assert sorted(Passage.objects.values_list("number", flat=True)) == list(range(1, NUMBER + 1))


def test_many_triggers_make_one_message_with_all_events(engine: Engine, send: Send) -> None:
    flow = engine.publish(
        "trigger -> gather -> note",
        kinds={"gather": "digest", "note": "in_app"},
        settings={"gather": {"window": "10 minutes"}, "note": {"body": "{{ steps.gather.eventCount }}"}},
    )
    for number in range(5):
        send(flow, payload={"n": number})
        engine.work()
    send(flow, "grace", payload={"n": 9})
    engine.work()
    assert Message.objects.count() == 0
    engine.later(minutes=11)
    engine.work()
    assert sorted(Message.objects.values_list("subscriber__subscriber_id", "body")) == [("ada", "5"), ("grace", "1")]
    assert set(Instance.objects.values_list("status", flat=True)) == {"complete"}
    owner = Step.objects.get(
        task="gather", output__is_merged=False, instance__notification__subscriber__subscriber_id="ada"
    )
    assert [event["payload"]["n"] for event in owner.output["events"]] == [0, 1, 2, 3, 4]


def test_a_window_that_ended_is_followed_by_another(engine: Engine, send: Send) -> None:
    flow = engine.publish(
        "trigger -> gather -> note",
        kinds={"gather": "digest", "note": "in_app"},
        settings={
            "gather": {"window": "10 minutes", "key": "payload.order.id"},
            "note": {"body": "{{ steps.gather.eventCount }}"},
        },
    )
    for order in (1, 2, 1, None):
        send(flow, payload={"order": {"id": order}} if order else {})
        engine.work()
    engine.later(minutes=11)
    engine.work()
    assert sorted(Message.objects.values_list("body", flat=True)) == ["1", "1", "2"]
    send(flow, payload={"order": {"id": 1}})
    engine.work()
    engine.later(minutes=11)
    engine.work()
    assert Message.objects.count() == 4


def test_the_oldest_that_is_left_inherits_a_cancelled_window(engine: Engine, send: Send) -> None:
    flow = engine.publish(
        "trigger -> gather -> note",
        kinds={"gather": "digest", "note": "in_app"},
        settings={"gather": {"window": "10 minutes"}, "note": {"body": "{{ steps.gather.eventCount }}"}},
    )
    transactions = [send(flow).transaction_id]
    engine.work()
    for _ in range(2):
        engine.now += timedelta(minutes=1)
        transactions.append(send(flow).transaction_id)
        engine.work()
    assert cancel(engine.scope, transactions[0], now=engine.now)
    assert not cancel(engine.scope, transactions[0], now=engine.now)
    engine.later(minutes=9)
    engine.work()
    message = Message.objects.get()
    assert (message.transaction_id, message.body) == (transactions[1], "2")
    statuses = dict(Instance.objects.values_list("notification__transaction_id", "status"))
    assert [statuses[transaction] for transaction in transactions] == ["terminated", "complete", "complete"]


def test_a_cancelled_delay_never_notifies(engine: Engine, send: Send) -> None:
    flow = engine.publish(
        "trigger -> nap -> note",
        kinds={"nap": "delay", "note": "in_app"},
        settings={"nap": {"for": "1 hour"}, "note": {"body": "x"}},
    )
    transaction = send(flow).transaction_id
    assert cancel(engine.scope, transaction, now=engine.now)
    engine.later(hours=2)
    engine.work()
    assert Message.objects.count() == 0


def test_a_throttled_path_ends_and_counts_again_after_its_window(engine: Engine, send: Send) -> None:
    flow = engine.publish(
        "trigger -> gate -> note",
        kinds={"gate": "throttle", "note": "in_app"},
        settings={"gate": {"threshold": 1, "window": "1 hour"}, "note": {"body": "x"}},
    )
    for _ in range(3):
        send(flow)
        engine.work()
    assert Message.objects.count() == 1
    assert Instance.objects.filter(status="complete").count() == 3
    assert sorted(Step.objects.filter(task="note").values_list("status", flat=True)) == [
        "completed",
        "skipped",
        "skipped",
    ]
    engine.now += timedelta(hours=2)
    send(flow)
    engine.work()
    assert Message.objects.count() == 2
