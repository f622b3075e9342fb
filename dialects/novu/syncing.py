"""Sync: bringing workflows to another environment, where they keep their identifier (contract 6.12)."""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction
from django.dispatch import receiver
from django.utils.timezone import now

from accounts.scope import Scope
from designer.models import Flow as FlowRow
from designer.services.promoting import flow_promoted, promote_flow
from dialects.novu.errors import NovuError
from dialects.novu.ids import environment_id, find_environment
from dialects.novu.models import Origin, Step, Workflow
from dialects.novu.workflows import reread

ALLOWED: Final = (Origin.CLOUD.value,)


def sync_workflow(scope: Scope, workflow: Workflow, target_id: str) -> tuple[Scope, Workflow]:
    """Bring a workflow to the environment with this id; answers it there, and the scope there."""
    if target_id == environment_id(scope.environment):
        raise NovuError(400, "Cannot sync workflow to the same environment")
    target = find_environment(scope.organization, target_id)
    if target is None:
        raise NovuError(404, f"Environment {target_id} not found")
    if workflow.origin not in ALLOWED:
        message = (
            f"Cannot sync workflow: origin '{workflow.origin}' is not allowed (must be one of: {', '.join(ALLOWED)})"
        )
        ctx = {
            "workflowId": workflow.identifier,
            "status": "ACTIVE" if workflow.flow.is_enabled else "INACTIVE",
            "origin": workflow.origin,
            "allowedOrigins": list(ALLOWED),
        }
        raise NovuError(400, message, ctx=ctx)
    there = scope.in_environment(target)
    with transaction.atomic():
        flow = promote_flow(scope, workflow.flow, target, forgives_settings=True)
        workflow.last_published_at = now()
        workflow.last_published_by = scope.actor_name[:200]
        workflow.save(update_fields=["last_published_at", "last_published_by"])
    return there, reread(there, Workflow.objects.get(flow=flow))


@receiver(flow_promoted)
def copy_workflow(source: FlowRow, target: FlowRow, scope: Scope, **_: Any) -> None:
    """What Novu knows of a flow goes along when it is promoted. Ids stay those of the target, matched by stepId."""
    known = Workflow.objects.filter(flow=source).first()
    if known is None:
        return
    moment = now()
    copy, is_new = Workflow.objects.get_or_create(
        flow=target,
        defaults={"environment": target.environment, "identifier": known.identifier, "created_at": moment},
    )
    copy.description, copy.tags = known.description, known.tags
    copy.is_translation_enabled, copy.agent, copy.source = known.is_translation_enabled, known.agent, known.source
    if not is_new:
        copy.updated_at = moment
    copy.save()
    kept = []
    for step in known.steps.all():
        defaults = {"type": step.type, "aside": step.aside, "has_values": step.has_values}
        Step.objects.update_or_create(workflow=copy, task=step.task, defaults=defaults)
        kept.append(step.task)
    Step.objects.filter(workflow=copy).exclude(task__in=kept).delete()
