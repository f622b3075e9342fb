"""Environments in Novu's words, publishing between them, and what differs (contract 5.11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import transaction

from accounts.errors import EnvironmentInUse, LastEnvironment
from accounts.models import Environment
from accounts.roles import ApiScope
from accounts.scope import Scope
from accounts.services.environments import add_environment, remove_environment, rename_environment
from accounts.services.keys import issue_key
from dialects.novu.errors import NovuError
from dialects.novu.ids import environment_id, find_environment, organization_id
from dialects.novu.models import EnvironmentNote, Workflow
from dialects.novu.syncing import sync_workflow
from dialects.novu.translate.ids import IdOf, encode_id
from dialects.novu.wire import whole
from dialects.novu.workflows import look_for_workflow, workflows

TYPE: Final = "REGULAR"
PREVIOUS, NEW = "previous", "new"


def environments_of(scope: Scope) -> list[Environment]:
    """The organization's environments, in their order."""
    return list(Environment.objects.within(scope).select_related("organization", "novu_note__parent"))


def environment_json(environment: Environment, everyone: Sequence[Environment]) -> dict[str, Any]:
    """An EnvironmentResponseDto. The first environment is the one for development; the others come from it."""
    note: EnvironmentNote | None = getattr(environment, "novu_note", None)
    first = everyone[0] if everyone else environment
    parent = note.parent if note is not None and note.parent is not None else first
    body: dict[str, Any] = {
        "_id": environment_id(environment),
        "name": environment.name,
        "_organizationId": organization_id(environment.organization),
        "identifier": note.identifier if note is not None and note.identifier else environment.slug,
        "type": "dev" if environment.pk == first.pk else "prod",
        "slug": environment.slug,
    }
    if note is not None and note.color:
        body["color"] = note.color
    if parent.pk != environment.pk:
        body["_parentId"] = environment_id(parent)
    return body


def find(scope: Scope, id: str) -> Environment:
    """The organization's environment with this id. Raises `NovuError` 404."""
    found = find_environment(scope.organization, id)
    if found is None:
        raise NovuError(404, f"Environment {id} not found", ctx={"environmentId": id})
    return found


@transaction.atomic
def create(scope: Scope, body: Mapping[str, Any]) -> tuple[Environment, dict[str, str]]:
    """A new environment, and a key of it that may do what the caller's may: shown this once, only its hash is kept."""
    parent = find(scope, body["parentId"]) if body.get("parentId") else None
    taken = {environment.name.lower() for environment in environments_of(scope)}
    if body["name"].lower() in taken:
        raise NovuError(400, f"Environment name must be unique; {body['name']} exists")
    environment = add_environment(scope, name=body["name"][:60])
    EnvironmentNote.objects.create(environment=environment, color=str(body.get("color") or "")[:40], parent=parent)
    key, plain = issue_key(
        scope.in_environment(environment),
        name="Made with the environment",
        scopes=scope.api_key.scopes if scope.api_key is not None else tuple(ApiScope.values),
        expires_at=scope.api_key.expires_at if scope.api_key is not None else None,
    )
    whose = encode_id(IdOf.USER, key.created_by_id or 0, key.created_at)
    return environment, {"key": plain, "_userId": whose, "hash": key.secret_hash}


@transaction.atomic
def change(scope: Scope, environment: Environment, body: Mapping[str, Any]) -> Environment:
    """Rename it, or note what else is said of it."""
    name = body.get("name") or environment.name
    if name != environment.name:
        rename_environment(scope, environment, name=name[:60], slug=environment.slug)
    note, _ = EnvironmentNote.objects.get_or_create(environment=environment)
    if body.get("identifier"):
        note.identifier = str(body["identifier"])[:60]
    if body.get("color"):
        note.color = str(body["color"])[:40]
    if body.get("parentId"):
        note.parent = find(scope, body["parentId"])
    note.save()
    return Environment.objects.select_related("organization", "novu_note__parent").get(pk=environment.pk)


def remove(scope: Scope, environment: Environment) -> None:
    """Remove an empty environment. Raises `NovuError` 400 for one in use (contract 8.17)."""
    if Workflow.objects.filter(environment=environment).exists():
        raise NovuError(400, "Environment with workflows cannot be deleted")
    EnvironmentNote.objects.filter(environment=environment).delete()
    try:
        remove_environment(scope, environment)
    except LastEnvironment as bad:
        raise NovuError(400, "The last environment cannot be deleted") from bad
    except EnvironmentInUse as bad:
        raise NovuError(400, f"Environment in use cannot be deleted: {bad}") from bad


def tags_of(environment: Environment) -> list[dict[str, str]]:
    """Every tag of its workflows, once."""
    rows = Workflow.objects.filter(environment=environment).values_list("tags", flat=True)
    return [{"name": tag} for tag in sorted({tag for tags in rows for tag in tags or ()})]


# -- publishing -------------------------------------------------------------------------------------------------------


def source_of(scope: Scope, body: Mapping[str, Any]) -> Scope:
    """The scope that is published from: that of the key, unless the body names another environment."""
    asked = body.get("sourceEnvironmentId")
    if asked in (None, "") or asked == environment_id(scope.environment):
        return scope
    return scope.in_environment(find(scope, str(asked)))


def publish(scope: Scope, target: Environment, body: Mapping[str, Any]) -> dict[str, Any]:
    """Sync all workflows, or those that are listed, to `target`. With `dryRun` nothing changes."""
    source = source_of(scope, body)
    if source.environment.pk == target.pk:
        raise NovuError(400, "Source and target environments cannot be the same")
    chosen, failed = _chosen(source, body.get("resources"))
    there = scope.in_environment(target)
    successful: list[dict[str, Any]] = []
    skipped: list[dict[str, Any]] = []
    for workflow in chosen:
        entry = {"resourceType": TYPE, "resourceId": workflow.identifier, "resourceName": workflow.flow.name}
        other = look_for_workflow(there, workflow.identifier)
        if other is not None and not changes_between(workflow, other):
            skipped.append({**entry, "reason": "No changes"})
            continue
        action = "created" if other is None else "updated"
        if not body.get("dryRun"):
            try:
                sync_workflow(source, workflow, environment_id(target))
            except NovuError as refused:
                failed.append({**entry, "error": str(refused.message)})
                continue
        successful.append({**entry, "action": action})
    total = len(successful) + len(failed) + len(skipped)
    result = {
        "resourceType": TYPE,
        "successful": successful,
        "failed": failed,
        "skipped": skipped,
        "totalProcessed": total,
    }
    summary = {"resources": total, "successful": len(successful), "failed": len(failed), "skipped": len(skipped)}
    return {"results": [result], "summary": summary}


def _chosen(source: Scope, resources: Any) -> tuple[list[Workflow], list[dict[str, Any]]]:
    if not isinstance(resources, list) or not resources:
        return list(workflows(source)), []
    found, failed = [], []
    for resource in resources:
        id = str(resource.get("resourceId", "")) if isinstance(resource, Mapping) else str(resource)
        workflow = look_for_workflow(source, id)
        if workflow is None:
            entry = {"resourceType": TYPE, "resourceId": id, "resourceName": id}
            failed.append({**entry, "error": "Workflow cannot be found"})
        else:
            found.append(workflow)
    return found, failed


# -- what differs -----------------------------------------------------------------------------------------------------


def diff(scope: Scope, target: Environment, body: Mapping[str, Any]) -> dict[str, Any]:
    """What publishing would change in `target`, workflow by workflow and step by step."""
    source = source_of(scope, body)
    if source.environment.pk == target.pk:
        raise NovuError(400, "Source and target environments cannot be the same")
    there = scope.in_environment(target)
    mine = {workflow.identifier: workflow for workflow in workflows(source)}
    theirs = {workflow.identifier: workflow for workflow in workflows(there)}
    resources = []
    for identifier in [*mine, *(name for name in theirs if name not in mine)]:
        changes = changes_between(mine.get(identifier), theirs.get(identifier))
        resources.append(_resource(mine.get(identifier), theirs.get(identifier), changes))
    total = sum(len(resource["changes"]) for resource in resources)
    return {
        "sourceEnvironmentId": environment_id(source.environment),
        "targetEnvironmentId": environment_id(target),
        "resources": resources,
        "summary": {"totalEntities": len(resources), "totalChanges": total, "hasChanges": total > 0},
    }


def _resource(source: Workflow | None, target: Workflow | None, changes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    counts = {name: sum(change["action"] == name for change in changes) for name in ("added", "modified", "deleted")}
    counts["modified"] += sum(change["action"] == "moved" for change in changes)
    return {
        "resourceType": TYPE,
        "sourceResource": _named(source),
        "targetResource": _named(target),
        "changes": list(changes),
        "summary": {**counts, "unchanged": 0 if changes else 1},
    }


def _named(workflow: Workflow | None) -> dict[str, Any] | None:
    return None if workflow is None else {"id": workflow.identifier, "name": workflow.flow.name}


def changes_between(source: Workflow | None, target: Workflow | None) -> list[dict[str, Any]]:
    """What would change in the target; nothing when both say the same."""
    if source is None or target is None:
        there = source if source is not None else target
        entry = {"resourceType": TYPE, "action": "deleted" if source is None else "added"}
        return [{**entry, "sourceResource": _named(source), "targetResource": _named(target)}] if there else []
    changes: list[dict[str, Any]] = []
    new, old = _comparable(source), _comparable(target)
    differing = [name for name in new if new[name] != old[name]]
    if differing:
        diffs = {PREVIOUS: {name: old[name] for name in differing}, NEW: {name: new[name] for name in differing}}
        named = {"sourceResource": _named(source), "targetResource": _named(target)}
        changes.append({"resourceType": TYPE, "action": "modified", "diffs": diffs, **named})
    return [*changes, *_step_changes(source, target)]


def _comparable(workflow: Workflow) -> dict[str, Any]:
    all = whole(workflow)
    policy = all.policy
    return {
        "name": workflow.flow.name,
        "description": workflow.flow.description,
        "tags": list(workflow.flow.tags),
        "active": workflow.flow.is_enabled,
        "isTranslationEnabled": workflow.is_translation_enabled,
        "severity": policy.severity if policy is not None else "none",
        "payloadSchema": policy.payload_schema if policy is not None else None,
        "validatePayload": policy.validates_payload if policy is not None else False,
        "preferences": [policy.author_preferences, policy.override_preferences] if policy is not None else [None, None],
    }


def _step_changes(source: Workflow, target: Workflow) -> list[dict[str, Any]]:
    new = {step.task.key: (number, step) for number, step in enumerate(whole(source).steps)}
    old = {step.task.key: (number, step) for number, step in enumerate(whole(target).steps)}
    changes: list[dict[str, Any]] = []
    for key, (number, step) in new.items():
        entry = {"resourceType": TYPE, "stepType": step.type, "sourceResource": {"id": key, "name": step.task.name}}
        if key not in old:
            changes.append({**entry, "action": "added", "newIndex": number})
            continue
        before, other = old[key]
        entry["targetResource"] = {"id": key, "name": other.task.name}
        mine, theirs = _step_content(step), _step_content(other)
        if mine != theirs:
            changes.append({**entry, "action": "modified", "diffs": {PREVIOUS: theirs, NEW: mine}})
        elif before != number:
            changes.append({**entry, "action": "moved", "previousIndex": before, "newIndex": number})
    for key, (number, step) in old.items():
        if key not in new:
            named = {"targetResource": {"id": key, "name": step.task.name}, "previousIndex": number}
            changes.append({"resourceType": TYPE, "action": "deleted", "stepType": step.type, **named})
    return changes


def _step_content(step: Any) -> dict[str, Any]:
    values = {key: value for key, value in step.values.items() if key != "layoutId"}
    return {"name": step.task.name, "type": step.type, "controlValues": values}
