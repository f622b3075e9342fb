"""Trigger requests: reading them, and their answers (contract 4.3, 5.10, 6.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from django.conf import settings
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from accounts.json_text import json_bytes
from accounts.scope import Scope
from designer.graph.model import Json
from dialects.novu.errors import NovuError, bad_body, bad_payload
from dialects.novu.models import Workflow
from dialects.novu.workflows import workflows
from engine.notifying.models import MessagePolicy
from engine.services.notifications import Outcome, Recipient, Trigger, trigger

LONGEST_ID: Final = 255
STATUS_OF: Final = {
    Outcome.PROCESSED: "processed",
    Outcome.SWITCHED_OFF: "trigger_not_active",
    Outcome.NO_TASKS: "no_workflow_steps_defined",
    Outcome.NOBODY: "invalid_recipients",
}
OBJECTS: Final = ("payload", "overrides", "context")


def check_event(body: Json, *, to_is_needed: bool = True, path: str = "") -> None:
    """The shape of a trigger request. Raises the 400."""
    if not isinstance(body, Mapping):
        place = path.rstrip(".") or "body"
        raise bad_body([(place, f"{place} must be an object")])
    problems: list[tuple[str, str]] = []
    name = body.get("name")
    if not isinstance(name, str):
        problems.append(("name", "name must be a string"))
    elif not name:
        problems.append(("name", "name should not be empty"))
    if to_is_needed and body.get("to") in (None, ""):
        problems.append(("to", "to should not be empty"))
    for field in OBJECTS:
        if body.get(field) is not None and not isinstance(body[field], Mapping):
            problems.append((field, f"{field} must be an object"))
    transaction = body.get("transactionId")
    if transaction is not None and not isinstance(transaction, str):
        problems.append(("transactionId", "transactionId must be a string"))
    elif transaction is not None and len(transaction) > LONGEST_ID:
        problems.append(("transactionId", f"transactionId must be shorter than or equal to {LONGEST_ID} characters"))
    to = body.get("to")
    if isinstance(to, list) and len(to) > settings.NOVU_MAX_RECIPIENTS:
        problems.append(("to", f"to must contain no more than {settings.NOVU_MAX_RECIPIENTS} elements"))
    if len(json_bytes(body.get("payload"), default=str)) > settings.NOVU_MAX_PAYLOAD_KIB * 1024:
        problems.append(("payload", f"payload must not be larger than {settings.NOVU_MAX_PAYLOAD_KIB} KiB"))
    if problems:
        raise bad_body([(field, f"{path}{text}") for field, text in problems])


def run(scope: Scope, body: Mapping[str, Any], *, to_everyone: bool = False) -> dict[str, Any]:
    """Carry out a checked trigger request. Raises `NovuError` 422 for an unknown workflow, 400 for a payload that does
    not fit."""
    workflow = workflows(scope).filter(identifier=body["name"]).first()
    if workflow is None:
        raise NovuError(422, "workflow_not_found", errors={})
    payload = body.get("payload") or {}
    if workflow.flow.is_enabled and workflow.flow.live_version_id is not None:  # else that is what is told (6.5)
        refuse_misfit(workflow, payload)
    context = {name: {"id": value} if isinstance(value, str) else value for name, value in _items(body.get("context"))}
    asked = Trigger(
        flow=workflow.flow,
        payload=payload,
        recipients=None if to_everyone else list(recipients_of(body.get("to"))),
        transaction_id=body.get("transactionId") or "",
        overrides=_flat_overrides(body.get("overrides") or {}),
        actor=next(recipients_of(body.get("actor")), None),
        tenant=body.get("tenant"),
        context=context,
    )
    done = trigger(scope, asked)
    answer: dict[str, Any] = {"acknowledged": True, "status": STATUS_OF[done.outcome]}
    return {**answer, "transactionId": done.transaction_id} if done.outcome is Outcome.PROCESSED else answer


def run_in_bulk(scope: Scope, body: Mapping[str, Any]) -> dict[str, Any]:
    """As `run`, but what concerns one event is told in its own answer."""
    try:
        return run(scope, body)
    except NovuError as refused:
        entries = refused.extra.get("errors")
        texts = [entry["message"] for entry in entries] if isinstance(entries, list) else [str(refused.message)]
        return {"acknowledged": True, "status": "error", "error": texts or [str(refused.message)]}


def _items(value: Json) -> Iterator[tuple[str, Json]]:
    return iter(value.items() if isinstance(value, Mapping) else ())


def _flat_overrides(overrides: Mapping[str, Json]) -> dict[str, Json]:
    """What is said under `channels` counts like what is said at the top."""
    channels = overrides.get("channels")
    return {**(channels if isinstance(channels, Mapping) else {}), **overrides}


def recipients_of(to: Json) -> Iterator[Recipient]:
    """Whom a `to` names; what names nobody is passed over."""
    if isinstance(to, str):
        if to.strip() and len(to) <= LONGEST_ID:
            yield Recipient(to.strip())
    elif isinstance(to, list):
        for entry in to:
            if not isinstance(entry, list):
                yield from recipients_of(entry)
    elif isinstance(to, Mapping):
        if str(to.get("type", "")).lower() == "topic" or ("topicKey" in to and "subscriberId" not in to):
            exclude = to.get("exclude")
            names = tuple(map(str, exclude)) if isinstance(exclude, list) else ()
            if to.get("topicKey"):
                yield Recipient(topic=str(to["topicKey"]), exclude=names)
        elif isinstance(to.get("subscriberId"), str) and to["subscriberId"].strip():
            fields = {name: value for name, value in to.items() if name != "subscriberId" and value is not None}
            yield Recipient(to["subscriberId"].strip()[:LONGEST_ID], fields)


def refuse_misfit(workflow: Workflow, payload: Json) -> None:
    """Raise the special 400 for a payload that does not fit the workflow's schema, where it asks for that."""
    policy = MessagePolicy.objects.filter(flow=workflow.flow).first()
    if policy is None or not policy.validates_payload or not isinstance(policy.payload_schema, Mapping):
        return
    try:
        found = list(Draft202012Validator(policy.payload_schema).iter_errors(payload))
    except (SchemaError, RecursionError):
        return
    if not found:
        return
    entries: list[dict[str, Any]] = []
    for error in sorted(found, key=lambda each: list(map(str, each.absolute_path)))[:50]:
        place: Sequence[Any] = list(error.absolute_path)
        if error.validator == "required" and isinstance(error.instance, Mapping):
            needed: Any = error.validator_value
            missing = next((str(key) for key in needed if key not in error.instance), "")
            place = [*place, missing]
        entry: dict[str, Any] = {
            "field": ".".join(map(str, place)),
            "message": error.message[:500],
            "schemaPath": "#/" + "/".join(map(str, error.absolute_schema_path)),
        }
        if error.validator != "required":
            entry["value"] = error.instance
        entries.append(entry)
    raise bad_payload(entries, schema=policy.payload_schema)
