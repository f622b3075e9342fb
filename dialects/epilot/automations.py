"""The automations of a template: made, changed and copied as its transient fields ask for, resolved for exports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from accounts.scope import Scope
from dialects.epilot.errors import bad_request
from dialects.epilot.listings import named_automations
from engine.entities.automations import automation_json, clone_automation, make_automation
from engine.entities.models import Automation, Outcome

Json = dict[str, Any]


def settle_automations(scope: Scope, template: Json) -> None:
    """Do what the transient fields of a template say, and take them out of it."""
    for task in template["tasks"]:
        config = task.get("automation_config")
        if config is not None:
            _settle(scope, task["name"], config)
    for trigger in triggers_of(template):
        if "trigger_config" in trigger:
            _settle_trigger(scope, template["name"], trigger)


def triggers_of(template: Mapping[str, Any]) -> Iterator[Json]:
    """The trigger of a template and its additional ones."""
    if template.get("trigger"):
        yield template["trigger"]
    yield from template.get("additional_triggers") or ()


def _settle(scope: Scope, name: str, config: Json) -> None:
    action, source = config.pop("action_config", None), config.pop("duplicated_flow_id", None)
    if source is not None:
        copy = clone_automation(scope.environment.pk, source)
        if copy is None:
            raise bad_request(f"Automation with id '{source}' not found")
        config["flow_id"] = copy.key
    if action is None:
        return
    known = Automation.objects.within(scope).filter(key=config.get("flow_id", "")).first()
    if known is None:
        config["flow_id"] = make_automation(scope.environment.pk, name=name, actions=[action]).key
    else:
        known.actions = [action]
        known.save(update_fields=["actions"])


def _settle_trigger(scope: Scope, name: str, trigger: Json) -> None:
    wanted = trigger.pop("trigger_config") or []
    known = Automation.objects.within(scope).filter(key=trigger.get("automation_id", "")).first()
    if known is None:
        trigger["automation_id"] = make_automation(scope.environment.pk, name=name, trigger=wanted).key
    else:
        known.trigger = wanted
        known.save(update_fields=["trigger"])


def used_by(template: Mapping[str, Any]) -> set[str]:
    """The automations that a template's tasks and triggers name."""
    configs = (task.get("automation_config") or {} for task in template.get("tasks", ()))
    found = {str(config["flow_id"]) for config in configs if config.get("flow_id")}
    return found | {str(trigger["automation_id"]) for trigger in triggers_of(template) if trigger.get("automation_id")}


def remove_unused(scope: Scope, ids: set[str]) -> None:
    """Delete automations that no flow of the environment names any more."""
    if not ids:
        return
    unused = ids - named_automations(scope, ids)
    Automation.objects.within(scope).filter(key__in=unused).delete()


def clone_all(scope: Scope, template: Json) -> dict[str, str]:
    """Give a copied template automations of its own; answers new keys by old ones. What is not there stays named."""
    clones: dict[str, str] = {}
    for id in sorted(used_by(template)):
        copy = clone_automation(scope.environment.pk, id)
        if copy is not None:
            clones[id] = copy.key
    rename_automations(template, clones)
    return clones


def rename_automations(template: Json, names: Mapping[str, str | None]) -> None:
    """Name other automations; None: none at all."""
    for task in template["tasks"]:
        _rename(task.get("automation_config") or {}, "flow_id", names)
    for trigger in triggers_of(template):
        _rename(trigger, "automation_id", names)


def _rename(entry: Json, field: str, names: Mapping[str, str | None]) -> None:
    if entry.get(field) in names:
        name = names[entry[field]]
        entry.pop(field)
        if name is not None:
            entry[field] = name


def resolved_automations(scope: Scope, template: Mapping[str, Any]) -> dict[str, Json | None]:
    """Each automation a template names, in full; None for one that is not there."""
    ids = used_by(template)
    rows = {row.key: row for row in Automation.objects.within(scope).filter(key__in=ids)}
    return {id: automation_json(rows[id]) if id in rows else None for id in sorted(ids)}


def import_automations(scope: Scope, template: Json, resolved: Mapping[str, Any]) -> dict[str, str]:
    """Make the automations of an export anew; answers new keys by old ones."""
    made: dict[str, str | None] = {}
    for id in sorted(used_by(template)):
        found = resolved.get(id)
        if not isinstance(found, Mapping):
            made[id] = None
            continue
        outcome = found.get("outcome")
        made[id] = make_automation(
            scope.environment.pk,
            name=str(found.get("flow_name") or found.get("name") or ""),
            actions=_objects(found.get("actions")),
            trigger=_objects(found.get("triggers")),
            outcome=outcome if outcome in Outcome.values else Outcome.SUCCESS,
            output=found["output"] if isinstance(found.get("output"), Mapping) else None,
        ).key
    rename_automations(template, made)
    return {old: new for old, new in made.items() if new is not None}


def _objects(value: Any) -> list[Json]:
    return [dict(entry) for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []
