"""A program with an API key, and flows for it to work with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, Environment
from accounts.roles import ApiScope
from accounts.scope import Scope
from engine.services.attempts import EndedAttempt, claim_attempts, make_attempt, settle_attempts
from engine.services.calls import deliver_signals
from engine.services.rounds import Worker
from engine.services.triggers import match_inbound_events

Json = dict[str, Any]
Answer = Any


class Api:
    """Calls `/api/v1` with a key. Bodies are given as values (sent as JSON) or as bytes."""

    def __init__(self, key: str | None) -> None:
        self.client = Client()
        self.headers = {"authorization": f"Bearer {key}"} if key else {}

    def get(self, path: str, **headers: str) -> Answer:
        """GET."""
        return self.client.get(f"/api/v1{path}", headers=self.headers | named(headers))

    def post(self, path: str, body: Any = None, *, type: str = "application/json", **headers: str) -> Answer:
        """POST."""
        return self.client.post(
            f"/api/v1{path}", data=as_bytes(body), content_type=type, headers=self.headers | named(headers)
        )

    def put(self, path: str, body: Any = None, *, type: str = "application/json", **headers: str) -> Answer:
        """PUT."""
        return self.client.put(
            f"/api/v1{path}", data=as_bytes(body), content_type=type, headers=self.headers | named(headers)
        )

    def delete(self, path: str, **headers: str) -> Answer:
        """DELETE."""
        return self.client.delete(f"/api/v1{path}", headers=self.headers | named(headers))


def named(headers: dict[str, str]) -> dict[str, str]:
    """`if_match=...` as the header `if-match`."""
    return {name.replace("_", "-"): value for name, value in headers.items()}


def as_bytes(body: Any) -> bytes:
    """A body as it is sent."""
    if isinstance(body, bytes):
        return body
    return b"" if body is None else orjson.dumps(body)


def assert_problem(answer: Answer, status: int) -> Json:
    """The problem in an answer with this status."""
    assert answer.status_code == status, (answer.status_code, answer.content[:1000])
    assert answer["Content-Type"] == "application/problem+json"
    body: Json = answer.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body


@pytest.fixture
def key_with(environment: Environment) -> Callable[..., Api]:
    """`key_with(ApiScope.FLOWS_READ)`: a program whose key has only these scopes."""

    def make(*scopes: ApiScope) -> Api:
        return Api(ApiKey.objects.issue(environment=environment, name="program", scopes=scopes)[1])

    return make


@pytest.fixture
def api(key_with: Callable[..., Api]) -> Api:
    """A program that may do everything in `acme/development`."""
    return key_with(*ApiScope)


@pytest.fixture
def foreign_api(foreign_scope: Scope) -> Api:
    """A program of another organization."""
    return Api(ApiKey.objects.issue(environment=foreign_scope.environment, name="foreign", scopes=list(ApiScope))[1])


def flow_file(key: str = "hello", **more: Any) -> Json:
    """A flow with one human task, then one automation that greets."""
    return {
        "format": 1,
        "key": key,
        "name": "Hello",
        "tasks": [
            {
                "key": "ask",
                "name": "Ask",
                "kind": "manual",
                "settings": {
                    "form": {
                        "type": "object",
                        "properties": {"name": {"type": "string"}},
                        "required": ["name"],
                        "additionalProperties": False,
                    }
                },
            },
            {
                "key": "greet",
                "name": "Greet",
                "kind": "automation",
                "settings": {"action": "set_values", "inputs": {"values": {"hello": "{{ steps.ask.output.name }}"}}},
            },
        ],
        "edges": [{"from": "trigger", "to": "ask"}, {"from": "ask", "to": "greet"}],
        "triggers": [{"type": "manual"}, {"type": "api"}],
        **more,
    }


@pytest.fixture
def published(api: Api) -> str:
    """The key of a published flow."""
    assert api.post("/flows", flow_file()).status_code == 201
    assert api.post("/flows/hello/publish").status_code == 201
    return "hello"


@pytest.fixture
def run() -> Callable[[], None]:
    """`run()`: do all the work there is now, as a worker would."""

    def work() -> None:
        worker = Worker("test", room=100)
        while (
            deliver_signals(timezone.now()) or claim_attempts(worker, now=timezone.now(), limit=100) or worker.claimed
        ):
            claimed, worker.claimed, worker.room = worker.claimed, [], 100
            ended = [EndedAttempt(attempt, make_attempt(attempt), timezone.now()) for attempt in claimed]
            settle_attempts(ended, worker, now=timezone.now())
        match_inbound_events(timezone.now())

    return work
