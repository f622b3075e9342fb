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
from tests.services import running_service

ClientAs = Callable[[Role], Client]
URL = "/o/acme/development/settings/connections/"
GIVEN = {
    "type": "agent",
    "name": "The assistant",
    "base_url": "https://ai.example.com/v1/",
    "model": "tiny",
    "answer_format": "schema",
}


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


SERVICE = {
    "type": "http",
    "name": "The shop",
    "base_url": "https://shop.example.com/v1/",
    "auth": "bearer",
    "user_name": "somebody",
    "header_name": "X-Key",
    "query_name": "api_key",
    "token_url": "https://login.example.com/token",
    "token_scope": "read",
}
"""Everything filled in, also what the way of showing the secret does not need: that is not kept."""


@pytest.mark.parametrize(
    ("auth", "kept"),
    [
        ("bearer", ("", "", "", "")),
        ("basic", ("somebody", "", "", "")),
        ("header", ("", "X-Key", "", "")),
        ("query", ("", "", "", "", "api_key")),
        ("oauth2", ("somebody", "", "https://login.example.com/token", "read")),
        ("none", ("", "", "", "")),
    ],
)
def test_a_service_keeps_what_its_way_in_needs(client_as: ClientAs, auth: str, kept: tuple[str, ...]) -> None:
    answer = client_as(Role.ADMINISTRATOR).post(URL + "new/", SERVICE | {"auth": auth, "new_secret": " sk-secret "})
    assert answer.status_code == 302
    stored = Connection.objects.get()
    assert (stored.type, stored.key, stored.base_url) == ("http", "the-shop", "https://shop.example.com/v1")
    assert (stored.user_name, stored.header_name, stored.token_url, stored.token_scope) == kept[:4]
    assert stored.query_name == "".join(kept[4:])
    assert stored.plain_secret == "sk-secret"
    after = AuditEntry.objects.get(action="connection.added").after
    assert (after["type"], after["auth"], after["has_secret"]) == ("http", auth, True)
    assert "sk-" not in str(after)


@pytest.mark.parametrize(
    ("given", "said_there"),
    [
        ({"auth": "basic", "user_name": ""}, "Say who asks."),
        ({"auth": "header", "header_name": ""}, "Say which header"),
        ({"auth": "header", "header_name": "X Key"}, "Write the name of a header"),
        ({"auth": "header", "header_name": "Host"}, "Write the name of a header"),
        ({"auth": "query", "query_name": ""}, "Say which parameter"),
        ({"auth": "query", "query_name": "api&key"}, "Write the name of a parameter"),
        ({"auth": "oauth2", "token_url": ""}, "Say where a token is had."),
        ({"auth": "oauth2", "token_url": "ftp://x"}, "Write an address such as https://login"),
        ({"auth": "cookie"}, "Select a valid choice"),
        ({"new_secret": ""}, "Without its secret"),
        ({"new_secret": "two\nlines"}, "no line breaks"),
        ({"new_secret": "schlüssel"}, "ASCII only"),
        ({"base_url": "https://shop.example.com/?a=1"}, "Write an address such as https://api"),
    ],
)
def test_what_a_service_cannot_be_is_said(client_as: ClientAs, given: dict[str, str], said_there: str) -> None:
    answer = client_as(Role.ADMINISTRATOR).post(URL + "new/", SERVICE | {"new_secret": "sk"} | given)
    assert answer.status_code == 422
    assert said_there in answer.text
    assert not Connection.objects.exists()


def test_a_service_is_changed_and_keeps_its_secret(client_as: ClientAs, scope: Scope) -> None:
    shop = add_connection(scope, name="Shop", type="http", base_url="https://shop.example.com", secret="sk-secret")
    client, page = client_as(Role.ADMINISTRATOR), f"{URL}{shop.pk}/"
    assert client.post(page, SERVICE | {"key": "shop", "auth": "header"}).status_code == 302
    shop.refresh_from_db()
    assert (shop.name, shop.auth, shop.header_name, shop.plain_secret) == ("The shop", "header", "X-Key", "sk-secret")
    assert client.post(page, SERVICE | {"key": "shop", "forget_secret": "on"}).status_code == 302
    assert "missing" in client.get(URL).text


def test_each_type_has_its_form_and_another_is_none(client_as: ClientAs, connection: Connection) -> None:
    client = client_as(Role.ADMINISTRATOR)
    assert 'name="token_url"' in client.get(URL + "new/").text
    assert 'name="model"' in client.get(URL + "new/", {"type": "agent"}).text
    assert client.get(URL + "new/", {"type": "ftp"}).status_code == 404
    assert client.post(URL + "new/", {"type": "ftp"}).status_code == 404
    page = client.get(f"{URL}{connection.pk}/").text
    assert 'name="model"' in page
    assert 'name="token_url"' not in page


def test_a_service_is_tried(client_as: ClientAs, scope: Scope) -> None:
    client = client_as(Role.ADMINISTRATOR)
    with running_service() as service:
        shop = add_connection(scope, name="Shop", type="http", base_url=f"{service.origin}/v1", secret="sk-secret")
        assert f"Shop answers 200 at {service.origin}/v1." in said(client.post(f"{URL}{shop.pk}/try/"))
        service.lets_in = {("Authorization", "Bearer another")}
        assert "does not let us in" in said(client.post(f"{URL}{shop.pk}/try/"))
    assert service.paths == ["/v1", "/v1"]
    assert "Shop: " in said(client.post(f"{URL}{shop.pk}/try/"))


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
    assert 'list="offer-agents"' in form
    assert '<datalist id="offer-agents"><option value="helper">' in form


def test_the_editor_offers_services_to_requests(client_as: ClientAs, connection: Connection, scope: Scope) -> None:
    from designer.services.importing import import_flow

    add_connection(scope, name="Shop", type="http", base_url="https://shop.example.com")
    inputs = {"method": "GET", "url": "/orders", "connection": "shop"}
    task = {"key": "ask", "kind": "automation", "settings": {"action": "http_request", "inputs": inputs}}
    import_flow(scope, {"format": 1, "key": "f", "name": "F", "tasks": [task]}, replace=False)
    form = client_as(Role.DESIGNER).get("/o/acme/development/flows/f/edit/inspector", {"subject": "ask"}).text
    assert '<datalist id="offer-connections"><option value="shop"></option></datalist>' in form


def test_the_admin_shows_no_secret(connection: Connection) -> None:
    from django.contrib.auth import get_user_model

    boss = get_user_model().objects.create_superuser("boss@example.com", "a long enough passphrase")
    client = Client()
    client.force_login(boss, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(f"/admin/connections/connection/{connection.pk}/change/").content.decode()
    assert "Helper" in page
    assert connection.secret not in page
