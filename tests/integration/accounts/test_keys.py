"""API keys: only the right one opens anything, and using one costs nearly nothing."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.keys import find_usable_key
from accounts.models import ApiKey, AuditEntry, Environment
from accounts.scope import authenticate_key


@pytest.fixture
def issued(environment: Environment) -> tuple[ApiKey, str]:
    """A key and its plain text."""
    return ApiKey.objects.issue(environment=environment, name="shop")


def test_the_secret_is_not_stored(issued: tuple[ApiKey, str]) -> None:
    key, plain = issued
    secret = plain.split("_", 2)[2]
    assert secret not in str(ApiKey.objects.values().get(pk=key.pk))
    assert plain.startswith(f"qd_{key.prefix}_")


def test_only_the_whole_right_key_opens(issued: tuple[ApiKey, str]) -> None:
    _, plain = issued
    other = "B" if plain[-1] == "A" else "A"
    for wrong in ("", "qd_", plain[:-1], plain + "x", plain[:-1] + other, plain.upper(), f" {plain}", "qd_" + "0" * 56):
        assert authenticate_key(wrong) is None
    assert authenticate_key(plain) is not None


def test_an_expired_key_opens_nothing_from_that_moment_on(environment: Environment) -> None:
    expiry = timezone.now() + timedelta(days=1)
    _, plain = ApiKey.objects.issue(environment=environment, name="shop", expires_at=expiry)
    assert find_usable_key(plain, now=expiry - timedelta(seconds=1)) is not None
    assert find_usable_key(plain, now=expiry) is None


def test_last_use_is_noted_once_a_minute(
    issued: tuple[ApiKey, str], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    key, plain = issued
    first = timezone.now()
    with django_assert_num_queries(2):
        find_usable_key(plain, now=first)
    with django_assert_num_queries(1):
        find_usable_key(plain, now=first + timedelta(seconds=59))
    key.refresh_from_db()
    assert key.last_used_at == first
    with django_assert_num_queries(2):
        find_usable_key(plain, now=first + timedelta(seconds=60))


def test_a_scope_that_does_not_exist_is_refused(environment: Environment) -> None:
    with pytest.raises(ValueError, match="everything"):
        ApiKey.objects.issue(environment=environment, name="shop", scopes=["everything"])


def test_the_command_prints_the_key_alone(environment: Environment) -> None:
    out = StringIO()
    call_command(
        "api_key", organization="acme", environment="development", name="ci", scopes=["flows:write"], stdout=out
    )
    scope = authenticate_key(out.getvalue().strip())
    assert scope is not None
    assert scope.api_scopes == frozenset({"flows:write"})
    assert AuditEntry.objects.get().actor_name == "Quadrille"


@pytest.mark.parametrize(
    "changes", [{"organization": "nobody"}, {"environment": "nowhere"}, {"name": " "}, {"name": "x" * 121}, {"days": 0}]
)
def test_the_command_refuses_nonsense(environment: Environment, changes: dict[str, object]) -> None:
    with pytest.raises(CommandError):
        call_command("api_key", **{"organization": "acme", "environment": "development", "name": "ci", **changes})
    assert not ApiKey.objects.exists()
