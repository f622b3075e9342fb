"""Executions brought up to date with the facts of their instances, and what follows from that for linked entities."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from django.db import transaction

from accounts.models import ApiKey
from accounts.scope import Scope, system_scope
from designer.services.versions import flow_of, plan_of
from dialects.epilot.ids import long_id, short_id
from dialects.epilot.models import Execution, ExecutionContext
from dialects.epilot.reasons import ids_by_title
from dialects.epilot.running.documents import extend, new_document
from dialects.epilot.running.following import Following
from dialects.epilot.running.statuses import Event
from dialects.epilot.running.syncing import resolve_assignees, sync_entities
from dialects.epilot.translate.outgoing import template_of
from engine.core.facts import Fact, FactType
from engine.core.state import new_state
from engine.entities.models import AutomationRun
from engine.entities.store import REFERENCE
from engine.models import Fact as FactRow
from engine.models import Instance
from engine.services.case import Case
from engine.services.states import read_state

Json = dict[str, Any]
KNOWN: Final = frozenset(type.value for type in FactType)


def follow_case(case: Case) -> None:
    """What the engine calls when an instance of a flow of ours has changed."""
    instance = Instance.objects.select_related("flow", "version", "environment__organization").get(pk=case.row.id)
    bring_up_to_date(execution_of(instance), instance)


@transaction.atomic
def execution_of(instance: Instance) -> Execution:
    """The execution of an instance; made when there is none yet."""
    found = Execution.objects.select_for_update().filter(instance=instance).first()
    return found or _make(instance)


def _make(instance: Instance) -> Execution:
    environment = instance.environment
    scope = system_scope(environment)
    flow = flow_of(instance.version)
    ids = ids_by_title(scope)
    told: Json = dict((instance.trigger or {}).get("epilot") or {})
    template = {**template_of(flow, reasons=ids), "id": instance.flow.key}
    kept = flow.extensions.get("epilot", {})
    is_taken = len(instance.key) < 12 or Execution.objects.filter(key=instance.key).exists()
    key = short_id(14) if is_taken else instance.key
    document = new_document(
        template,
        execution_id=key,
        org_id=str(environment.organization_id),
        contexts=told.get("contexts") or contexts_in(instance.context),
        trigger=told.get("trigger") or {"type": "AUTOMATIC" if told.get("is_automatic") else "MANUAL"},
        started_by=told.get("user") or (str(instance.started_by_id) if instance.started_by_id else ""),
        at=instance.created_at,
        reasons=[{"id": ids[title], "title": title} for title in flow.closing_reasons if title in ids],
        chain=told.get("chain"),
        timezone=flow.timezone,
        new_id=long_id,
    )
    if told.get("assigned_to"):
        document["assigned_to"] = told["assigned_to"]
    execution = Execution.objects.create(
        environment=environment,
        instance=instance,
        key=key,
        is_v1="definition" in kept,
        document=document,
        started_at=instance.created_at,
    )
    write_contexts(execution)
    return execution


def contexts_in(context: Any) -> list[Json]:
    """The entities that the context of an instance refers to, as contexts of an execution."""
    found: dict[str, Json] = {}
    for name, value in context.items() if isinstance(context, dict) else ():
        if isinstance(value, dict) and isinstance(value.get(REFERENCE), str):
            known = found.setdefault(
                value[REFERENCE], {"entity_id": value[REFERENCE], "entity_schema": value.get("schema", "")}
            )
            known["is_primary"] = known.get("is_primary", False) or name == "primary"
    return list(found.values())


def write_contexts(execution: Execution) -> None:
    """Make the rows to search by those of the document."""
    ExecutionContext.objects.filter(execution=execution).delete()
    unique = {c["entity_id"]: c.get("entity_schema", "") for c in execution.document["contexts"]}
    ExecutionContext.objects.bulk_create(
        [ExecutionContext(execution=execution, entity_key=key, entity_schema=schema) for key, schema in unique.items()]
    )


def bring_up_to_date(execution: Execution, instance: Instance | None = None) -> Execution:
    """Follow the facts that the document has not followed yet, and do what follows for entities and assignees."""
    row = instance or Instance.objects.select_related("flow", "version").get(pk=execution.instance_id)
    document = execution.document
    if row.fact_count <= document["_"]["n"]:
        return execution
    facts = list(FactRow.objects.filter(instance=row, number__gt=document["_"]["n"]).order_by("number"))
    known = [_fact(fact) for fact in facts if fact.type in KNOWN]
    plan = plan_of(row.version_id)
    state = read_state(row.state) if row.state else new_state(plan)
    if any(fact.type is FactType.INSTANCE_MIGRATED for fact in known):
        template = {**template_of(plan.flow), "id": row.flow.key}
        extend(document, template, at=facts[-1].at, new_id=long_id)
    runs = _runs(row.pk, {fact.task for fact in known if fact.task})
    document["_"]["n"] = facts[-1].number if facts else row.fact_count
    events = Following(document, plan, state, runs=runs, who=who).follow(known)
    settle(execution, events, at=facts[-1].at if facts else row.created_at)
    return execution


def settle(execution: Execution, events: Iterable[Event], *, at: datetime) -> None:
    """Store a document that has changed, with what its changes mean for entities and assignees."""
    happened = list(events)
    resolve_assignees(execution, happened)
    execution.save(update_fields=["document"])
    sync_entities(execution, happened, at=at)


def _fact(row: FactRow) -> Fact:
    return Fact(FactType(row.type), row.at, row.task or None, row.iteration, row.data, derived=row.is_derived)


def _runs(instance_id: int, tasks: set[str | None]) -> dict[str, Json]:
    """How the last automation of each task went."""
    found: dict[str, Json] = {}
    for run in AutomationRun.objects.filter(instance_id=instance_id, task__in=tasks).order_by("pk"):
        found[run.task] = run_json(run)
    return found


def run_json(run: AutomationRun) -> Json:
    """A run as tasks carry it."""
    found = {"execution_id": run.key, "execution_status": run.status}
    return {**found, "error_reason": run.error_reason} if run.error_reason else found


def who(actor: Any) -> str:
    """An actor of ours as the vendor names users."""
    if not isinstance(actor, dict) or actor.get("id") is None:
        return ""
    return _user_of_key(int(actor["id"])) if actor.get("type") == "api_key" else str(actor["id"])


@lru_cache(maxsize=1024)
def _user_of_key(pk: int) -> str:
    owner = ApiKey.objects.filter(pk=pk).values_list("created_by_id", flat=True).first()
    return str(owner) if owner else f"key-{pk}"


__all__ = ["Scope", "bring_up_to_date", "contexts_in", "execution_of", "follow_case", "settle", "who", "write_contexts"]
