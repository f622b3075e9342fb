"""What the database is asked when something is taken in: how much a web process takes in hangs on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from designer.models import Trigger
from tests.integration.api.conftest import Api, flow_file
from tests.integration.engine.counting import counted_statements

MOST = {"start": 8, "event": 3, "instance_event": 8, "webhook": 9}
"""On SQLite, which writes in several statements what PostgreSQL writes in one."""
pytestmark = pytest.mark.django_db(transaction=True)


def asked(call: Callable[[], Any]) -> list[str]:
    """The statements of a call. One before it fills what processes remember."""
    for _ in range(2):
        with counted_statements() as sent:
            assert call().status_code < 300
    return sent


@pytest.fixture
def published(api: Api) -> Api:
    api.post("/flows", flow_file(triggers=[{"type": "webhook"}]))
    api.post("/flows/hello/publish")
    return api


def test_a_start_asks_for_the_key_the_flow_an_id_and_the_steps_and_writes_once(published: Api) -> None:
    sent = asked(lambda: published.post("/flows/hello/instances", {"input": {}}))
    assert len(sent) <= MOST["start"], sent


def test_an_event_asks_for_the_key_and_writes_once(published: Api) -> None:
    sent = asked(lambda: published.post("/events", {"type": "order.made"}))
    assert len(sent) <= MOST["event"], sent


def test_an_event_for_an_instance_is_a_transaction_without_another_within(published: Api) -> None:
    published.post("/flows/hello/instances", {"id": "one", "input": {}})
    sent = asked(lambda: published.post("/instances/one/events", {"type": "hurry"}))
    assert not [sql for sql in sent if "SAVEPOINT" in sql], sent
    assert len(sent) <= MOST["instance_event"], sent


def test_a_webhook_asks_for_its_trigger_and_writes_twice(published: Api) -> None:
    path = Trigger.objects.get(type="webhook").secret_path
    sent = asked(lambda: published.client.post(f"/hooks/{path}", b"{}", content_type="application/json"))
    assert len([sql for sql in sent if sql.startswith("SAVEPOINT")]) <= 1, sent
    assert len(sent) <= MOST["webhook"], sent
