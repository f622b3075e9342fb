"""Webhooks: whoever knows the address starts an instance, once per message, and signed where asked."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.sealing import unseal
from designer.models import Trigger
from engine.models import InboundEvent, Instance, Occurrence
from engine.services.triggers import sign
from tests.integration.api.conftest import Api, as_bytes, assert_problem, flow_file


def trigger_of(api: Api, **settings: Any) -> Trigger:
    """The webhook trigger of a flow published with it."""
    assert api.post("/flows", flow_file(triggers=[{"type": "webhook", **settings}])).status_code == 201
    assert api.post("/flows/hello/publish").status_code == 201
    return Trigger.objects.get(type="webhook")


def call(trigger: Trigger, body: Any, **headers: str) -> Any:
    """Call the webhook as somebody outside does."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Client().post(
        f"/hooks/{trigger.secret_path}", as_bytes(body), content_type="application/json", headers=named
    )


def test_a_call_starts_an_instance_with_the_body_as_input(api: Api) -> None:
    answer = call(trigger_of(api), {"a": 1})
    assert answer.status_code == 202, answer.content
    seen = api.get(f"/instances/{answer.json()['id']}").json()
    assert (seen["input"], seen["trigger"]["type"]) == ({"a": 1}, "webhook")


def test_inputs_pick_from_the_body(api: Api) -> None:
    answer = call(trigger_of(api, inputs={"service": "{{ event.labels.service }}"}), {"labels": {"service": "shop"}})
    assert api.get(f"/instances/{answer.json()['id']}").json()["input"] == {"service": "shop"}


def test_a_message_that_comes_twice_starts_one_instance(api: Api) -> None:
    trigger = trigger_of(api)
    first, again = (call(trigger, {"a": 1}, webhook_id="m1") for _ in range(2))
    assert first.json() == again.json()
    assert Instance.objects.count() == 1


def test_a_signed_webhook_takes_only_what_is_signed_now(api: Api) -> None:
    trigger = trigger_of(api, signed=True)
    secret = base64.b64decode(unseal(trigger.secret).removeprefix("whsec_"))
    body, now = b'{"a": 1}', str(int(time.time()))
    good = sign(secret, "m1", now, body)
    old = str(int(timezone.now().timestamp()) - 600)
    for headers in (
        {},
        {"webhook_id": "m1", "webhook_timestamp": now, "webhook_signature": "v1,AAAA"},
        {"webhook_id": "m2", "webhook_timestamp": now, "webhook_signature": good},
        {"webhook_id": "m1", "webhook_timestamp": old, "webhook_signature": sign(secret, "m1", old, body)},
        {"webhook_id": "m1", "webhook_timestamp": "soon", "webhook_signature": good},
    ):
        assert_problem(call(trigger, body, **headers), 401)
    assert Instance.objects.count() == 0
    answer = call(trigger, body, webhook_id="m1", webhook_timestamp=now, webhook_signature=f"v1,AAAA {good}")
    assert answer.status_code == 202, answer.content


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b'{"a": "\\u0000"}', b'{"a": NaN}', b'{"a": 1, "a": 2}'])
def test_a_body_that_is_no_clean_json_is_refused(api: Api, body: bytes) -> None:
    trigger = trigger_of(api)
    answer = call(trigger, body)
    assert answer.status_code in (400, 422)
    assert_problem(answer, answer.status_code)
    assert (Instance.objects.count(), Occurrence.objects.count()) == (0, 0)


def test_a_body_over_a_mebibyte_is_a_413(api: Api) -> None:
    assert_problem(call(trigger_of(api), b'"' + b"x" * 1024 * 1024 + b'"'), 413)


def test_an_address_that_is_none_is_a_404_and_get_a_405(api: Api) -> None:
    trigger = trigger_of(api)
    assert_problem(Client().post("/hooks/guess", b"{}", content_type="application/json"), 404)
    assert_problem(Client().get(f"/hooks/{trigger.secret_path}"), 405)


def test_an_event_starts_every_flow_that_listens(api: Api, run: Callable[[], None]) -> None:
    for key, filter in (("all", "true"), ("large", "event.amount > 50"), ("other", None)):
        event = "payment.saved" if filter else "something.else"
        trigger = {"type": "event", "event": event, **({"filter": filter} if filter else {})}
        assert api.post("/flows", flow_file(key, triggers=[trigger])).status_code == 201
        assert api.post(f"/flows/{key}/publish").status_code == 201
    for amount in (10, 100):
        answer = api.post("/events", {"type": "payment.saved", "payload": {"amount": amount}})
        assert answer.status_code == 202
    run()
    started = sorted(Instance.objects.values_list("flow__key", "input__amount"))
    assert started == [("all", 10), ("all", 100), ("large", 100)]
    assert InboundEvent.objects.filter(matched_at=None).count() == 0
