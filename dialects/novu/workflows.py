"""Workflows: finding, making, changing, copying and removing the flows that Novu's API speaks of.

The flow's draft is the truth; every change publishes the next version. What a flow cannot hold lies on `Workflow` and
`Step`.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.conf import settings as house
from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now

from accounts.scope import Scope
from designer.graph.messages import MESSAGE_KINDS
from designer.graph.model import Flow, Json, Task, is_key
from designer.models import Flow as FlowRow
from designer.models import Origin as FlowOrigin
from designer.models import Task as TaskRow
from designer.services.drafting import create_flow, draft_of, replace_draft
from designer.services.publishing import is_unchanged, publish_flow
from designer.services.versions import delete_flow, set_enabled
from dialects.novu.errors import NovuError, not_found
from dialects.novu.ids import layout_id
from dialects.novu.models import Origin, Step, Workflow
from dialects.novu.preferences import clean_layer
from dialects.novu.translate import controls
from dialects.novu.translate.graphs import chained, in_order, is_chain
from dialects.novu.translate.ids import ID, IdOf, decode_id, id_or_identifier, slugify
from engine.models import Instance
from engine.notifying.models import MessagePolicy, Severity
from engine.services.notifications import cancel_instance

LETTERS: Final = string.ascii_lowercase + string.digits
MOST_TRIES: Final = 5
LONGEST_KEY: Final = 58
EXTENSION: Final = "novu"
OWN_LAYOUT: Final = "default"
"""How a task names the one layout of its environment, so that it means the same in another."""


@dataclass(frozen=True, slots=True)
class StepState:
    """A step as it stands: its row, its task, and all of its control values."""

    row: Step
    task: Task
    type: str
    values: Mapping[str, Json]


# -- finding ----------------------------------------------------------------------------------------------------------


def workflows(scope: Scope) -> Any:
    """The workflows of the environment. Flows drawn in the editor that notify somebody are among them."""
    _adopt(scope)
    return Workflow.objects.filter(environment=scope.environment).select_related(
        "flow__message_policy", "flow__live_version", "flow__environment"
    )


def _adopt(scope: Scope) -> None:
    """Give drawn flows that notify somebody a place in this API, under their own keys. A flow file says by
    `extensions: {novu: {origin: external}}` that the workflow comes from elsewhere (contract 8.4).
    """
    notifying = TaskRow.objects.filter(version=None, kind__in=MESSAGE_KINDS).values("flow")
    drawn = FlowRow.objects.within(scope).filter(pk__in=notifying, novu_workflow=None)
    for flow in drawn:
        identifier = free_identifier(scope, flow.key)
        said = draft_of(flow).extensions.get(EXTENSION)
        is_external = isinstance(said, Mapping) and said.get("origin") == Origin.EXTERNAL
        Workflow.objects.get_or_create(
            flow=flow,
            defaults={
                "environment": scope.environment,
                "identifier": identifier,
                "origin": Origin.EXTERNAL if is_external else Origin.CLOUD,
                "created_at": flow.created_at,
                "description": flow.description[:256] or None,
                "tags": list(flow.tags) or None,
            },
        )


def find_workflow(scope: Scope, text: str) -> Workflow:
    """The workflow that a path names: its id, its identifier, or its slug. Raises `NovuError` 404."""
    found = look_for_workflow(scope, text)
    if found is None:
        raise not_found("Workflow", workflowId=text)
    return found


def look_for_workflow(scope: Scope, text: str) -> Workflow | None:
    """As `find_workflow`; None where there is none."""
    rows = workflows(scope)
    exact: Workflow | None = rows.filter(identifier=text).first()
    name = id_or_identifier(text)
    pk = decode_id(name, IdOf.WORKFLOW) if ID.fullmatch(name) else None
    by_id = rows.filter(pk=pk).first() if pk is not None else None
    if by_id is not None and by_id.id_text == name:
        found: Workflow = by_id
        return found
    return exact


def steps_of(workflow: Workflow) -> list[StepState]:
    """The steps in their order. A task that has no row yet gets one."""
    flow = draft_of(workflow.flow)
    known = {step.task: step for step in workflow.steps.all()}
    found = []
    for task in in_order(flow):
        row = known.get(task.key)
        if row is None:
            row = Step.objects.create(workflow=workflow, task=task.key, type=controls.type_of(task))
        found.append(state_of(row, task))
    return found


def state_of(row: Step, task: Task) -> StepState:
    """A step with all of its control values."""
    type = controls.type_of(task)
    aside = row.aside if row.type == type else {}
    if not controls.is_sayable(task):
        return StepState(row, task, type, {"custom": {"kind": task.kind, "settings": dict(task.settings)}})
    values = _meant(row.workflow, controls.merged(type, task.settings, aside))
    if not row.has_values:
        values.pop("editorType", None)
    if values.get("layoutId") == OWN_LAYOUT:
        values["layoutId"] = layout_id(row.workflow.environment)
    return StepState(row, task, type, values)


def _meant(workflow: Workflow, values: Mapping[str, Any]) -> dict[str, Any]:
    """Control values as they are said here, or as they are kept. Our own “Only if”, like Novu's `skip` of its own
    workflows, runs a step if it is true; of one from elsewhere `skip` means what it says (contract 6.4).
    """
    found = dict(values)
    if workflow.origin == Origin.EXTERNAL and isinstance(found.get("skip"), Mapping):
        found["skip"] = controls.negated(found["skip"])
    return found


def find_step(workflow: Workflow, text: str, *, named: str) -> StepState:
    """The step that a path names: its id, its stepId or its slug. Raises `NovuError` 404."""
    name = id_or_identifier(text)
    for step in steps_of(workflow):
        if step.row.id_text == name or step.task.key in (text, name):
            return step
    raise not_found("Step", workflowId=named, stepId=text)


# -- making and changing ----------------------------------------------------------------------------------------------


def create_workflow(scope: Scope, body: Mapping[str, Any]) -> Workflow:
    """A workflow of a checked body. Raises `NovuError` 400 where the environment has as many as it may."""
    if 0 < house.NOVU_MAX_WORKFLOWS <= workflows(scope).count():
        raise NovuError(400, f"Workflows of an environment must be no more than {house.NOVU_MAX_WORKFLOWS}")
    identifier = free_identifier(scope, body["workflowId"])
    with transaction.atomic():
        name = body["name"]
        key = _free_key(scope, identifier)
        flow = create_flow(scope, key=key, name=name, flow=_header(Flow(key=key, name=name), body))
        flow.origin = FlowOrigin.NOVU
        flow.is_enabled = body.get("active") is not False
        flow.save(update_fields=["origin", "is_enabled"])
        workflow = Workflow(
            flow=flow,
            environment=scope.environment,
            identifier=identifier,
            source=body.get("__source") or "editor",
            created_at=now(),
        )
        _take_over(workflow, body)
        workflow.save()
        _write_steps(scope, workflow, body["steps"])
        _write_policy(flow, body)
    return reread(scope, workflow)


def update_workflow(scope: Scope, workflow: Workflow, body: Mapping[str, Any]) -> Workflow:
    """Replace a workflow by a checked body; what the body leaves out goes back to its default."""
    with transaction.atomic():
        _take_over(workflow, body)
        workflow.updated_at = now()
        workflow.save()
        flow = workflow.flow
        _replace(scope, flow, _header(draft_of(flow), body))
        _write_steps(scope, workflow, body["steps"])
        _write_policy(flow, body)
        set_enabled(scope, flow, enabled=body.get("active") is not False)
    return reread(scope, workflow)


def patch_workflow(scope: Scope, workflow: Workflow, body: Mapping[str, Any]) -> Workflow:
    """Change what the body names; null means "not supplied"."""
    given = {key: value for key, value in body.items() if value is not None}
    with transaction.atomic():
        flow = workflow.flow
        changed: dict[str, Any] = {key: given[key] for key in ("name", "description") if key in given}
        if "tags" in given:
            changed["tags"] = tuple(given["tags"])
        if changed:
            _replace(scope, flow, replace(draft_of(flow), **changed))
            _publish(scope, flow)
        for field in ("description", "tags"):
            if field in given:
                setattr(workflow, field, given[field])
        if "isTranslationEnabled" in given:
            workflow.is_translation_enabled = given["isTranslationEnabled"]
        workflow.updated_at = now()
        workflow.save()
        policy, _ = MessagePolicy.objects.get_or_create(flow=flow)
        if "payloadSchema" in given:
            policy.payload_schema = given["payloadSchema"]
        if "validatePayload" in given:
            policy.validates_payload = given["validatePayload"]
        policy.save()
        if given.get("active") is not None:
            set_enabled(scope, flow, enabled=given["active"])
    return reread(scope, workflow)


def duplicate_workflow(scope: Scope, workflow: Workflow, body: Mapping[str, Any]) -> Workflow:
    """A copy with ids of its own, switched off. Raises `NovuError` 400 for a workflow made elsewhere."""
    if workflow.origin != Origin.CLOUD:
        raise NovuError(400, f"Cannot duplicate workflow: origin '{workflow.origin}' is not allowed")
    policy = MessagePolicy.objects.filter(flow=workflow.flow).first() or MessagePolicy()
    name = body.get("name") or f"{workflow.flow.name} (Copy)"
    description = body.get("description", workflow.description)
    copied: dict[str, Any] = {
        "name": name,
        "workflowId": body.get("workflowId") or slugify(name) or "workflow",
        "active": False,
        "isTranslationEnabled": body.get("isTranslationEnabled", workflow.is_translation_enabled),
        "agent": workflow.agent,
        "severity": policy.severity,
        "payloadSchema": policy.payload_schema,
        "validatePayload": policy.validates_payload,
        "preferences": {"user": policy.override_preferences, "workflow": policy.author_preferences},
        "__source": workflow.source,
        "steps": [
            {
                "name": step.task.name,
                "type": step.type,
                "stepId": step.task.key,
                "controlValues": dict(step.values) if step.row.has_values else None,
                "providerOverrides": step.row.provider_overrides,
            }
            for step in steps_of(workflow)
        ],
    }
    if description is not None:
        copied["description"] = description
    tags = body.get("tags", workflow.tags)
    if tags is not None:
        copied["tags"] = tags
    return create_workflow(scope, copied)


def delete_workflow(scope: Scope, workflow: Workflow) -> None:
    """Remove a workflow for good; what runs of it is cancelled (contract 6.12)."""
    flow = workflow.flow
    with transaction.atomic():
        set_enabled(scope, flow, enabled=False)
        for instance in Instance.objects.filter(flow=flow).unfinished():
            cancel_instance(scope, instance, now=now())
        delete_flow(scope, flow, with_finished=True)


def reread(scope: Scope, workflow: Workflow) -> Workflow:
    """The workflow as it is stored now."""
    found: Workflow = workflows(scope).get(pk=workflow.pk)
    return found


# -- the parts --------------------------------------------------------------------------------------------------------


def free_identifier(scope: Scope, wanted: str) -> str:
    """The identifier, with a short random end where it is taken in the environment."""
    rows = Workflow.objects.filter(environment=scope.environment)
    found = wanted
    while rows.filter(identifier=found).exists():
        found = f"{wanted[:240]}-{_random()}"
    return found


def _free_key(scope: Scope, identifier: str) -> str:
    """A key for the flow: the identifier itself where it can be one."""
    wanted = identifier if is_key(identifier) else (slugify(identifier)[:LONGEST_KEY].strip("-") or "workflow")
    taken = FlowRow.objects.within(scope)
    found = wanted
    while taken.filter(key=found).exists():
        found = f"{wanted[:LONGEST_KEY]}-{_random()}"
    return found


def _random() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(4))


def _header(flow: Flow, body: Mapping[str, Any]) -> Flow:
    return replace(
        flow,
        name=body["name"],
        description=body.get("description") or "",
        tags=tuple(body.get("tags") or ()),
    )


def _take_over(workflow: Workflow, body: Mapping[str, Any]) -> None:
    workflow.description = body.get("description")
    workflow.tags = body.get("tags")
    workflow.is_translation_enabled = bool(body.get("isTranslationEnabled", False))
    workflow.agent = body.get("agent")


def _write_policy(flow: FlowRow, body: Mapping[str, Any]) -> None:
    preferences = body.get("preferences") or {}
    MessagePolicy.objects.update_or_create(
        flow=flow,
        defaults={
            "severity": body.get("severity") or Severity.NONE,
            "author_preferences": clean_layer(preferences.get("workflow")),
            "override_preferences": clean_layer(preferences.get("user")),
            "payload_schema": body.get("payloadSchema"),
            "validates_payload": bool(body.get("validatePayload", False)),
        },
    )


def _replace(scope: Scope, row: FlowRow, flow: Flow) -> None:
    """Put another graph in the place of the draft, and have the row tell of it."""
    current = FlowRow.objects.select_for_update(of=("self",)).get(pk=row.pk)
    changed = replace_draft(scope, current, flow, revision=current.draft_revision).row
    for field in ("name", "description", "tags", "draft_document", "draft_revision", "updated_at"):
        setattr(row, field, getattr(changed, field))


def _publish(scope: Scope, row: FlowRow) -> None:
    """Let the draft be what runs; a workflow without steps runs nothing."""
    if not draft_of(row).tasks:
        FlowRow.objects.filter(pk=row.pk).update(live_version=None)
        row.live_version = None
    elif not is_unchanged(row):
        publish_flow(scope, row, note="Through the Novu API.", forgives_settings=True)


def _write_steps(scope: Scope, workflow: Workflow, wanted: Sequence[Mapping[str, Any]]) -> None:
    """Make the workflow's steps equal to the wanted list, and publish."""
    flow = draft_of(workflow.flow)
    rows = {step.task: step for step in workflow.steps.all()}
    asides = {key: row.aside for key, row in rows.items()}
    was_chain, before = is_chain(flow, asides), [task.key for task in in_order(flow)]
    taken = set(flow.tasks)
    matches = _matched(flow, rows, wanted)
    tasks: list[Task] = []
    for asked, known in zip(wanted, matches, strict=True):
        key = known or _free_step_key(asked, taken | {task.key for task in tasks})
        taken.add(key)
        row = rows.get(key) or Step(workflow=workflow, task=key, type=asked["type"], has_values=False)
        tasks.append(_task(scope, flow.tasks.get(key), key, row, asked))
        asides[key] = row.aside
        row.save()
    kept = {task.key for task in tasks}
    Step.objects.filter(workflow=workflow).exclude(task__in=kept).delete()
    if was_chain or [task.key for task in tasks] != before:
        drawn = chained(flow, tasks, {key: asides[key] for key in kept})
    else:
        # Somebody has drawn more than a list in the editor; the order is the same, so the drawing stays.
        drawn = replace(flow, tasks={task.key: task for task in tasks})
    _replace(scope, workflow.flow, drawn)
    _publish(scope, workflow.flow)


def _matched(flow: Flow, rows: Mapping[str, Step], wanted: Sequence[Mapping[str, Any]]) -> list[str | None]:
    """For each wanted step the key of the stored one it means: by `_id`, then `stepId`, then `name`."""
    by_id = {row.id_text: key for key, row in rows.items() if key in flow.tasks}
    by_name: dict[str, list[str]] = {}
    for key, task in flow.tasks.items():
        by_name.setdefault(task.name, []).append(key)
    found: list[str | None] = [None] * len(wanted)
    free = dict.fromkeys(flow.tasks)

    def take(number: int, key: str | None) -> None:
        if key is not None and key in free:
            found[number] = key
            del free[key]

    for number, asked in enumerate(wanted):
        take(number, by_id.get(str(asked.get("_id") or "")))
    for number, asked in enumerate(wanted):
        if found[number] is None:
            take(number, str(asked["stepId"]) if asked.get("stepId") else None)
    for number, asked in enumerate(wanted):
        if found[number] is None:
            take(number, next((key for key in by_name.get(asked["name"], ()) if key in free), None))
    return found


def _free_step_key(asked: Mapping[str, Any], taken: set[str]) -> str:
    given = str(asked.get("stepId") or "")
    wanted = given if is_key(given) else slugify(asked["name"])[:LONGEST_KEY].strip("-")
    wanted = wanted if wanted and is_key(wanted) and wanted != "trigger" else f"{asked['type'].replace('_', '-')}-step"
    if wanted not in taken:
        return wanted
    for _ in range(MOST_TRIES):
        found = f"{wanted[:LONGEST_KEY]}-{_random()}"
        if found not in taken:
            return found
    raise NovuError(400, "Failed to generate unique stepId")


def _task(scope: Scope, known: Task | None, key: str, row: Step, asked: Mapping[str, Any]) -> Task:
    """The task for a wanted step; `row` takes over what its settings cannot hold."""
    type = asked["type"]
    if "providerOverrides" in asked:
        row.provider_overrides = asked["providerOverrides"]
    was = controls.type_of(known) if known is not None else None
    if known is not None and not controls.is_sayable(known) and type == "custom":
        return replace(known, name=asked["name"])
    if known is not None and was == type and "controlValues" not in asked:
        row.type = type
        return replace(known, name=asked["name"])
    values = asked.get("controlValues")
    row.has_values = values is not None
    values = _with_layout(scope, type, values or {})
    settings, row.aside = controls.settings_of(type, _meant(row.workflow, values))
    row.type = type
    if known is not None and was == type:
        others = {name: value for name, value in known.settings.items() if name not in controls.SETTINGS_OF_TYPE[type]}
        settings = {**settings, **others}
    base = known if known is not None else Task(key, asked["name"], controls.KIND_OF[type])
    return replace(base, name=asked["name"], kind=controls.KIND_OF[type], settings=settings, conditions=())


def _with_layout(scope: Scope, type: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Null asks for the environment's own layout; any other must exist."""
    found = dict(values)
    if type != "email" or "layoutId" not in found:
        return found
    if found["layoutId"] in (None, layout_id(scope.environment)):
        found["layoutId"] = OWN_LAYOUT
    elif isinstance(found["layoutId"], str) and found["layoutId"] != OWN_LAYOUT:
        raise NovuError(400, f"Layout not found for id {found['layoutId']}")
    return found


def filtered(rows: Any, *, query: str, tags: Sequence[str]) -> Any:
    """The workflows whose name or identifier holds `query`, and that have any of the tags."""
    if query:
        rows = rows.filter(Q(flow__name__icontains=query) | Q(identifier__icontains=query))
    if tags:
        having = [pk for pk, found in rows.values_list("pk", "tags") if set(found or ()) & set(tags)]
        rows = rows.filter(pk__in=having)
    return rows
