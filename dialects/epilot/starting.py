"""Flows that automations start: by a trigger that names one, or by an action of one.

Heard on the bus when a run has ended well. A flow whose template has the trigger `{type: automation, automation_id}` is
started with the entity that was handed to the automation; an action `{type: trigger-workflow, config:
{target_workflow}}` starts that one, as a child of the execution whose task ran the automation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.scope import Scope, system_scope
from dialects.epilot import listings
from dialects.epilot.errors import Refusal
from dialects.epilot.models import Execution
from dialects.epilot.running import executions
from dialects.epilot.running.documents import task_by_id
from engine.entities.automations import ENDED_ON_BUS
from engine.entities.models import AutomationRun, Entity
from engine.models import InboundEvent
from engine.services.entity_changes import DEEPEST
from engine.services.errors import NotLegalNow

Json = dict[str, Any]
TRIGGER_WORKFLOW = "trigger-workflow"


def hear(event: InboundEvent, now: datetime) -> None:
    """Start what the end of an automation's run starts. What cannot be started is said on the run."""
    payload = event.payload
    if event.type != ENDED_ON_BUS or not isinstance(payload, Mapping) or payload.get("outcome") != "success":
        return
    runs = AutomationRun.objects.select_related("automation", "environment__organization")
    run = runs.filter(environment_id=event.environment_id, key=str(payload.get("run"))).first()
    if run is None or run.depth > DEEPEST:
        return
    entity = Entity.objects.filter(environment_id=run.environment_id, key=run.entity_key).first()
    scope = system_scope(run.environment)
    reasons = []
    for target, chain in _targets(scope, run):
        try:
            if entity is None:
                raise Refusal(400, "At least one context is required")
            with transaction.atomic():
                executions.start(scope, _body(target, entity), user="", chain=chain, depth=run.depth)
        except (Refusal, NotLegalNow) as refused:
            reasons.append(f"{target} was not started: {refused}.")
    if reasons:
        run.error_reason = " ".join(reasons)[:2_000]
        run.save(update_fields=["error_reason"])


def _body(target: str, entity: Entity) -> Json:
    context = {"entity_id": entity.key, "entity_schema": entity.schema, "is_primary": True}
    return {"flow_template_id": target, "contexts": [context], "trigger": {"type": "AUTOMATIC"}}


def _targets(scope: Scope, run: AutomationRun) -> Iterator[tuple[str, Json | None]]:
    """The ids of templates to start, each with its place in a chain of executions."""
    rows = listings.flows(scope).filter(is_enabled=True, live_version__isnull=False)
    for row in listings.started_by(rows, "automation", automation=run.automation_key).order_by("pk"):
        yield row.key, None
    actions = run.automation.actions if run.automation is not None else []
    for action in actions if isinstance(actions, list) else ():
        if isinstance(action, Mapping) and action.get("type") == TRIGGER_WORKFLOW:
            config = action.get("config")
            target = config.get("target_workflow") if isinstance(config, Mapping) else None
            if isinstance(target, str) and target:
                yield target, _chain(run)


def _chain(run: AutomationRun) -> Json | None:
    execution = Execution.objects.filter(instance_id=run.instance_id or 0).first()
    if execution is None:
        return None
    above = execution.document.get("_execution_chain") or {}
    chain: Json = {"parent_execution_id": execution.key, "depth": int(above.get("depth", 0)) + 1}
    note = execution.document["_"]["tasks"].get(run.task)
    task = task_by_id(execution.document, note["id"]) if note else None
    return chain if task is None else {**chain, "parent_task_id": task["id"]}
