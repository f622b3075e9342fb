"""Schedules of this dialect, with a clock that the test moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from django.test import Client

from accounts.models import ApiKey, Environment
from accounts.scope import Scope
from designer.models import Flow
from dialects.cloudflare.binding import bind_workflow
from dialects.cloudflare.bodies import UpdateWorkflow
from dialects.cloudflare.translate import account_id_of
from engine.models import Instance, Occurrence
from engine.services.triggers import fire_due_schedules

CRON = "*/30 * * * *"


@pytest.fixture
def planned(scope: Scope) -> Flow:
    """A workflow that starts every half hour."""
    wanted = UpdateWorkflow(class_name="A", script_name="nowhere", schedules=(CRON,))
    return bind_workflow(scope, "planned", wanted)[0]


def next_at(row: Flow) -> datetime:
    """When it is due."""
    moment = row.trigger_rows.get(type="cron").next_at
    assert moment is not None
    return moment


def test_a_firing_creates_an_instance_named_for_the_schedule_and_the_moment(
    planned: Flow, environment: Environment
) -> None:
    due_at = next_at(planned)
    assert fire_due_schedules(due_at + timedelta(seconds=5)) == 1
    instance = Instance.objects.get(flow=planned)
    milliseconds = int(due_at.timestamp() * 1000)
    assert instance.key == f"{CRON}-{milliseconds}"
    key = ApiKey.objects.issue(environment=environment, name="tests")[1]
    account = account_id_of(environment.organization.slug, environment.slug)
    base = f"/cloudflare/client/v4/accounts/{account}/workflows/planned/instances"
    headers = {"authorization": f"Bearer {key}"}
    found = Client().get(f"{base}/{quote(instance.key, safe='')}", headers=headers).json()["result"]
    assert found["schedule"] == {"cron": CRON, "scheduledTime": milliseconds}
    assert (found["trigger"], found["params"], found["status"]) == ({"source": "cron"}, {}, "complete")
    (listed,) = Client().get(f"{base}/", headers=headers).json()["result"]
    assert (listed["id"], listed["trigger_source"]) == (instance.key, "cron")
    step = Client().get(f"{base}/{quote(instance.key, safe='')}/step?name=a&type=step", headers=headers).json()
    assert step["errors"][0]["code"] == 10307


def test_what_was_missed_for_long_is_not_made_up(planned: Flow) -> None:
    due_at = next_at(planned)
    fire_due_schedules(due_at + timedelta(minutes=10))
    assert not Instance.objects.exists()
    assert Occurrence.objects.get().outcome == Occurrence.Outcome.REFUSED
    assert next_at(planned) == due_at + timedelta(minutes=30)


def test_of_many_missed_firings_the_last_is_made_up_within_a_minute(planned: Flow) -> None:
    due_at = next_at(planned)
    late = due_at + timedelta(hours=5, seconds=20)
    fire_due_schedules(late)
    instance = Instance.objects.get()
    assert instance.key == f"{CRON}-{int((late - timedelta(seconds=20)).timestamp() * 1000)}"


def test_days_of_the_week_are_counted_as_the_vendor_does(scope: Scope) -> None:
    wanted = UpdateWorkflow(class_name="A", script_name="nowhere", schedules=("0 6 * * 1",))
    row = bind_workflow(scope, "sundays", wanted)[0]
    assert next_at(row).astimezone(UTC).weekday() == 6
