"""What a request that takes something in asks of the database: little, and nothing that grows with the flow."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from designer.models import Trigger
from tests.integration.api.conftest import Answer, Api, Json, flow_file

MARKS = ("SAVEPOINT", "RELEASE", "BEGIN")


@pytest.fixture
def hooked(api: Api) -> str:
    """The address of a webhook of the flow `hello`, which has an instance `one`."""
    api.post("/flows", {**flow_file(), "triggers": [{"type": "webhook"}]})
    assert api.post("/flows/hello/publish").status_code == 201
    assert api.post("/flows/hello/instances", {"id": "one"}).status_code == 201
    return f"/hooks/{Trigger.objects.get(type='webhook').secret_path}"


def asked(act: Callable[[], Answer], status: int) -> list[str]:
    """The statements of a request, without those that mark transactions."""
    act()  # what is remembered for ever is known from here on
    with CaptureQueriesContext(connection) as seen:
        assert act().status_code == status
    return [query["sql"] for query in seen.captured_queries if not query["sql"].startswith(MARKS)]


def test_a_start_asks_for_no_text_of_the_flow(api: Api, hooked: str) -> None:
    statements = asked(lambda: api.post("/flows/hello/instances", {}), 201)
    assert not [sql for sql in statements if "document" in sql]


def test_an_event_for_an_instance_reads_its_name_alone(api: Api, hooked: str) -> None:
    statements = asked(lambda: api.post("/instances/one/events", {"type": "paid"}), 202)
    assert not [sql for sql in statements if "document" in sql or '"engine_instance"."input"' in sql]


def test_an_event_for_an_instance_looks_it_up_within_its_transaction(api: Api, hooked: str) -> None:
    """There it is looked up once for all who send at the same time."""
    with CaptureQueriesContext(connection) as seen:
        assert api.post("/instances/one/events", {"type": "go"}).status_code == 202
    statements = [query["sql"] for query in seen.captured_queries]
    begin = next(place for place, sql in enumerate(statements) if sql.startswith(MARKS))
    assert not [sql for sql in statements[:begin] if "engine_instance" in sql]


@pytest.mark.parametrize("body", [{"type": "go"}, {"type": ""}, {}], ids=["fits", "refused", "no event"])
def test_that_there_is_no_such_instance_is_told_before_anything_else(api: Api, hooked: str, body: Json) -> None:
    assert api.post("/instances/nobody/events", body).status_code == 404


def test_a_webhook_without_an_id_asks_for_no_earlier_one(api: Api, hooked: str) -> None:
    statements = asked(lambda: api.client.post(hooked, b"{}", content_type="application/json"), 202)
    assert not [sql for sql in statements if "document" in sql]
    assert not [sql for sql in statements if "occurrence" in sql and sql.startswith("SELECT")]


def test_nobody_asks_since_when_there_is_what_is_used(api: Api, hooked: str) -> None:
    """To read a moment takes longer than to read a text."""
    calls: list[tuple[Callable[[], Answer], int]] = [
        (lambda: api.post("/flows/hello/instances", {}), 201),
        (lambda: api.post("/instances/one/events", {"type": "go"}), 202),
        (lambda: api.client.post(hooked, b"{}", content_type="application/json"), 202),
    ]
    for act, status in calls:
        selected = [sql for sql in asked(act, status) if sql.startswith("SELECT")]
        read = re.findall("accounts_[a-z]+.{3}created_at|designer_[a-z]+.{3}[a-z]+ed_at", " ".join(selected))
        assert (bool(selected), read) == (True, [])


BEGINNINGS: dict[str, list[Json]] = {
    "a person": [
        {"key": "ask", "name": "Ask", "kind": "manual", "settings": {"assigned_to": ["ops"], "due": {"for": "2 days"}}}
    ],
    "a time": [{"key": "rest", "name": "Rest", "kind": "delay", "settings": {"for": "1 hour"}}],
    "an event": [{"key": "wait", "name": "Wait", "kind": "wait_event", "settings": {"event_type": "go"}}],
    "an attempt": [
        {
            "key": "make",
            "name": "Make",
            "kind": "automation",
            "settings": {"action": "set_values", "inputs": {"values": {"a": "{{ input.n }}"}}, "sensitive": "output"},
        }
    ],
    "what fails": [
        {
            "key": "make",
            "name": "Make",
            "kind": "automation",
            "settings": {"action": "set_values", "inputs": {"values": {"a": "{{ 1 | divided_by: 0 }}"}}},
        }
    ],
    "two at once": [
        {"key": "ask", "name": "Ask", "kind": "manual"},
        {"key": "rest", "name": "Rest", "kind": "delay", "settings": {"for": "1 hour"}},
    ],
}


@pytest.mark.parametrize("tasks", BEGINNINGS.values(), ids=BEGINNINGS.keys())
def test_a_start_answers_what_is_read_afterwards(api: Api, tasks: list[Json]) -> None:
    edges = [{"from": "trigger", "to": task["key"]} for task in tasks]
    made = api.post("/flows", flow_file(tasks=tasks, edges=edges))
    assert made.status_code == 201, made.content
    published = api.post("/flows/hello/publish")
    assert published.status_code == 201, published.content
    started = api.post("/flows/hello/instances", {"input": {"n": 7.5}})
    assert started.status_code == 201, started.content
    assert len(started.json()["steps"]) == len(tasks)
    assert started.json() == api.get(f"/instances/{started.json()['id']}").json()


def test_a_start_does_not_read_what_it_has_begun(api: Api, hooked: str) -> None:
    statements = asked(lambda: api.post("/flows/hello/instances", {}), 201)
    assert not [sql for sql in statements if "engine_step" in sql and sql.startswith("SELECT")]
