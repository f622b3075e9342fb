"""Versions: reading them, going back to one, and what can be done with a flow as a whole."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import replace
from typing import Any, Final, Generic, TypeVar

import orjson
from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver

from accounts.audit import record
from accounts.scope import Scope
from designer import models
from designer.graph.codec import decode_flow
from designer.graph.edits.pasting import free_key
from designer.graph.model import Flow
from designer.graph.plan import Plan, compile_plan
from designer.services.drafting import EditOutcome, create_flow, draft_of, replace_draft
from designer.services.errors import FlowInUse
from designer.services.guards import instances
from designer.services.triggering import set_next_firings
from designer.trying.services import with_trials

REMEMBERED: Final = 2_000
"""Versions kept in memory per process. They never change, so nothing is ever out of date."""

Value = TypeVar("Value")


class _Remembered(Generic[Value]):
    """Values by version, the least recently used dropped when there are too many."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[Hashable, Value] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Value | None:
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def put(self, key: Hashable, value: Value) -> None:
        with self._lock:
            self._found[key] = value
            while len(self._found) > self._most:
                self._found.popitem(last=False)

    def forget(self, key: Hashable) -> None:
        with self._lock:
            self._found.pop(key, None)


_flows: _Remembered[Flow] = _Remembered(REMEMBERED)
_plans: _Remembered[Plan] = _Remembered(REMEMBERED)


def flow_of(version: models.Version) -> Flow:
    """The graph of a version. Decoded once per process; the same value each time."""
    flow = _flows.get(version.pk)
    if flow is None:
        flow = decode_flow(orjson.loads(version.document))
        _flows.put(version.pk, flow)
    return flow


def plan_of(version_id: int) -> Plan:
    """The compiled plan of a version. Compiled once per process. Raises `Version.DoesNotExist`."""
    plan = _plans.get(version_id)
    if plan is None:
        flow = _flows.get(version_id)
        known = flow if flow is not None else flow_of(models.Version.objects.get(pk=version_id))
        plan = compile_plan(known, may_require_later=True)  # what may be published was looked at then
        _plans.put(version_id, plan)
    return plan


@receiver(post_save, sender=models.Version)
def _forget(instance: models.Version, *, created: bool, **_: Any) -> None:
    """A new version may get the number of a row that was rolled back."""
    if created:
        _flows.forget(instance.pk)
        _plans.forget(instance.pk)


def restore_version(scope: Scope, row: models.Flow, version: models.Version, *, revision: int) -> EditOutcome:
    """Make a version the draft again, as one edit that can be undone. Nothing is published. Raises `StaleRevision`."""
    with transaction.atomic():
        outcome = replace_draft(scope, row, flow_of(version), revision=revision)
        record(scope, "flow.version_restored", outcome.row, after={"version": version.number})
    return outcome


def duplicate_flow(scope: Scope, row: models.Flow) -> models.Flow:
    """A new flow in this environment with the same draft, under a free key: `KEY-copy`, `KEY-copy-2`, …

    Versions, instances and secret addresses stay with the old one.
    """
    draft = with_trials(row, draft_of(row))
    taken = set(models.Flow.objects.within(scope).values_list("key", flat=True))
    key = _copy_key(row.key, taken)
    return create_flow(scope, key=key, name=_copy_name(row.name), flow=replace(draft, key=key))


def fork_version(scope: Scope, version: models.Version) -> models.Flow:
    """A new flow in this environment whose draft is this version, under a free key, with the sample and the cases."""
    row = version.flow
    flow = with_trials(row, flow_of(version))
    key = _copy_key(row.key, set(models.Flow.objects.within(scope).values_list("key", flat=True)))
    return create_flow(scope, key=key, name=_copy_name(flow.name), flow=replace(flow, key=key))


def set_enabled(scope: Scope, row: models.Flow, *, enabled: bool) -> None:
    """Let triggers start instances, or not. Running instances go on. Asking for what is the case changes nothing."""
    with transaction.atomic():
        locked = models.Flow.objects.within(scope).select_for_update(of=("self",)).get(pk=row.pk)
        row.is_enabled = enabled
        if locked.is_enabled == enabled:
            return
        locked.is_enabled = enabled
        locked.save(update_fields=["is_enabled"])
        if enabled and locked.live_version is not None:
            set_next_firings(locked, flow_of(locked.live_version))
        record(scope, "flow.enabled" if enabled else "flow.disabled", locked)


def delete_flow(scope: Scope, row: models.Flow, *, with_finished: bool = False) -> None:
    """Delete a flow with its versions, rows and triggers.

    The rule: never while an instance is unfinished; where there are finished ones, only `with_finished`, which deletes
    them too. Otherwise raises `FlowInUse`.
    """
    with transaction.atomic():
        locked = models.Flow.objects.within(scope).select_for_update(of=("self",)).get(pk=row.pk)
        unfinished, finished = instances().unfinished(locked.pk), instances().finished(locked.pk)
        if unfinished or (finished and not with_finished):
            raise FlowInUse(unfinished=unfinished, finished=finished)
        if finished:
            instances().delete_finished(locked.pk)
        before = {"key": locked.key, "versions": locked.versions.count(), "instances": finished}
        record(scope, "flow.deleted", locked, before=before)
        locked.delete()


def _copy_key(key: str, taken: set[str]) -> str:
    return free_key(f"{key[:54]}-copy", taken)


def _copy_name(name: str) -> str:
    return f"{name[:190]} (copy)"
