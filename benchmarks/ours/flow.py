"""The flow that is run: steps in a row, each a Python function that answers its argument."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from accounts.models import Environment, Organization
from accounts.roles import Role
from accounts.scope import Scope
from designer.graph.model import Json
from designer.models import Flow
from designer.services.importing import import_flow
from designer.services.publishing import publish_flow


def make_scope() -> Scope:
    """A new organization with one environment, in which the engine itself acts."""
    organization = Organization.objects.create(name="Bench", slug="bench")
    environment = Environment.objects.create(organization=organization, name="Bench", slug="bench")
    return Scope(organization, environment, None, Role.ADMINISTRATOR)


def publish_chain(scope: Scope, *, steps: int, url: str = "") -> Flow:
    """A published flow of `steps` automations in a row. Each is a leased attempt with an outside effect like any other
    Python function: its output is committed before the next one begins. With `url` each is an HTTP request to it."""
    keys = [f"step_{number}" for number in range(1, steps + 1)]
    document: dict[str, Json] = {
        "format": 1,
        "key": "chain",
        "name": "Chain",
        "tasks": [_task(key, number, url) for number, key in enumerate(keys)],
        "edges": [{"from": here, "to": there} for here, there in pairwise(keys)],
    }
    flow = import_flow(scope, document, replace=False)
    publish_flow(scope, flow)
    return flow


def _task(key: str, number: int, url: str) -> dict[str, Any]:
    action, inputs = "python", {"function": "echo", "arguments": {"number": number}}
    if url:
        action, inputs = "http_request", {"method": "GET", "url": url}
    return {"key": key, "name": key, "kind": "automation", "settings": {"action": action, "inputs": inputs}}
