"""Novu's doors without a server: a request that is still under way, and what is said of a mistake of ours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts.models import ApiKey, Environment
from dialects.novu.models import Replay
from dialects.novu.views.workflows import Workflows

pytestmark = pytest.mark.django_db
BODY: dict[str, Any] = {"name": "W", "workflowId": "w", "steps": []}


@pytest.fixture
def novu(environment: Environment) -> Client:
    """A program with a key."""
    _, key = ApiKey.objects.issue(environment=environment, name="program")
    return Client(headers={"Authorization": f"ApiKey {key}"}, raise_request_exception=False)


def post(novu: Client, key: str) -> Any:
    """Create a workflow under an idempotency key."""
    return novu.post("/novu/v2/workflows", BODY, content_type="application/json", headers={"Idempotency-Key": key})


def test_a_request_that_is_under_way_is_told_to_come_again(novu: Client, environment: Environment) -> None:
    mark = Replay.objects.create(organization=environment.organization, key="k", body_hash="x")
    answer = post(novu, "k")
    assert (answer.status_code, answer["Retry-After"], answer.json()["error"]) == (409, "1", "Conflict")
    assert answer.json()["message"].startswith('Request with key "k" is currently being processed')
    Replay.objects.filter(pk=mark.pk).update(created_at=now() - timedelta(minutes=6))
    assert post(novu, "k").status_code == 201  # whoever was at it is gone


def test_answers_are_forgotten_after_a_day(novu: Client) -> None:
    first = post(novu, "k").json()["data"]["_id"]
    assert post(novu, "k").json()["data"]["_id"] == first
    Replay.objects.update(created_at=now() - timedelta(hours=25))
    assert post(novu, "k").json()["data"]["_id"] != first


def test_a_refusal_is_kept_like_any_answer(novu: Client) -> None:
    wrong = {**BODY, "name": ""}
    for replayed in (None, "true"):
        answer = novu.post(
            "/novu/v2/workflows", wrong, content_type="application/json", headers={"Idempotency-Key": "bad"}
        )
        assert (answer.status_code, answer.headers.get("Idempotency-Replay")) == (400, replayed)


def test_a_mistake_of_ours_is_told_in_novus_shape_and_not_kept(novu: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(Workflows, "body", broken)
    answer = post(novu, "k")
    assert (answer.status_code, answer.json()["statusCode"]) == (500, 500)
    assert answer.json()["errorId"]
    assert "mistake" not in answer.content.decode()
    assert not Replay.objects.exists()
