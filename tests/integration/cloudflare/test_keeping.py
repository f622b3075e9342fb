"""Retention of single instances, places under a limit, and how fast instances may be created."""

from __future__ import annotations

from copy import copy
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.utils import timezone

from accounts.scope import Scope
from designer.models import Flow
from designer.services.drafting import create_flow
from designer.services.publishing import publish_flow
from dialects.cloudflare.binding import bind_workflow, delete_workflow
from dialects.cloudflare.bodies import CreateInstance, UpdateWorkflow
from dialects.cloudflare.creating import create_batch, create_instances
from dialects.cloudflare.errors import CloudflareError
from dialects.cloudflare.keeping import remove_outlived
from dialects.cloudflare.models import Keeping
from engine.models import Instance
from engine.services.calls import deliver_signals
from engine.services.instances import start_instance
from engine.services.interventions import pause
from engine.services.queueing import start_queued_instances
from engine.services.retention import remove_finished
from tests.drawing import draw

DAY = 86_400_000


def bind(scope: Scope, script: str = "nowhere", **more: object) -> Flow:
    """A workflow."""
    return bind_workflow(scope, "kept", UpdateWorkflow(class_name="A", script_name=script, **more))[0]  # type: ignore[arg-type]


def test_the_retention_of_an_instance_beats_that_of_its_workflow(scope: Scope) -> None:
    row = bind(scope, default_retention={"success_retention": 3 * DAY})
    short = CreateInstance("short", {}, {"success_retention": DAY})
    long = CreateInstance("long", {}, {"success_retention": 9 * DAY})
    create_instances(scope, row, [short, long, CreateInstance("plain")])

    def left(days: int) -> list[str]:
        now = timezone.now() + timedelta(days=days, minutes=1)
        remove_finished(now)
        remove_outlived(now)
        return sorted(Instance.objects.values_list("key", flat=True))

    assert left(0) == ["long", "plain", "short"]
    assert left(1) == ["long", "plain"]
    assert left(3) == ["long"]
    assert left(9) == []


def test_waiting_and_paused_instances_take_no_place(scope: Scope) -> None:
    graph = draw("trigger -> nap", kinds={"nap": "delay"}, settings={"nap": {"for": "1 hour"}}, key="naps")
    publish_flow(scope, create_flow(scope, key="naps", name="Naps", flow=graph))
    row = bind(scope, "naps", concurrency={"limit": 1})
    first, second = create_instances(scope, row, [CreateInstance("first"), CreateInstance("second")])
    assert (first.status, second.status) == ("waiting", "queued")
    start_queued_instances(timezone.now())
    second.refresh_from_db()
    assert second.status == "waiting"
    pause(scope, first)
    (third,) = create_instances(scope, row, [CreateInstance("third")])
    assert third.status == "waiting"


def test_a_batch_leaves_out_ids_that_are_taken(scope: Scope) -> None:
    row = bind(scope)
    create_instances(scope, row, [CreateInstance("a")])
    made = create_batch(scope, row, [CreateInstance("a"), CreateInstance("b"), CreateInstance("b"), CreateInstance()])
    assert [instance.key for instance in made][:1] == ["b"]
    assert len(made) == 2


def test_too_many_at_once_are_told_to_come_back(scope: Scope, settings: LazySettings) -> None:
    settings.CLOUDFLARE_WORKFLOW_CREATE_RATE = 2
    row = bind(scope)
    create_instances(scope, row, [CreateInstance(), CreateInstance()])
    Instance.objects.update(created_at=timezone.now() + timedelta(hours=1))  # however slow the machine: just now
    with pytest.raises(CloudflareError) as refused:
        create_instances(scope, row, [CreateInstance()])
    assert (refused.value.status, refused.value.code, refused.value.headers["Retry-After"]) == (429, 10312, "1")


def test_an_account_has_a_rate_over_all_its_workflows(scope: Scope, settings: LazySettings) -> None:
    settings.CLOUDFLARE_WORKFLOW_CREATE_RATE, settings.CLOUDFLARE_ACCOUNT_CREATE_RATE = 2, 3
    row = bind(scope)
    other = bind_workflow(scope, "other", UpdateWorkflow(class_name="A", script_name="nowhere"))[0]
    create_instances(scope, row, [CreateInstance(), CreateInstance()])
    create_instances(scope, other, [CreateInstance()])
    Instance.objects.update(created_at=timezone.now() + timedelta(hours=1))
    with pytest.raises(CloudflareError) as refused:
        create_instances(scope, other, [CreateInstance()])
    assert (refused.value.status, refused.value.code, refused.value.headers["Retry-After"]) == (429, 10312, "1")


def test_an_account_may_have_only_so_many_queued(scope: Scope, settings: LazySettings) -> None:
    settings.CLOUDFLARE_ACCOUNT_QUEUED = 2
    graph = draw("trigger -> ask", kinds={"ask": "manual"}, key="asks", limits={"concurrency": 1})
    row = create_flow(scope, key="asks", name="Asks", flow=graph)
    publish_flow(scope, row)
    create_batch(scope, row, [CreateInstance(f"n{n}") for n in range(3)])
    cache.clear()
    with pytest.raises(CloudflareError) as full:
        create_instances(scope, row, [CreateInstance("more")])
    assert (full.value.status, full.value.code, full.value.headers["Retry-After"]) == (429, 10312, "60")
    assert Instance.objects.count() == 3


def test_a_flow_that_called_a_workflow_hears_that_it_was_deleted(scope: Scope) -> None:
    graph = draw("trigger -> ask", kinds={"ask": "manual"}, key="asks")
    publish_flow(scope, create_flow(scope, key="asks", name="Asks", flow=graph))
    row = bind(scope, "asks")
    caller = draw("call", kinds={"call": "call"}, settings={"call": {"flow": row.key}}, key="caller")
    calling = create_flow(scope, key="caller", name="Caller", flow=caller)
    publish_flow(scope, calling)
    parent = start_instance(scope, calling)
    deliver_signals(timezone.now())
    assert Instance.objects.get(flow=row).status == "waiting"
    delete_workflow(scope, row)
    assert not Instance.objects.filter(flow=row.pk).exists()
    deliver_signals(timezone.now())
    parent.refresh_from_db()
    assert (parent.status, parent.error["name"]) == ("errored", "CallTerminated")


def test_many_that_are_kept_for_long_do_not_keep_others(scope: Scope) -> None:
    """However many have ended before it, one whose own time is over goes."""
    row = bind(scope)
    (short,) = create_instances(scope, row, [CreateInstance("short", {}, {"success_retention": DAY})])
    (long,) = create_instances(scope, row, [CreateInstance("long", {}, {"success_retention": 9 * DAY})])
    earlier = timezone.now() - timedelta(hours=1)
    alike = []
    for number in range(2_000):
        one = Instance.objects.get(pk=long.pk) if not alike else copy(alike[0])
        one.pk, one.key, one.ended_at = None, f"long-{number}", earlier
        one._state.adding = True
        alike.append(one)
    made = Instance.objects.bulk_create(alike)
    Keeping.objects.bulk_create(Keeping(instance=one, success_ms=9 * DAY) for one in made)
    assert remove_outlived(timezone.now() + timedelta(days=1, minutes=1)) == 1
    assert not Instance.objects.filter(pk=short.pk).exists()
