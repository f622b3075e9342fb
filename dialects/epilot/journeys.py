"""What journeys and the customer portal do: a form that is sent starts flows or completes a task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.core import signing
from django.db import transaction

from accounts.scope import Scope, system_scope
from designer.models import Flow
from dialects.epilot import listings
from dialects.epilot.errors import Refusal
from dialects.epilot.models import Execution
from dialects.epilot.running import executions, tasks
from dialects.epilot.running.documents import FINISHED, task_by_id
from dialects.epilot.running.following_rows import bring_up_to_date
from dialects.epilot.running.work import find_execution
from dialects.epilot.templates import kept_of
from engine.entities.links import token_of
from engine.entities.models import Entity, Journey
from engine.entities.store import new_key
from engine.services.automation_triggers import CUSTOMERS, SUBMITTED, begun_by_customers
from engine.services.entity_changes import save_entity
from engine.services.fitting import fitting
from engine.services.triggers import receive_event

Json = dict[str, Any]
TASK_SALT: Final = "epilot.journey.task"
DEFAULT_SCHEMA: Final = "submission"


# -- journeys ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def submit(journey: Journey, value: Any, *, task: str = "", customer: Entity | None = None) -> list[Execution]:
    """Take in what was filled in: as an entity, of which `journey.submitted` tells on the bus. Every template that
    waits for this journey is started with it; or, with the token of a task, that task is completed.

    `customer`: whose portal it was sent from; the new entity belongs to them, and what it starts is about them too.
    Raises `InvalidInput` for what does not fit the form.
    """
    given = fitting(journey.form, value) if journey.form else value
    scope = system_scope(journey.environment)
    done = [complete_by(scope, journey, task)] if task else []
    schema = journey.entity_schema or DEFAULT_SCHEMA
    attributes = given if isinstance(given, Mapping) else {"value": given}
    entity, _ = save_entity(
        scope,
        f"e-{new_key()}",
        schema=schema,
        attributes=attributes,
        relations=[{"name": "customer", "entity": customer.key}] if customer else None,
        portal=CUSTOMERS if customer or task else "",
    )
    sent = {"journey": journey.key, "entity": {"id": entity.key, "schema": schema}, "answers": given}
    receive_event(scope, SUBMITTED, sent)
    contexts = [{"entity_id": entity.key, "entity_schema": schema, "is_primary": True}]
    if customer is not None:
        contexts.append({"entity_id": customer.key, "entity_schema": customer.schema, "is_primary": False})
    return done or [
        executions.start(
            scope,
            {"flow_template_id": row.key, "contexts": contexts, "trigger": {"type": "AUTOMATIC"}},
            user="",
        )
        for row in waiting_for(scope, journey)
    ]


def waiting_for(scope: Scope, journey: Journey) -> Iterator[Flow]:
    """The enabled templates that a journey starts: those that name it, and those for whatever it makes."""
    rows = listings.flows(scope).filter(is_enabled=True, live_version__isnull=False)
    named = listings.started_by(rows, "journey_submission", journey=journey.key)
    schema = journey.entity_schema or DEFAULT_SCHEMA
    made = listings.started_by(rows, "journey_automation", schema=schema)
    yield from (named | made).order_by("pk")


def task_token(execution: str, task: str) -> str:
    """What the address of a journey carries that is to complete a task."""
    return signing.dumps([execution, task], salt=TASK_SALT)


def complete_by(scope: Scope, journey: Journey, token: str) -> Execution:
    """Complete the task of a token, if this is its journey. Raises `Refusal`."""
    try:
        key, task_id = signing.loads(token, salt=TASK_SALT)
    except signing.BadSignature:
        raise Refusal(404, "Task not found") from None
    execution = find_execution(scope, key)
    task = task_by_id(bring_up_to_date(execution).document, task_id)
    found = next((j for j in journeys_of(task or {}) if j.get("journeyId") == journey.key), None)
    if task is None or found is None:
        raise Refusal(404, "Task not found")
    if task["status"] not in FINISHED and found.get("complete_task_automatically", True):
        tasks.patch_task(scope, key, task_id, {"status": "COMPLETED", "completed_via_journey": True}, user="")
    return find_execution(scope, key)


def journeys_of(task: Mapping[str, Any]) -> Iterator[Json]:
    """The journeys of a task: its own, its customers', its installers'."""
    for place in (task, task.get("ecp") or {}, task.get("installer") or {}):
        if place.get("journey"):
            yield place["journey"]


# -- the portal -------------------------------------------------------------------------------------------------------


def portal_of(entity: Entity) -> list[Json]:
    """The executions about an entity that have something for customers, and in each the tasks that are for them."""
    scope = system_scope(entity.environment)
    journeys = {row.key: row for row in Journey.objects.within(scope).filter(is_enabled=True)}
    found = []
    for document in executions.found_by_entity(scope, entity.key, entity.schema):
        rows = [_row(document, task, journeys) for task in document["tasks"] if _is_shown(task)]
        if rows:
            found.append({"id": document["id"], "name": document["name"], "status": document["status"], "tasks": rows})
    return found


def offered_to(entity: Entity) -> list[Json]:
    """What customers may begin on their portal, by filling in a journey: templates that are available there, and
    automations that wait for what customers make.
    """
    scope = system_scope(entity.environment)
    wanted, schemas = set(), begun_by_customers(entity.environment_id)
    for trigger in _triggers_in_portals(scope):
        if trigger.get("type") == "journey_submission":
            wanted.add(trigger.get("journey_id"))
        elif trigger.get("type") == "journey_automation" and trigger.get("entity_schema"):
            schemas.add(trigger["entity_schema"])
    token = token_of(entity)
    return [
        {"name": row.name, "address": f"/journeys/{row.secret_path}/?portal={token}"}
        for row in Journey.objects.within(scope).filter(is_enabled=True, is_public=True).order_by("name", "key")
        if row.key in wanted or (row.entity_schema or DEFAULT_SCHEMA) in schemas
    ]


def _triggers_in_portals(scope: Scope) -> Iterator[Mapping[str, Any]]:
    rows = listings.flows(scope).filter(is_enabled=True, live_version__isnull=False)
    begun = listings.started_by(rows, "journey_submission") | listings.started_by(rows, "journey_automation")
    for row in begun.order_by("pk"):
        template = kept_of(row).get("template") or {}
        if template.get("available_in_ecp"):
            yield from (template.get("trigger") or {}, *(template.get("additional_triggers") or ()))


def _is_shown(task: Mapping[str, Any]) -> bool:
    return bool((task.get("ecp") or {}).get("enabled"))


def _row(document: Json, task: Json, journeys: Mapping[str, Journey]) -> Json:
    ecp = task["ecp"]
    is_current = any(entry["id"] == task["id"] for entry in document["crt_tasks"])
    is_open = is_current and task["enabled"] and task["status"] not in FINISHED and document["status"] == "STARTED"
    journey = journeys.get((ecp.get("journey") or {}).get("journeyId", ""))
    address = ""
    if journey is not None and is_open:
        address = f"/journeys/{journey.secret_path}/?task={task_token(document['id'], task['id'])}"
    return {
        "id": task["id"],
        "name": ecp.get("label") or task["name"],
        "description": ecp.get("description") or "",
        "is_done": task["status"] in FINISHED,
        "is_open": is_open,
        "due_date": task.get("due_date"),
        "journey": address,
        "may_complete": is_open and not address and task["task_type"] == "MANUAL",
    }


def complete_for(entity: Entity, execution: str, task_id: str) -> None:
    """A customer completes a task of theirs. Raises `Refusal` 404 for what their portal does not offer."""
    for shown in portal_of(entity):
        if shown["id"] == execution and any(t["id"] == task_id and t["may_complete"] for t in shown["tasks"]):
            tasks.patch_task(system_scope(entity.environment), execution, task_id, {"status": "COMPLETED"}, user="")
            return
    raise Refusal(404, "Task not found")
