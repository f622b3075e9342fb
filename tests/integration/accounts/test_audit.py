"""The audit log says who did what, and is never changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.audit import record
from accounts.models import ApiKey, AuditEntry, Environment, Organization
from accounts.querysets import HistoryIsFinal
from accounts.roles import Role
from accounts.scope import Scope, authenticate_key, system_scope


def test_an_entry_names_person_place_and_subject(scope: Scope, organization: Organization) -> None:
    entry = record(scope, "organization.changed", organization, {"name": "Old"}, {"name": "Acme"})
    assert (entry.actor_user, entry.actor_key, entry.actor_name) == (scope.user, None, "Administrator")
    assert (entry.organization, entry.environment) == (organization, scope.environment)
    assert (entry.subject_type, entry.subject_id, entry.subject_name) == (
        "organization", str(organization.pk), "Acme",
    )  # fmt: skip


def test_an_entry_names_a_key_or_the_engine(environment: Environment) -> None:
    key, plain = ApiKey.objects.issue(environment=environment, name="shop")
    by_key = authenticate_key(plain)
    assert by_key is not None
    assert record(by_key, "x.done", key).actor_name == "API key shop"
    assert record(system_scope(environment), "x.done", key).actor_name == "Quadrille"


def test_what_was_done_is_read_and_found_in_words(client_as: Callable[[Role], Client], scope: Scope) -> None:
    record(scope, "closing_reason.added", scope.organization)
    page = client_as(Role.ADMINISTRATOR).get("/o/acme/development/settings/audit/?q=closing reason added")
    assert ">closing reason added</span>" in page.content.decode()


def test_no_way_leads_back_to_an_entry(scope: Scope) -> None:
    entry = record(scope, "x.done", scope.organization)
    with pytest.raises(HistoryIsFinal):
        entry.save()
    with pytest.raises(HistoryIsFinal):
        entry.delete()
    with pytest.raises(HistoryIsFinal):
        AuditEntry.objects.all().delete()
    with pytest.raises(HistoryIsFinal):
        AuditEntry.objects.update(action="nothing.happened")
    assert AuditEntry.objects.get().action == "x.done"


def test_an_entry_outlives_the_person_and_the_environment(scope: Scope, production: Environment) -> None:
    entry = record(scope.in_environment(production), "x.done", production)
    assert scope.user is not None
    scope.user.delete()
    production.delete()
    entry.refresh_from_db()
    assert (entry.actor_user, entry.environment, entry.actor_name) == (None, None, "Administrator")


def test_a_scope_does_not_reach_into_another_organization(scope: Scope, foreign_scope: Scope) -> None:
    record(foreign_scope, "x.done", foreign_scope.organization)
    assert not AuditEntry.objects.within(scope).exists()
    with pytest.raises(ValueError, match="another organization"):
        scope.in_environment(foreign_scope.environment)
