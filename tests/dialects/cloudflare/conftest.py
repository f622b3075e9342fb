"""Cloudflare's SDK against the live server, and flows for it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from textwrap import dedent
from typing import Any

import httpx
import pytest
from cloudflare import Cloudflare

from dialects.cloudflare.translate import account_id_of
from tests.acceptance.quadrille import Quadrille
from tests.dialects.conftest import Tenant, until


class Account:
    """An account as SDK users have it: a client, the id of the account, and our native API for drawing."""

    def __init__(self, server: Quadrille, tenant: Tenant) -> None:
        self.tenant = tenant
        self.server = server
        self.id = account_id_of(tenant.organization, tenant.environment)
        self.base_url = f"{server.url}/cloudflare/client/v4"
        self.client = Cloudflare(api_token=tenant.key, base_url=self.base_url)
        self.reader = Cloudflare(api_token=tenant.reader, base_url=self.base_url)
        self.http = httpx.Client(
            base_url=f"{self.base_url}/accounts/{self.id}/workflows",
            headers={"authorization": f"Bearer {tenant.key}"},
            timeout=60,
        )
        self.native = httpx.Client(
            base_url=f"{server.url}/api/v1", headers={"authorization": f"Bearer {tenant.key}"}, timeout=60
        )

    def close(self) -> None:
        """Give the connections back."""
        for client in (self.client, self.reader, self.http, self.native):
            client.close()

    def draw(self, key: str, tasks: list[Mapping[str, Any]], edges: list[Mapping[str, Any]], **more: Any) -> None:
        """Publish a flow as the designer does."""
        name = more.pop("name", key)
        document = {"format": 1, "key": key, "name": name, "tasks": tasks, "edges": edges, **more}
        self.native.post("/flows", json=document).raise_for_status()
        self.native.post(f"/flows/{key}/publish", json={}).raise_for_status()

    def deploy(self, name: str, source: str) -> None:
        """Put a script into the organization's folder of scripts."""
        folder = self.server.data / "scripts" / "organizations" / self.tenant.organization
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.py").write_text(dedent(source))

    def bind(self, workflow: str, script: str, class_name: str, **more: Any) -> Any:
        """Bind a workflow to a class of a script."""
        return self.client.workflows.update(
            workflow, account_id=self.id, script_name=script, class_name=class_name, **more
        )

    def get(self, workflow: str, instance: str, **more: Any) -> Any:
        """An instance."""
        return self.client.workflows.instances.get(instance, account_id=self.id, workflow_name=workflow, **more)

    def wait(self, workflow: str, instance: str, *statuses: str) -> Any:
        """The instance once it has one of these statuses."""

        def ask() -> Any:
            found = self.get(workflow, instance)
            return found if found.status in statuses else None

        return until(ask, what=f"{instance} of {workflow} {' or '.join(statuses)}")

    def create(self, workflow: str, **more: Any) -> str:
        """Start an instance; answers its id."""
        return str(self.client.workflows.instances.create(workflow, account_id=self.id, **more).id)


@pytest.fixture(scope="session")
def account(server: Quadrille, new_tenant: Callable[[str], Tenant]) -> Iterator[Account]:
    """The account most tests share; each draws flows of its own."""
    with contextlib.closing(Account(server, new_tenant("cloudflare"))) as account:
        yield account


@pytest.fixture(scope="session")
def stranger(server: Quadrille, new_tenant: Callable[[str], Tenant]) -> Iterator[Account]:
    """Another organization's account."""
    with contextlib.closing(Account(server, new_tenant("cloudflare-stranger"))) as account:
        yield account
