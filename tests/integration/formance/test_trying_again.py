"""How a send is tried again, what ends that, and what goes on although its workflow was deleted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.scope import Scope
from designer.models import Version
from designer.services.versions import flow_of
from engine.ledger import posting
from engine.models import Step
from engine.services.timers import fire_due_timers
from tests.integration.formance.conftest import Caller, account, balance, money

SEND = {"send": {"source": account("a"), "destination": account("b"), "amount": money(10)}}


def give(scope: Scope, amount: int) -> None:
    """Money for account `a`."""
    request = posting.PostRequest(ledger="default", moves=[posting.Move("world", "a", "EUR/2", amount)])
    posting.post(scope.environment.pk, request, now=timezone.now())


def next_at(step: Step) -> datetime:
    """When it is tried again."""
    step.refresh_from_db()
    assert step.wakes_at is not None
    return step.wakes_at


def test_pauses_double_from_a_second_to_a_hundred_and_an_attempt_has_a_minute(
    call: Caller, create: Callable[..., str]
) -> None:
    call("POST", f"/workflows/{create(SEND)}/instances")
    step = Step.objects.get(kind="transfer")
    assert step.started_at is not None
    pauses = [(next_at(step) - step.started_at).total_seconds()]
    for _ in range(9):
        at = next_at(step)
        fire_due_timers(at)
        pauses.append((next_at(step) - at).total_seconds())
    assert [round(pause) for pause in pauses] == [1, 2, 4, 8, 16, 32, 64, 100, 100, 100]
    assert step.status == "retrying"
    (task,) = flow_of(Version.objects.get()).tasks.values()
    assert task.settings["timeout"] == "60 seconds"


def test_an_activity_of_an_aborted_send_was_cancelled(call: Caller, create: Callable[..., str]) -> None:
    run = call("POST", f"/workflows/{create(SEND)}/instances").json()["data"]["id"]
    assert call("PUT", f"/instances/{run}/abort").status_code == 204
    (activity,) = call("GET", f"/instances/{run}/stages/0/history").json()["data"]
    assert (activity["terminated"], activity["error"]) == (True, "cancelled")
    assert not {"lastFailure", "nextExecution", "output"} & set(activity)
    found = call("GET", f"/instances/{run}").json()["data"]
    assert (found["error"], found["status"][0]["error"]) == ("canceled", "canceled")
    fire_due_timers(timezone.now() + timedelta(hours=1))
    assert call("GET", f"/instances/{run}").json()["data"]["updatedAt"] == found["updatedAt"]


def test_what_runs_goes_on_when_its_workflow_is_deleted(call: Caller, create: Callable[..., str], scope: Scope) -> None:
    sleeping, poor = create({"delay": {"duration": "1h"}}, SEND), create(SEND)
    runs = [call("POST", f"/workflows/{id}/instances").json()["data"]["id"] for id in (sleeping, poor)]
    for id in (sleeping, poor):
        assert call("DELETE", f"/workflows/{id}").status_code == 204
    give(scope, 20)
    fire_due_timers(timezone.now() + timedelta(minutes=1))
    assert balance(scope, "b") == 10
    assert call("GET", f"/instances/{runs[1]}").json()["data"]["terminated"]
    fire_due_timers(timezone.now() + timedelta(hours=1))
    assert balance(scope, "b") == 20
    assert [one["name"] for one in call("GET", f"/instances/{runs[0]}/history").json()["data"]] == [
        "RunDelay",
        "RunSend",
    ]
