"""The section Data: entities, automations, journeys, messages, subscribers, topics; who sees them, who changes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.roles import Role
from accounts.scope import Scope
from engine.entities.automations import begin_run, make_automation
from engine.entities.journeys import make_journey
from engine.entities.models import Automation, Entity, EntityChange, Journey
from engine.entities.store import note_uses, refer_to
from engine.models import Instance
from engine.notifying.models import Message, Preference, Subscriber, Topic, TopicMember
from engine.services.entity_changes import save_entity
from tests.integration.console.conftest import Start

SHOUT = "<script>alert(1)</script>"


@pytest.fixture
def things(scope: Scope, start: Start) -> dict[str, str]:
    """One of everything, with a hostile name; answers the addresses of their pages, below `data/`."""
    environment = scope.environment.pk
    entity, _ = save_entity(scope, "con/1", schema="contract", title=SHOUT, attributes={SHOUT: {"a": SHOUT}, "n": 1})
    save_entity(scope, "cus-1", schema="customer", attributes={}, relations=[{"name": "of", "entity": "con/1"}])
    save_entity(scope, "con/1", schema="contract", attributes={"n": 2}, relations=[{"name": "by", "entity": "cus-1"}])
    instance = start()
    note_uses([(environment, instance.pk, {"primary": refer_to("con/1", "contract")})])
    automation = make_automation(environment, name=SHOUT, actions=[{"type": SHOUT}], outcome="slow")
    run = begin_run(environment, automation.key, entity_key="con/1", instance_id=instance.pk)
    journey = make_journey(environment, key="report", name=SHOUT, form={"properties": {"x": {"title": SHOUT}}})
    ada = Subscriber.objects.create(environment=scope.environment, subscriber_id="ada/1", first_name=SHOUT)
    topic = Topic.objects.create(environment=scope.environment, key="depot/7", name=SHOUT)
    TopicMember.objects.create(topic=topic, subscriber=ada)
    Preference.objects.create(subscriber=ada, channels={"email": False})
    message = Message.objects.create(
        environment=scope.environment,
        subscriber=ada,
        idempotency_key="k",
        channel="email",
        subject=SHOUT,
        body=SHOUT,
        status="error",
        error="The mail server said no.",
        transaction_id="tx-1",
        instance=instance,
    )
    return {
        "entities": f"entities/{entity.pk}/",
        "automations": f"automations/{automation.pk}/",
        "runs": f"automations/runs/{run.key}/",
        "journeys": f"journeys/{journey.pk}/",
        "subscribers": f"subscribers/{ada.pk}/",
        "topics": f"topics/{topic.pk}/",
        "messages": f"messages/{message.pk}/",
    }


def test_the_messages_to_a_subscriber_are_not_told_as_news(
    things: dict[str, str], scope: Scope, client_as: Callable[[Role], Client]
) -> None:
    page = client_as(Role.VIEWER).get(f"{scope.url('engine:data')}{things['subscribers']}")
    assert things["messages"] in page.content.decode()
    assert b'class="toast ' not in page.content.partition(b"<template")[0]


LISTS = ("entities", "automations", "journeys", "messages", "subscribers", "topics")


@pytest.mark.parametrize("name", LISTS)
def test_a_viewer_sees_lists_and_things_as_text(
    name: str, things: dict[str, str], scope: Scope, client_as: Callable[[Role], Client]
) -> None:
    viewer = client_as(Role.VIEWER)
    for path in (f"{name}/", things[name]):
        answer = viewer.get(f"{scope.url('engine:data')}{path}")
        assert answer.status_code == 200, path
        text = answer.content.decode()
        assert SHOUT not in text
        assert "alert(1)" in text


@pytest.mark.parametrize("name", [*LISTS, "runs"])
def test_strangers_find_nothing(
    name: str, things: dict[str, str], scope: Scope, foreign_scope: Scope, client: Client
) -> None:
    assert isinstance(foreign_scope.actor, User)
    client.force_login(foreign_scope.actor)
    assert client.get(f"{scope.url('engine:data')}{things[name]}").status_code == 404
    there = foreign_scope.url("engine:data")
    assert client.get(f"{there}{things[name]}").status_code == 404
    if name in LISTS:
        assert "alert(1)" not in client.get(f"{there}{name}/").content.decode()


@pytest.mark.parametrize("name", LISTS)
def test_nothing_yet_says_what_it_is_for(name: str, scope: Scope, client_as: Callable[[Role], Client]) -> None:
    viewer = client_as(Role.VIEWER)
    base = f"{scope.url('engine:data')}{name}/"
    assert "yet" in viewer.get(base).content.decode()
    for query in (
        "?q=x&channel=x&status=x&subscriber=x&schema=x",
        "?before=x",
        "?before=99999999999999999999",
    ):
        assert viewer.get(base + query).status_code == 200, query


def test_an_entity_shows_all_that_refers_to_it(
    things: dict[str, str], scope: Scope, client_as: Callable[[Role], Client]
) -> None:
    text = client_as(Role.VIEWER).get(f"{scope.url('engine:data')}{things['entities']}").content.decode()
    instance = Instance.objects.get()
    assert instance.key in text
    assert scope.url("engine:instance", pk=instance.pk) in text
    assert "has it as of" in text
    assert "<del>1</del>" in text
    assert "/portal/" not in text
    text = client_as(Role.OPERATOR).get(f"{scope.url('engine:data')}{things['entities']}").content.decode()
    assert "/portal/" in text


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("entities/new/", Role.ASSIGNEE),
        ("{entities}edit/", Role.ASSIGNEE),
        ("{entities}remove/", Role.ASSIGNEE),
        ("automations/new/", Role.OPERATOR),
        ("{automations}edit/", Role.OPERATOR),
        ("{automations}run/", Role.ASSIGNEE),
        ("{runs}", Role.ASSIGNEE),
        ("journeys/new/", Role.OPERATOR),
        ("{journeys}edit/", Role.OPERATOR),
        ("{journeys}renew/", Role.OPERATOR),
    ],
)
def test_who_may_not_change_is_told_so(
    path: str, role: Role, things: dict[str, str], scope: Scope, client_as: Callable[[Role], Client]
) -> None:
    assert client_as(role).post(scope.url("engine:data") + path.format(**things)).status_code == 403


def test_an_entity_is_made_changed_and_deleted(scope: Scope, client_as: Callable[[Role], Client]) -> None:
    operator, base = client_as(Role.OPERATOR), scope.url("engine:data")
    given = {"key": "con 9/ä", "schema": "contract", "title": "Nine", "attributes": '{"n": 1}'}
    made = operator.post(f"{base}entities/new/", given)
    entity = Entity.objects.get(key="con 9/ä")
    assert made.headers["location"] == scope.url("engine:entity", pk=entity.pk)
    assert operator.post(f"{base}entities/new/", given).status_code == 422
    page = f"{base}entities/{entity.pk}/"
    assert "&quot;n&quot;: 1" in operator.get(f"{page}edit/").content.decode()
    assert operator.post(f"{page}edit/", {**given, "attributes": '{"n": 2}'}).status_code == 302
    entity.refresh_from_db()
    assert entity.attributes == {"n": 2}
    change = EntityChange.objects.filter(entity=entity).latest("pk")
    assert change.by["type"] == "user"
    assert operator.post(f"{page}remove/").status_code == 302
    assert not Entity.objects.filter(pk=entity.pk).exists()


@pytest.mark.parametrize("wrong", ["[]", "{", '{"a": 1e999}', "7", '{"a": "\\u0000"}'])
def test_attributes_that_are_no_object_stay_in_the_form(
    wrong: str, scope: Scope, client_as: Callable[[Role], Client]
) -> None:
    path = f"{scope.url('engine:data')}entities/new/"
    answer = client_as(Role.OPERATOR).post(path, {"key": "x", "schema": "s", "attributes": wrong})
    assert answer.status_code == 422
    assert not Entity.objects.exists()


def test_an_automation_is_made_changed_run_and_ended(scope: Scope, client_as: Callable[[Role], Client]) -> None:
    designer, base = client_as(Role.DESIGNER), scope.url("engine:data")
    given: dict[str, Any] = {"name": "Nightly", "outcome": "slow", "actions": '[{"type": "x"}]', "is_enabled": "on"}
    assert designer.post(f"{base}automations/new/", {**given, "actions": "[1]"}).status_code == 422
    assert designer.post(f"{base}automations/new/", given).status_code == 302
    automation = Automation.objects.get()
    page = f"{base}automations/{automation.pk}/"
    assert designer.post(f"{page}run/", {"entity": "ghost"}).status_code == 422
    assert designer.post(f"{page}run/", {}).status_code == 302
    run = automation.runs.get()
    assert "say how it ended" in designer.get(page).content.decode()
    assert designer.get(f"{base}automations/runs/{run.key}/").status_code == 200
    assert designer.post(f"{base}automations/runs/{run.key}/", {"status": "slow"}).status_code == 422
    assert designer.post(f"{base}automations/runs/{run.key}/", {"status": "success"}).status_code == 302
    assert designer.post(f"{base}automations/runs/{run.key}/", {"status": "failed"}).status_code == 422
    run.refresh_from_db()
    assert run.status == "success"
    assert designer.post(f"{page}edit/", {"name": "Off", "outcome": "failed"}).status_code == 302
    automation.refresh_from_db()
    assert (automation.name, automation.outcome, automation.is_enabled) == ("Off", "failed", False)


def test_a_journey_is_made_changed_and_given_another_address(scope: Scope, client_as: Callable[[Role], Client]) -> None:
    designer, base = client_as(Role.DESIGNER), scope.url("engine:data")
    form = '{"type": "object", "properties": {"meter": {"type": "string", "title": "Meter"}}}'
    given = {"key": "report", "name": "Report", "form": form, "is_public": "on", "is_enabled": "on"}
    assert designer.post(f"{base}journeys/new/", {**given, "form": '{"type": "nonsense"}'}).status_code == 422
    assert designer.post(f"{base}journeys/new/", given).status_code == 302
    assert designer.post(f"{base}journeys/new/", given).status_code == 422
    journey = Journey.objects.get()
    page, before = f"{base}journeys/{journey.pk}/", journey.secret_path
    assert before in designer.get(page).content.decode()
    assert Client().get(f"/journeys/{before}/").status_code == 200
    assert designer.post(f"{page}renew/").status_code == 302
    assert Client().get(f"/journeys/{before}/").status_code == 404
    assert designer.post(f"{page}edit/", {**given, "name": "Other", "is_public": ""}).status_code == 302
    journey.refresh_from_db()
    assert (journey.name, journey.is_public) == ("Other", False)


def test_lists_cost_the_same_however_long_they_are(
    things: dict[str, str], scope: Scope, client_as: Callable[[Role], Client]
) -> None:
    viewer = client_as(Role.VIEWER)

    def costs() -> list[int]:
        counts = []
        for name in LISTS:
            path = f"{scope.url('engine:data')}{name}/"
            viewer.get(path)
            with CaptureQueriesContext(connection) as seen:
                viewer.get(path)
            counts.append(len(seen))
        return counts

    few = costs()
    ada = Subscriber.objects.get()
    for number in range(8):
        save_entity(scope, f"e-{number}", schema=f"s{number}", attributes={})
        make_automation(scope.environment.pk, name=str(number))
        make_journey(scope.environment.pk, key=f"j-{number}", name="J", form={})
        Subscriber.objects.create(environment=scope.environment, subscriber_id=f"s-{number}")
        Topic.objects.create(environment=scope.environment, key=f"t-{number}")
        Message.objects.create(
            environment=scope.environment, subscriber=ada, idempotency_key=f"k{number}", channel="sms", body="x"
        )
    assert costs() == few


def test_a_message_with_markup_is_shown_as_it_looks_in_a_frame_that_runs_nothing(
    client_as: Callable[[Role], Client], scope: Scope, things: dict[str, str]
) -> None:
    viewer, address = (
        client_as(Role.VIEWER),
        scope.url("engine:messages").removesuffix("messages/") + things["messages"],
    )
    page = viewer.get(address)
    assert f'<iframe class="as-sent" sandbox="" title="The message as it looks" src="{address}body/">' in page.text
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    body = viewer.get(f"{address}body/")
    assert SHOUT in body.text
    assert body.headers["X-Frame-Options"] == "SAMEORIGIN"
    policy = dict((*part.split(" ", 1), "")[:2] for part in body.headers["Content-Security-Policy"].split("; "))
    own = {"style-src": "'unsafe-inline'", "img-src": "data:", "frame-ancestors": "'self'", "sandbox": ""}
    assert policy == dict.fromkeys(policy, "'none'") | own
    assert "default-src" in policy
    Message.objects.update(body="No markup at all")
    assert "<iframe" not in viewer.get(address).text
    assert viewer.get(f"{address}body/").status_code == 404
    Message.objects.update(body="1 < 2", channel="sms")
    assert "1 &lt; 2" in viewer.get(address).text
    assert viewer.get(f"{address}body/").status_code == 404
