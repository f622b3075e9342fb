"""A new password by mail: who gets one, how often, and what the link is good for."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from accounts.mails import MAIL_THREAD
from accounts.models import Environment, User
from accounts.roles import Role
from tests.conftest import PASSWORD

FORGOTTEN = "/accounts/forgotten/"
SENT = "/accounts/forgotten/sent/"
ANOTHER = "another long enough passphrase"


@pytest.fixture
def person(environment: Environment, member: Callable[[Role], User]) -> User:
    """A member with a password, to whom nothing was sent yet."""
    cache.clear()
    return member(Role.DESIGNER)


def sent() -> list[Any]:
    """The mails that were sent, once none is on its way any more."""
    for thread in threading.enumerate():
        if thread.name == MAIL_THREAD:
            thread.join(20)
    return list(mail.outbox)


def link() -> str:
    """The path of the link in the latest mail."""
    found = re.search(r"http://testserver(/accounts/password/\S+)", str(sent()[-1].body))
    assert found is not None
    return found[1]


def choose(client: Client, path: str, password: str = ANOTHER) -> int:
    """Open a link, and choose a password in the form it leads to."""
    form = client.get(path).headers["Location"]
    return client.post(form, {"new_password1": password, "new_password2": password}).status_code


def test_sign_in_leads_to_a_link_by_mail_that_opens_the_account(client: Client, person: User) -> None:
    assert f'href="{FORGOTTEN}"' in client.get("/accounts/sign-in/").text
    assert client.get(FORGOTTEN).status_code == 200
    answer = client.post(FORGOTTEN, {"email": " Designer@Example.com "})
    assert (answer.status_code, answer.headers["Location"]) == (302, SENT)
    assert "Look at your mail" in client.get(SENT).text
    (letter,) = sent()
    assert (letter.to, letter.subject) == ([person.email], "Your password at testserver")
    path = link()
    assert choose(client, path, "short") == 422
    assert choose(client, path) == 302
    assert client.session["_auth_user_id"] == str(person.pk)
    person.refresh_from_db()
    assert person.check_password(ANOTHER)
    assert not person.check_password(PASSWORD)
    assert "does not work any more" in Client().get(path).text


def test_other_browsers_are_signed_out_and_wrong_passwords_forgiven(
    client: Client, person: User, client_as: Callable[[Role], Client]
) -> None:
    other = client_as(Role.DESIGNER)
    assert other.get("/accounts/me/").status_code == 200
    wrong = {"username": person.email, "password": "wrong"}
    answers = [client.post("/accounts/sign-in/", wrong) for _ in range(5)]
    assert answers[-1].status_code == 429
    assert f'href="{FORGOTTEN}"' in answers[-1].text
    client.post(FORGOTTEN, {"email": person.email})
    assert choose(client, link()) == 302
    assert other.get("/accounts/me/").status_code == 302
    assert Client().post("/accounts/sign-in/", wrong | {"password": ANOTHER}).status_code == 302


def test_nothing_tells_whether_there_is_an_account(client: Client, person: User) -> None:
    User.objects.create_user("new@example.com")
    User.objects.create_user("off@example.com", PASSWORD, is_active=False)
    for address in ("nobody@example.com", "new@example.com", "off@example.com"):
        answer = client.post(FORGOTTEN, {"email": address})
        assert (answer.status_code, answer.headers["Location"]) == (302, SENT)
    assert sent() == []


def test_an_address_gets_one_mail_in_five_minutes(client: Client, person: User) -> None:
    for _ in range(3):
        assert client.post(FORGOTTEN, {"email": person.email}).headers["Location"] == SENT
    assert len(sent()) == 1


def test_a_link_ends_with_the_password_it_was_for_and_with_the_account(client: Client, person: User) -> None:
    client.post(FORGOTTEN, {"email": person.email})
    path = link()
    person.set_password("changed by themselves meanwhile")
    person.save()
    assert "does not work any more" in client.get(path, follow=True).text
    cache.clear()
    client.post(FORGOTTEN, {"email": person.email})
    path = link()
    assert client.get(path).status_code == 302
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert "does not work any more" in Client().get(path, follow=True).text


@pytest.mark.parametrize("address", ["", "no address", "a@b"])
def test_what_is_no_address_is_said(client: Client, person: User, address: str) -> None:
    answer = client.post(FORGOTTEN, {"email": address})
    assert answer.status_code == 422
    assert "forgotten" in answer.text.lower()


def test_where_no_mail_leaves_that_is_said(client: Client, person: User, settings: Settings) -> None:
    assert "No mail leaves this installation" in client.get(FORGOTTEN).text
    settings.EMAIL_HOST = "mail.example.com"
    assert "comes by mail" in client.get(FORGOTTEN).text


def test_a_mail_server_that_answers_nobody_holds_nobody_up(client: Client, person: User, settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = mute.getsockname()
        answer = client.post(FORGOTTEN, {"email": person.email})
        assert (answer.status_code, answer.headers["Location"]) == (302, SENT)
        # It is still talking to that server: the answer did not wait.
        (sending,) = [thread for thread in threading.enumerate() if thread.name == MAIL_THREAD]
        mute.settimeout(10)
        mute.accept()[0].close()
        sending.join(20)
        assert not sending.is_alive()
