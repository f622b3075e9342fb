"""The designer's tables in Django's admin."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.roles import Role
from accounts.scope import Scope
from designer import models
from designer.graph.codec import decode_flow
from designer.services.drafting import replace_draft
from tests.integration.designer.conftest import order_file

TABLES = [
    "flow",
    "version",
    "phase",
    "task",
    "edge",
    "condition",
    "closingreason",
    "trigger",
    "entitysync",
    "draftedit",
]
HISTORY = ["version", "task", "edge", "draftedit"]


@pytest.fixture
def staff(client_as: Callable[[Role], Client], scope: Scope, version: models.Version) -> Client:
    """A browser with someone who may do everything in the admin; every table has a row."""
    sync = [{"on": "completed", "entity": "order", "set": {"status": "done"}}]
    replace_draft(scope, version.flow, decode_flow(order_file(entity_sync=sync)), revision=1)
    User.objects.update(is_staff=True, is_superuser=True)
    return client_as(Role.ADMINISTRATOR)


@pytest.mark.parametrize("table", TABLES)
def test_every_table_opens_and_is_searched(staff: Client, table: str) -> None:
    assert staff.get(reverse(f"admin:designer_{table}_changelist"), {"q": "o"}).status_code == 200


@pytest.mark.parametrize("table", TABLES)
def test_every_row_opens(staff: Client, table: str) -> None:
    row = apps.get_model("designer", table)._default_manager.order_by("pk")[0]
    assert staff.get(reverse(f"admin:designer_{table}_change", args=[row.pk])).status_code == 200


@pytest.mark.parametrize("table", HISTORY)
def test_history_is_only_looked_at(staff: Client, table: str) -> None:
    row = apps.get_model("designer", table)._default_manager.order_by("pk")[0]
    for door, arguments in (("add", []), ("change", [row.pk]), ("delete", [row.pk])):
        assert staff.post(reverse(f"admin:designer_{table}_{door}", args=arguments), {"post": "yes"}).status_code == 403


def test_flows_are_disabled_and_enabled_by_actions(staff: Client) -> None:
    flow = models.Flow.objects.get()
    url = reverse("admin:designer_flow_changelist")
    staff.post(url, {"action": "disable", "_selected_action": [flow.pk]})
    flow.refresh_from_db()
    assert not flow.is_enabled
    staff.post(url, {"action": "enable", "_selected_action": [flow.pk]})
    flow.refresh_from_db()
    assert flow.is_enabled


def test_triggers_are_switched_by_actions_and_their_secrets_not_shown(staff: Client) -> None:
    webhook = models.Trigger.objects.get(type="webhook")
    page = staff.get(reverse("admin:designer_trigger_change", args=[webhook.pk])).content.decode()
    assert webhook.secret_path
    assert webhook.secret_path not in page
    assert webhook.secret not in page
    url = reverse("admin:designer_trigger_changelist")
    staff.post(url, {"action": "switch_off", "_selected_action": [webhook.pk]})
    webhook.refresh_from_db()
    assert not webhook.is_active


def test_the_pages_lead_from_row_to_row(staff: Client) -> None:
    version = models.Version.objects.get()
    page = staff.get(reverse("admin:designer_version_change", args=[version.pk])).content.decode()
    assert reverse("admin:designer_flow_change", args=[version.flow_id]) in page
    rows = f"{reverse('admin:designer_task_changelist')}?flow__id__exact={version.flow_id}"
    assert rows in page
    listed = staff.get(rows + f"&version__id__exact={version.pk}")
    assert listed.status_code == 200
    assert b"Charge the card" in listed.content
