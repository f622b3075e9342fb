"""From the names in an address to rows of the caller's environment. What belongs to another one is not found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from accounts.scope import Scope
from designer.models import Flow, Version
from designer.services.versions import flow_of, plan_of
from dialects.cloudflare.bodies import ADDRESSED_ID
from dialects.cloudflare.errors import CloudflareError, instance_not_found, workflow_not_found
from dialects.cloudflare.events import Happening
from dialects.cloudflare.steplog import Entry, entries_of
from dialects.cloudflare.translate import number_of
from dialects.cloudflare.wire import with_changed_at, with_retrying
from engine.core.programs import flow_with
from engine.models import Instance
from engine.services.states import read_state

LATEST = "latest"
"""In the place of an id: the newest instance, unless one is called so."""


def workflows_within(scope: Scope) -> QuerySet[Flow]:
    """The workflows of an account: its published flows, however they were made."""
    found = Flow.objects.within(scope).filter(live_version__isnull=False)
    return found.select_related("live_version", "environment__organization").defer("draft_document")


def find_workflow(scope: Scope, name: str) -> Flow:
    """The workflow of this name. Raises 404."""
    row = workflows_within(scope).filter(key=name).first()
    if row is None:
        raise workflow_not_found()
    return row


def find_version(row: Flow, id: str) -> Version:
    """One version of a workflow. Raises 404."""
    number = number_of("version", id)
    version = None if number is None else row.versions.filter(pk=number).first()
    if version is None:
        raise CloudflareError(404, 10308, "Workflow version not found")
    return version


def instances_of(row: Flow) -> QuerySet[Any]:
    """The instances of a workflow, with what their answers need."""
    rows = Instance.objects.filter(flow=row).select_related("version")
    return with_changed_at(with_retrying(rows))


def find_instance(row: Flow, id: str) -> Instance:
    """The instance of this id. Raises 404."""
    if not ADDRESSED_ID.fullmatch(id):
        raise instance_not_found()
    rows = instances_of(row)
    found: Instance | None = rows.filter(key=id).first()
    if found is None and id == LATEST:
        found = rows.order_by("-created_at", "-pk").first()
    if found is None:
        raise instance_not_found()
    return found


def entries_within(instance: Instance) -> list[Entry]:
    """The log entries of an instance."""
    flow = flow_of(instance.version)
    if instance.state:
        flow = flow_with(plan_of(instance.version_id), read_state(instance.state))
    return entries_of(instance, flow)


def happenings_of(instance: Instance) -> Iterator[Happening]:
    """The history of an instance, each fact with the kind of its task and the name of its step."""
    names = {(entry.step.task, entry.step.iteration): entry.log_name for entry in entries_within(instance)}
    kinds = {step.task: step.kind for step in instance.steps.only("task", "kind")}
    for fact in instance.facts.order_by("number").iterator():
        key = (fact.task, fact.iteration)
        yield Happening(fact.type, fact.at, key, fact.data, kinds.get(fact.task, ""), names.get(key, fact.task))
