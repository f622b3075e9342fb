"""Signing in, being locked out, one's own account."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Environment, Organization, User
from accounts.roles import Role
from tests.conftest import PASSWORD

SIGN_IN = "/accounts/sign-in/"


@pytest.fixture
def person(environment: Environment, member: Callable[[Role], User]) -> User:
    """A member with a password."""
    return member(Role.DESIGNER)


def sign_in(client: Client, email: str, password: str = PASSWORD, **fields: str) -> int:
    return client.post(SIGN_IN, {"username": email, "password": password, **fields}).status_code


@pytest.mark.parametrize("email", ["designer@example.com", "  Designer@Example.COM "])
def test_the_right_password_opens_the_start_page(client: Client, person: User, email: str) -> None:
    response = client.post(SIGN_IN, {"username": email, "password": PASSWORD})
    assert response.status_code == 302
    assert response.headers["Location"] == "/"
    assert client.session["_auth_user_id"] == str(person.pk)


def test_signing_in_leads_back_to_where_one_wanted_to_go(client: Client, person: User) -> None:
    wanted = "/o/acme/development/settings/"
    response = client.get(wanted)
    assert response.headers["Location"] == f"{SIGN_IN}?next={wanted}"
    fields = {"username": person.email, "password": PASSWORD, "next": wanted}
    assert client.post(SIGN_IN, fields).headers["Location"] == wanted
    client.logout()
    fields["next"] = "https://elsewhere.example/"
    assert client.post(SIGN_IN, fields).headers["Location"] == "/"


def test_a_wrong_password_shows_the_form_again_as_422(client: Client, person: User) -> None:
    response = client.post(SIGN_IN, {"username": person.email, "password": "wrong"})
    assert response.status_code == 422
    assert "do not belong together" in response.content.decode()
    assert "_auth_user_id" not in client.session


def test_someone_switched_off_cannot_sign_in(client: Client, person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert sign_in(client, person.email) == 422


def test_five_wrong_passwords_pause_that_address_whatever_its_capitals(client: Client, person: User) -> None:
    spellings = ["designer@example.com", "DESIGNER@example.com", "Designer@example.com", "dEsigner@example.com"]
    assert [sign_in(client, each, "wrong") for each in spellings] == [422] * 4
    assert sign_in(client, person.email, "wrong") == 429
    refused = client.post(SIGN_IN, {"username": person.email, "password": PASSWORD})
    assert refused.status_code == 429
    assert "paused for 10 minutes" in refused.content.decode()


def test_others_may_still_sign_in_meanwhile(client: Client, person: User, member: Callable[[Role], User]) -> None:
    for _ in range(5):
        sign_in(client, person.email, "wrong")
    assert sign_in(client, member(Role.VIEWER).email) == 302


def test_signing_out_needs_a_post(client_as: Callable[[Role], Client]) -> None:
    client = client_as(Role.VIEWER)
    assert client.get("/accounts/sign-out/").status_code == 405
    assert client.post("/accounts/sign-out/").headers["Location"] == SIGN_IN
    assert "_auth_user_id" not in client.session


def test_a_page_left_open_over_a_sign_out_sends_the_whole_window_to_sign_in(
    client: Client, environment: Environment
) -> None:
    here = "http://testserver/o/acme/development/settings/audit/?q=x"
    response = client.get("/o/acme/development/settings/audit/", headers={"HX-Request": "true", "HX-Current-URL": here})
    assert response.headers["HX-Redirect"].startswith(f"{SIGN_IN}?next=/o/acme/development/settings/audit/")


def test_a_person_changes_their_name(client_as: Callable[[Role], Client], person: User) -> None:
    client = client_as(Role.DESIGNER)
    assert (
        client.post(reverse("accounts:account"), {"form": "profile", "name": "Dee", "task_mails": "mine"}).status_code
        == 302
    )
    person.refresh_from_db()
    assert person.name == "Dee"


def test_a_person_changes_their_password_and_stays_signed_in(client_as: Callable[[Role], Client], person: User) -> None:
    client, other_browser = client_as(Role.DESIGNER), client_as(Role.DESIGNER)
    new = "another long passphrase"
    fields = {"form": "password", "old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert client.post(reverse("accounts:account"), fields).status_code == 302
    assert client.get(reverse("accounts:account")).status_code == 200
    assert other_browser.get(reverse("accounts:account")).status_code == 302
    person.refresh_from_db()
    assert person.check_password(new)


@pytest.mark.parametrize("new", ["short", "12345678901", "password123"])
def test_a_weak_password_is_refused(client_as: Callable[[Role], Client], person: User, new: str) -> None:
    fields = {"form": "password", "old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert client_as(Role.DESIGNER).post(reverse("accounts:account"), fields).status_code == 422
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_passwords_are_stored_with_argon2(settings: object, organization: Organization) -> None:
    from config.settings import PASSWORD_HASHERS

    settings.PASSWORD_HASHERS = PASSWORD_HASHERS  # type: ignore[attr-defined]
    assert User.objects.create_user("a@example.com", PASSWORD).password.startswith("argon2$argon2id$")
