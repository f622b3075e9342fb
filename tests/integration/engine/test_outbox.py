"""Telling the outside: what is written, in which order, how often it is posted, and what it costs with no listener."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone
from standardwebhooks.webhooks import Webhook

from accounts.scope import Scope
from engine.models import InboundEvent
from engine.outbox import streaming
from engine.outbox.delivering import PAUSES, deliver_due
from engine.outbox.dispatching import KEPT, dispatch_messages, sweep_out
from engine.outbox.models import Delivery, Endpoint, Message
from engine.services.interventions import terminate
from engine.services.stream_in import read_stream
from engine.services.webhook_endpoints import add_endpoint, change_endpoint, deliver_again, renew_secret
from tests.integration.engine.conftest import Engine
from tests.integration.engine.counting import counted_statements
from tests.integration.engine.listening import Listener
from tests.servers import find_redis, redis_server


def settle(moment: Any = None) -> None:
    """Dispatch and deliver until there is nothing left that is due."""
    now = moment or timezone.now()
    while dispatch_messages(now) or deliver_due(now):
        pass


def test_what_happens_is_told_in_order_and_signed(engine: Engine, listener: Listener) -> None:
    _, secret = add_endpoint(engine.scope, name="Shop", url=listener.url, types=[])
    engine.start("a -> b", kinds={"a": "noop", "b": "noop"})
    settle()
    assert listener.types() == [
        "instance.started",
        "step.started",
        "step.completed",
        "step.started",
        "step.completed",
        "instance.completed",
    ]
    for headers, body in listener.taken:
        found = Webhook(secret).verify(body, {name.lower(): value for name, value in headers.items()})
        assert found["data"]["flow"]
    assert len({headers["webhook-id"] for headers, _ in listener.taken}) == 6
    assert set(Delivery.objects.values_list("status", flat=True)) == {"delivered"}


def test_only_what_is_asked_for_is_told(engine: Engine, listener: Listener) -> None:
    endpoint, _ = add_endpoint(engine.scope, name="Shop", url=listener.url, types=["instance.terminated"])
    instance = engine.start("a", kinds={"a": "wait_event"}, settings={"a": {"event_type": "go"}})
    terminate(engine.scope, instance)
    settle()
    assert listener.types() == ["instance.terminated"]
    change_endpoint(engine.scope, endpoint, name="Shop", url=listener.url, types=[], is_active=False)
    engine.start("b", kinds={"b": "noop"}, key="other")
    settle()
    assert len(listener.taken) == 1


def test_nothing_is_written_when_nobody_listens(engine: Engine, foreign_scope: Scope, listener: Listener) -> None:
    with counted_statements() as before:
        engine.start("a -> b", kinds={"a": "noop", "b": "noop"}, key="first")
    add_endpoint(foreign_scope, name="Theirs", url=listener.url, types=[])
    engine.start("x", kinds={"x": "noop"}, key="warm")  # asks once who listens
    with counted_statements() as after:
        engine.start("a -> b", kinds={"a": "noop", "b": "noop"}, key="second")
    assert len(after) <= len(before)
    assert not Message.objects.exists()


def test_a_failed_delivery_is_repeated_and_holds_up_what_follows_of_its_instance(
    engine: Engine, listener: Listener
) -> None:
    add_endpoint(engine.scope, name="Shop", url=listener.url, types=["instance.started", "instance.completed"])
    listener.answers = [500]
    engine.start("a", kinds={"a": "noop"}, key="one")
    settle()
    assert listener.types() == ["instance.started"]
    engine.start("a", kinds={"a": "noop"}, key="two")
    settle()
    assert listener.types() == ["instance.started", "instance.started", "instance.completed"]
    settle(timezone.now() + PAUSES[0] + timedelta(seconds=1))
    assert listener.types()[3:] == ["instance.started", "instance.completed"]
    first, again = listener.taken[0][0], listener.taken[3][0]
    assert first["webhook-id"] == again["webhook-id"]


def test_a_delivery_is_given_up_at_last_and_can_be_tried_again(engine: Engine, listener: Listener) -> None:
    add_endpoint(engine.scope, name="Shop", url=listener.url, types=["instance.completed"])
    listener.answers = [503] * (len(PAUSES) + 1)
    engine.start("a", kinds={"a": "noop"})
    now = timezone.now()
    for pause in (timedelta(), *PAUSES):
        now += pause + timedelta(minutes=1)
        settle(now)
        Delivery.objects.filter(status="pending").update(next_at=now)
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.tries) == ("failed", len(PAUSES) + 1)
    assert deliver_again(engine.scope, delivery)
    settle()
    delivery.refresh_from_db()
    assert delivery.status == "delivered"


def test_an_endpoint_that_is_gone_is_switched_off(engine: Engine, listener: Listener) -> None:
    endpoint, _ = add_endpoint(engine.scope, name="Shop", url=listener.url, types=["instance.completed"])
    listener.answers = [410]
    engine.start("a", kinds={"a": "noop"})
    settle()
    endpoint.refresh_from_db()
    assert (endpoint.is_active, endpoint.note) == (False, "It answered 410 Gone.")


def test_a_secret_is_renewed(engine: Engine, listener: Listener) -> None:
    endpoint, old = add_endpoint(engine.scope, name="Shop", url=listener.url, types=["instance.completed"])
    secret = renew_secret(engine.scope, endpoint)
    engine.start("a", kinds={"a": "noop"})
    settle()
    headers, body = listener.taken[0]
    assert secret != old
    assert Webhook(secret).verify(body, {name.lower(): value for name, value in headers.items()})
    assert old not in Endpoint.objects.get().secret


def test_old_messages_are_removed(engine: Engine, listener: Listener) -> None:
    add_endpoint(engine.scope, name="Shop", url=listener.url, types=["instance.completed"])
    engine.start("a", kinds={"a": "noop"})
    settle()
    from engine.outbox import dispatching

    dispatching._swept.next_at = 0.0
    assert sweep_out(timezone.now()) == 0
    dispatching._swept.next_at = 0.0
    assert sweep_out(timezone.now() + KEPT + timedelta(days=1)) > 0
    assert not Message.objects.exists()


@pytest.mark.skipif(find_redis() is None, reason="no redis-server program on this machine")
def test_streams_carry_messages_out_and_events_in(engine: Engine, settings: LazySettings) -> None:
    with redis_server() as url:
        settings.EVENT_STREAM_URL, settings.EVENT_STREAM_OUT, settings.EVENT_STREAM_IN = url, "out", "in"
        streaming.client.cache_clear()
        try:
            engine.start("a", kinds={"a": "noop"})
            settle()
            entries = streaming.client().xrange("out")
            assert [fields["type"] for _, fields in entries][::3] == ["instance.started", "instance.completed"]
            assert entries[0][1]["environment"] == "acme/development"
            place = {"environment": "acme/development", "type": "PAID", "payload": '{"id": 1}', "version": "v2"}
            for fields in (place, {**place, "environment": "acme/nowhere"}, {**place, "payload": "{"}):
                streaming.client().xadd("in", fields)
            assert read_stream(timezone.now()) == 0  # makes its group
            assert read_stream(timezone.now()) == 3
            assert read_stream(timezone.now()) == 0
            (event,) = InboundEvent.objects.all()
            assert (event.type, event.version, event.payload) == ("PAID", "v2", {"id": 1})
        finally:
            streaming.client().close()
            streaming.client.cache_clear()
