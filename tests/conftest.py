"""People and places that most tests need: one organization with two environments and a member of each role."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client, TransactionTestCase

from accounts.models import Environment, Membership, Organization, User
from accounts.roles import Role
from accounts.scope import Scope
from designer.naming import forget_names
from engine.outbox.wishes import suppose_nobody
from engine.scripts.live import LIVE
from engine.services.crowding import forget_crowded
from tests import prepared
from tests.emptying import empty_tables

PASSWORD = "a long enough passphrase"
# As in CI: how long an example takes says how busy the machine is.
hypothesis.settings.register_profile("patient", hypothesis.settings.default, deadline=None)
hypothesis.settings.load_profile("patient")
# Not `flush`: see there.
TransactionTestCase._fixture_teardown = empty_tables  # type: ignore[attr-defined]


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Thousands of tests and all of the product are there from now on: no collector needs to look at them again."""
    gc.collect()
    gc.freeze()
    gc.enable()
    # As celpy does with the first expression that it reads: hypothesis refuses a limit that changes while it draws.
    sys.setrecursionlimit(2500)


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb: bool, django_db_createdb: bool) -> bool:
    """Begin with the tables that `tests/run` has prepared, if it has. The file goes with its folder at the end."""
    database = settings.DATABASES["default"]
    if django_db_keepdb or django_db_createdb or not database["ENGINE"].endswith("sqlite3"):
        return django_db_keepdb
    return prepared.copy_database(Path(database["TEST"]["NAME"]))


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """Nothing remembered from the test before, and nobody who listens to messages."""
    suppose_nobody(3600)
    yield
    cache.clear()
    forget_crowded()
    forget_names()
    LIVE.clear()


@pytest.fixture
def organization(db: None) -> Organization:
    """The organization `acme`."""
    return Organization.objects.create(name="Acme", slug="acme")


@pytest.fixture
def environment(organization: Organization) -> Environment:
    """Its environment `development`."""
    return Environment.objects.create(organization=organization, name="Development", slug="development")


@pytest.fixture
def production(organization: Organization, environment: Environment) -> Environment:
    """Its other environment."""
    return Environment.objects.create(organization=organization, name="Production", slug="production", position=1)


@pytest.fixture
def member(organization: Organization) -> Callable[[Role], User]:
    """`member(Role.DESIGNER)`: the user with this role in `acme`, made on first use."""

    def find_or_make(role: Role) -> User:
        found = User.objects.filter(email=f"{role.value}@example.com").first()
        if found is None:
            found = User.objects.create_user(f"{role.value}@example.com", PASSWORD, name=role.label)
            Membership.objects.create(organization=organization, user=found, role=role)
        return found

    return find_or_make


@pytest.fixture
def scope_as(environment: Environment, member: Callable[[Role], User]) -> Callable[[Role], Scope]:
    """`scope_as(Role.OPERATOR)`: that member at work in `development`."""

    def make(role: Role) -> Scope:
        return Scope(environment.organization, environment, member(role), role)

    return make


@pytest.fixture
def scope(scope_as: Callable[[Role], Scope]) -> Scope:
    """The administrator at work in `development`."""
    return scope_as(Role.ADMINISTRATOR)


@pytest.fixture
def client_as(environment: Environment, member: Callable[[Role], User]) -> Callable[[Role], Client]:
    """`client_as(Role.VIEWER)`: a browser in which that member is signed in."""

    def make(role: Role) -> Client:
        client = Client()
        client.force_login(member(role), backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make


@pytest.fixture
def foreign_scope(db: None) -> Scope:
    """An administrator of another organization, `globex`, whose data must never be seen."""
    organization = Organization.objects.create(name="Globex", slug="globex")
    environment = Environment.objects.create(organization=organization, name="Development", slug="development")
    user = User.objects.create_user("someone@globex.example.com", PASSWORD)
    Membership.objects.create(organization=organization, user=user, role=Role.ADMINISTRATOR)
    return Scope(organization, environment, user, Role.ADMINISTRATOR)
