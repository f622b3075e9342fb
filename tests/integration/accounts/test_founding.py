"""The first organization of an installation: by its page, and from the command line."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.errors import ShortNameTaken
from accounts.models import AuditEntry, Environment, Membership, Organization, User
from accounts.roles import Role
from accounts.services.organizations import found_organization

FOUND = "/accounts/organizations/new/"
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def installer(db: None) -> Client:
    """A browser in which whoever ran `createsuperuser` is signed in."""
    client = Client()
    client.force_login(User.objects.create_superuser("root@example.com"), backend=BACKEND)
    return client


def test_the_first_page_of_a_new_installation_founds_an_organization(installer: Client) -> None:
    assert installer.get("/").headers["Location"] == FOUND
    assert "Name your organization" in installer.get(FOUND).content.decode()
    answer = installer.post(FOUND, {"name": "Acme & Söhne", "slug": ""})
    assert answer.headers["Location"] == "/o/acme-sohne/development/flows/"
    assert [each.slug for each in Environment.objects.all()] == ["development", "production"]
    assert [(each.user.email, each.role) for each in Membership.objects.select_related("user")] == [
        ("root@example.com", Role.ADMINISTRATOR)
    ]
    assert AuditEntry.objects.get().action == "organization.founded"
    assert installer.get("/").headers["Location"] == "/o/acme-sohne/development/flows/"
    assert "New organization" in installer.get(answer.headers["Location"]).content.decode()


def test_who_is_no_superuser_founds_nothing(environment: Environment, client_as: Callable[[Role], Client]) -> None:
    client = client_as(Role.ADMINISTRATOR)
    assert client.post(FOUND, {"name": "Mine"}).status_code == 403
    assert Client().get(FOUND).headers["Location"].startswith("/accounts/sign-in/")
    assert "New organization" not in client.get("/o/acme/development/flows/").content.decode()
    assert Organization.objects.count() == 1


def test_a_name_that_is_taken_or_empty_is_refused_with_what_was_typed(
    installer: Client, organization: Organization
) -> None:
    taken = installer.post(FOUND, {"name": "Another", "slug": "acme"})
    assert taken.status_code == 422
    assert "Another organization has this short name" in taken.content.decode()
    assert 'value="Another"' in taken.content.decode()
    assert installer.post(FOUND, {"name": " "}).status_code == 422
    assert Organization.objects.count() == 1
    assert "add yourself to its members" in installer.get(FOUND).content.decode()


def test_the_command_founds_one_and_lets_a_new_administrator_in(
    client: Client, db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("organization", "Globex", "--administrator", "Boss@Example.com", "--environments", "Test", "Live")
    said = capsys.readouterr().out
    assert "globex/test, globex/live" in said
    found = re.search(r"https?://[^/]+(/accounts/welcome/\S+)", said)
    assert found is not None
    form = client.get(found[1], follow=True)
    chosen = {"new_password1": "a long enough passphrase", "new_password2": "a long enough passphrase"}
    assert client.post(form.request["PATH_INFO"], chosen).status_code == 302
    assert client.get("/").headers["Location"] == "/o/globex/test/flows/"


def test_the_command_knows_who_is_there_however_the_address_is_written(
    db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    User.objects.create_user("boss@example.com", password="a long enough passphrase")
    call_command("organization", "Globex", "--administrator", " Boss@Example.com ")
    assert Membership.objects.get().user == User.objects.get()
    assert "password" not in capsys.readouterr().out
    call_command("organization", "Initech", "--administrator", " New@Example.com ")
    assert User.objects.filter(email="new@example.com").exists()


def test_environments_of_one_name_have_addresses_of_their_own(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("organization", "Globex", "--administrator", "boss@example.com", "--environments", "Live", "live ")
    assert "globex/live, globex/live-2" in capsys.readouterr().out


def test_a_short_name_that_is_taken_meanwhile_is_refused(organization: Organization) -> None:
    with pytest.raises(ShortNameTaken, match="acme"):
        found_organization(name="Late", slug="acme", administrator=User.objects.create_user("late@example.com"))
    assert Organization.objects.count() == 1


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["Acme", "--administrator", "a@example.com", "--short-name", "acme"], "has this short name"),
        (["Other", "--administrator", "nobody"], "not an email address"),
        (["Other", "--administrator", "a@example.com", "--short-name", "No good"], "lower-case|valid"),
        (["Other", "--administrator", "a@example.com", "--environments", " "], "1 to 60 characters"),
    ],
)
def test_the_command_says_what_it_refuses(organization: Organization, words: list[str], reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        call_command("organization", *words)
    assert not User.objects.exists()
    assert Organization.objects.count() == 1
