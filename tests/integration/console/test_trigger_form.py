"""Forms that start instances: who may open and send them, and what comes of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.roles import Role
from accounts.scope import Scope
from designer.models import Flow, Trigger
from designer.services.importing import import_flow
from designer.services.publishing import publish_flow
from engine.models import Instance, Occurrence
from engine.views import trigger_forms

ClientAs = Callable[[Role], Client]
FORM: dict[str, Any] = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {"name": {"type": "string", "minLength": 2}, "guests": {"type": "integer", "maximum": 5}},
}


@pytest.fixture
def trigger(scope: Scope) -> Callable[..., Trigger]:
    """`trigger(audience="anyone")`: the form trigger of a published flow."""

    def publish(**settings: Any) -> Trigger:
        task = {"key": "a", "name": "A", "kind": "noop"}
        wanted = {"type": "form", "title": "Book a <b>table</b>", "form": FORM, **settings}
        file = {"format": 1, "key": "book", "name": "Book", "tasks": [task], "triggers": [wanted]}
        row = import_flow(scope, file, replace=False)
        publish_flow(scope, row)
        return Trigger.objects.get(flow=row)

    return publish


def address(trigger: Trigger) -> str:
    return f"/forms/{trigger.secret_path}/"


def hidden(page: bytes, name: str = "token") -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([\w-]+)"', page.decode())
    assert found is not None
    return found[1]


def test_anyone_sends_a_form_that_is_open_to_anyone(trigger: Callable[..., Trigger]) -> None:
    url = address(trigger(audience="anyone", thanks="See you soon."))
    client = Client(enforce_csrf_checks=True)
    page = client.get(url)
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert "Book a &lt;b&gt;table" in page.content.decode()
    csrf = hidden(page.content, "csrfmiddlewaretoken")
    sent = {"token": hidden(page.content), "field-0": "Ann", "field-1": "3", "csrfmiddlewaretoken": csrf}
    answer = client.post(url, sent)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{url}?sent")
    assert "See you soon." in client.get(f"{url}?sent").content.decode()
    instance = Instance.objects.get()
    assert instance.input == {"name": "Ann", "guests": 3}
    assert (instance.status, instance.trigger["type"]) == ("complete", "form")
    assert Client(enforce_csrf_checks=True).post(url, sent).status_code == 403


def test_a_page_that_is_sent_twice_counts_once(trigger: Callable[..., Trigger]) -> None:
    url = address(trigger(audience="anyone"))
    client = Client()
    sent = {"token": hidden(client.get(url).content), "field-0": "Ann"}
    for _ in range(2):
        assert client.post(url, sent).status_code == 302
    assert Instance.objects.count() == 1
    assert client.post(url, sent | {"token": hidden(client.get(url).content)}).status_code == 302
    assert Instance.objects.count() == 2


@pytest.mark.parametrize("sent", [{}, {"field-0": "x"}, {"field-0": "Ann", "field-1": "9"}, {"field-1": "many"}])
def test_what_does_not_fit_is_refused_and_stays_filled_in(
    trigger: Callable[..., Trigger], sent: dict[str, str]
) -> None:
    answer = Client().post(address(trigger(audience="anyone")), sent)
    assert answer.status_code == 422
    assert not Instance.objects.exists()
    for value in sent.values():
        assert f'value="{value}"' in answer.content.decode()


def test_a_form_for_members_asks_them_to_sign_in(
    trigger: Callable[..., Trigger], client_as: ClientAs, foreign_scope: Scope
) -> None:
    url = address(trigger())
    answer = Client().get(url)
    assert (answer.status_code, f"next={url}" in answer.headers["Location"]) == (302, True)
    assert Client().post(url, {"field-0": "Ann"}).status_code == 302
    assert not Instance.objects.exists()
    stranger = Client()
    assert foreign_scope.user is not None
    stranger.force_login(foreign_scope.user, backend="django.contrib.auth.backends.ModelBackend")
    assert stranger.get(url).status_code == 404
    assert client_as(Role.VIEWER).post(url, {"field-0": "Ann"}).status_code == 302
    assert Instance.objects.get().trigger["by"] == "Viewer"


def test_addresses_that_are_none_do_not_exist(trigger: Callable[..., Trigger]) -> None:
    found = trigger(audience="anyone")
    assert Client().get("/forms/nonsense/").status_code == 404
    Trigger.objects.filter(pk=found.pk).update(is_active=False)
    assert Client().get(address(found)).status_code == 404


def test_a_flow_that_is_disabled_closes_its_form(trigger: Callable[..., Trigger]) -> None:
    found = trigger(audience="anyone")
    Flow.objects.update(is_enabled=False)
    for answer in (Client().get(address(found)), Client().post(address(found), {"field-0": "Ann"})):
        assert answer.status_code == 409
        assert "closed for now" in answer.content.decode()


def test_nobody_sends_it_too_often(trigger: Callable[..., Trigger], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trigger_forms, "MOST_A_MINUTE", 2)
    url = address(trigger(audience="anyone"))
    assert [Client().post(url, {"field-0": "Ann"}).status_code for _ in range(4)] == [302, 302, 429, 429]
    assert Occurrence.objects.count() == 2


def test_operators_find_its_address(trigger: Callable[..., Trigger], client_as: ClientAs) -> None:
    found = trigger()
    page = "/o/acme/development/flows/book/triggers/"
    shown = client_as(Role.OPERATOR).get(page).content.decode()
    assert f'<a class="button button-small" href="http://testserver{address(found)}">Open the form</a>' in shown
    assert found.secret_path not in client_as(Role.VIEWER).get(page).content.decode()


def test_a_form_without_a_schema_of_its_own_asks_for_the_input_of_the_flow(scope: Scope) -> None:
    file = {
        "format": 1,
        "key": "book",
        "name": "Book",
        "input_schema": FORM,
        "tasks": [{"key": "a", "name": "A", "kind": "noop"}],
        "triggers": [{"type": "form", "audience": "anyone"}],
    }
    row = import_flow(scope, file, replace=False)
    publish_flow(scope, row)
    url = address(Trigger.objects.get(flow=row))
    client = Client()
    token = hidden(client.get(url).content)
    refused = client.post(url, {"token": token, "field-0": "A", "field-1": "9"})
    assert refused.status_code == 422
    assert not Instance.objects.exists()
    assert client.post(url, {"token": token, "field-0": "Ann", "field-1": "3"}).status_code == 302
    assert Instance.objects.get().input == {"name": "Ann", "guests": 3}
