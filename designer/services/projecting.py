"""The rows of a graph, kept equal to its document: `Phase`, `Task`, `Edge`, `Condition`, `EntitySync`.

The document is the truth. Rows of a version are written once, as those of a new flow's draft are; later the rows of a
draft are compared with the wanted ones, and only what differs is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from django.db import transaction

from designer import models
from designer.graph.codec import encode_requirement, encode_statement
from designer.graph.model import Condition, Edge, Flow, Phase, Task, note_of_ref

Row = TypeVar("Row", models.Phase, models.Task, models.Edge, models.Condition, models.EntitySync)

BATCH = 500


@transaction.atomic
def write_rows(row: models.Flow, version: models.Version | None, flow: Flow) -> None:
    """Write `flow` as the rows of a new version, or of the draft (`version` None) of a new flow: none are there yet."""
    phases = models.Phase.objects.bulk_create(
        [models.Phase(flow=row, version=version, **values) for values in _phases(flow)], batch_size=BATCH
    )
    by_key = {phase.key: phase for phase in phases}
    tasks = models.Task.objects.bulk_create(
        [models.Task(flow=row, version=version, **_with_phase(values, by_key)) for values in _tasks(flow)],
        batch_size=BATCH,
    )
    owners = {task.key: task for task in tasks}
    models.Edge.objects.bulk_create(
        [models.Edge(flow=row, version=version, **values) for values in _edges(flow)], batch_size=BATCH
    )
    models.Condition.objects.bulk_create(
        [
            models.Condition(flow=row, version=version, **{**values, "task": owners[values["task"]]})
            for values in _conditions(flow)
        ],
        batch_size=BATCH,
    )
    models.EntitySync.objects.bulk_create(
        [models.EntitySync(flow=row, version=version, **values) for values in _syncs(flow)], batch_size=BATCH
    )


# -- the draft --------------------------------------------------------------------------------------------------------


@transaction.atomic
def rewrite_draft(row: models.Flow, flow: Flow, touched: frozenset[str]) -> None:
    """Make the rows of the draft equal to `flow`.

    `touched`: what an edit touched (`graph.edits.Applied`). A move of tasks alone then costs two statements.
    """
    rows = frozenset(ref for ref in touched if note_of_ref(ref) is None)
    if touched and not rows:
        return  # notes stand in the flow's document only
    if rows and not _moves_places(row, flow, rows):
        _write_touched_tasks(row, flow, rows)
    else:
        _write_draft(row, flow)


def _moves_places(row: models.Flow, flow: Flow, touched: frozenset[str]) -> bool:
    """Whether an edit may have changed more than single tasks: then everything is compared."""
    if any(ref not in flow.tasks for ref in touched):
        return True
    known = models.Task.objects.filter(flow=row, version=None, key__in=touched).count()
    return known != len(touched)


def _write_touched_tasks(row: models.Flow, flow: Flow, touched: frozenset[str]) -> None:
    wanted = [_task(flow.tasks[key], position) for position, key in enumerate(flow.tasks) if key in touched]
    phases = {p.key: p for p in _draft(models.Phase, row)}
    stored = models.Task.objects.filter(flow=row, version=None, key__in=touched).select_related("phase").order_by()
    owners = _settle(
        models.Task,
        list(stored),
        [_with_phase(v, phases) for v in wanted],
        row,
        lambda task: task.key,
        may_delete=False,
    )
    conditions = [values for values in _conditions(flow) if values["task"] in touched]
    _settle_conditions(row, {task.key: task for task in owners}, conditions)


def _write_draft(row: models.Flow, flow: Flow) -> None:
    phases = _settle(models.Phase, _draft(models.Phase, row), _phases(flow), row, lambda phase: phase.key)
    by_key = {phase.key: phase for phase in phases}
    tasks = [_with_phase(values, by_key) for values in _tasks(flow)]
    owners = _settle(models.Task, _draft(models.Task, row), tasks, row, lambda task: task.key)
    _settle(models.Edge, _draft(models.Edge, row), _edges(flow), row, _edge_identity)
    _settle_conditions(row, {task.key: task for task in owners}, list(_conditions(flow)))
    _settle(models.EntitySync, _draft(models.EntitySync, row), _syncs(flow), row, lambda sync: sync.position)


def _draft(model: type[Row], row: models.Flow) -> list[Row]:
    # In no order: that of the model goes by the names of flows, which takes Django longer than all the rest.
    rows = model._default_manager.filter(flow=row, version=None).order_by()
    return list(rows.select_related("phase") if model is models.Task else rows)


def _settle_conditions(row: models.Flow, owners: dict[str, models.Task], wanted: Sequence[dict[str, Any]]) -> None:
    stored = list(models.Condition.objects.filter(task__in=owners.values()).select_related("task").order_by())
    values = [{**each, "task": owners[each["task"]]} for each in wanted]
    _settle(models.Condition, stored, values, row, lambda condition: (condition.task.pk, condition.key))


def _settle(
    model: type[Row],
    stored: Sequence[Row],
    wanted: Iterable[dict[str, Any]],
    row: models.Flow,
    identity: Callable[[Row], Any],
    *,
    may_delete: bool = True,
) -> list[Row]:
    """Delete what is not wanted, change what differs, add what is missing. Answers the rows that now stand."""
    by_identity = {identity(each): each for each in stored}
    added: list[Row] = []
    changed: list[Row] = []
    kept: list[Row] = []
    fields: set[str] = set()
    for values in wanted:
        fresh = model(flow=row, version=None, **values)
        found = by_identity.pop(identity(fresh), None)
        if found is None:
            added.append(fresh)
            continue
        different = [name for name, value in values.items() if getattr(found, name) != value]
        for name in different:
            setattr(found, name, values[name])
        if different:
            changed.append(found)
            fields.update(different)
        kept.append(found)
    if may_delete and by_identity:
        model._default_manager.filter(pk__in=[each.pk for each in by_identity.values()]).delete()
    if changed:
        model._default_manager.bulk_update(changed, sorted(fields), batch_size=BATCH)
    if added:
        kept.extend(model._default_manager.bulk_create(added, batch_size=BATCH))
    return kept


# -- what the rows say ------------------------------------------------------------------------------------------------


def _phases(flow: Flow) -> list[dict[str, Any]]:
    return [_phase(phase, position) for position, phase in enumerate(flow.phases.values())]


def _tasks(flow: Flow) -> list[dict[str, Any]]:
    return [_task(task, position) for position, task in enumerate(flow.tasks.values())]


def _edges(flow: Flow) -> list[dict[str, Any]]:
    return [_edge(edge, position) for position, edge in enumerate(flow.edges)]


def _conditions(flow: Flow) -> list[dict[str, Any]]:
    return [
        _condition(task, condition, position)
        for task in flow.tasks.values()
        for position, condition in enumerate(task.conditions)
    ]


def _syncs(flow: Flow) -> list[dict[str, Any]]:
    return [{"position": position, "settings": dict(entry)} for position, entry in enumerate(flow.entity_sync)]


def _phase(phase: Phase, position: int) -> dict[str, Any]:
    frame = phase.frame
    return {
        "key": phase.key,
        "position": position,
        "name": phase.name,
        "description": phase.description,
        "requirements": [encode_requirement(requirement) for requirement in phase.requirements],
        "frame": [frame.x, frame.y, frame.width, frame.height] if frame else None,
    }


def _task(task: Task, position: int) -> dict[str, Any]:
    return {
        "key": task.key,
        "position": position,
        "phase": task.phase,
        "name": task.name,
        "kind": task.kind,
        "description": task.description,
        "settings": dict(task.settings),
        "join": task.join.value,
        "cancel_rest": task.cancel_rest,
        "at": [task.at.x, task.at.y] if task.at else None,
    }


def _edge(edge: Edge, position: int) -> dict[str, Any]:
    return {
        "position": position,
        "source": edge.source,
        "target": edge.target,
        "branch": edge.branch or "",
        "on": edge.on.value,
    }


def _condition(task: Task, condition: Condition, position: int) -> dict[str, Any]:
    return {
        "task": task.key,
        "key": condition.key,
        "position": position,
        "name": condition.name,
        "match": condition.match.value,
        "statements": [encode_statement(statement) for statement in condition.statements],
    }


def _with_phase(values: dict[str, Any], phases: dict[str, models.Phase]) -> dict[str, Any]:
    return {**values, "phase": phases.get(values["phase"] or "")}


def _edge_identity(edge: models.Edge) -> tuple[str, str, str, str]:
    return edge.source, edge.target, edge.branch, edge.on
