"""Parents and children find each other on their pages; a scheduled step can be run now."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from accounts.roles import Role
from accounts.scope import Scope
from designer import models
from designer.services.importing import import_flow
from designer.services.publishing import publish_flow
from engine.models import Instance, Step
from engine.services.calls import deliver_signals
from engine.services.instances import start_instance

ClientAs = Callable[[Role], Client]


def url(instance: Instance, rest: str = "") -> str:
    return f"/o/acme/development/instances/{instance.pk}/{rest}"


def begin(scope: Scope, kind: str, **settings: object) -> Instance:
    """An instance of a flow with one task."""
    task = {"key": "it", "name": "The task", "kind": kind, "settings": settings}
    row = import_flow(scope, {"format": 1, "key": "one", "name": "One", "tasks": [task]}, replace=False)
    publish_flow(scope, row)
    instance = start_instance(scope, models.Flow.objects.get(pk=row.pk), input={"total": 2000})
    deliver_signals(timezone.now())
    return instance


def test_parent_and_child_link_to_each_other(client_as: ClientAs, scope: Scope, flow: models.Flow) -> None:
    parent = begin(scope, "call", flow="order", inputs={"total": "{{ input.total }}"})
    child = Instance.objects.get(flow=flow)
    page = client_as(Role.VIEWER).get(url(parent)).content.decode()
    assert f'href="{url(child)}"' in page
    assert "waits for flow order" in page
    page = client_as(Role.VIEWER).get(url(child)).content.decode()
    assert f'href="{url(parent)}?step=it:1"' in page
    child.delete()
    assert ", removed" in client_as(Role.VIEWER).get(url(parent)).content.decode()


@pytest.mark.parametrize(("role", "is_offered"), [(Role.OPERATOR, True), (Role.ASSIGNEE, False)])
def test_an_operator_runs_a_scheduled_step_now(
    client_as: ClientAs, scope: Scope, role: Role, *, is_offered: bool
) -> None:
    schedule = {"mode": "delayed", "duration": "1 day"}
    instance = begin(scope, "automation", action="set_values", inputs={"values": {"a": 1}}, schedule=schedule)
    page = client_as(role).get(url(instance)).content.decode()
    assert ("Run now" in page) == is_offered
    assert "scheduled" in page
    assert "Starts" in page
    step = Step.objects.get(instance=instance)
    answer = client_as(role).post(f"/o/acme/development/inbox/{step.pk}/start/")
    assert answer.status_code == (302 if is_offered else 403)
    instance.refresh_from_db()
    assert instance.status == ("complete" if is_offered else "waiting")
