"""Rows as they go over the wire. The shapes are those of `schemas.py`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from accounts.lookups import Lookup
from designer.graph.diff import FieldChange, FlowDiff, Mark, diff_flows
from designer.graph.model import Flow as Graph
from designer.graph.model import note_of_ref, phase_of_ref
from designer.models import Flow, Version
from designer.services.versions import flow_of
from dialects.shared.cursors import encode_cursor
from engine.models import Event, Fact, InboundEvent, Instance, Step
from engine.services.bulk import BulkResult
from engine.services.hiding import shown_input, shown_output
from engine.services.history import in_order
from engine.services.moving import MigrationReport
from engine.services.states import read_state

REDACTED = "[REDACTED]"
Json = dict[str, Any]
_STEPS = Lookup(lambda instance: Step.objects.filter(instance=instance).select_related("claimed_by").order_by("pk"), -1)


def flow_json(flow: Flow) -> Json:
    """A flow without its graph."""
    return {
        "key": flow.key,
        "name": flow.name,
        "description": flow.description,
        "tags": flow.tags,
        "origin": flow.origin,
        "enabled": flow.is_enabled,
        "revision": flow.draft_revision,
        "live_version": flow.live_version.number if flow.live_version else None,
        "created_at": flow.created_at,
        "updated_at": flow.updated_at,
    }


def version_json(version: Version, *, live: int | None, with_file: bool = False) -> Json:
    """A published version; `live` is the id of the flow's live one."""
    body: Json = {
        "flow": version.flow.key,
        "number": version.number,
        "note": version.note,
        "is_live": version.pk == live,
        "graph_hash": version.graph_hash,
        "published_at": version.published_at,
        "published_by": version.published_by_name,
    }
    if with_file:
        body["flow_file"] = orjson.loads(version.document)
    return body


def diff_json(first: Version, second: Version) -> Json:
    """What changed on the way from one version to another: a row for each node, edge and field."""
    diff = diff_flows(flow_of(first), flow_of(second))
    changes = [*node_changes(diff), *edge_changes(diff), *field_changes("flow", first.flow.key, diff.flow)]
    return {"from": first.number, "to": second.number, "is_equal": not changes, "changes": changes}


def node_changes(diff: FlowDiff) -> Iterator[Json]:
    """Tasks, phases and notes: each that came, went or moved, and each field of those that changed."""
    for ref, mark in diff.nodes.items():
        phase, note = phase_of_ref(ref), note_of_ref(ref)
        what, key = ("phase", phase) if phase is not None else ("note", note) if note is not None else ("task", ref)
        if mark is Mark.CHANGED:
            yield from field_changes(what, key, diff.fields.get(ref, ()))
        else:
            yield change(what, key, mark.value)


def edge_changes(diff: FlowDiff) -> Iterator[Json]:
    """Edges that came or went."""
    for edge, mark in diff.edges.items():
        yield change("edge", edge.id, mark.value)


def field_changes(what: str, key: str, changes: Iterable[FieldChange]) -> Iterator[Json]:
    """The fields of one thing that differ."""
    for one in changes:
        yield change(what, key, Mark.CHANGED.value, field=one.path, before=one.before, after=one.after)


def change(what: str, key: str, word: str, *, field: str | None = None, before: Any = None, after: Any = None) -> Json:
    """One row of a comparison."""
    return {"what": what, "key": key, "change": word, "field": field, "before": before, "after": after}


def instance_summary(instance: Instance) -> Json:
    """An instance in a list."""
    return {
        "id": instance.key,
        "flow": instance.flow.key,
        "version": instance.version.number,
        "status": instance.status,
        "error": instance.error,
        "trigger": instance.trigger,
        "created_at": instance.created_at,
        "started_at": instance.started_at,
        "ended_at": instance.ended_at,
    }


def instance_json(instance: Instance) -> Json:
    """An instance with its steps in the order they began: a fixed number of queries. Of one that has just been started
    what it began is known.
    """
    graph = flow_of(instance.version)
    begun = instance.begun
    steps = in_order(_STEPS.all(instance.pk)) if begun is None else [begun]
    calls = calls_of(instance, steps)
    return {
        **instance_summary(instance),
        "input": shown_input(instance),
        "output": shown_output(instance),
        "steps": [step_json(step, graph, calls.get((step.task, step.iteration), ())) for step in steps],
        "waiting_for": waiting_json(instance, steps),
        "warnings": warnings_json(instance),
    }


def warnings_json(instance: Instance) -> list[Json]:
    """The limits it has nearly used up: `{limit, count, most}`."""
    if not instance.state or not read_state(instance.state).warned:
        return []
    return list(instance.facts.filter(type="InstanceWarned").order_by("number").values_list("data", flat=True))


def calls_of(instance: Instance, steps: Iterable[Step]) -> dict[tuple[str, int], list[Json]]:
    """The instances that its steps have called, by task and iteration."""
    found: dict[tuple[str, int], list[Json]] = {}
    if any(step.kind == "call" for step in steps):
        for call in instance.calls.select_related("child").only(
            "parent_id", "task", "iteration", "flow_key", "child_key", "child__status"
        ):
            status = call.child.status if call.child else None
            one = {"flow": call.flow_key, "instance": call.child_key, "status": status}
            found.setdefault((call.task, call.iteration), []).append(one)
    return found


def step_json(step: Step, graph: Graph, calls: Iterable[Json] = ()) -> Json:
    """A step; a sensitive output is never shown. `calls`: the instances it has called."""
    task = graph.tasks.get(step.task)
    return {
        "task": step.task,
        "name": task.name if task else step.task,
        "kind": step.kind,
        "iteration": step.iteration,
        "status": step.status,
        "attempts": step.attempts,
        "input": step.input,
        "output": REDACTED if step.is_sensitive and step.output is not None else step.output,
        "error": step.error,
        "started_at": step.started_at,
        "ended_at": step.ended_at,
        "wakes_at": step.wakes_at,
        "calls": list(calls),
    }


def waiting_json(instance: Instance, steps: Iterable[Step]) -> list[Json]:
    """What an unfinished instance waits for."""
    if instance.is_final:
        return []
    return [wait_json(step) for step in steps if step.status in ("waiting", "held", "retrying")]


def wait_json(step: Step) -> Json:
    """What one step waits for: a timer, its scheduled start, an event, a person or an instance it has called."""
    body: Json = {"task": step.task, "iteration": step.iteration, "for": step.waits_for or "timer"}
    if step.waits_for == "event":
        body["event_type"] = step.event_type
    if step.waits_for == "person":
        body |= people_json(step)
    if step.wakes_at is not None:
        body["wakes_at"] = step.wakes_at
    return body


def people_json(step: Step) -> Json:
    """Who is to do a human task, and by when."""
    return {
        "assigned_to": step.assigned_to,
        "claimed_by": step.claimed_by.email if step.claimed_by else None,
        "due_at": step.due_at,
    }


def inbox_json(step: Step) -> Json:
    """An open human task, with what is needed to do it."""
    instance = step.instance
    task = flow_of(instance.version).tasks.get(step.task)
    return {
        "instance": instance.key,
        "flow": instance.flow.key,
        "task": step.task,
        "name": task.name if task else step.task,
        "kind": step.kind,
        "iteration": step.iteration,
        "status": step.status,
        **people_json(step),
        "form": task.settings.get("form") if task else None,
        "branches": list(task.branches) if task else [],
    }


def migration_json(report: MigrationReport) -> Json:
    """What a migration would come to."""
    return {
        "is_possible": report.is_possible,
        "from": report.from_version,
        "to": report.to_version,
        "obstacles": [
            {"task": one.task, "iteration": one.iteration, "status": one.status, "reason": one.reason}
            for one in report.obstacles
        ],
        "carried": [
            {"task": one.task, "to": one.to, "iteration": one.iteration, "status": one.status} for one in report.carried
        ],
        "passed_over": list(report.passed_over),
    }


def bulk_json(result: BulkResult, missing: Iterable[Json] = ()) -> Json:
    """What became of each instance of a bulk request; `missing`: named ones that there are not."""
    refused = [
        {
            "id": one.instance.key,
            "flow": one.instance.flow.key,
            "reason": one.reason,
            "errors": [{"path": path, "message": message} for path, message in one.problems],
        }
        for one in result.refused
    ]
    return {
        "action": result.action,
        "done": [{"id": one.key, "flow": one.flow.key} for one in result.done],
        "refused": [*refused, *({**one, "errors": []} for one in missing)],
        "next": None if result.next is None else encode_cursor(result.next),
    }


def fact_json(fact: Fact) -> Json:
    """A fact of the history."""
    return {
        "number": fact.number,
        "type": fact.type,
        "at": fact.at,
        "task": fact.task or None,
        "iteration": fact.iteration,
        "data": fact.data,
    }


def event_json(event: Event | InboundEvent) -> Json:
    """That an event was taken in."""
    return {"id": event.pk, "type": event.type, "received_at": event.received_at}
