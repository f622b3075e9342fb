"""Django's admin: every table opens, history cannot be changed, keys can be revoked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.audit import record
from accounts.models import ApiKey, AuditEntry, Environment, User
from accounts.roles import Role
from accounts.scope import Scope, authenticate_key
from accounts.services import groups

TABLES = ["user", "organization", "environment", "membership", "membergroup", "apikey", "auditentry"]


@pytest.fixture
def staff(client_as: Callable[[Role], Client], scope: Scope) -> Client:
    """A browser with someone who may do everything in the admin."""
    User.objects.update(is_staff=True, is_superuser=True)
    groups.add_group(scope, name="Ops", slug="", members=[])
    ApiKey.objects.issue(environment=scope.environment, name="shop")
    record(scope, "x.done", scope.organization)
    return client_as(Role.ADMINISTRATOR)


@pytest.mark.parametrize("table", TABLES)
def test_every_table_opens_and_is_searched(staff: Client, table: str) -> None:
    assert staff.get(reverse(f"admin:accounts_{table}_changelist"), {"q": "a"}).status_code == 200


@pytest.mark.parametrize("table", TABLES)
def test_every_row_opens(staff: Client, table: str) -> None:
    from django.apps import apps

    row = apps.get_model("accounts", table)._default_manager.order_by("pk")[0]
    assert staff.get(reverse(f"admin:accounts_{table}_change", args=[row.pk])).status_code == 200


def test_the_audit_log_is_only_looked_at(staff: Client) -> None:
    entry = AuditEntry.objects.order_by("pk")[0]
    assert staff.get(reverse("admin:accounts_auditentry_add")).status_code == 403
    assert staff.post(reverse("admin:accounts_auditentry_delete", args=[entry.pk]), {"post": "yes"}).status_code == 403
    assert staff.post(reverse("admin:accounts_auditentry_change", args=[entry.pk]), {"action": "y"}).status_code == 403


def test_keys_are_revoked_by_an_action(staff: Client, environment: Environment) -> None:
    key, plain = ApiKey.objects.issue(environment=environment, name="leaked")
    staff.post(reverse("admin:accounts_apikey_changelist"), {"action": "revoke", "_selected_action": [key.pk]})
    assert authenticate_key(plain) is None


def test_the_secret_hash_is_not_shown(staff: Client) -> None:
    key = ApiKey.objects.get()
    page = staff.get(reverse("admin:accounts_apikey_change", args=[key.pk])).content.decode()
    assert key.secret_hash not in page
    assert staff.get(reverse("admin:accounts_apikey_add")).status_code == 403


def test_switching_people_off_never_hits_oneself(staff: Client, member: Callable[[Role], User]) -> None:
    me, other = member(Role.ADMINISTRATOR), member(Role.VIEWER)
    staff.post(
        reverse("admin:accounts_user_changelist"), {"action": "switch_off", "_selected_action": [me.pk, other.pk]}
    )
    assert list(User.objects.filter(is_active=False)) == [other]


def test_a_person_is_added_with_a_password(staff: Client) -> None:
    password = "a brand new passphrase"
    fields = {
        "email": "Fresh@Example.com", "name": "", "usable_password": "true", "password1": password,
        "password2": password, "memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0",
    }  # fmt: skip
    response = staff.post(reverse("admin:accounts_user_add"), fields)
    assert response.status_code == 302
    assert User.objects.get(email="fresh@example.com").check_password(password)


def test_a_member_without_admin_access_gets_a_403(client_as: Callable[[Role], Client]) -> None:
    response = client_as(Role.ADMINISTRATOR).get("/admin/", follow=True)
    assert response.status_code == 403
    assert "no admin access" in response.content.decode()


def test_a_visitor_signs_in_on_our_page(client: Client, db: None) -> None:
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0].startswith("/accounts/sign-in/?next=/admin/")
