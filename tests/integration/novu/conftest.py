"""A program that speaks Novu's API, without a server: every refusal it gets is checked for the vendor's shape."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.test import Client

from accounts.models import ApiKey, Environment
from accounts.scope import Scope

Json = dict[str, Any]
GHOST = "0" * 24
NOTE: Json = {"name": "Note", "type": "in_app", "controlValues": {"body": "x"}}
BODY: Json = {"name": "W", "workflowId": "w", "steps": [NOTE]}
WORKFLOWS, TRIGGER = "/v2/workflows", "/v1/events/trigger"


class Novu:
    """Calls `/novu` with a key. Answers are `(status, body)`; every refusal is checked for the vendor's shape."""

    def __init__(self, key: str | None, *, scheme: str = "ApiKey") -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"authorization": f"{scheme} {key}"} if key else {}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        answer = self.client.generic(
            method, f"/novu{path}", data, content_type="application/json", headers=self.headers | headers
        )
        found = orjson.loads(answer.content) if answer.content else None
        if answer.status_code >= 400:
            assert isinstance(found, dict)
            refused(found, answer.status_code, path.partition("?")[0])
        return answer.status_code, found

    def make(self, **more: Any) -> Json:
        """A new workflow."""
        status, found = self("POST", WORKFLOWS, {**BODY, **more})
        assert status == 201, found
        return dict(found["data"])


def refused(told: Json, status: int, path: str) -> None:
    """Its shape: ErrorDto, ValidationErrorDto for 422, and on the trigger paths the special 400."""
    assert (told["statusCode"], told["path"]) == (status, path)
    assert told["timestamp"].endswith("Z")
    assert "data" not in told
    if status == 422:
        assert isinstance(told["errors"], dict)
        assert all(isinstance(entry["messages"], list) for entry in told["errors"].values())
    if status == 400 and path in (TRIGGER, f"{TRIGGER}/bulk", f"{TRIGGER}/broadcast"):
        assert told["type"] == "PAYLOAD_VALIDATION_ERROR"
        assert all({"field", "message"} <= entry.keys() for entry in told["errors"])


def key_of(environment: Environment, **more: Any) -> str:
    return ApiKey.objects.issue(environment=environment, name="tests", **more)[1]


@pytest.fixture
def novu(environment: Environment) -> Novu:
    """A program in `development`."""
    return Novu(key_of(environment))


@pytest.fixture
def stranger(foreign_scope: Scope) -> Novu:
    """A program of another organization."""
    return Novu(key_of(foreign_scope.environment))
