"""Automations that begin by themselves: when an entity is made, changed or deleted, when a journey is sent, or by hand.

An automation says what starts it in `trigger`, `[{type, configuration}]`:

    entity_operation    {schema, operations: [createEntity, updateEntity, deleteEntity], include_activities,
                         exclude_activities, filter_config, ecp_config}
    journey_submission  {source_id: the journey}
    entity_manual, api_submission, …: somebody runs it

`filter_config` is `{operation: {operation, payload, diff}, activity: {type}}`, patterns (`engine.core.event_patterns`)
over the change: `payload` is the entity with `_id` and `_schema`, `diff` what was `added` (as it is now), `updated` and
`deleted` (as it was before). The activities of a store of ours are EntityCreated, EntityUpdated and EntityDeleted.

`ecp_config` `{origin, portal_id, file_config}` asks for a change that was made on a portal. An environment has one, of
its customers (`END_CUSTOMER_PORTAL`), which answers to every `portal_id`; it takes no files.

What listens to `automation.ended` hears of the end of every run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from accounts.models import Environment
from accounts.scope import Scope
from engine.core.event_patterns import fits
from engine.entities.automations import begin_run
from engine.entities.models import Automation, AutomationRun
from engine.models import InboundEvent
from engine.services.entity_changes import CREATED, DEEPEST, DELETED, UPDATED
from engine.services.entity_sync import depth_of

SUBMITTED: Final = "journey.submitted"
OPERATIONS: Final = {CREATED: "createEntity", UPDATED: "updateEntity", DELETED: "deleteEntity"}
BY_DEFAULT: Final = ("createEntity", "updateEntity")
CUSTOMERS: Final = "END_CUSTOMER_PORTAL"
ACTIVITIES: Final = {CREATED: "EntityCreated", UPDATED: "EntityUpdated", DELETED: "EntityDeleted"}
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
    payload = event.payload if isinstance(event.payload, Mapping) else {}
    if type == "journey_submission":
        return event.type == SUBMITTED and configuration.get("source_id") == payload.get("journey")
    if type != "entity_operation" or event.type not in OPERATIONS:
        return False
    if not _is_from(configuration.get("ecp_config"), payload.get("portal")):
        return False
    if configuration.get("schema") not in (None, "", payload.get("schema")):
        return False
    return _is_wanted(configuration, event.type) and _passes(configuration.get("filter_config"), event.type, payload)


def _is_from(wanted: Any, portal: Any) -> bool:
    """Whether a change was made on the portal that a trigger asks for; any change will do where it asks for none."""
    if not wanted:
        return True
    is_known = isinstance(wanted, Mapping) and not wanted.get("file_config")
    return is_known and bool(portal) and wanted.get("origin", CUSTOMERS) == portal


def begun_by_customers(environment_id: int) -> set[str]:
    """The schemas of which a customer who makes an entity on their portal begins an automation."""
    rows = Automation.objects.filter(environment_id=environment_id, is_enabled=True).exclude(trigger=[])
    return {
        str(configuration["schema"])
        for row in rows
        for type, configuration in _triggers(row)
        if type == "entity_operation" and configuration.get("schema") and configuration.get("ecp_config")
        if _is_from(configuration["ecp_config"], CUSTOMERS) and _is_wanted(configuration, CREATED)
    }


def _is_wanted(configuration: Mapping[str, Any], type: str) -> bool:
    """Whether the trigger is about operations and activities of this sort."""
    operations = configuration.get("operations")
    if isinstance(operations, list) and operations:
        allowed = OPERATIONS[type] in operations
    else:  # a filter names its operations itself
        allowed = bool(configuration.get("filter_config")) or OPERATIONS[type] in BY_DEFAULT
    included, excluded = configuration.get("include_activities"), configuration.get("exclude_activities")
    if isinstance(included, list) and included:
        allowed = allowed and ACTIVITIES[type] in included
    return allowed and not (isinstance(excluded, list) and ACTIVITIES[type] in excluded)


def _passes(filter: Any, type: str, payload: Mapping[str, Any]) -> bool:
    """Whether a change is as the filter says; everything passes where there is none."""
    if not filter:
        return True
    change = {
        "operation": {
            "operation": OPERATIONS[type],
            "payload": {**_attributes(payload), "_id": payload.get("id"), "_schema": payload.get("schema")},
            "diff": _difference(type, payload),
        },
        "activity": {"type": ACTIVITIES[type]},
    }
    return fits(as_pattern(filter), change)


def as_pattern(filter: Any) -> Any:
    """A filter with every list that it may leave out: one activity may be named alone."""
    activity = filter.get("activity") if isinstance(filter, Mapping) else None
    if isinstance(activity, Mapping) and isinstance(activity.get("type"), str):
        return {**filter, "activity": {**activity, "type": [activity["type"]]}}
    return filter


def _attributes(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    found = payload.get("attributes")
    return found if isinstance(found, Mapping) else {}


def _difference(type: str, payload: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What was added, as it is now, and what was updated and deleted, as it was before."""
    found: dict[str, dict[str, Any]] = {"added": {}, "updated": {}, "deleted": {}}
    if type != UPDATED:
        return found
    now, before = _attributes(payload), payload.get("before")
    known = before if isinstance(before, Mapping) else {}
    changed = payload.get("changed")
    for name in changed if isinstance(changed, list) else ():
        if name not in known:
            found["added"][name] = now.get(name)
        else:
            found["updated" if name in now else "deleted"][name] = known[name]
    return found


def _entity_key(payload: Mapping[str, Any]) -> str:
    entity = payload.get("entity")
    return str((entity.get("id") if isinstance(entity, Mapping) else payload.get("id")) or "")[:200]
