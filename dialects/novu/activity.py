"""Activities: what became of triggers, subscriber by subscriber, step by step (contract 4.4, 6.6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from accounts.models import Environment
from designer.graph.model import Json, Task
from designer.models import Version
from designer.services.versions import flow_of
from dialects.novu.ids import environment_id, message_id, notification_id, organization_id, subscriber_id
from dialects.novu.models import Workflow
from dialects.novu.translate import controls
from dialects.novu.translate.controls import type_of
from dialects.novu.translate.forms import CHANNEL_TYPES
from dialects.novu.translate.graphs import in_order
from dialects.novu.translate.ids import IdOf, encode_id
from dialects.novu.wire import moment
from engine.models import Instance, Step
from engine.notifying.models import Collected, Message, Notification
from engine.notifying.preferences import BY_AUTHOR, BY_OVERRIDE, BY_SCHEDULE, BY_SUBSCRIBER

PROVIDERS: Final = {
    "email": "novu-email",
    "sms": "novu-sms",
    "push": "push-webhook",
    "chat": "chat-webhook",
    "tool": "tool-webhook",
}
FILTERED: Final = {
    BY_SUBSCRIBER: "STEP_FILTERED_BY_SUBSCRIBER_WORKFLOW_PREFERENCES",
    BY_OVERRIDE: "STEP_FILTERED_BY_USER_WORKFLOW_PREFERENCES",
    BY_AUTHOR: "STEP_FILTERED_BY_WORKFLOW_RESOURCE_PREFERENCES",
    BY_SCHEDULE: "SKIPPED_STEP_OUTSIDE_OF_THE_SCHEDULE",
}
FAILED_BEFORE: Final = "FailedBefore"
_STATUS: Final = {
    "blocked": "queued",
    "ready": "queued",
    "running": "running",
    "retrying": "running",
    "waiting": "delayed",
    "held": "pending",
    "completed": "completed",
    "skipped": "skipped",
    "failed": "failed",
    "cancelled": "canceled",
}


@dataclass(frozen=True, slots=True)
class Job:
    """One step for one subscriber."""

    task: Task
    step: Step | None
    status: str


def activities_json(rows: Sequence[Notification]) -> list[dict[str, Any]]:
    """Activities as they go over the wire; rows come with `instance`, `subscriber` and `environment`."""
    instances = [row.instance for row in rows if row.instance is not None]
    steps: dict[int, dict[str, Step]] = {}
    for step in Step.objects.filter(instance__in=instances, is_past=False).order_by("iteration"):
        steps.setdefault(step.instance_id, {})[step.task] = step
    merged = _merged(instances)
    graphs = {version.pk: version for version in Version.objects.filter(pk__in={i.version_id for i in instances})}
    known = {row.flow_id: row for row in Workflow.objects.filter(flow__in={row.flow_id for row in rows if row.flow_id})}
    found = []
    for row in rows:
        instance = row.instance
        jobs: list[Job] = []
        if instance is not None:
            tasks = in_order(flow_of(graphs[instance.version_id]))
            jobs = jobs_of(instance, tasks, steps.get(instance.pk, {}), is_merged=instance.pk in merged)
        found.append(_activity(row, jobs, known.get(row.flow_id or 0)))
    return found


def _merged(instances: Iterable[Instance]) -> frozenset[int]:
    """Instances whose event waits in somebody else's digest."""
    waiting = Collected.objects.filter(instance__in=list(instances), window__closed_at=None, window__isnull=False)
    return frozenset(
        instance
        for instance, owner in waiting.values_list("instance_id", "window__owner_id")
        if instance is not None and owner != instance
    )


def jobs_of(instance: Instance, tasks: Sequence[Task], steps: Mapping[str, Step], *, is_merged: bool) -> list[Job]:
    """The jobs of an instance, in their order."""
    found: list[Job] = []
    behind = ""
    for task in tasks:
        step = steps.get(task.key)
        status = _status(instance, step, is_merged=is_merged)
        if behind and (step is None or status in ("skipped", "pending")):
            status = behind
        if status == "merged" or (step is not None and _output(step).get("throttled") is True):
            behind = "merged" if status == "merged" else "skipped"
        found.append(Job(task, step, status))
    return found


def _status(instance: Instance, step: Step | None, *, is_merged: bool) -> str:
    if step is None:
        return "canceled" if instance.is_final else "pending"
    if step.status == "failed" and isinstance(step.error, Mapping) and step.error.get("name") == FAILED_BEFORE:
        return "canceled"  # it never began: one before it ended the path
    if step.kind == "digest":
        if step.status == "waiting" and is_merged:
            return "merged"
        if step.status == "completed" and _output(step).get("is_merged") is True:
            return "merged"
        if step.status == "completed" and _output(step).get("is_at_once") is True:
            return "skipped"  # it looked back, and nothing had come
    if step.kind == "throttle" and _output(step).get("throttled") is True:
        return "skipped"
    return _STATUS.get(step.status, "pending")


def _output(step: Step) -> Mapping[str, Json]:
    return step.output if isinstance(step.output, Mapping) else {}


def _activity(row: Notification, jobs: Sequence[Job], workflow: Workflow | None) -> dict[str, Any]:
    id = notification_id(row)
    template = workflow.id_text if workflow is not None else id
    identifier = workflow.identifier if workflow is not None else row.flow_key
    subscriber = row.subscriber
    body: dict[str, Any] = {
        "_id": id,
        "_environmentId": environment_id(row.environment),
        "_organizationId": organization_id(row.environment.organization),
        "_subscriberId": subscriber_id(subscriber),
        "_templateId": template,
        "transactionId": row.transaction_id,
        "createdAt": moment(row.created_at),
        "updatedAt": moment(row.created_at),
        "channels": [type for type in dict.fromkeys(type_of(job.task) for job in jobs) if type in CHANNEL_TYPES],
        "subscriber": {
            "_id": subscriber_id(subscriber),
            "subscriberId": subscriber.subscriber_id,
            "firstName": subscriber.first_name,
            "lastName": subscriber.last_name,
            "email": subscriber.email,
            "phone": subscriber.phone,
        },
        "template": {
            "_id": template,
            "name": row.flow_name,
            "triggers": [{"type": "event", "identifier": identifier, "variables": []}],
        },
        "payload": row.payload,
        "to": row.recipient,
        "tags": row.tags,
        "severity": row.severity,
        "critical": row.is_critical,
        "jobs": [_job(row, number, job, template) for number, job in enumerate(jobs)],
    }
    if row.topics:
        body["topics"] = [{"_topicId": id, "topicKey": topic} for topic in row.topics]
    return body


def _job(row: Notification, number: int, job: Job, template: str) -> dict[str, Any]:
    type = type_of(job.task)
    id = encode_id(IdOf.JOB, row.pk * 1000 + number, row.created_at)
    step_id = encode_id(IdOf.STEP, row.pk * 1000 + number, row.created_at)
    body: dict[str, Any] = {
        "_id": id,
        "type": type,
        "status": job.status,
        "providerId": PROVIDERS.get(type, "novu"),
        "step": {"_id": step_id, "active": True, "filters": [], "_templateId": template, "name": job.task.name},
        "executionDetails": [
            {
                "_id": encode_id(IdOf.DETAIL, row.pk * 1000 + number, row.created_at),
                "status": _detail_status(job),
                "detail": detail_of(job),
                "isRetry": bool(job.step is not None and job.step.attempt > 1),
                "isTest": False,
                "source": "Internal",
            }
        ],
        "payload": row.payload if isinstance(row.payload, Mapping) else {},
    }
    output = _output(job.step) if job.step is not None else {}
    if type == "digest" and isinstance(output.get("events"), list):
        body["digest"] = {**_window(job.task), "events": output["events"]}
    if job.step is not None and job.step.ended_at is not None:
        body["updatedAt"] = moment(job.step.ended_at)
    return body


def _window(task: Task) -> dict[str, Any]:
    values = controls.values_of("digest", task.settings)
    window: dict[str, Any] = {key: values[key] for key in ("amount", "unit", "digestKey") if key in values}
    return {"type": values.get("type", "regular"), **window}


def _detail_status(job: Job) -> str:
    return {
        "completed": "Success",
        "failed": "Failed",
        "skipped": "Success",
        "merged": "Success",
        "canceled": "Warning",
        "delayed": "Pending",
        "running": "Pending",
    }.get(job.status, "Queued")


def detail_of(job: Job) -> str:
    """In a word why a job stands where it does."""
    output = _output(job.step) if job.step is not None else {}
    if output.get("turned_off") in FILTERED:
        return FILTERED[output["turned_off"]]
    if job.status == "failed" and job.step is not None and isinstance(job.step.error, Mapping):
        return str(job.step.error.get("message", "Step failed"))
    if output.get("condition"):
        return "STEP_FILTERED_BY_STEP_CONDITIONS"
    if output.get("throttled") is True:
        return "THROTTLE_LIMIT_EXCEEDED"
    return {
        "completed": "MESSAGE_SENT" if job.task.kind in CHANNEL_TYPES else "STEP_COMPLETED",
        "delayed": "STEP_DELAYED",
        "merged": "DIGEST_MERGED",
        "canceled": "STEP_CANCELED",
    }.get(job.status, "STEP_QUEUED")


def message_json(row: Message, environment: Environment, identifier: str) -> dict[str, Any]:
    """A message as it goes over the wire."""
    body: dict[str, Any] = {
        "_id": message_id(row),
        "_environmentId": environment_id(environment),
        "_organizationId": organization_id(environment.organization),
        "_notificationId": notification_id(row.notification) if row.notification is not None else message_id(row),
        "_subscriberId": subscriber_id(row.subscriber),
        "createdAt": moment(row.created_at),
        "transactionId": row.transaction_id,
        "channel": row.channel,
        "read": row.read_at is not None,
        "seen": row.seen_at is not None,
        "cta": {},
        "status": {"error": "error", "pending": "warning"}.get(row.status, "sent"),
        "content": row.body,
        "subject": row.subject,
        "templateIdentifier": identifier,
        "providerId": PROVIDERS.get(row.channel, "novu"),
        "payload": row.notification.payload if row.notification is not None else {},
    }
    if row.channel == "email":
        body["email"] = row.address
    elif row.channel == "sms":
        body["phone"] = row.address
    if row.error:
        body["errorText"] = row.error
    return body
