"""One live server for all dialects, and tenants on it.

    def test_something(server: Quadrille, tenant: Tenant) -> None:
        client = Cloudflare(api_token=tenant.key, base_url=f"{server.url}/cloudflare/client/v4")

Every test folder shares the server and gets an organization of its own with `new_tenant("name")`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import pytest

from tests.acceptance.quadrille import Quadrille, quadrille

Found = TypeVar("Found")
PATIENCE_SECONDS = 60

MAKE_TENANT = """
import json
from accounts.models import ApiKey, Environment, Organization
from accounts.roles import ApiScope
name = {name!r}
organization, _ = Organization.objects.get_or_create(slug=name, defaults=dict(name=name))
environment, _ = Environment.objects.get_or_create(organization=organization, slug="main", defaults=dict(name="Main"))
reading = [scope for scope in ApiScope.values if scope.endswith(":read")]
key = ApiKey.objects.issue(environment=environment, name="tests")[1]
reader = ApiKey.objects.issue(environment=environment, name="reader", scopes=reading)[1]
print("TENANT " + json.dumps([organization.slug, environment.slug, key, reader]))
"""


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organization with one environment: a key that may do everything a key can, and one that may only read."""

    organization: str
    environment: str
    key: str
    reader: str


@pytest.fixture(scope="session")
def server() -> Iterator[Quadrille]:
    """A running installation, empty at first."""
    with quadrille(demo=False) as running:
        yield running


@pytest.fixture(scope="session")
def new_tenant(server: Quadrille) -> Callable[[str], Tenant]:
    """`new_tenant("acme")`: the organization of this slug, with new keys. Costs a process: ask once per module."""

    def make(name: str) -> Tenant:
        printed = server.manage("shell", "-v", "0", "-c", MAKE_TENANT.format(name=name))
        line = next(line for line in printed.splitlines() if line.startswith("TENANT "))
        return Tenant(*json.loads(line.removeprefix("TENANT ")))

    return make


def until(ask: Callable[[], Found | None], *, what: str = "it") -> Found:
    """What `ask` answers once that is something true. Fails when it takes too long; a loaded machine is slow."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = ask()
        if found:
            return found
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not come within {PATIENCE_SECONDS} s")
        time.sleep(0.05)
