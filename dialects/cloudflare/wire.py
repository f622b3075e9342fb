"""Rows as they go over this wire."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, DateTimeField, Exists, Max, OuterRef, QuerySet, Subquery

from designer import models
from designer.graph.model import Flow, Json
from designer.services.versions import flow_of
from dialects.cloudflare import translate
from dialects.cloudflare.bodies import NULL_PARAMS
from dialects.cloudflare.steplog import REDACTED, Entry, log_json, outcome_json, rollbacks_json
from dialects.cloudflare.translate import moment_text
from engine.models import Fact, Instance, Step

Row = dict[str, Any]


# -- workflows and their versions -------------------------------------------------------------------------------------


@dataclass(slots=True)
class Use:
    """The instances of a workflow."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(translate.STATUSES, 0))
    triggered_at: datetime | None = None


def uses_of(flows: Collection[models.Flow]) -> Mapping[int, Use]:
    """The instances of these workflows by status, and when the last one was started."""
    uses = {flow.pk: Use() for flow in flows}
    rows = with_retrying(Instance.objects.filter(flow__in=uses)).order_by()
    grouped = rows.values("flow_id", "status", "is_retrying").annotate(number=Count("pk"), latest=Max("started_at"))
    for row in grouped:
        use = uses[row["flow_id"]]
        use.counts[translate.status_to_wire(row["status"], is_retrying=row["is_retrying"])] += row["number"]
        use.triggered_at = max(filter(None, (use.triggered_at, row["latest"])), default=None)
    return uses


def workflow_id(flow: models.Flow) -> str:
    """The id of a workflow: made of its first version, so that a name used again gets another one."""
    first = flow.versions.order_by("pk").values_list("pk", flat=True).first()
    return translate.uuid_of("workflow", first or 0)


def version_id(pk: int) -> str:
    """The id of a version."""
    return translate.uuid_of("version", pk)


def binding_json(row: models.Flow, flow: Flow) -> Row:
    """What the list, the workflow itself and the answer to a PUT have in common."""
    versions = list(row.versions.order_by("pk").values_list("pk", "published_at"))
    return {
        "id": translate.uuid_of("workflow", versions[0][0]),
        "name": row.key,
        "class_name": translate.class_name_of(flow),
        "script_name": translate.script_name_of(flow),
        "created_on": moment_text(versions[0][1]),
        "modified_on": moment_text(versions[-1][1]),
    }


def workflow_json(row: models.Flow, use: Use, *, script_deleted: bool) -> Row:
    """A workflow with its counts and schedules. Its live version has been fetched with it."""
    assert row.live_version is not None  # noqa: S101  # only published flows are workflows
    flow = flow_of(row.live_version)
    body = binding_json(row, flow)
    body["triggered_on"] = None if use.triggered_at is None else moment_text(use.triggered_at)
    body["instances"] = dict(use.counts)
    schedules = list(row.trigger_rows.filter(type="cron", is_active=True, next_at__isnull=False).order_by("position"))
    if schedules:
        written = translate.carried(flow).get("schedules", {})
        body["schedules"] = [
            {
                "cron": str(written.get(trigger.settings.get("cron"), trigger.settings.get("cron"))),
                "next_instance": moment_text(trigger.next_at),
            }
            for trigger in schedules
            if trigger.next_at is not None
        ]
    if script_deleted:
        body["script_deleted"] = True
    return body


def updated_json(row: models.Flow, version: models.Version, use: Use) -> Row:
    """The answer to a PUT."""
    return {
        **binding_json(row, flow_of(version)),
        "triggered_on": None if use.triggered_at is None else moment_text(use.triggered_at),
        "is_deleted": 0,
        "terminator_running": 0,
        "version_id": version_id(version.pk),
    }


def version_json(row: models.Flow, version: models.Version, *, has_graph: bool) -> Row:
    """A version."""
    flow = flow_of(version)
    carried = translate.carried(flow)
    body = {
        **version_head(row, version),
        "has_dag": has_graph,
        "language": "python",
    }
    for name in ("limits", "concurrency", "default_retention"):
        if carried.get(name):
            body[name] = {key: round(value) for key, value in carried[name].items()}
    return body


def version_head(row: models.Flow, version: models.Version) -> Row:
    """What a version and its graph have in common."""
    return {
        "id": version_id(version.pk),
        "workflow_id": workflow_id(row),
        "class_name": translate.class_name_of(flow_of(version)),
        "created_on": moment_text(version.published_at),
        "modified_on": moment_text(version.published_at),
    }


# -- instances --------------------------------------------------------------------------------------------------------


def with_retrying(rows: QuerySet[Instance]) -> QuerySet[Any]:
    """With `is_retrying`: whether a step is between two attempts, which is no waiting on this wire."""
    retrying = Step.objects.filter(instance=OuterRef("pk"), status="retrying", is_past=False)
    return rows.annotate(is_retrying=Exists(retrying))


def with_changed_at(rows: QuerySet[Instance]) -> QuerySet[Instance]:
    """With `changed_at`: the moment of the last fact."""
    last = Fact.objects.filter(instance=OuterRef("pk"), number=OuterRef("fact_count")).values("at")[:1]
    return rows.annotate(changed_at=Subquery(last, output_field=DateTimeField()))


def status_of(instance: Instance) -> str:
    """The status on this wire."""
    is_retrying = getattr(instance, "is_retrying", None)
    if is_retrying is None:
        is_retrying = instance.status == "waiting" and instance.steps.filter(status="retrying", is_past=False).exists()
    return translate.status_to_wire(instance.status, is_retrying=is_retrying)


def source_of(instance: Instance) -> str:
    """What started it: `api`, `cron`, `event`, or `binding` for our console, other flows and webhooks."""
    trigger = instance.trigger if isinstance(instance.trigger, Mapping) else {}
    kind = str(trigger.get("type") or "")
    if kind in ("api", "cron", "event"):
        return kind
    return "binding" if kind else "unknown"


def created_json(row: models.Flow, instance: Instance) -> Row:
    """The answer to a create: an instance begins in the queue, wherever it has got to meanwhile."""
    return {
        "id": instance.key,
        "status": "queued",
        "trigger_source": source_of(instance),
        "version_id": version_id(instance.version_id),
        "workflow_id": workflow_id(row),
    }


def listed_json(instance: Instance, id_of_workflow: str) -> Row:
    """An instance in a list; it has been read `with_retrying` and `with_changed_at`."""
    changed_at = getattr(instance, "changed_at", None) or instance.created_at
    return {
        "id": instance.key,
        "created_on": moment_text(instance.created_at),
        "started_on": _text(instance.started_at),
        "ended_on": _text(instance.ended_at),
        "modified_on": moment_text(changed_at),
        "status": status_of(instance),
        "trigger_source": source_of(instance),
        "version_id": version_id(instance.version_id),
        "workflow_id": id_of_workflow,
    }


def _was_given_null(instance: Instance) -> bool:
    return isinstance(instance.trigger, Mapping) and bool(instance.trigger.get(NULL_PARAMS))


def details_json(instance: Instance, entries: Sequence[Entry], *, with_steps: bool, newest_first: bool) -> Row:
    """One instance with its log."""
    undone = rollbacks_json(instance, entries)
    log = [*log_json(instance, entries), *undone] if with_steps else []
    if with_steps and instance.status == "terminated":
        log.append({"type": "termination", "trigger": {"source": _terminated_by(instance)}})
    body: Row = {
        "status": status_of(instance),
        "params": {} if instance.input is None and not _was_given_null(instance) else instance.input,
        "queued": moment_text(instance.created_at),
        "start": _text(instance.started_at),
        "end": _text(instance.ended_at),
        "success": (instance.status == "complete") if instance.is_final else None,
        "error": _error(instance, entries) if instance.status == "errored" else None,
        "output": _output(instance, entries) if instance.status == "complete" else None,
        "rollback": outcome_json(instance),
        "step_count": len(entries) + len(undone),
        "steps": log[::-1] if newest_first else log,
        "trigger": {"source": source_of(instance)},
        "versionId": version_id(instance.version_id),
    }
    schedule = schedule_of(instance)
    if schedule is not None:
        body["schedule"] = schedule
    return body


def schedule_of(instance: Instance) -> Row | None:
    """What planned an instance: the schedule as it was written and the moment that was due."""
    trigger = instance.trigger if isinstance(instance.trigger, Mapping) else {}
    found = trigger.get("schedule")
    return dict(found) if isinstance(found, Mapping) else None


def _terminated_by(instance: Instance) -> str:
    fact = instance.facts.filter(type="InstanceTerminated").order_by("-number").first()
    actor = fact.data.get("actor") if fact is not None else None
    return "api" if isinstance(actor, Mapping) and actor.get("type") in ("key", "api_key") else "binding"


def _error(instance: Instance, entries: Sequence[Entry]) -> Row | None:
    """Why it failed. An attempt or a wait that took too long is told with its limit."""
    error = instance.error
    task = error.get("task") if isinstance(error, Mapping) else None
    culprit = next((entry for entry in reversed(entries) if entry.step.task == task and entry.step.error), None)
    if culprit is not None and isinstance(error, Mapping) and error.get("name") in ("Timeout", "WaitTimedOut"):
        return culprit.error
    return translate.error_to_wire(error)


def _output(instance: Instance, entries: Sequence[Entry]) -> Json:
    """The output; what of it is a sensitive step's is not shown."""
    secret = {entry.step.task for entry in entries if entry.step.is_sensitive}
    if not secret or instance.output is None:
        return instance.output
    ended = instance.facts.filter(type="InstanceCompleted").order_by("-number").first()
    ends: list[str] = list(ended.data.get("ends", ())) if ended else []
    if len(ends) == 1:
        return REDACTED if ends[0] in secret else instance.output
    if not isinstance(instance.output, dict):
        return REDACTED
    return {key: REDACTED if key in secret else value for key, value in instance.output.items()}


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment_text(moment)
