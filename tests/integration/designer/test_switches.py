"""Flows that are switched on and off at a moment that was chosen beforehand; forks of versions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from accounts.models import AuditEntry
from accounts.roles import Role
from accounts.scope import Scope
from designer import models
from designer.forms import PlannedSwitchForm
from designer.services.drafting import draft_of
from designer.services.switches import MOST_PLANNED, CannotPlan, plan_switch, switch_due_flows
from designer.services.versions import flow_of
from designer.switching.models import PlannedSwitch

NOON = datetime(2030, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_flow_is_switched_when_the_moment_has_come(scope: Scope, version: models.Version) -> None:
    flow = version.flow
    plan_switch(scope, flow, enables=False, at=NOON + HOUR, now=NOON)
    plan_switch(scope, flow, enables=True, at=NOON + 2 * HOUR, now=NOON)
    assert switch_due_flows(NOON) == 0
    assert switch_due_flows(NOON + HOUR) == 1
    flow.refresh_from_db()
    assert not flow.is_enabled
    assert switch_due_flows(NOON + HOUR) == 0
    assert switch_due_flows(NOON + 3 * HOUR) == 1
    flow.refresh_from_db()
    assert flow.is_enabled
    assert not PlannedSwitch.objects.exists()
    told = AuditEntry.objects.filter(subject_type="flow", action__startswith="flow.").values_list("action", flat=True)
    assert {"flow.switch_planned", "flow.disabled", "flow.enabled"} <= set(told)


def test_what_was_missed_comes_to_the_last_of_it(scope: Scope, version: models.Version) -> None:
    for hours, enables in ((1, False), (2, True), (3, False)):
        plan_switch(scope, version.flow, enables=enables, at=NOON + hours * HOUR, now=NOON)
    assert switch_due_flows(NOON + 24 * HOUR) == 1
    version.flow.refresh_from_db()
    assert not version.flow.is_enabled


def test_what_cannot_be_planned_is_refused(scope: Scope, version: models.Version) -> None:
    flow = version.flow
    with pytest.raises(CannotPlan, match="has passed"):
        plan_switch(scope, flow, enables=True, at=NOON, now=NOON)
    plan_switch(scope, flow, enables=True, at=NOON + HOUR, now=NOON)
    with pytest.raises(CannotPlan, match="this very moment"):
        plan_switch(scope, flow, enables=False, at=NOON + HOUR, now=NOON)
    for number in range(MOST_PLANNED - 1):
        plan_switch(scope, flow, enables=True, at=NOON + (number + 2) * HOUR, now=NOON)
    with pytest.raises(CannotPlan, match="At most 50"):
        plan_switch(scope, flow, enables=True, at=NOON + 99 * HOUR, now=NOON)


def test_the_page_plans_and_drops(client_as: Callable[[Role], Client], scope: Scope, version: models.Version) -> None:
    designer = client_as(Role.DESIGNER)
    plan = scope.url("designer:switch_plan", flow="order")
    assert client_as(Role.OPERATOR).post(plan, {"to": "on", "at": "2031-01-01T08:00"}).status_code == 403
    refused = designer.post(plan, {"to": "off", "at": "2001-01-01T08:00"})
    assert (refused.status_code, b"This moment has passed." in refused.content) == (422, True)
    offered = designer.get(scope.url("designer:triggers", flow="order")).content.decode()
    assert '<option value="off" selected>' in offered  # it is on
    assert designer.post(plan, {"to": "sideways", "at": "soon"}).status_code == 422
    assert designer.post(plan, {"to": "off", "at": "2131-01-01T08:00"}).status_code == 302
    switch = PlannedSwitch.objects.get()
    assert (switch.enables, switch.flow) == (False, version.flow)
    assert b"Switched off" in designer.get(scope.url("designer:triggers", flow="order")).content
    drop = scope.url("designer:switch_drop", flow="order", pk=switch.pk)
    assert client_as(Role.OPERATOR).post(drop).status_code == 403
    assert designer.post(drop).status_code == 302
    assert designer.post(drop).status_code == 404


@pytest.mark.parametrize(
    ("zone", "at", "wanted"),
    [
        ("Europe/Berlin", "2131-07-01T08:00", "2131-07-01T06:00:00+00:00"),
        ("Europe/Berlin", "2131-07-01T08:00:00+05:00", "2131-07-01T03:00:00+00:00"),
        ("Europe/Berlin", "2131-07-01T08:00:00Z", "2131-07-01T08:00:00+00:00"),
        ("America/New_York", "9999-12-31T23:59", "There is no such moment."),
        ("Asia/Tokyo", "0001-01-01T00:00", "There is no such moment."),
        ("Europe/Berlin", "2030-03-31T02:30", "The clocks are put forward then"),
    ],
)
def test_a_moment_is_read_where_the_flow_is(zone: str, at: str, wanted: str) -> None:
    form = PlannedSwitchForm({"to": "on", "at": at}, zone=ZoneInfo(zone))
    if form.is_valid():
        assert form.cleaned_data["at"].astimezone(UTC).isoformat() == wanted
    else:
        assert wanted in str(form.errors)


def test_a_switch_of_another_organization_does_not_exist(
    client_as: Callable[[Role], Client], scope: Scope, foreign_scope: Scope, version: models.Version
) -> None:
    switch = plan_switch(scope, version.flow, enables=True, at=NOON + HOUR, now=NOON)
    address = foreign_scope.url("designer:switch_drop", flow="order", pk=switch.pk)
    assert client_as(Role.DESIGNER).post(address).status_code == 404
    assert PlannedSwitch.objects.filter(pk=switch.pk).exists()


def test_a_version_is_forked(client_as: Callable[[Role], Client], scope: Scope, version: models.Version) -> None:
    address = scope.url("designer:fork", flow="order", number=1)
    assert client_as(Role.OPERATOR).post(address).status_code == 403
    answer = client_as(Role.DESIGNER).post(address)
    assert answer["Location"] == scope.url("designer:edit", flow="order-copy")
    copy = models.Flow.objects.within(scope).get(key="order-copy")
    assert copy.live_version is None
    assert draft_of(copy).tasks == flow_of(version).tasks
    assert client_as(Role.DESIGNER).post(scope.url("designer:fork", flow="order", number=9)).status_code == 404
