"""Novu's lists: the database filters, and a longer list costs no more."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiKey, Environment
from accounts.scope import Scope
from designer.models import Flow
from designer.services.drafting import draft_of, replace_draft
from dialects.novu.models import Workflow
from engine.notifying.models import MessagePolicy

pytestmark = pytest.mark.django_db
GOOD: dict[str, Any] = {"name": "Note", "type": "in_app", "controlValues": {"body": "Hello {{payload.no}}"}}
BAD: dict[str, Any] = {"name": "Mail", "type": "email", "controlValues": {"subject": "{{nonsense.x}}", "body": "x"}}


@pytest.fixture
def novu(environment: Environment) -> Client:
    """A program with a key."""
    _, key = ApiKey.objects.issue(environment=environment, name="program")
    return Client(headers={"Authorization": f"ApiKey {key}"})


def make(novu: Client, name: str, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A workflow."""
    body = {"name": name, "workflowId": name, "active": True, "steps": list(steps), **more}
    answer = novu.post("/novu/v2/workflows", body, content_type="application/json")
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()["data"]
    return found


def listed(novu: Client, query: str = "") -> tuple[list[str], int]:
    """Which workflows a list has, and how many it says there are."""
    data = novu.get(f"/novu/v2/workflows{query}").json()["data"]
    return sorted(one["workflowId"] for one in data["workflows"]), data["totalCount"]


def test_the_status_follows_whatever_changes(novu: Client, scope: Scope) -> None:
    make(novu, "good", GOOD)
    make(novu, "bad", GOOD, BAD)
    make(novu, "off", BAD, active=False)
    assert listed(novu, "?status=ACTIVE") == (["good"], 1)
    assert listed(novu, "?status=ERROR") == (["bad"], 1)
    assert listed(novu, "?status=INACTIVE") == (["off"], 1)
    assert listed(novu, "?status=ERROR&status=INACTIVE&limit=1")[1] == 2
    # A schema that lacks a name makes a fault, whoever stores it.
    flow = Flow.objects.within(scope).get(key="good")
    policy = MessagePolicy.objects.get(flow=flow)
    policy.payload_schema = {
        "type": "object",
        "properties": {"other": {"type": "string"}},
        "additionalProperties": False,
    }
    policy.save()
    assert novu.get("/novu/v2/workflows/good").json()["data"]["status"] == "ERROR"
    assert listed(novu, "?status=ERROR&query=good") == (["good"], 1)
    # The editor changes a draft: the list follows.
    row = Flow.objects.within(scope).get(key="bad")
    draft = draft_of(row)
    mended = draft.with_task(*(draft.tasks[key] for key in draft.tasks)).without_tasks(["mail"])
    replace_draft(
        scope, row, mended.with_edges(e for e in draft.edges if e.target != "mail"), revision=row.draft_revision
    )
    assert listed(novu, "?status=ERROR") == (["good"], 1)
    assert set(Workflow.objects.filter(is_faulty=True).values_list("identifier", flat=True)) == {"good", "off"}


def cost(novu: Client, path: str) -> int:
    """How many statements an answer takes."""
    assert novu.get(path).status_code == 200
    with CaptureQueriesContext(connection) as seen:
        assert novu.get(path).status_code == 200
    return len(seen)


def test_longer_lists_cost_no_more(novu: Client) -> None:
    paths = ("/novu/v2/workflows", "/novu/v2/workflows?status=ACTIVE", "/novu/v1/notifications", "/novu/v1/messages")

    def more(count: int, begin: int) -> None:
        for number in range(begin, begin + count):
            make(novu, f"w{number}", GOOD, {**BAD, "type": "sms", "controlValues": {"body": "x"}})
            body = {"name": f"w{number}", "to": [f"ada-{number}", "bob"], "payload": {"no": "1"}}
            assert novu.post("/novu/v1/events/trigger", body, content_type="application/json").status_code == 201

    more(2, 0)
    few = [cost(novu, path) for path in paths]
    more(6, 2)
    assert [cost(novu, path) for path in paths] == few
