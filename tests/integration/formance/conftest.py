"""A caller of the orchestration API, workflows for it, and words about what it answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey
from accounts.scope import Scope
from engine.ledger import posting
from engine.services.chores import do_chores
from engine.services.triggers import match_inbound_events, receive_event

ROOT = "/formance/api/orchestration"


class Caller:
    """A client with a key."""

    def __init__(self, plain: str) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {plain}"} if plain else {})

    def __call__(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **extra: Any) -> Any:
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        type = extra.pop("content_type", "application/json")
        return self.client.generic(method, ROOT + path, content, content_type=type, **extra)


@pytest.fixture
def call(scope: Scope) -> Caller:
    """A caller who may do everything."""
    return Caller(ApiKey.objects.issue(environment=scope.environment, name="all")[1])


@pytest.fixture
def create(call: Caller) -> Callable[..., str]:
    """`create({"noop": {}})`: the id of a new workflow with these stages."""

    def make(*stages: Any, name: str = "flow") -> str:
        answer = call("POST", "/v2/workflows", {"name": name, "stages": list(stages)})
        assert answer.status_code == 201, answer.content
        found: str = answer.json()["data"]["id"]
        return found

    return make


def refused(answer: Any) -> tuple[int, str, str]:
    """Status, code and message."""
    body = answer.json()
    return answer.status_code, body["errorCode"], body["errorMessage"]


def account(id: str, **more: Any) -> dict[str, Any]:
    """One side of a send."""
    return {"account": {"id": id, **more}}


def money(amount: Any, asset: str = "EUR/2") -> dict[str, Any]:
    """Monetary."""
    return {"amount": amount, "asset": asset}


def balance(scope: Scope, address: str, ledger: str = "default", asset: str = "EUR/2") -> int:
    """What lies on an account."""
    return posting.available(scope.environment.pk, ledger, address, asset)


def publish(scope: Scope, type: str, payload: Any, **more: str) -> None:
    """Send a message to the bus, and let everything that follows happen."""
    receive_event(scope, type, payload, **more)
    settle()


def settle() -> None:
    """Match events and do chores until there is nothing left."""
    while match_inbound_events(timezone.now()) or do_chores(timezone.now()):
        pass
