"""Administrators set what carries messages out; others see nothing of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.roles import Role
from accounts.scope import Scope
from accounts.sealing import unseal
from engine.notifying.delivering import outlet_of
from engine.notifying.models import Provider
from engine.notifying.secrets import feed_secret

pytestmark = pytest.mark.django_db
PAGE = "/o/acme/development/settings/messages/"
WEBHOOK = {
    "name": "Gateway",
    "channel": "sms",
    "type": "webhook",
    "url": "https://sms.example.test/in",
    "is_active": "on",
    "is_primary": "on",
}


def test_a_webhook_is_added_and_its_secret_shown_once(client_as: Callable[[Role], Client], scope: Scope) -> None:
    client = client_as(Role.ADMINISTRATOR)
    assert "kept here only" in client.get(PAGE).content.decode()
    shown = client.post(f"{PAGE}new/", WEBHOOK).content.decode()
    made = Provider.objects.within(scope).get()
    secret = unseal(made.secret)
    assert secret in shown
    outlet = outlet_of(scope.environment.pk, "sms")
    assert outlet is not None
    assert outlet.provider == made
    assert secret not in client.get(f"{PAGE}{made.pk}/").content.decode()
    client.post(f"{PAGE}{made.pk}/", {**WEBHOOK, "is_active": ""})
    assert "nothing: all are off" in client.get(PAGE).content.decode()
    client.post(f"{PAGE}{made.pk}/remove/")
    assert not Provider.objects.exists()


def test_the_newest_first_choice_is_the_only_one(client_as: Callable[[Role], Client], scope: Scope) -> None:
    client = client_as(Role.ADMINISTRATOR)
    client.post(f"{PAGE}new/", WEBHOOK)
    client.post(f"{PAGE}new/", {**WEBHOOK, "name": "Other"})
    assert list(Provider.objects.filter(is_primary=True).values_list("name", flat=True)) == ["Other"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"url": ""}, "A webhook needs an address."),
        ({"type": "smtp", "channel": "email"}, "A mail server needs a host."),
        ({"type": "mail"}, "Only e-mail goes through a mail server."),
        ({"channel": "in_app"}, "Inbox messages are kept here."),
    ],
)
def test_what_does_not_fit_is_refused(client_as: Callable[[Role], Client], wrong: dict[str, str], told: str) -> None:
    answer = client_as(Role.ADMINISTRATOR).post(f"{PAGE}new/", {**WEBHOOK, **wrong})
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not Provider.objects.exists()


def test_a_password_is_sealed_and_stays_when_left_empty(client_as: Callable[[Role], Client]) -> None:
    client = client_as(Role.ADMINISTRATOR)
    mail = {
        "name": "Post",
        "channel": "email",
        "type": "smtp",
        "host": "mail.example.test",
        "port": "587",
        "is_active": "on",
    }
    client.post(f"{PAGE}new/", {**mail, "password": "hunter22"})
    made = Provider.objects.get()
    assert unseal(made.secret) == "hunter22"
    client.post(f"{PAGE}{made.pk}/", {**mail, "user": "me"})
    made.refresh_from_db()
    assert (unseal(made.secret), made.settings["user"]) == ("hunter22", "me")


def test_only_administrators_see_it(client_as: Callable[[Role], Client], scope: Scope) -> None:
    assert client_as(Role.DESIGNER).get(PAGE).status_code == 403
    assert client_as(Role.DESIGNER).post(f"{PAGE}secret/").status_code == 403
    assert feed_secret(scope.environment) in client_as(Role.ADMINISTRATOR).post(f"{PAGE}secret/").content.decode()
