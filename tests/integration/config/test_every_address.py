"""Every address there is, asked by those who may and by those who may not: rubbish is a 4xx, a page of others a 404."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Model
from django.http import QueryDict
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import ApiKey, Environment, MemberGroup, Membership, User
from accounts.roles import Role
from accounts.scope import Scope
from config.demo.loading import load_demo
from config.demo.people import SLUG, address_of
from designer.models import Trigger
from engine.entities.models import Automation, Entity, Journey
from engine.models import Instance, Step
from engine.notifying.models import Subscriber, Topic

HUGE = "9" * 30
LONG = "x" * 70_000
PLACEHOLDER = re.compile(r"<(?:(\w+):)?(\w+)>|\(\?P<(\w+)>[^)]*\)")


def addresses(resolver: URLResolver, before: str = "/") -> Iterator[str]:
    """The pattern of each address, as one text."""
    for entry in resolver.url_patterns:
        pattern = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(entry, pattern)
        elif isinstance(entry, URLPattern):
            yield pattern


ALL = list(addresses(get_resolver()))
EVERY = [pattern for pattern in ALL if not pattern.startswith("/admin/")]
ADMIN = [pattern for pattern in ALL if pattern.startswith("/admin/")]
STRANGE = ("flow", "key", "name", "instance", "number", "action", "to")
CONSOLE = [pattern for pattern in EVERY if pattern.startswith("/o/")]
"""Of the pages of an environment."""


OBJECTS: tuple[tuple[str, type[Model]], ...] = (
    ("/settings/groups/", MemberGroup),
    ("/settings/members/", Membership),
    ("/settings/environments/", Environment),
    ("/data/entities/", Entity),
    ("/data/automations/", Automation),
    ("/data/journeys/", Journey),
    ("/data/subscribers/", Subscriber),
    ("/data/topics/", Topic),
    ("/triggers/", Trigger),
    ("/inbox/", Step),
    ("/instances/", Instance),
)
"""Whose number is in an address that holds this."""


@pytest.fixture
def demo(db: None) -> dict[str, Any]:
    """What stands in addresses that lead to something: most of what there is, the demo has."""
    load_demo("http://127.0.0.1:1")
    instance = Instance.objects.filter(flow__key="image-moderation").first()
    assert instance is not None
    return {
        "org": SLUG,
        "env": "development",
        "flow": "order-fulfilment",
        "key": "order-fulfilment",
        "account": f"{SLUG}.development",
        "name": "order-fulfilment",
        "instance": instance.key,
        "number": 1,
        "format": "svg",
        "look": "light",
        "to": "production",
        "action": "pause",
    }


def filled(pattern: str, values: dict[str, Any], otherwise: str = "1") -> str:
    """An address. What no value is given for is `otherwise`."""

    model = next((model for part, model in OBJECTS if part in pattern), None)
    number = model._default_manager.values_list("pk", flat=True).first() if model is not None else None

    def value(found: re.Match[str]) -> str:
        if found[2] == "pk" and number is not None:
            return str(number)
        return str(values.get(found[2] or found[3], otherwise))

    return re.sub(r"/\?\$|[\^$?]|\.\*", "", PLACEHOLDER.sub(value, pattern).replace("\\", ""))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names that views ask a form or a query for."""
    names: set[str] = set()
    for method in ("__getitem__", "get", "getlist"):
        original = getattr(QueryDict, method)

        def asks(form: QueryDict, name: str, *more: Any, _original: Any = original, **named: Any) -> Any:
            names.add(name)
            return _original(form, name, *more, **named)

        monkeypatch.setattr(QueryDict, method, asks)
    return names


def browser_of(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def program_of(environment: Environment, word: str = "Bearer") -> Client:
    key = ApiKey.objects.issue(environment=environment, name="program")[1]
    return Client(raise_request_exception=False, headers={"authorization": f"{word} {key}"})


def rubbish(client: Client, address: str, asked: set[str]) -> Iterator[tuple[str, Any]]:
    """Answers to what nobody should send."""
    asked.clear()
    yield "a query of nothing", client.get(address)
    yield "a query of numbers", client.get(address, dict.fromkeys(sorted(asked)[:40], HUGE))
    asked.clear()
    yield "an empty form", client.post(address, {})
    for what in (HUGE, LONG):
        yield f"a form of {what[:3]}", client.post(address, dict.fromkeys(sorted(asked), what))
    yield "JSON", client.post(address, b'{"": {"a": [1e400]}}', content_type="application/json")
    yield "half a form", client.post(address, b"--x\r\n", content_type="multipart/form-data; boundary=x")


def little(client: Client, address: str, _: set[str]) -> Iterator[tuple[str, Any]]:
    """Answers to an address that leads nowhere."""
    yield "get", client.get(address)
    yield "post", client.post(address, {})


def test_rubbish_is_refused_in_words_everywhere(demo: dict[str, Any], asked: set[str]) -> None:
    """By the one who may do everything: nobody gets further."""
    environment = Environment.objects.get(organization__slug=SLUG, slug="development")
    browser = browser_of(User.objects.get(email=address_of(Role.ADMINISTRATOR)))
    programs = {"/novu/": program_of(environment, "ApiKey")}
    program = program_of(environment)
    wrong: list[tuple[str, str, int]] = []
    for pattern in EVERY:
        if pattern.startswith(("/o/", "/accounts/")):
            client = browser
        else:
            client = next((found for start, found in programs.items() if pattern.startswith(start)), program)
        nowhere = filled(pattern, {**demo, **dict.fromkeys(STRANGE, HUGE)}, "\N{SNOWMAN}")
        for address, told in ((filled(pattern, demo), rubbish), (nowhere, little)):
            with transaction.atomic():
                answers = [(what, answer.status_code) for what, answer in told(client, address, asked)]
                transaction.set_rollback(True)
            wrong += [(address, what, status) for what, status in answers if status >= 500]
    assert wrong == []


def test_pages_of_another_organization_are_not_there(demo: dict[str, Any], foreign_scope: Scope) -> None:
    assert isinstance(foreign_scope.user, User)
    stranger, nobody = browser_of(foreign_scope.user), Client(raise_request_exception=False)
    for pattern in CONSOLE:
        address = filled(pattern, demo)
        for method in ("get", "post"):
            assert getattr(stranger, method)(address).status_code in (404, 405), (method, address)
            assert getattr(nobody, method)(address).status_code in (302, 403, 404, 405), (method, address)
