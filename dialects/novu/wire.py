"""Workflows and steps as they go over the wire."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from accounts.scope import Scope
from designer.graph.model import Json
from dialects.novu.models import Workflow
from dialects.novu.preferences import preferences_json
from dialects.novu.translate import forms
from dialects.novu.translate.controls import is_sayable
from dialects.novu.translate.ids import step_slug, workflow_slug
from dialects.novu.translate.issues import issues_of
from dialects.novu.translate.variables import StepView, variables_of
from dialects.novu.workflows import StepState, steps_of
from engine.notifying.delivering import chosen_outlet
from engine.notifying.models import MessagePolicy, Provider

GROUPS: Final = {
    "in_app": "IN_APP",
    "email": "EMAIL",
    "sms": "SMS",
    "push": "PUSH",
    "chat": "CHAT",
    "tool": "TOOL",
    "digest": "DIGEST",
    "delay": "DELAY",
    "throttle": "THROTTLE",
    "http_request": "HTTP_REQUEST",
}
NO_PROVIDER: Final = "Missing active integration provider"
NO_PRIMARY: Final = "Missing active primary integration provider"


def moment(value: datetime) -> str:
    """ISO 8601 in UTC with milliseconds."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def moment_or_null(value: datetime | None) -> str | None:
    """As `moment`; null for none."""
    return None if value is None else moment(value)


@dataclass(frozen=True, slots=True)
class Whole:
    """A workflow with everything an answer about it says."""

    row: Workflow
    policy: MessagePolicy | None
    steps: Sequence[StepState]
    variables: Sequence[Mapping[str, Any]]
    issues: Sequence[Mapping[str, Any]]

    @property
    def status(self) -> str:
        """INACTIVE, ERROR or ACTIVE (contract 6.1)."""
        if not self.row.flow.is_enabled:
            return "INACTIVE"
        return "ERROR" if any(found.get("controls") for found in self.issues) else "ACTIVE"


def policy_of(row: Workflow) -> MessagePolicy | None:
    """How its flow notifies, if that is said anywhere."""
    return getattr(row.flow, "message_policy", None)


def channels_without_provider(environment_id: int) -> frozenset[str]:
    """The channels whose providers are all switched off. One query."""
    known: dict[str, list[Provider]] = {}
    for provider in Provider.objects.filter(environment_id=environment_id):
        known.setdefault(provider.channel, []).append(provider)
    return frozenset(channel for channel, providers in known.items() if chosen_outlet(channel, providers) is None)


def whole(row: Workflow, *, without: Collection[str] | None = None) -> Whole:
    """Everything about a workflow. `without`: the channels that nothing carries, where that is known already."""
    policy = policy_of(row)
    payload_schema = policy.payload_schema if policy is not None else None
    steps = steps_of(row)
    views = [StepView(step.task.key, step.type, step.values) for step in steps]
    variables = [variables_of(views, number, payload_schema) for number in range(len(views))]
    lacking = channels_without_provider(row.environment_id) if without is None else without
    issues = [
        _issues(step, schema, payload_schema, lacks_provider=step.type in lacking)
        for step, schema in zip(steps, variables, strict=True)
    ]
    return Whole(row, policy, steps, variables, issues)


def _issues(step: StepState, schema: Json, payload_schema: Json, *, lacks_provider: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    # What Novu has no word for shows as `custom`: nobody there can mend it.
    is_ours = not is_sayable(step.task)
    controls = {} if is_ours else issues_of(step.type, step.values, schema, payload_schema=payload_schema)
    if controls:
        found["controls"] = controls
    if lacks_provider:
        message = NO_PRIMARY if step.type in ("email", "sms") else NO_PROVIDER
        found["integration"] = {step.type: [{"issueType": "MISSING_INTEGRATION", "message": message}]}
    return found


def workflow_json(scope: Scope, row: Workflow) -> dict[str, Any]:
    """A WorkflowResponseDto."""
    all = whole(row)
    policy, flow = all.policy, row.flow
    body: dict[str, Any] = {
        "_id": row.id_text,
        "workflowId": row.identifier,
        "name": flow.name,
        "slug": workflow_slug(flow.name, row.id_text),
        "origin": row.origin,
        "status": all.status,
        "severity": policy.severity if policy is not None else "none",
        "active": flow.is_enabled,
        "validatePayload": policy.validates_payload if policy is not None else False,
        "payloadSchema": policy.payload_schema if policy is not None else None,
        "isTranslationEnabled": row.is_translation_enabled,
        "agent": row.agent,
        "createdAt": moment(row.created_at),
        "updatedAt": moment(row.changed_at),
        "lastTriggeredAt": moment_or_null(policy.last_triggered_at if policy is not None else None),
        "lastPublishedAt": moment_or_null(row.last_published_at),
        "preferences": preferences_json(
            policy.override_preferences if policy is not None else None,
            policy.author_preferences if policy is not None else None,
        ),
        "steps": [step_json(all, number) for number in range(len(all.steps))],
        "payloadExample": example_payload(all),
    }
    if row.description is not None or flow.description:
        body["description"] = flow.description
    if row.tags is not None or flow.tags:
        body["tags"] = list(flow.tags)
    if row.last_published_by:
        body["lastPublishedBy"] = {"_id": row.id_text, "firstName": row.last_published_by, "lastName": ""}
    return body


def step_json(all: Whole, number: int) -> dict[str, Any]:
    """A step of a WorkflowResponseDto, which is a StepResponseDto too."""
    step, row = all.steps[number], all.row
    values, alias = forms.shown(step.type, step.values)
    controls: dict[str, Any] = {"values": values, "dataSchema": {"type": "object"}}
    if step.type in GROUPS:
        controls["uiSchema"] = {"group": GROUPS[step.type]}
    body: dict[str, Any] = {
        "_id": step.row.id_text,
        "stepId": step.task.key,
        "name": step.task.name,
        "slug": step_slug(step.task.name, step.row.id_text),
        "type": step.type,
        "origin": row.origin,
        "workflowId": row.identifier,
        "workflowDatabaseId": row.id_text,
        "controls": controls,
        "variables": dict(all.variables[number]),
        "issues": dict(all.issues[number]),
    }
    if alias is not None:
        body["controlValues"] = alias
    if step.row.provider_overrides is not None:
        body["providerOverrides"] = step.row.provider_overrides
    return body


def list_item_json(all: Whole) -> dict[str, Any]:
    """A WorkflowListResponseDto."""
    row, flow = all.row, all.row.flow
    types = [step.type for step in all.steps]
    body: dict[str, Any] = {
        "_id": row.id_text,
        "workflowId": row.identifier,
        "name": flow.name,
        "slug": workflow_slug(flow.name, row.id_text),
        "origin": row.origin,
        "status": all.status,
        "createdAt": moment(row.created_at),
        "updatedAt": moment(row.changed_at),
        "lastTriggeredAt": moment_or_null(all.policy.last_triggered_at if all.policy is not None else None),
        "lastPublishedAt": moment_or_null(row.last_published_at),
        "isTranslationEnabled": row.is_translation_enabled,
        "stepTypeOverviews": types,
        "steps": [{"slug": step_slug(step.task.name, step.row.id_text), "type": step.type} for step in all.steps],
    }
    if row.tags is not None or flow.tags:
        body["tags"] = list(flow.tags)
    return body


def example_payload(all: Whole) -> dict[str, Any]:
    """A payload that fits."""
    from dialects.novu.translate.previews import example_of

    for variables in all.variables:
        found = example_of(variables["properties"]["payload"])
        return found if isinstance(found, dict) else {}
    return {}
