"""The pages of connections: for administrators, one environment at a time, without ever showing a secret."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from accounts.connections.models import Connection
from accounts.connections.services import add_connection
from accounts.models import AuditEntry, Environment
from accounts.roles import Role
from accounts.scope import Scope
from tests.agents import Agent, running_agent

ClientAs = Callable[[Role], Client]
URL = "/o/acme/development/settings/connections/"
GIVEN = {"name": "The assistant", "base_url": "https://ai.example.com/v1/", "model": "tiny", "answer_format": "schema"}


@pytest.fixture
def agent() -> Iterator[Agent]:
    with running_agent() as running:
        yield running


@pytest.fixture
def connection(scope: Scope) -> Connection:
    return add_connection(scope, name="Helper", base_url="https://ai.example.com/v1", model="tiny", secret="sk-old")


def said(response: Any) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def test_one_is_added_and_its_secret_sealed(client_as: ClientAs) -> None:
    answer = client_as(Role.ADMINISTRATOR).post(URL + "new/", GIVEN | {"new_secret": "sk-very-secret"})
    assert answer.status_code == 302
    stored = Connection.objects.get()
    assert (stored.key, stored.base_url) == ("the-assistant", "https://ai.example.com/v1")
    assert "sk-very-secret" not in stored.secret
    assert stored.plain_secret == "sk-very-secret"
    entry = AuditEntry.objects.get(action="connection.added")
    assert entry.after["has_secret"] is True
    assert "sk-" not in str(entry.after)


def test_the_secret_is_kept_changed_and_forgotten(client_as: ClientAs, connection: Connection) -> None:
    client = client_as(Role.ADMINISTRATOR)
    given = GIVEN | {"key": "helper"}
    assert "sk-old" not in client.get(f"{URL}{connection.pk}/").content.decode()
    for more, secret in (({}, "sk-old"), ({"new_secret": "sk-new"}, "sk-new"), ({"forget_secret": "on"}, "")):
        assert client.post(f"{URL}{connection.pk}/", given | more).status_code == 302
        assert Connection.objects.get().plain_secret == secret
    assert Connection.objects.get().name == "The assistant"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("model", ""),
        ("base_url", "ftp://x"),
        ("base_url", "nonsense"),
        ("base_url", "https://user:pass@example.com"),
        ("base_url", "https://example.com/?a=1"),
        ("base_url", "http://[::1"),
        ("base_url", "http://x:99999/"),
        ("key", "a b"),
        ("key", "helper"),
        ("answer_format", "xml"),
    ],
)
def test_bad_input_is_refused(client_as: ClientAs, connection: Connection, field: str, value: str) -> None:
    answer = client_as(Role.ADMINISTRATOR).post(URL + "new/", GIVEN | {field: value})
    assert answer.status_code == 422
    assert Connection.objects.count() == 1


def test_one_is_tried_and_removed(client_as: ClientAs, scope: Scope, agent: Agent) -> None:
    connection = add_connection(scope, name="Here", base_url=agent.url, model="tiny", secret="sk-a")
    client = client_as(Role.ADMINISTRATOR)
    assert "Here answers: “ready”" in said(client.post(f"{URL}{connection.pk}/try/"))
    agent.answers = [(401, {"error": {"message": "No."}})]
    assert "Here answered 401: No." in said(client.post(f"{URL}{connection.pk}/try/"))
    page = client.get(URL).content.decode()
    assert agent.url in page
    assert "sk-a" not in page
    client.post(f"{URL}{connection.pk}/remove/")
    assert not Connection.objects.exists()
    assert "No connections yet" in client.get(URL).content.decode()


def test_only_administrators_see_them(client_as: ClientAs, connection: Connection) -> None:
    for path in ("", "new/", f"{connection.pk}/"):
        assert client_as(Role.DESIGNER).get(URL + path).status_code == 403


def test_those_of_another_place_do_not_exist(
    client_as: ClientAs, foreign_scope: Scope, production: Environment, connection: Connection
) -> None:
    client = client_as(Role.ADMINISTRATOR)
    foreign = add_connection(foreign_scope, name="Theirs", base_url="https://x.example.com", model="m")
    assert client.get(f"{URL}{foreign.pk}/").status_code == 404
    for action in ("remove", "try"):
        assert client.post(f"{URL}{foreign.pk}/{action}/").status_code == 404
    assert "Theirs" not in client.get(URL).content.decode()
    assert client.get(f"/o/acme/production/settings/connections/{connection.pk}/").status_code == 404


def test_the_editor_offers_them(client_as: ClientAs, connection: Connection, scope: Scope) -> None:
    from designer.services.importing import import_flow

    task = {"key": "ask", "name": "Ask", "kind": "ai_agent", "settings": {"agent": "helper", "prompt": "Hello?"}}
    import_flow(scope, {"format": 1, "key": "f", "name": "F", "tasks": [task]}, replace=False)
    form = (
        client_as(Role.DESIGNER).get("/o/acme/development/flows/f/edit/inspector", {"subject": "ask"}).content.decode()
    )
    assert 'list="offer-connections"' in form
    assert '<datalist id="offer-connections"><option value="helper">' in form


def test_the_admin_shows_no_secret(connection: Connection) -> None:
    from django.contrib.auth import get_user_model

    boss = get_user_model().objects.create_superuser("boss@example.com", "a long enough passphrase")
    client = Client()
    client.force_login(boss, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(f"/admin/connections/connection/{connection.pk}/change/").content.decode()
    assert "Helper" in page
    assert connection.secret not in page
