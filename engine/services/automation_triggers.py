"""Automations that begin by themselves: when an entity is made, changed or deleted, when a journey is sent, or by hand.

An automation says what starts it in `trigger`, `[{type, configuration}]`:

    entity_operation    {schema, operations: [createEntity, updateEntity, deleteEntity]}
    journey_submission  {source_id: the journey}
    entity_manual, api_submission, …: somebody runs it

A trigger whose configuration asks for more (`filter_config`) is for whoever can read that; nothing starts it here. What
listens to `automation.ended` hears of the end of every run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from accounts.models import Environment
from accounts.scope import Scope
from engine.entities.automations import begin_run
from engine.entities.models import Automation, AutomationRun
from engine.models import InboundEvent
from engine.services.entity_changes import CREATED, DEEPEST, DELETED, UPDATED
from engine.services.entity_sync import depth_of

SUBMITTED: Final = "journey.submitted"
OPERATIONS: Final = {CREATED: "createEntity", UPDATED: "updateEntity", DELETED: "deleteEntity"}
BY_DEFAULT: Final = ("createEntity", "updateEntity")
MOST_AT_ONCE: Final = 100
"""How many automations one event begins."""


def hear(event: InboundEvent, now: datetime) -> None:
    """Begin the automations that an event starts."""
    if event.type not in (*OPERATIONS, SUBMITTED) or not isinstance(event.payload, Mapping):
        return
    depth = depth_of(event.payload)
    if depth > DEEPEST:
        return
    rows = Automation.objects.filter(environment_id=event.environment_id, is_enabled=True).exclude(trigger=[])
    wanted = (row for row in rows.order_by("pk") if any(_starts(one, event) for one in _triggers(row)))
    for _, automation in zip(range(MOST_AT_ONCE), wanted, strict=False):
        begin_run(event.environment_id, automation.key, entity_key=_entity_key(event.payload), now=now, depth=depth)


def run_by_hand(scope: Scope, automation: Automation, *, entity_key: str = "", now: datetime) -> AutomationRun:
    """Run an automation because somebody says so."""
    environment: Environment = scope.environment
    return begin_run(environment.pk, automation.key, entity_key=entity_key, now=now)


def _triggers(automation: Automation) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for entry in automation.trigger if isinstance(automation.trigger, list) else ():
        if isinstance(entry, Mapping):
            configuration = entry.get("configuration")
            yield str(entry.get("type")), configuration if isinstance(configuration, Mapping) else {}


def _starts(trigger: tuple[str, Mapping[str, Any]], event: InboundEvent) -> bool:
    type, configuration = trigger
    if configuration.get("filter_config"):
        return False
    payload = event.payload if isinstance(event.payload, Mapping) else {}
    if type == "journey_submission":
        return event.type == SUBMITTED and configuration.get("source_id") == payload.get("journey")
    if type != "entity_operation" or event.type not in OPERATIONS:
        return False
    operations = configuration.get("operations")
    allowed = operations if isinstance(operations, list) and operations else BY_DEFAULT
    schema = configuration.get("schema")
    return OPERATIONS[event.type] in allowed and schema in (None, "", payload.get("schema"))


def _entity_key(payload: Mapping[str, Any]) -> str:
    entity = payload.get("entity")
    return str((entity.get("id") if isinstance(entity, Mapping) else payload.get("id")) or "")[:200]
