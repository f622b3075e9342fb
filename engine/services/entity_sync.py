"""What flows write back to the entities their instances are about (`entity_sync` of the flow file).

A rule names a moment, an entity by its name in the context, and values, which are templates over the instance's data.
It is carried out in the transaction of the moment, and the instance's history says so: `EntitySynced`. A rule that
cannot be carried out (no such entity is linked, a template fails, a value is not shown anywhere) is told with its
reason, and holds up nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from accounts.models import Environment
from accounts.scope import Scope, system_scope
from designer.graph.hiding import Hidden, hidden_in
from designer.graph.model import Flow, Json
from designer.graph.references import read_template, texts_of
from engine.core.facts import Fact, FactType
from engine.core.templates import TemplateError, render_value
from engine.entities.store import REFERENCE
from engine.services.advancing import change_instance
from engine.services.case import Case
from engine.services.entity_changes import Author, write_attributes
from engine.services.errors import InvalidInput
from engine.services.step_data import Needs, data_for, load

MOMENTS: Final = {
    FactType.INSTANCE_STARTED: "started",
    FactType.INSTANCE_COMPLETED: "completed",
    FactType.INSTANCE_FAILED: "failed",
    FactType.INSTANCE_CLOSED: "closed",
}
OWN_RULES: Final = "own_entity_sync"
"""In the trigger of an instance: rules, of one attribute each, that whoever started it carries out."""
EVERYTHING: Final = Needs(instance=True, steps=None)
Rule = Mapping[str, Json]


@dataclass(slots=True)
class Writing:
    """What one instance writes: values by entity, and what is told of it."""

    case: Case
    values: dict[str, dict[str, Json]] = field(default_factory=dict)
    schemas: dict[str, str] = field(default_factory=dict)
    problems: list[dict[str, Json]] = field(default_factory=list)

    def author(self, flow: Flow) -> Author:
        """The instance, and how many changes led to it."""
        by = {"type": "instance", "id": self.case.row.id, "name": f"{flow.name} {self.case.row.key}"}
        trigger = (self.case.loaded.instance or {}).get("trigger") or {}
        return Author(by, self.case.row.id, depth_of(trigger) + 1)


def depth_of(trigger: Any) -> int:
    """How many changes of entities led to an instance."""
    depth = trigger.get("depth") if isinstance(trigger, Mapping) else None
    return depth if isinstance(depth, int) and not isinstance(depth, bool) else 0


def has_rules(flow: Flow) -> bool:
    """Whether its instances write to entities."""
    return bool(flow.entity_sync)


def sync_entities(cases: Sequence[Case]) -> list[int]:
    """Carry out the rules whose moment has come in these cases; answers the instances that were told so.

    Entities are written in the order of their keys across all cases, so that two workers never wait for each other.
    """
    due = [(case, rules) for case in cases if (rules := list(_due(case)))]
    if not due:
        return []
    load([(case, EVERYTHING) for case, _ in due])
    writings = [_written(case, rules) for case, rules in due]
    scopes = _scopes({writing.case.row.environment_id for writing in writings})
    plans = [(key, writing) for writing in writings for key in writing.values]
    for key, writing in sorted(plans, key=lambda plan: plan[0]):
        scope = scopes[writing.case.row.environment_id]
        try:
            author = writing.author(writing.case.plan.flow)
            write_attributes(scope, key, writing.schemas[key], writing.values[key], author)
        except InvalidInput as refused:
            writing.problems.append({"entity": key, "reason": str(refused)[:500]})
            writing.values[key] = {}
    writings = [writing for writing in writings if writing.values or writing.problems]
    for writing in writings:
        change_instance(writing.case.row.id, partial(_tell, writing=writing), now=writing.case.now)
    return [writing.case.row.id for writing in writings]


def _scopes(environments: set[int]) -> dict[int, Scope]:
    rows = Environment.objects.select_related("organization").filter(pk__in=environments)
    return {row.pk: system_scope(row) for row in rows}


def _due(case: Case) -> Iterator[Rule]:
    """The rules whose moment has come, as often as it has, in the order of what happened."""
    for fact in case.facts:
        moment = _moment(fact)
        if moment:
            yield from (rule for rule in case.plan.flow.entity_sync if rule.get("on") == moment)


def _moment(fact: Fact) -> str:
    if fact.type is FactType.STEP_COMPLETED:
        return f"task:{fact.task}"
    if fact.type is FactType.PHASE_COMPLETED:
        return f"phase:{fact.data.get('phase')}"
    return MOMENTS.get(fact.type, "")


def _written(case: Case, rules: Sequence[Rule]) -> Writing:
    writing = Writing(case)
    instance = case.loaded.instance or {}
    data = data_for(case, EVERYTHING)
    is_input_hidden = bool((instance.get("trigger") or {}).get("is_input_hidden"))
    hidden = hidden_in(case.plan.flow, is_input_hidden=is_input_hidden)
    linked = instance.get("context") or {}
    own = (instance.get("trigger") or {}).get(OWN_RULES) or ()
    for rule in _without(rules, own) if own else rules:
        name = str(rule.get("entity", ""))
        found = linked.get(name)
        reason = ""
        values: Json = None
        if not isinstance(found, Mapping) or not isinstance(found.get(REFERENCE), str):
            reason = "No entity is linked under this name."
        elif _reads_hidden(rule, hidden):
            reason = "It reads what is shown nowhere, and attributes are shown."
        else:
            try:
                values = render_value(rule.get("set") or {}, data, "set")
            except TemplateError as failed:
                reason = str(failed)
        if reason or not isinstance(found, Mapping) or not isinstance(values, Mapping):
            writing.problems.append({"entity": name, "on": rule.get("on"), "reason": reason[:500]})
            continue
        key = str(found[REFERENCE])
        writing.schemas[key] = str(found.get("schema") or "entity")
        writing.values.setdefault(key, {}).update(values)
    return writing


def _without(rules: Sequence[Rule], own: Sequence[Json]) -> Iterator[Rule]:
    """The rules without the attributes that somebody else sets."""
    for rule in rules:
        values = rule.get("set")
        if not isinstance(values, Mapping):
            yield rule
            continue
        parts = {
            name: {"on": rule.get("on"), "entity": rule.get("entity"), "set": {name: values[name]}} for name in values
        }
        left = {name: values[name] for name in values if parts[name] not in own}
        if left or not values:
            yield {**rule, "set": left}


def _reads_hidden(rule: Rule, hidden: Hidden) -> bool:
    texts = (text for _, text in texts_of(rule.get("set")))
    return bool(hidden) and any(hidden.covers(path) for text in texts for path in read_template(text).paths)


def _tell(case: Case, writing: Writing) -> None:
    entities: list[Json] = [
        {"entity": key, "schema": writing.schemas[key], "set": values}
        for key, values in writing.values.items()
        if values
    ]
    told: dict[str, Json] = {"entities": entities}
    if writing.problems:
        told["problems"] = list(writing.problems)
    case.tell(case.fact(FactType.ENTITY_SYNCED, **told))
