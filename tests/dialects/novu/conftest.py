"""Novu's SDKs against the live server: an organization with two environments, and a foreign one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from novu_py import Novu

from tests.acceptance.quadrille import ROOT, Quadrille
from tests.dialects.conftest import until

MAKE = """
import json
from accounts.models import ApiKey, Environment, Organization
from accounts.roles import ApiScope
from dialects.novu.ids import environment_id
from engine.notifying.secrets import subscriber_hash
reading = [scope for scope in ApiScope.values if scope.endswith(":read")]
found = {{}}
for name in {names!r}:
    organization, _ = Organization.objects.get_or_create(slug=name, defaults=dict(name=name))
    places = {{}}
    for position, place in enumerate(("Development", "Production")):
        environment, _ = Environment.objects.get_or_create(
            organization=organization, slug=place.lower(), defaults=dict(name=place, position=position))
        key = ApiKey.objects.issue(environment=environment, name="tests")[1]
        reader = ApiKey.objects.issue(environment=environment, name="reader", scopes=reading)[1]
        places[place] = [environment.pk, environment_id(environment), key, reader]
    found[name] = places
print("MADE " + json.dumps(found))
"""


@dataclass(slots=True)
class Place:
    """One environment: its number, its Novu id, a key that may do everything, one that may only read."""

    pk: int
    id: str
    key: str
    reader: str


@dataclass(slots=True)
class Account:
    """An organization as SDK users have it."""

    server: Quadrille
    name: str
    development: Place
    production: Place

    @property
    def url(self) -> str:
        """What the SDKs are pointed at."""
        return f"{self.server.url}/novu"

    def client(self, place: Place | None = None) -> Novu:
        """The official Python SDK with its default settings, retries included."""
        return Novu(secret_key=(place or self.development).key, server_url=self.url)

    def http(self, place: Place | None = None, **more: Any) -> httpx.Client:
        """Plain HTTP."""
        headers = {"Authorization": f"ApiKey {(place or self.development).key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, **more)


HOWTOS = sorted((ROOT / "docs" / "howto").glob("novu-*.md"))


@pytest.fixture(scope="session")
def accounts(server: Quadrille) -> dict[str, Account]:
    """`novu-acme`, the foreign `novu-globex`, and one for each worked example, which begins with nothing."""
    names = ["novu-acme", "novu-globex", *(page.stem for page in HOWTOS)]
    printed = server.manage("shell", "-v", "0", "-c", MAKE.format(names=names))
    made = json.loads(next(line for line in printed.splitlines() if line.startswith("MADE ")).removeprefix("MADE "))
    return {
        name: Account(server, name, Place(*made[name]["Development"]), Place(*made[name]["Production"]))
        for name in names
    }


@pytest.fixture(scope="session")
def account(accounts: dict[str, Account]) -> Account:
    """Ours."""
    return accounts["novu-acme"]


@pytest.fixture(scope="session")
def stranger(accounts: dict[str, Account]) -> Account:
    """Theirs."""
    return accounts["novu-globex"]


@pytest.fixture(scope="session")
def novu(account: Account) -> Iterator[Novu]:
    """The SDK in our development environment."""
    with account.client() as client:
        yield client


@pytest.fixture(scope="session")
def http(account: Account) -> Iterator[httpx.Client]:
    """Plain HTTP in our development environment."""
    with account.http() as client:
        yield client


def jobs_of(novu: Novu, transaction: str, *, count: int = 1) -> list[Any]:
    """The activities of a transaction once there are so many and all of their jobs are done with."""
    return until(lambda: _done(novu, transaction, count), what=f"the jobs of {transaction}")


def _done(novu: Novu, transaction: str, count: int) -> list[Any] | None:
    page = novu.notifications.list(request={"transaction_id": transaction})
    found = page.result.data
    open_statuses = {"pending", "queued", "running", "delayed"}
    if len(found) < count or any(job.status in open_statuses for each in found for job in each.jobs or ()):
        return None
    return list(found)


Make = Callable[..., Any]
