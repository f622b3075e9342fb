"""The engine's tables in Django's admin."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib import admin
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from engine import models
from engine.models import Event, InboundEvent, Instance, Occurrence, Step

Start = Callable[..., Instance]
TABLES = ["instance", "step", "fact", "timer", "event", "inboundevent", "occurrence", "idempotencykey"]


@pytest.fixture
def staff(db: None) -> Client:
    """A browser in which an administrator of the installation is signed in."""
    client = Client()
    user = User.objects.create_superuser("root@example.com", "pw")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_every_table_of_the_engine_is_in_the_admin() -> None:
    assert {getattr(models, name) for name in models.__all__} <= set(admin.site._registry)


@pytest.fixture
def filled(start: Start, waiting: Instance) -> Instance:
    """Something in most tables."""
    start("bad", fail=True)
    Event.objects.create(instance=waiting, type="picked-up", payload={"van": 3})
    InboundEvent.objects.create(environment=waiting.environment, type="saved")
    Occurrence.objects.create(environment=waiting.environment, flow=waiting.flow, type="cron", outcome="started",
                              instance=waiting)  # fmt: skip
    return waiting


@pytest.mark.parametrize("table", TABLES)
def test_lists_searches_and_pages_open(staff: Client, filled: Instance, table: str) -> None:
    address = f"/admin/engine/{table}/"
    assert staff.get(address).status_code == 200
    assert staff.get(address, {"q": "order-1"}).status_code == 200
    model = getattr(models, {m.lower(): m for m in models.__all__}[table])
    for row in model.objects.all()[:2]:
        assert staff.get(f"{address}{row.pk}/change/").status_code == 200


@pytest.mark.parametrize("table", TABLES)
def test_history_can_neither_be_written_nor_deleted(staff: Client, filled: Instance, table: str) -> None:
    assert staff.get(f"/admin/engine/{table}/add/").status_code == 403
    model = getattr(models, {m.lower(): m for m in models.__all__}[table])
    for row in model.objects.all()[:1]:
        assert staff.post(f"/admin/engine/{table}/{row.pk}/delete/", {"post": "yes"}).status_code == 403
        assert staff.post(f"/admin/engine/{table}/{row.pk}/change/", {"status": "complete"}).status_code == 403


@pytest.mark.parametrize("table", ["instance", "step", "fact", "timer"])
def test_lists_ask_as_often_for_many_rows_as_for_few(
    staff: Client, start: Start, table: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(6):
        start(total=2000)
    with django_assert_max_num_queries(16):
        staff.get(f"/admin/engine/{table}/")


def test_a_sensitive_output_is_not_shown(staff: Client, waiting: Instance) -> None:
    step = waiting.steps.get(task="charge")
    page = staff.get(f"/admin/engine/step/{step.pk}/change/").content.decode()
    assert "[REDACTED]" in page
    assert "4111" not in page.split("field-output_json")[1].split("field-error_json")[0]


def test_instances_are_steered_from_the_list(staff: Client, start: Start, waiting: Instance) -> None:
    bad = start("bad", fail=True)
    form = {"action": "pause", "_selected_action": [waiting.pk, bad.pk]}
    page = staff.post("/admin/engine/instance/", form, follow=True).content.decode()
    waiting.refresh_from_db()
    assert waiting.status == "paused"
    assert "Refused for bad: The instance is already errored." in page
    assert "Done for 1." in page


def test_leases_are_expired_from_the_list(staff: Client, waiting: Instance) -> None:
    later = timezone.now() + timedelta(hours=1)
    Step.objects.filter(instance=waiting, task="approve").update(status="running", claimable_at=later)
    step = waiting.steps.get(task="approve")
    staff.post("/admin/engine/step/", {"action": "expire_leases", "_selected_action": [step.pk]})
    step.refresh_from_db()
    assert step.claimable_at is not None
    assert step.claimable_at <= timezone.now()


def test_people_without_the_right_see_no_actions(filled: Instance) -> None:
    User.objects.create_user("helper@example.com", "pw", is_staff=True)
    client = Client()
    client.force_login(
        User.objects.get(email="helper@example.com"), backend="django.contrib.auth.backends.ModelBackend"
    )
    assert client.get("/admin/engine/instance/").status_code == 403
