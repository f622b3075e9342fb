"""Schedules, inbound events and webhooks."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.scope import Scope
from accounts.sealing import seal, unseal
from designer.models import Flow, Trigger
from engine.models import InboundEvent, Instance, Occurrence
from engine.services.errors import InvalidInput, NotLegalNow
from engine.services.triggers import (
    SignatureRefused,
    find_webhook,
    fire_due_schedules,
    match_inbound_events,
    receive_event,
    receive_webhook,
    sign,
)
from tests.integration.engine.conftest import Engine

Publish = Callable[..., Trigger]


@pytest.fixture
def triggered(engine: Engine) -> Publish:
    """`triggered(type=…, …)`: the trigger of a published flow of one `noop`."""

    def publish(**trigger: Any) -> Trigger:
        row = engine.publish("a", kinds={"a": "noop"}, triggers=(trigger,), key=f"flow{Flow.objects.count()}")
        return Trigger.objects.select_related("flow__live_version", "environment__organization").get(flow=row)

    return publish


def outcomes() -> list[str]:
    return list(Occurrence.objects.order_by("pk").values_list("outcome", flat=True))


# -- schedules --------------------------------------------------------------------------------------------------------


def test_a_schedule_fires_when_it_is_due_and_once(engine: Engine, triggered: Publish) -> None:
    trigger = triggered(type="cron", cron="0 6 * * *", timezone="Europe/Berlin")
    due_at = trigger.next_at
    assert due_at is not None
    assert fire_due_schedules(due_at - timedelta(seconds=1)) == 0
    assert fire_due_schedules(due_at) == 1
    assert fire_due_schedules(due_at) == 0
    trigger.refresh_from_db()
    assert trigger.next_at == due_at + timedelta(days=1)
    instance = Instance.objects.get()
    assert instance.input == {"scheduled_at": due_at.isoformat(), "fired_at": due_at.isoformat()}
    assert (instance.trigger["type"], outcomes()) == ("cron", ["started"])


def test_firings_that_were_missed_are_made_up_for_once(engine: Engine, triggered: Publish) -> None:
    trigger = triggered(type="cron", cron="*/5 * * * *")
    assert trigger.next_at is not None
    now = trigger.next_at + timedelta(hours=10, minutes=1)
    assert fire_due_schedules(now) == 1
    assert fire_due_schedules(now) == 0
    trigger.refresh_from_db()
    assert trigger.next_at == now + timedelta(minutes=4)


def test_a_schedule_renders_its_inputs(engine: Engine, triggered: Publish) -> None:
    trigger = triggered(
        type="cron", cron="0 6 * * *", inputs={"day": "{{ event.scheduled_at | slice: 0, 10 }}", "n": 1}
    )
    assert trigger.next_at is not None
    fire_due_schedules(trigger.next_at)
    assert Instance.objects.get().input == {"day": trigger.next_at.date().isoformat(), "n": 1}


def test_a_disabled_flow_refuses_with_a_reason(engine: Engine, triggered: Publish) -> None:
    trigger = triggered(type="cron", cron="0 6 * * *")
    Flow.objects.update(is_enabled=False)
    assert trigger.next_at is not None
    fire_due_schedules(trigger.next_at)
    occurrence = Occurrence.objects.get()
    assert (occurrence.outcome, occurrence.instance) == ("refused", None)
    assert "disabled" in occurrence.reason


# -- inbound events ---------------------------------------------------------------------------------------------------


def test_an_inbound_event_starts_what_listens_to_its_type(engine: Engine, scope: Scope, triggered: Publish) -> None:
    triggered(type="event", event="payment.saved", inputs={"order": "{{ event.order }}"})
    triggered(type="event", event="payment.deleted")
    receive_event(scope, "payment.saved", {"order": 7}, now=engine.now)
    assert match_inbound_events(engine.now) == 1
    assert match_inbound_events(engine.now) == 0
    instance = Instance.objects.get()
    assert (instance.input, instance.flow.key) == ({"order": 7}, "flow0")
    assert (instance.trigger["event"], instance.trigger["payload"]) == ("payment.saved", {"order": 7})


def test_a_filter_keeps_events_out(engine: Engine, scope: Scope, triggered: Publish) -> None:
    triggered(type="event", event="payment.saved", filter="event.amount > 50")
    for payload in ({"amount": 50}, {"amount": 51}, {"other": 1}, None):
        receive_event(scope, "payment.saved", payload, now=engine.now)
    match_inbound_events(engine.now)
    assert outcomes() == ["filtered", "started", "filtered", "filtered"]
    assert Instance.objects.get().input == {"amount": 51}


def test_inputs_that_cannot_be_rendered_are_refused(engine: Engine, scope: Scope, triggered: Publish) -> None:
    triggered(type="event", event="payment.saved", inputs={"order": "{{ event.missing.deeply }}"})
    receive_event(scope, "payment.saved", {}, now=engine.now)
    match_inbound_events(engine.now)
    assert outcomes() == ["refused"]
    assert Occurrence.objects.get().reason


def test_events_of_another_environment_are_not_heard(engine: Engine, foreign_scope: Scope, triggered: Publish) -> None:
    triggered(type="event", event="payment.saved")
    receive_event(foreign_scope, "payment.saved", {}, now=engine.now)
    match_inbound_events(engine.now)
    assert (outcomes(), InboundEvent.objects.get().matched_at) == ([], engine.now)


def test_a_bad_event_is_refused(engine: Engine, scope: Scope) -> None:
    with pytest.raises(InvalidInput) as refused:
        receive_event(scope, " ", {"a": "\0"})
    assert [path for path, _ in refused.value.problems] == ["type", "payload"]


# -- webhooks ---------------------------------------------------------------------------------------------------------


def test_a_webhook_starts_an_instance(engine: Engine, triggered: Publish) -> None:
    trigger = triggered(type="webhook")
    assert find_webhook(trigger.secret_path or "") == trigger
    occurrence = receive_webhook(trigger, b'{"order": 1}', {}, now=engine.now)
    assert occurrence.instance is not None
    assert occurrence.instance.input == {"order": 1}
    assert receive_webhook(trigger, b"", {}, now=engine.now).payload is None


def test_a_repeated_message_is_answered_with_the_first_occurrence(engine: Engine, triggered: Publish) -> None:
    trigger = triggered(type="webhook")
    first = receive_webhook(trigger, b"1", {"Webhook-Id": "msg_1"}, now=engine.now)
    assert receive_webhook(trigger, b"1", {"webhook-id": "msg_1"}, now=engine.now) == first
    assert receive_webhook(trigger, b"1", {"webhook-id": "msg_2"}, now=engine.now) != first
    assert Instance.objects.count() == 2


@pytest.mark.parametrize(
    "body", [b"{", b'{"a": 1, "a": 2}', b'"\\u0000"', b"[" * 100_000, b'"' + b"x" * 1024 * 1024 + b'"']
)
def test_a_body_that_is_no_clean_json_is_refused(engine: Engine, triggered: Publish, body: bytes) -> None:
    with pytest.raises(InvalidInput):
        receive_webhook(triggered(type="webhook"), body, {}, now=engine.now)
    assert not Occurrence.objects.exists()


def test_a_disabled_flow_refuses_webhooks(engine: Engine, triggered: Publish) -> None:
    trigger = triggered(type="webhook")
    trigger.flow.is_enabled = False
    with pytest.raises(NotLegalNow, match="disabled"):
        receive_webhook(trigger, b"{}", {}, now=engine.now)


def signed(trigger: Trigger, body: bytes, *, at: float, key: bytes) -> dict[str, str]:
    stamp = str(int(at))
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,AAAA {sign(key, 'msg_1', stamp, body)}",
    }


def test_a_signature_as_standard_webhooks_has_it(engine: Engine, triggered: Publish) -> None:
    trigger = triggered(type="webhook", signed=True)
    trigger.secret = seal("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    # The example of the Standard Webhooks specification.
    body = b'{"test": 2432232314}'
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    now = datetime.fromtimestamp(1614265330, UTC)
    assert receive_webhook(trigger, body, headers, now=now).instance is not None


def test_unsigned_stale_and_forged_messages_are_refused(engine: Engine, triggered: Publish) -> None:
    trigger = triggered(type="webhook", signed=True)
    key = b64decode(unseal(trigger.secret).removeprefix("whsec_"))
    at = engine.now.timestamp()
    refusals = {
        "are needed": {},
        "too far": signed(trigger, b"{}", at=at - 301, key=key),
        "does not fit": signed(trigger, b"{ }", at=at, key=key),
        "in seconds": signed(trigger, b"{}", at=at, key=key) | {"webhook-timestamp": "soon"},
    }
    for message, headers in refusals.items():
        with pytest.raises(SignatureRefused, match=message):
            receive_webhook(trigger, b"{}", headers, now=engine.now)
    assert not Occurrence.objects.exists()
    assert receive_webhook(trigger, b"{}", signed(trigger, b"{}", at=at, key=key), now=engine.now).instance
