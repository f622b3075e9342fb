"""Whose pages one may see, and going from one environment to another."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Environment, Membership, Organization, User
from accounts.roles import Role
from accounts.scope import Scope

SETTINGS = "/o/acme/development/settings/"


def test_the_start_leads_to_the_environment_last_worked_in(
    client_as: Callable[[Role], Client], production: Environment
) -> None:
    client = client_as(Role.ADMINISTRATOR)
    assert client.get("/").headers["Location"].startswith("/o/acme/development/")
    client.get("/o/acme/production/settings/audit/")
    assert client.get("/").headers["Location"].startswith("/o/acme/production/")


def test_everybody_begins_where_they_work(environment: Environment, client_as: Callable[[Role], Client]) -> None:
    begins = {role: client_as(role).get("/").headers["Location"].removeprefix("/o/acme/development") for role in Role}
    assert begins.pop(Role.ASSIGNEE) == "/inbox/"
    assert set(begins.values()) == {"/flows/"}


def test_a_member_of_nothing_is_told_what_to_do(client: Client, db: None) -> None:
    client.force_login(User.objects.create_user("new@example.com"), backend="django.contrib.auth.backends.ModelBackend")
    assert "do not belong to an organization" in client.get("/").content.decode()


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_settings_are_for_administrators(client_as: Callable[[Role], Client], role: Role) -> None:
    response = client_as(role).get(f"{SETTINGS}members/")
    assert response.status_code == 403
    assert f"yours is {role.label.lower()}" in response.content.decode()


def test_a_stranger_and_an_unknown_place_get_the_same_404(
    client_as: Callable[[Role], Client], foreign_scope: Scope
) -> None:
    client = client_as(Role.ADMINISTRATOR)
    theirs = client.get("/o/globex/development/settings/members/")
    unknown = client.get("/o/nobody/development/settings/members/")
    assert (theirs.status_code, unknown.status_code) == (404, 404)
    assert "Globex" not in theirs.content.decode()


def test_a_former_member_is_out_at_once(client_as: Callable[[Role], Client], organization: Organization) -> None:
    client = client_as(Role.ADMINISTRATOR)
    Membership.objects.all().delete()
    assert client.get(f"{SETTINGS}members/").status_code == 404


def test_a_page_that_is_not_there_keeps_a_members_navigation(
    client_as: Callable[[Role], Client], production: Environment, foreign_scope: Scope
) -> None:
    client = client_as(Role.VIEWER)
    client.get("/o/acme/production/flows/")
    for address in ("/nowhere/", "/o/globex/development/flows/", "/o/acme/production/flows/missing/"):
        page = client.get(address)
        assert page.status_code == 404
        assert 'href="/o/acme/production/instances/"' in page.content.decode(), address
        assert "lobex" not in page.content.decode().replace(address, "")
    refused = client.get(f"{SETTINGS}members/")
    assert refused.status_code == 403
    assert 'href="/o/acme/development/instances/"' in refused.content.decode()
    assert "/o/" not in Client().get("/nowhere/").content.decode()


def test_a_page_that_is_not_there_is_shown_to_a_former_member_without_navigation(
    client_as: Callable[[Role], Client], environment: Environment
) -> None:
    client = client_as(Role.VIEWER)
    client.get("/o/acme/development/flows/")
    Membership.objects.all().delete()
    page = client.get("/o/acme/development/flows/")
    assert page.status_code == 404
    assert 'href="/o/' not in page.content.decode()


def test_switching_keeps_the_section(client_as: Callable[[Role], Client], production: Environment) -> None:
    client = client_as(Role.ADMINISTRATOR)
    here = f"{SETTINGS}audit/?q=x"
    response = client.post("/accounts/switch/", {"environment": production.pk, "here": here})
    assert response.headers["Location"] == "/o/acme/production/settings/audit/"


def test_a_page_about_one_thing_becomes_its_section(
    client_as: Callable[[Role], Client], production: Environment, environment: Environment
) -> None:
    client = client_as(Role.ADMINISTRATOR)
    here = f"{SETTINGS}environments/{environment.pk}/"
    response = client.post("/accounts/switch/", {"environment": production.pk, "here": here})
    assert response.headers["Location"] == "/o/acme/production/settings/"


@pytest.mark.parametrize("here", ["", "/nowhere/", "https://elsewhere.example/", "//elsewhere.example", "/o/"])
def test_switching_never_leads_elsewhere(
    client_as: Callable[[Role], Client], production: Environment, here: str
) -> None:
    client = client_as(Role.ADMINISTRATOR)
    response = client.post("/accounts/switch/", {"environment": production.pk, "here": here})
    assert response.headers["Location"].startswith("/o/acme/production/")


@pytest.mark.parametrize("wanted", ["", "x", "-1", "99999999999999999999999", "1; DROP TABLE"])
def test_switching_to_what_is_not_there_is_404(client_as: Callable[[Role], Client], wanted: str) -> None:
    assert client_as(Role.VIEWER).post("/accounts/switch/", {"environment": wanted}).status_code == 404


def test_switching_to_a_foreign_environment_is_404(client_as: Callable[[Role], Client], foreign_scope: Scope) -> None:
    client = client_as(Role.ADMINISTRATOR)
    assert client.post("/accounts/switch/", {"environment": foreign_scope.environment.pk}).status_code == 404


def test_the_bar_shows_only_what_the_role_may_see(client_as: Callable[[Role], Client]) -> None:
    viewer, administrator = client_as(Role.VIEWER), client_as(Role.ADMINISTRATOR)
    assert SETTINGS not in viewer.get("/accounts/me/").content.decode()
    assert SETTINGS in administrator.get("/accounts/me/").content.decode()
