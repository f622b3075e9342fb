"""`/metrics`: who may look, and what they see."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.scope import Scope
from config import metrics as page
from config.environment import Environment
from engine.telemetry import metrics
from tests.integration.engine.conftest import Engine, python

pytestmark = pytest.mark.django_db
TOKEN = "a long enough token for this"


@pytest.fixture(autouse=True)
def _metrics_on(settings: Any) -> Iterator[None]:
    settings.METRICS, settings.METRICS_TOKEN, settings.METRICS_ALLOW = True, TOKEN, [ip_network("10.0.0.0/8")]
    metrics.turn_on()
    page._signs.forget()
    yield
    metrics.turn_off()


def read(client: Client, **headers: str) -> dict[str, float]:
    """The samples by their names with labels."""
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, **headers)
    assert answer.status_code == 200, answer.content
    lines = [line for line in answer.content.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_only_the_token_or_an_allowed_address_opens_it(client: Client) -> None:
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 403
    assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="10.1.2.3").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="192.168.0.1").status_code == 403


def test_whoever_comes_through_a_proxy_has_no_address(client: Client) -> None:
    for header in ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"):
        assert client.get("/metrics", headers={header: "10.1.2.3"}, REMOTE_ADDR="10.1.2.3").status_code == 403


def test_it_is_not_there_while_metrics_are_off(client: Client) -> None:
    metrics.turn_off()
    assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_work_is_counted(client: Client, scope: Scope) -> None:
    engine = Engine(scope, now=timezone.now())
    flow = engine.publish("a -> b", settings={"a": python("echo"), "b": python("no such function")})
    engine.start(flow)
    before = read(client)
    assert before['quadrille_instances{status="running"}'] == 1
    assert before["quadrille_steps_claimable"] == 1
    while engine.work():
        pass
    page._signs.forget()
    after = read(client)
    assert after['quadrille_steps_total{outcome="completed"}'] == 1
    assert after['quadrille_attempts_total{result="completed"}'] == 1
    assert after['quadrille_attempts_total{result="failed"}'] == 1
    assert after['quadrille_instances_ended_total{status="errored"}'] == 1
    assert after["quadrille_steps_claimable"] == 0
    assert after["quadrille_leases_expired_total"] == 0


def test_networks_are_read_from_the_environment() -> None:
    env = Environment({"METRICS_ALLOW": "10.0.0.0/8, ::1, 10.0.0.1/8"})
    assert [str(network) for network in env.networks("METRICS_ALLOW")] == ["10.0.0.0/8", "::1/128"]
    assert env.problems == ["METRICS_ALLOW must hold networks such as 10.0.0.0/8, not '10.0.0.1/8'"]
