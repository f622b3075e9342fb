"""A sensitive output is stored and passed on, and no door shows it: no page, API, live part, fact, log or admin."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

import orjson
import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.live import Asked
from accounts.models import ApiKey, AuditEntry, Environment
from accounts.roles import ApiScope, Role
from accounts.scope import Scope
from designer.graph.model import Condition, Statement
from engine.actions.python import flow_function
from engine.calls.models import Signal
from engine.live.topics import InstanceTopic
from engine.models import Fact, Instance, Step
from engine.outbox.models import Endpoint, Message
from engine.services.human_tasks import skip_step
from engine.services.interventions import retry
from tests.drawing import draw
from tests.integration.engine.conftest import Engine

SECRET = "4111-9999-8888-7777"
MOST_ROWS: Final = 8
"""Of each table of the admin; what is stored is looked at as a whole besides."""
ACTIONS: Final = ("retry", "restart", "terminate", "pause")
APIS: Final = ("/api/", "/cloudflare/", "/formance/", "/novu/", "/epilot/")
CARD = "{{ steps.card.output.number }}"
LEAKS = {"action": "python", "inputs": {"function": "test.leak", "arguments": {"card": CARD}}, "retries": {"limit": 0}}


@flow_function("test.leak")
def leak(card: str) -> None:
    """Says what it was given, in its error."""
    raise ValueError(f"no such card: {card}")


def echo(value: str) -> dict[str, Any]:
    """A task that answers what it is given, and keeps it to itself."""
    return {"action": "python", "inputs": {"function": "echo", "arguments": {"it": value}}, "sensitive": "output"}


CHILD = draw(
    "pay -> check -> wait; check -!-> wait[any]",
    key="child",
    kinds={"wait": "manual"},
    settings={
        "pay": echo("{{ input.card }}"),
        "check": {**LEAKS, "inputs": {"function": "test.leak", "arguments": {"card": "{{ input.card }}"}}},
    },
)
PARENT = draw(
    "card -> use -> choose; use -!-> choose[any]; choose -yes-> get; choose -none_met-> get[any]; get -> call -> last; "
    "get -!-> call[any]; call -> late",
    key="parent",
    kinds={"call": "call"},
    settings={
        # Sets a value too, which others read as vars.number.
        "card": {"action": "set_values", "inputs": {"values": {"number": "{{ input.n | append: '-7777' }}"}}}
        | {"sensitive": "output"},
        "use": LEAKS,
        "get": {
            "action": "http_request",
            "inputs": {"method": "GET", "url": "http://127.0.0.1:9/{{ vars.number }}", "headers": {"x-card": CARD}},
            "retries": {"limit": 0},
        },
        "call": {"flow": "child", "inputs": {"card": CARD}},
        "last": echo("{{ steps.call.output }}"),
        "late": {**echo(CARD), "schedule": {"mode": "delayed", "duration": "1 hour"}},
    },
)


def parent_flow() -> Any:
    """The decision compares the hidden value, and what hides it."""
    statements = (
        Statement("steps.card.output.number", "starts_with", ("4111",)),
        Statement("vars.number", "greater_than", ("{{ steps.card.output.number }}",)),
    )
    choose = replace(PARENT.tasks["choose"], conditions=(Condition("yes", "Is it?", statements=statements),))
    return replace(PARENT, tasks={**PARENT.tasks, "choose": choose})


@pytest.fixture
def instance(engine: Engine) -> Instance:
    """An instance that has used a secret in every way there is, and waits; its child waits for a person."""
    engine.publish(CHILD)
    made = engine.start(parent_flow(), input={"n": SECRET.removesuffix("-7777")})
    engine.work()
    engine.work()
    made.refresh_from_db()
    return made


def test_the_secret_is_passed_on(engine: Engine, instance: Instance) -> None:
    card = Step.objects.get(instance=instance, task="card")
    assert card.output == {"number": SECRET}
    child = Instance.objects.get(flow__key="child")
    assert child.input == {"card": SECRET}
    assert Step.objects.get(instance=child, task="pay").output == {"it": SECRET}


def finish(engine: Engine) -> None:
    """Let parent and child come to their ends."""
    skip_step(engine.scope, Step.objects.get(task="wait"), reason="Done.", now=engine.now)
    engine.work()
    engine.later(hours=2)
    assert not Instance.objects.exclude(status="complete").exists()


def test_an_input_that_is_hidden_stays_so_where_it_is_edited(engine: Engine) -> None:
    breaks = {"action": "raise_error", "inputs": {"message": "No."}}
    engine.publish(draw("a", key="child", settings={"a": breaks}))
    settings = {"card": echo(SECRET), "call": {"flow": "child", "inputs": {"card": "{{ steps.card.output.it }}"}}}
    engine.start(draw("card -> call", kinds={"call": "call"}, settings=settings))
    engine.work()
    child = Instance.objects.get(flow__key="child")
    retry(engine.scope, child, input={"card": SECRET, "more": 1}, now=engine.now)
    assert child.input == {"card": SECRET, "more": 1}
    told = Fact.objects.get(instance=child, type="InstanceRetried").data
    assert (told["before"]["input"], told["after"]["input"]) == ("[REDACTED]", "[REDACTED]")
    assert SECRET not in str([*Fact.objects.values_list("data", flat=True), *AuditEntry.objects.values_list("after")])


def test_what_is_told_outside_does_not_hold_it(engine: Engine, environment: Environment) -> None:
    Endpoint.objects.create(environment=environment, name="hook", url="https://example.com/hook", secret="x")
    engine.publish(CHILD)
    engine.start(parent_flow(), input={"n": SECRET.removesuffix("-7777")})
    engine.work()
    finish(engine)
    told = list(Message.objects.values_list("type", "data"))
    assert len(told) > 20
    assert any("error" in data for _, data in told)
    assert SECRET not in str(told)


# -- the doors --------------------------------------------------------------------------------------------------------


def routes(patterns: Any, prefix: str = "") -> Iterator[str]:
    """Every address of the URL table, as it is written there."""
    for pattern in patterns:
        here = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if pattern.namespace != "admin":
                yield from routes(pattern.url_patterns, here)
        elif isinstance(pattern, URLPattern):
            yield here


SLOW: Final = ("graph.", "/compare/", "/edit/", "(?P<")
"""Drawings of versions and the editor, which know no instance."""
ROUTES: Final = [route for route in routes(get_resolver().url_patterns) if not any(part in route for part in SLOW)]


def filled_in(route: str, instance: Instance, step: Step) -> Iterator[str]:
    """Addresses of a route that show this instance or this step."""
    values = {
        "org": "acme",
        "env": "development",
        "flow": instance.flow.key,
        "key": instance.flow.key,
        "number": "1",
        "instance": instance.key,
        "instance_id": instance.key,
        "name": instance.flow.key,
        "workflow": instance.flow.key,
        "task": step.task,
        "account": "acme",
        "organization": "acme",
        "environment": "development",
        "format": "json",
    }
    names = re.findall(r"<(?:\w+:)?(\w+)>", route)
    pks = [str(instance.pk), str(step.pk)] if "pk" in names else [""]
    for pk in pks:
        for action in ACTIONS if "action" in names else [""]:
            known = values | {"pk": pk, "action": action}
            yield "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: known.get(found[1], "x"), route)  # noqa: B023


def body_of(response: Any) -> bytes:
    if isinstance(response, HttpResponse):
        return response.content
    return b"".join(response.streaming_content)


def test_no_door_shows_it(
    engine: Engine,
    instance: Instance,
    environment: Environment,
    client_as: Callable[[Role], Client],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    browser = client_as(Role.ADMINISTRATOR)
    finish(engine)
    key = ApiKey.objects.issue(environment=environment, name="program", scopes=list(ApiScope))[1]
    boss = get_user_model().objects.create_superuser("boss@example.com", "a long enough passphrase")
    admin_browser = Client()
    admin_browser.force_login(boss, backend="django.contrib.auth.backends.ModelBackend")
    program = Client(headers={"authorization": f"Bearer {key}"})
    program.raise_request_exception = browser.raise_request_exception = False
    shown: dict[str, bytes] = {}
    found = Instance.objects.select_related("flow")
    for one in found:
        for step in Step.objects.filter(instance=one):
            for route in ROUTES:
                for address in filled_in(route, one, step):
                    shown.setdefault(address, b"")
            shown[f"/o/acme/development/instances/{one.pk}/?step={step.task}"] = b""
    for address in shown:
        client = program if address.startswith(APIS) else browser
        response = client.get(address)
        assert response.status_code != 500, address
        shown[address] = body_of(response)
    opened = [address for address, body in shown.items() if b"REDACTED" in body]
    assert any(address.startswith("/api/v1/instances/") for address in opened)
    assert any(address.startswith("/o/acme/development/instances/") for address in opened)
    for model in admin.site._registry:
        name = f"{model._meta.app_label}/{model._meta.model_name}"
        shown[f"/admin/{name}/"] = body_of(admin_browser.get(f"/admin/{name}/"))
        for row in model._default_manager.order_by("pk")[:MOST_ROWS]:
            address = f"/admin/{name}/{row.pk}/change/"
            shown[address] = body_of(admin_browser.get(address))
    assert len(shown) > 150
    leaks = [address for address, body in shown.items() if SECRET.encode() in body]
    assert leaks == []
    # What is stored beside the outputs themselves: everything that a page or a program may come to show one day.
    kept = [
        *Fact.objects.values_list("data", flat=True),
        *Step.objects.values_list("input", "error", "attempts", "event_type", "assigned_to"),
        *Instance.objects.values_list("error", "trigger"),
        *AuditEntry.objects.values_list("before", "after"),
    ]
    assert SECRET not in orjson.dumps(kept, default=str).decode()
    out, err = capfd.readouterr()
    assert SECRET not in caplog.text + out + err
    assert not Signal.objects.exists()


def test_live_parts_do_not_show_it(instance: Instance, scope: Scope) -> None:
    topic = InstanceTopic()
    assert scope.user is not None
    for one in Instance.objects.all():
        grant = topic.authorize(scope.user, one.pk)
        assert grant is not None
        for task in ["", *Step.objects.filter(instance=one).values_list("task", flat=True)]:
            update = topic.render(Asked(one.pk, view=task, audience=grant.audience))
            html = "".join(part.html for part in update.parts)
            assert len(html) > 1000
            assert SECRET not in html
