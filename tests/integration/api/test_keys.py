"""No key, no answer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import ApiKey, Environment
from tests.integration.api.conftest import Api, assert_problem

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/flows", "/instances", "/inbox", "/flows/x", "/instances/x", "/instances/x/facts"])
def test_without_a_key_everything_is_a_401(path: str) -> None:
    answer = Api(None).get(path)
    assert_problem(answer, 401)
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("key", ["x", "qd_000000000000_" + "a" * 43, "", "☃", "a" * 10_000])
def test_a_key_that_is_none_is_a_401(key: str) -> None:
    answer = Api(None)
    answer.headers = {"authorization": f"Bearer {key}"}
    assert_problem(answer.get("/flows"), 401)


def test_a_revoked_or_expired_key_is_a_401(environment: Environment) -> None:
    revoked, plain = ApiKey.objects.issue(environment=environment, name="revoked")
    revoked.revoked_at = timezone.now()
    revoked.save()
    assert_problem(Api(plain).get("/flows"), 401)
    expired = ApiKey.objects.issue(environment=environment, name="old", expires_at=timezone.now() - timedelta(1))[1]
    assert_problem(Api(expired).get("/flows"), 401)


def test_an_address_that_is_none_is_a_problem_too() -> None:
    assert_problem(Api(None).get("/nowhere"), 404)
