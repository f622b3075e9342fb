"""A program's request may go by what its process was answered before; nobody is answered on the strength of that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import URLResolver, get_resolver
from django.utils import timezone

from accounts.beliefs import BeliefWrong, believing, current_beliefs
from accounts.lookups import Lookup
from accounts.models import ApiKey, Environment
from designer.models import Flow, Trigger
from dialects.native.views.events import Events, InstanceEvents
from dialects.native.views.hooks import Hook
from dialects.native.views.instances import StartInstance
from engine.models import Event, InboundEvent, Instance, Occurrence
from engine.services.together import Together
from tests.integration.api.conftest import Api, assert_problem, flow_file

pytestmark = pytest.mark.django_db(transaction=True)
Call = Callable[[], Any]


@pytest.fixture
def published(api: Api) -> Api:
    api.post("/flows", flow_file(triggers=[{"type": "webhook"}]))
    api.post("/flows/hello/publish")
    api.post("/flows/hello/instances", {"id": "one", "input": {}})
    return api


def start(api: Api) -> Any:
    return api.post("/flows/hello/instances", {"input": {}})


def tell(api: Api) -> Any:
    return api.post("/instances/one/events", {"type": "hurry"})


def announce(api: Api) -> Any:
    return api.post("/events", {"type": "order.made"})


def call(api: Api, path: str | None = None) -> Any:
    address = path or Trigger.objects.get(type="webhook").secret_path
    return Client().post(f"/hooks/{address}", b"{}", content_type="application/json")


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def written() -> list[int]:
    """How much there is of what requests leave."""
    return [model.objects.count() for model in (Instance, Event, InboundEvent, Occurrence)]


ACTS = {StartInstance: start, InstanceEvents: tell, Events: announce, Hook: call}
"""Of each view that may go by beliefs a request that does, and is heard but once."""


def views_below(patterns: Iterable[Any]) -> Iterator[type]:
    """The classes of all views that addresses lead to."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from views_below(pattern.url_patterns)
        elif view := getattr(pattern.callback, "cls", getattr(pattern.callback, "view_class", None)):
            yield view


def test_each_view_that_may_believe_is_looked_at_here() -> None:
    views = set(views_below(get_resolver().url_patterns))
    assert StartInstance in views
    assert {view for view in views if getattr(view, "may_believe", False)} == set(ACTS)


def test_nobody_writes_on_the_strength_of_a_belief(published: Api) -> None:
    assert start(published).status_code == 201
    named = Lookup(lambda slug: Environment.objects.filter(slug=slug).order_by(), "a slug", is_kept=True)
    slug = Environment.objects.get(pk=ApiKey.objects.get().environment_id).slug
    named.first(slug)
    together: Together[str, int] = Together(
        lambda wishes: [Flow.objects.filter(key=wish).update(name="By both") for wish in wishes]
    )
    with believing() as beliefs:
        Flow.objects.update(name="By none")  # nothing is believed yet
        named.first(slug)
        for write in (
            lambda: Flow.objects.update(name="By itself"),
            lambda: execute("DELETE FROM engine_event"),
            lambda: InboundEvent.objects.create(environment_id=1, type="x", payload={}),
            lambda: execute("WITH x AS (SELECT 1) UPDATE designer_flow SET name = 'x'"),
        ):
            with pytest.raises(BeliefWrong):
                write()
        assert Flow.objects.select_for_update().count() == 1
        assert together("hello") == 1
        assert beliefs.are_sound
        Flow.objects.update(description="Confirmed meanwhile")
    assert list(Flow.objects.values_list("name", "description")) == [("By both", "Confirmed meanwhile")]


def test_a_view_that_writes_by_other_ways_is_heard_by_what_is_asked_for(
    published: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bool] = []
    as_it_is = InstanceEvents.send

    def send(view: InstanceEvents, *given: Any) -> Event:
        heard.append(current_beliefs() is not None)
        Flow.objects.update(name=f"Heard {len(heard)}")
        return as_it_is(view, *given)

    monkeypatch.setattr(InstanceEvents, "send", send)
    for _ in range(2):
        assert tell(published).status_code == 202
    assert heard == [True, False, True, False]
    assert Event.objects.count() == 2


@pytest.mark.parametrize("act", ACTS.values())
def test_what_a_request_goes_by_is_asked_for_within_its_transaction(published: Api, act: Callable[[Api], Any]) -> None:
    path = Trigger.objects.get(type="webhook").secret_path
    again: Call = (lambda: call(published, path)) if act is call else (lambda: act(published))
    assert again().status_code < 300
    asked: list[bool] = []

    def note(execute: Any, sql: str, *others: Any) -> Any:
        if "accounts_apikey" in sql or "designer_trigger" in sql:
            asked.append(connection.in_atomic_block)
        return execute(sql, *others)

    with connection.execute_wrapper(note):
        assert again().status_code < 300
    assert asked == [True]


@pytest.mark.parametrize("act", [start, tell, announce])
def test_a_key_that_somebody_revokes_elsewhere_opens_nothing_more(published: Api, act: Callable[[Api], Any]) -> None:
    assert act(published).status_code < 300
    ApiKey.objects.update(revoked_at=timezone.now())
    before = written()
    assert_problem(act(published), 401)
    assert written() == before


def test_a_key_that_is_gone_opens_nothing_more(published: Api) -> None:
    assert start(published).status_code == 201
    ApiKey.objects.all().delete()
    before = written()
    assert_problem(start(published), 401)
    assert written() == before


def test_a_key_may_only_what_it_may_now(published: Api) -> None:
    assert start(published).status_code == 201
    ApiKey.objects.update(scopes=["flows:read"])
    before = written()
    assert_problem(start(published), 403)
    assert written() == before


def test_a_flow_is_started_as_it_is_now(published: Api) -> None:
    assert start(published).json()["version"] == 1
    assert published.post("/flows/hello/publish").status_code in (200, 201)
    Flow.objects.update(is_enabled=False)
    before = written()
    assert_problem(start(published), 409)
    assert written() == before
    Flow.objects.update(is_enabled=True)
    assert start(published).json()["version"] == Flow.objects.get().live_version.number  # type: ignore[union-attr]


def test_a_webhook_fires_as_it_is_now(published: Api) -> None:
    trigger = Trigger.objects.get(type="webhook")
    path = trigger.secret_path
    assert call(published, path).json()["outcome"] == "started"
    Trigger.objects.update(settings={"filter": "event.size > 3"})
    assert call(published, path).json() == {"id": None, "outcome": "filtered"}
    Trigger.objects.update(settings={}, secret="sealed")
    before = written()
    assert call(published, path).status_code == 401
    Trigger.objects.update(secret="", is_active=False)
    assert call(published, path).status_code == 404
    Trigger.objects.update(is_active=True, secret_path="elsewhere")
    assert call(published, path).status_code == 404
    assert written() == before
    assert call(published, "elsewhere").status_code == 202
    assert written()[0] == before[0] + 1


def test_a_refusal_rests_on_no_belief(published: Api) -> None:
    assert start(published).status_code == 201
    Flow.objects.update(is_enabled=False)
    assert_problem(start(published), 409)  # asked for, and kept
    Flow.objects.update(is_enabled=True)
    assert start(published).status_code == 201


def test_an_environment_that_is_gone_takes_nothing_in(published: Api) -> None:
    assert announce(published).status_code == 202
    InboundEvent.objects.all().delete()
    Instance.objects.all().delete()
    Environment.objects.filter(pk=ApiKey.objects.get().environment_id).delete()
    assert_problem(announce(published), 401)
    assert not InboundEvent.objects.exists()
