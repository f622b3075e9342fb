"""The settings pages of an administrator: what they show, change, refuse and write down."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.mails import MAIL_THREAD
from accounts.models import ApiKey, AuditEntry, Environment, MemberGroup, Membership, Organization, User
from accounts.roles import ApiScope, Role
from accounts.scope import Scope, authenticate_key
from accounts.services import groups

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def admin(client_as: Callable[[Role], Client]) -> Client:
    """A browser with the administrator."""
    return client_as(Role.ADMINISTRATOR)


def url(name: str, *args: object, env: str = "development") -> str:
    return reverse(f"settings:{name}", args=["acme", env, *args])


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


@pytest.mark.parametrize("name", ["environment_new", "member_new", "group_new", "key_new", "connection_new"])
def test_a_form_that_makes_something_begins_in_its_first_field(admin: Client, name: str) -> None:
    address = url("environments").replace("environments", "connections/new") if name == "connection_new" else url(name)
    (first,) = re.findall(r"<input[^>]*autofocus[^>]*>", admin.get(address).content.decode())
    assert re.search(r'name="(name|email)"', first)


@pytest.mark.parametrize(
    "name",
    ["organization", "environments", "environment_new", "members", "member_new", "groups", "group_new", "keys",
     "key_new", "audit"],
)  # fmt: skip
def test_every_page_opens(admin: Client, name: str) -> None:
    response = admin.get(url(name))
    assert response.status_code == 200
    assert 'aria-current="page"' in response.content.decode()


@pytest.mark.parametrize(
    ("name", "target"),
    [("environment_edit", Environment), ("environment_remove", Environment), ("group_edit", MemberGroup),
     ("group_remove", MemberGroup), ("member_role", Membership), ("member_remove", Membership),
     ("member_welcome", Membership), ("key_revoke", ApiKey)],
)  # fmt: skip
def test_what_belongs_to_another_organization_is_404(
    admin: Client, foreign_scope: Scope, name: str, target: type[Environment]
) -> None:
    groups.add_group(foreign_scope, name="Theirs", slug="", members=[])
    ApiKey.objects.issue(environment=foreign_scope.environment, name="theirs")
    owner = "environment__organization" if target.__name__ == "ApiKey" else "organization"
    theirs = target._default_manager.filter(**{owner: foreign_scope.organization})[0]
    assert admin.post(url(name, theirs.pk), {"name": "Mine", "slug": "mine", "role": "viewer"}).status_code == 404
    assert admin.post(url(name, 10**30), {"name": "Mine"}).status_code == 404


def test_the_organization_is_renamed_and_its_addresses_follow(admin: Client, organization: Organization) -> None:
    response = admin.post(url("organization"), {"name": "Acme Ltd", "slug": "acme-ltd"})
    assert response.headers["Location"] == "/o/acme-ltd/development/settings/organization/"
    organization.refresh_from_db()
    assert (organization.name, organization.slug) == ("Acme Ltd", "acme-ltd")
    assert actions() == ["organization.changed"]


@pytest.mark.parametrize("slug", ["", "Capital", "a b", "../x", "globex", "x" * 61, "-a", "a--b"])
def test_a_bad_or_taken_short_name_is_refused(
    admin: Client, organization: Organization, foreign_scope: Scope, slug: str
) -> None:
    response = admin.post(url("organization"), {"name": "Acme Ltd", "slug": slug})
    assert response.status_code == 422
    assert "errorlist" in response.content.decode()
    organization.refresh_from_db()
    assert organization.name == "Acme"
    assert actions() == []


def test_an_environment_is_added_renamed_and_removed(admin: Client, organization: Organization) -> None:
    admin.post(url("environment_new"), {"name": "Staging Two", "slug": ""})
    added = Environment.objects.get(slug="staging-two")
    assert added.position == 1
    admin.post(url("environment_edit", added.pk), {"name": "Staging", "slug": "staging"})
    added.refresh_from_db()
    assert (added.name, added.slug) == ("Staging", "staging")
    assert admin.post(url("environment_remove", added.pk)).status_code == 302
    assert not Environment.objects.filter(pk=added.pk).exists()
    assert actions() == ["environment.added", "environment.changed", "environment.removed"]


def test_a_short_name_is_unique_within_the_organization_only(
    admin: Client, environment: Environment, foreign_scope: Scope
) -> None:
    Environment.objects.create(organization=foreign_scope.organization, name="Lab", slug="lab")
    assert admin.post(url("environment_new"), {"name": "Lab", "slug": "lab"}).status_code == 302
    assert admin.post(url("environment_new"), {"name": "Lab", "slug": "lab"}).status_code == 422
    assert admin.post(url("environment_new"), {"name": "Lab", "slug": ""}).status_code == 302
    assert Environment.objects.filter(slug="lab-2").exists()


def test_the_last_environment_stays(admin: Client, environment: Environment) -> None:
    response = admin.post(url("environment_remove", environment.pk))
    assert response.status_code == 422
    assert "last environment stays" in response.content.decode()
    assert Environment.objects.filter(pk=environment.pk).exists()


def test_a_new_member_gets_a_link_and_chooses_a_password(admin: Client, organization: Organization) -> None:
    shown = admin.post(url("member_new"), {"email": "New@Example.com", "name": "Nell", "role": "operator"})
    page = shown.content.decode()
    link = re.search(r"http://testserver(/accounts/welcome/[^<\"]+)", page)
    assert link is not None
    assert "no-store" in shown.headers["Cache-Control"]
    visitor = Client()
    form = visitor.get(link[1], follow=True)
    assert "new@example.com" in form.content.decode()
    password = "a brand new passphrase"
    done = visitor.post(form.redirect_chain[-1][0], {"new_password1": password, "new_password2": password})
    assert done.headers["Location"] == "/"
    user = User.objects.get(email="new@example.com")
    assert user.check_password(password)
    assert visitor.session["_auth_user_id"] == str(user.pk)
    assert "does not work any more" in Client().get(link[1], follow=True).content.decode()
    membership = Membership.objects.get(user=user)
    assert (membership.organization, membership.role) == (organization, "operator")


def test_a_new_member_is_sent_the_link(admin: Client, settings: Settings, foreign_scope: Scope) -> None:
    settings.EMAIL_HOST = "mail.example.com"
    page = admin.post(url("member_new"), {"email": "New@Example.com", "name": "Nell", "role": "operator"}).text
    link = re.search(r"http://testserver/accounts/welcome/[^<\"]+", page)
    assert link is not None
    assert "It is on its way to new@example.com" in page
    (invitation,) = mails()
    assert (invitation.to, invitation.subject) == (["new@example.com"], "Acme on Quadrille")
    assert link[0] in invitation.body
    again = admin.post(url("member_welcome", Membership.objects.get(user__email="new@example.com").pk)).text
    assert "It is on its way to new@example.com" in again
    assert len(mails()) == 2

    assert foreign_scope.user is not None
    joining = {"email": foreign_scope.user.email, "name": "", "role": "viewer"}
    assert "A mail tells them." in admin.post(url("member_new"), joining, follow=True).text
    told = mails()[-1]
    assert (told.to, "/accounts/welcome/" in told.body) == ([foreign_scope.user.email], False)
    assert "Sign in as" in told.body


def test_without_a_mail_server_the_link_is_handed_over(admin: Client) -> None:
    page = admin.post(url("member_new"), {"email": "New@Example.com", "name": "Nell", "role": "operator"}).text
    assert "Hand it over yourself" in page
    assert mails() == []


def mails() -> list[Any]:
    """The mails that were sent, once none is on its way any more."""
    for thread in threading.enumerate():
        if thread.name == MAIL_THREAD:
            thread.join(20)
    return list(mail.outbox)


def test_nobody_can_make_a_link_for_someone_with_a_password(admin: Client, member: Callable[[Role], User]) -> None:
    membership = Membership.objects.get(user=member(Role.VIEWER))
    response = admin.post(url("member_welcome", membership.pk))
    assert response.status_code == 422
    assert "/accounts/welcome/" not in response.content.decode()


def test_an_existing_account_joins_without_a_link_and_once(
    admin: Client, foreign_scope: Scope, organization: Organization
) -> None:
    assert foreign_scope.user is not None
    fields = {"email": foreign_scope.user.email, "name": "Renamed", "role": "viewer"}
    assert admin.post(url("member_new"), fields).status_code == 302
    again = admin.post(url("member_new"), fields)
    assert again.status_code == 422
    assert "is a member already" in again.content.decode()
    foreign_scope.user.refresh_from_db()
    assert foreign_scope.user.name == ""


def test_a_role_is_changed_and_written_down(admin: Client, member: Callable[[Role], User]) -> None:
    membership = Membership.objects.get(user=member(Role.VIEWER))
    assert admin.post(url("member_role", membership.pk), {"role": "designer"}).status_code == 302
    membership.refresh_from_db()
    assert membership.role == "designer"
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.before, entry.after) == (
        "member.role_changed", {"role": "viewer"}, {"role": "designer"},
    )  # fmt: skip
    assert entry.actor_name == "Administrator"


@pytest.mark.parametrize("role", ["", "owner", "VIEWER"])
def test_an_unknown_role_is_refused(admin: Client, member: Callable[[Role], User], role: str) -> None:
    membership = Membership.objects.get(user=member(Role.VIEWER))
    assert admin.post(url("member_role", membership.pk), {"role": role}).status_code == 422
    membership.refresh_from_db()
    assert membership.role == "viewer"


def test_the_last_administrator_cannot_leave_or_step_down(admin: Client) -> None:
    membership = Membership.objects.get(role=Role.ADMINISTRATOR)
    for response in (
        admin.post(url("member_role", membership.pk), {"role": "viewer"}),
        admin.post(url("member_remove", membership.pk)),
    ):
        assert response.status_code == 422
        assert "last administrator" in response.content.decode()
    membership.refresh_from_db()
    assert membership.role == Role.ADMINISTRATOR


def test_a_removed_member_leaves_the_groups_of_this_organization_only(
    admin: Client, scope: Scope, foreign_scope: Scope, member: Callable[[Role], User]
) -> None:
    user = member(Role.ASSIGNEE)
    ours = groups.add_group(scope, name="Ours", slug="", members=[user])
    theirs = groups.add_group(foreign_scope, name="Theirs", slug="", members=[user])
    membership = Membership.objects.get(user=user)
    assert admin.post(url("member_remove", membership.pk)).status_code == 302
    assert not ours.members.exists()
    assert list(theirs.members.all()) == [user]
    assert User.objects.filter(pk=user.pk).exists()


def test_a_group_is_added_changed_and_removed(admin: Client, member: Callable[[Role], User]) -> None:
    anna, ben = member(Role.ASSIGNEE), member(Role.OPERATOR)
    admin.post(url("group_new"), {"name": "Ops", "members": [anna.pk]})
    group = MemberGroup.objects.get(slug="ops")
    admin.post(url("group_edit", group.pk), {"name": "Operations", "slug": "ops", "members": [anna.pk, ben.pk]})
    assert set(group.members.all()) == {anna, ben}
    admin.post(url("group_remove", group.pk))
    assert not MemberGroup.objects.exists()
    assert actions() == ["group.added", "group.changed", "group.removed"]


def test_a_stranger_cannot_be_put_into_a_group(admin: Client, environment: Environment, foreign_scope: Scope) -> None:
    assert foreign_scope.user is not None
    response = admin.post(url("group_new"), {"name": "Ops", "members": [foreign_scope.user.pk]})
    assert response.status_code == 422
    assert not MemberGroup.objects.exists()


def test_a_key_is_shown_once_and_works(admin: Client, environment: Environment) -> None:
    fields = {"name": "web shop", "lifetime": "30", "scopes": ["instances:write", "flows:read"]}
    response = admin.post(url("key_new"), fields)
    assert "no-store" in response.headers["Cache-Control"]
    plain = re.search(r"qd_[0-9a-f]{12}_[\w-]{43}", response.content.decode())
    assert plain is not None
    scope = authenticate_key(plain[0])
    assert scope is not None
    assert (scope.environment, scope.role) == (environment, Role.OPERATOR)
    secret = plain[0].split("_", 2)[2]
    assert secret not in admin.get(url("keys")).content.decode()
    assert not any(secret in str(entry.after) for entry in AuditEntry.objects.all())


def test_a_revoked_key_is_refused_at_once(admin: Client, environment: Environment) -> None:
    key, plain = ApiKey.objects.issue(environment=environment, name="web shop")
    assert admin.post(url("key_revoke", key.pk)).status_code == 302
    assert authenticate_key(plain) is None
    assert "revoked" in admin.get(url("keys")).content.decode()
    admin.post(url("key_revoke", key.pk))
    assert actions() == ["key.revoked"]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": "x", "lifetime": "30"},
        {"name": "x", "lifetime": "30", "scopes": ["everything"]},
        {"name": "x", "lifetime": "-1", "scopes": [ApiScope.FLOWS_READ]},
        {"name": "x" * 121, "lifetime": "30", "scopes": [ApiScope.FLOWS_READ]},
        {"name": " ", "lifetime": "30", "scopes": [ApiScope.FLOWS_READ]},
    ],
)
def test_a_bad_key_form_is_shown_again(admin: Client, fields: dict[str, object]) -> None:
    assert admin.post(url("key_new"), fields).status_code == 422
    assert not ApiKey.objects.exists()


def test_a_key_of_another_environment_is_not_listed(admin: Client, production: Environment) -> None:
    ApiKey.objects.issue(environment=production, name="production only")
    assert "production only" not in admin.get(url("keys")).content.decode()
    assert "production only" in admin.get(url("keys", env="production")).content.decode()


def test_the_audit_log_is_searched_by_every_word(admin: Client, scope: Scope) -> None:
    groups.add_group(scope, name="Night shift", slug="", members=[])
    groups.add_group(scope, name="Day shift", slug="", members=[])
    page = admin.get(url("audit"), {"q": "group night"}).content.decode()
    assert "Night shift" in page
    assert "Day shift" not in page


def test_htmx_gets_only_the_entries(admin: Client, scope: Scope) -> None:
    groups.add_group(scope, name="Night shift", slug="", members=[])
    response = admin.get(url("audit"), headers={"HX-Request": "true"})
    page = response.content.decode()
    assert page.strip().startswith('<div id="entries"')
    assert "Night shift" in page
    assert "HX-Request" in response.headers["Vary"]


def test_a_long_audit_log_has_pages(admin: Client, scope: Scope) -> None:
    for number in range(60):
        groups.add_group(scope, name=f"Group {number}", slug="", members=[])
    first, second = admin.get(url("audit")).content.decode(), admin.get(url("audit"), {"page": "2"}).content.decode()
    assert "1–50 of 60" in first
    assert "51–60 of 60" in second
    assert admin.get(url("audit"), {"page": "nonsense"}).status_code == 200


@pytest.mark.parametrize("name", ["environments", "members", "groups", "keys", "audit"])
def test_markup_in_a_name_stays_text(admin: Client, scope: Scope, name: str) -> None:
    assert scope.user is not None
    User.objects.filter(pk=scope.user.pk).update(name=HOSTILE)
    Organization.objects.update(name=HOSTILE)
    Environment.objects.update(name=HOSTILE)
    ApiKey.objects.issue(environment=scope.environment, name=HOSTILE)
    groups.add_group(scope, name=HOSTILE, slug="", members=[scope.user])
    page = admin.get(url(name)).content.decode()
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
