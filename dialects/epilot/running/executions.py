"""Executions as wholes: started, found, patched, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.scope import Scope
from designer.graph.model import Flow as Graph
from designer.models import Flow, Version
from designer.services.versions import flow_of
from dialects.epilot.errors import bad_request
from dialects.epilot.ids import iso
from dialects.epilot.models import Execution
from dialects.epilot.running.documents import FINISHED, public
from dialects.epilot.running.due_dates import due_after, duration_fault, moment_of
from dialects.epilot.running.following_rows import bring_up_to_date, execution_of, write_contexts
from dialects.epilot.running.syncing import said_here
from dialects.epilot.running.versions import private_version, without_tasks
from dialects.epilot.running.work import Work, changing
from dialects.epilot.templates import is_gone, kept_of
from dialects.epilot.translate.words import key_of
from engine.core.facts import FactType
from engine.core.state import StepStatus
from engine.entities.store import find_or_make, refer_to, renew_uses
from engine.models import Instance
from engine.services.entity_sync import OWN_RULES
from engine.services.instances import start_instance
from engine.services.interventions import terminate

Json = dict[str, Any]
DEEPEST: Final = 10


# -- starting ---------------------------------------------------------------------------------------------------------


def start(
    scope: Scope, body: Json, *, user: str, is_v1: bool = False, chain: Json | None = None, depth: int = 0
) -> Execution:
    """Start an execution of a template's live version. `depth`: how many changes of entities led to it.

    Raises `Refusal`.
    """
    if not body.get("flow_template_id"):
        raise bad_request("flow_template_id is required")
    row = find_startable(scope, body["flow_template_id"], is_v1=is_v1)
    contexts = [{"is_primary": False, **context} for context in body.get("contexts") or ()]
    if not contexts and not is_v1:
        raise bad_request("At least one context is required")
    if chain is not None and chain["depth"] > DEEPEST:
        raise bad_request(f"Flow execution chain is deeper than {DEEPEST}")
    with transaction.atomic():
        for context in contexts:
            find_or_make(scope.environment.pk, context["entity_id"], context["entity_schema"])
        told: Json = {"contexts": contexts, "user": user, "trigger": body.get("trigger") or {"type": "MANUAL"}}
        if chain is not None:
            told["chain"] = chain
        if body.get("assigned_to"):
            told["assigned_to"] = body["assigned_to"]
        version = _version_for(scope, row, body.get("purposes") or ()) or row.live_version
        trigger: Json = {"type": "api", "by": scope.actor_name, "epilot": told}
        if depth:
            trigger["depth"] = depth
        if version is not None and (own := said_here(flow_of(version))):
            trigger[OWN_RULES] = own
        instance = start_instance(scope, row, version=version, context=context_of(contexts), trigger=trigger)
        instance.refresh_from_db()
        return bring_up_to_date(execution_of(instance))


def find_startable(scope: Scope, id: str, *, is_v1: bool = False) -> Flow:
    """The flow to start. Raises `Refusal`."""
    row = Flow.objects.within(scope).select_related("live_version", "environment").filter(key=id).first()
    if row is None or is_gone(row) or ("definition" in kept_of(row)) != is_v1:
        raise bad_request(f"{'Workflow definition' if is_v1 else 'Flow template'} with id '{id}' not found")
    if not row.is_enabled:
        raise bad_request("Workflow is disabled")
    if row.live_version is None:
        raise bad_request("Workflow has not been published")
    return row


def context_of(contexts: Sequence[Json]) -> Json:
    """What an instance keeps of its contexts: the primary entity, and the first of each schema under its name."""
    found: Json = {}
    for context in contexts:
        name = context["entity_schema"] or "entity"
        found.setdefault(name, refer_to(context["entity_id"], context["entity_schema"]))
    primary = next((c for c in contexts if c.get("is_primary")), contexts[0] if contexts else None)
    if primary is not None:
        found["primary"] = refer_to(primary["entity_id"], primary["entity_schema"])
    others = [c for c in contexts if found.get(c["entity_schema"], {}).get("$entity") != c["entity_id"]]
    for number, context in enumerate(others, start=2):
        found[f"{context['entity_schema']}_{number}"] = refer_to(context["entity_id"], context["entity_schema"])
    return found


def _version_for(scope: Scope, row: Flow, purposes: Sequence[str]) -> Version | None:
    """The live version, or one of its own without the phases and tasks that serve other purposes."""
    if not purposes or row.live_version is None:
        return None
    flow = flow_of(row.live_version)
    gone = _other_purposes(flow, set(purposes))
    return private_version(scope, row, without_tasks(flow, gone), note="Some purposes only") if gone else None


def _other_purposes(flow: Graph, wanted: set[str]) -> set[str]:
    template = flow.extensions.get("epilot", {}).get("template") or {}
    phases = {p["id"] for p in template.get("phases", ()) if p.get("taxonomies") and not wanted & set(p["taxonomies"])}
    return {
        key_of(task["id"])
        for task in template.get("tasks", ())
        if (task.get("taxonomies") and not wanted & set(task["taxonomies"])) or task.get("phase_id") in phases
    }


# -- patching ---------------------------------------------------------------------------------------------------------


def patch_execution(scope: Scope, key: str, body: Json, *, user: str, is_v1: bool = False) -> Execution:
    """Change an execution as a whole. Raises `Refusal`."""
    with changing(scope, key, user, is_v1=is_v1) as work:
        document = work.document
        if "closing_reason" in body:
            document["closing_reason"] = _closing(document, body["closing_reason"])
        if "assigned_to" in body:
            document["assigned_to"] = body["assigned_to"]
            work.events.append(("FlowAssigned", document))
        if set_due_date(document, document, body, at=work.now):
            work.events.append(("FlowDueDateChanged", document))
        if "contexts" in body:
            _set_contexts(work, body["contexts"])
        document["updated_at"] = iso(work.now)
        status = body.get("status")
        if status is not None and status != work.document["status"]:
            _set_status(work, status)
    return work.execution


def _closing(document: Json, wanted: Json) -> Json:
    known = document.get("closing_reason") or {}
    configured = {reason["id"]: reason for reason in known.get("configured_reasons", ())}
    selected = wanted.get("selected_reasons")
    found: Json = {**known}
    if selected is not None:
        if len(selected) > 1 and document.get("singleClosingReasonSelection"):
            raise bad_request("Only one closing reason can be selected")
        for reason in selected:
            if reason["id"] not in configured:
                raise bad_request(f"Closing reason '{reason['id']}' is not configured for this workflow")
        found["selected_reasons"] = [configured[reason["id"]] for reason in selected]
    if "extra_description" in wanted:
        found["extra_description"] = wanted["extra_description"]
    return found


def refuse_bad_due_date(document: Json, body: Json) -> None:
    """Raise a `Refusal` for a due date, or the config of one, that nothing in this execution can have."""
    config = body.get("due_date_config")
    if config is not None:
        fault = duration_fault(config, "due_date_config")
        if fault:
            raise bad_request(fault)
        for name, entries in (("task_id", document["tasks"]), ("phase_id", document["phases"])):
            known = {entry[id] for entry in entries for id in ("id", "template_id")}
            if config.get(name) and config[name] not in known:
                raise bad_request(f"due_date_config references unknown task or phase '{config[name]}'")
    if body.get("due_date") and moment_of(body["due_date"], document["_"]["timezone"]) is None:
        raise bad_request("Invalid due_date")


def set_due_date(document: Json, entry: Json, body: Json, *, at: Any) -> bool:
    """Take over a due date, or the config of one, of an execution's entry; tells whether there was either. Raises
    `Refusal`.
    """
    refuse_bad_due_date(document, body)
    if "due_date_config" in body:
        config = entry["due_date_config"] = body["due_date_config"]
        if config["type"] == "WORKFLOW_STARTED" and "due_date" not in body:
            due = due_after(config, at, document["_"]["timezone"])
            if due:
                entry["due_date"] = due
    if body.get("due_date") is not None:
        entry["due_date"] = body["due_date"]
    elif "due_date" in body:
        entry.pop("due_date", None)
    return "due_date" in body or "due_date_config" in body


def _set_contexts(work: Work, contexts: list[Json]) -> None:
    found = [{"is_primary": False, **context} for context in contexts]
    if not found:
        raise bad_request("At least one context is required")
    for context in found:
        find_or_make(work.scope.environment.pk, context["entity_id"], context["entity_schema"])
    work.document["contexts"] = found
    work.events.append(("FlowContextsChanged", work.document))
    write_contexts(work.execution)
    context = context_of(found)
    Instance.objects.filter(pk=work.execution.instance_id).update(context=context)
    renew_uses(work.scope.environment.pk, work.execution.instance_id, context)


def _set_status(work: Work, status: str) -> None:
    document = work.document
    if status == "STARTED":
        _reopen(work)
        return
    if document["status"] != "STARTED":  # from done to closed, or the other way round: only the record changes
        document["status"] = status
        name = "closed_at" if status == "CLOSED" else "completed_at"
        document["analytics"][name] = iso(work.now)
        if status == "CLOSED":
            document["analytics"]["closed_by"] = work.user
            work.events.append(("FlowCompleted", document))
        return
    if status == "CLOSED":
        document["analytics"]["closed_by"] = work.user
    document["_"]["as"] = status
    reasons = (document.get("closing_reason") or {}).get("selected_reasons", ())
    note = (document.get("closing_reason") or {}).get("extra_description") or ""
    work.tell(FactType.INSTANCE_CLOSED, reasons=[reason["title"] for reason in reasons], note=note)


def _reopen(work: Work) -> None:
    """What was current last is current again."""
    last = [work.key(id) for id in work.document["_"]["last"]]
    for key in last:
        if not work.status(key).is_open:
            work.tell(FactType.INSTANCE_RESTARTED, **{"from": key}, reason="Reopened")
    document = work.document
    if document["status"] != "STARTED":
        document["status"] = "STARTED"
        for name in ("completed_at", "closed_at", "closed_by"):
            document["analytics"].pop(name, None)
        work.events.append(("FlowReopened", document))


# -- finding and deleting ---------------------------------------------------------------------------------------------


def found_by_entity(
    scope: Scope, entity: str, schema: str, *, is_v1: bool = False, is_public: bool = True
) -> list[Json]:
    """The executions about an entity, the newest first."""
    rows = Execution.objects.within(scope).filter(is_hidden=False, is_v1=is_v1)
    if entity:
        rows = rows.filter(context_rows__entity_key=entity)
    if schema:
        rows = rows.filter(context_rows__entity_schema=schema)
    found = [bring_up_to_date(row).document for row in rows.order_by("-pk").distinct()[:1_000]]
    return list(map(public, found)) if is_public else found


def delete_execution(scope: Scope, key: str, *, user: str, soft: bool = False, is_v1: bool = False) -> None:
    """Delete an execution with its instance; `soft`: hide it only. What still runs is ended."""
    with changing(scope, key, user, is_v1=is_v1) as work:
        instance = work.instance()
        if not instance.is_final:
            work.save()
            terminate(scope, instance, reason="The execution was deleted.", now=timezone.now())
            work.execution.refresh_from_db()
            bring_up_to_date(work.execution)
        work.events.append(("FlowDeleted", work.document))
        work.save()
        work.execution.is_hidden = True
        work.execution.save(update_fields=["is_hidden"])
    if not soft:
        work.instance().delete()


def is_finished(document: Json) -> bool:
    """Whether all its tasks are done."""
    return all(task["status"] in FINISHED for task in document["tasks"])


__all__ = ["StepStatus", "delete_execution", "found_by_entity", "patch_execution", "replace", "set_due_date", "start"]
