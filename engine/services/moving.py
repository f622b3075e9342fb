"""Migrating an instance to another version of its flow: what is in the way, and doing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.audit import record
from accounts.scope import Scope
from designer.graph.model import Json
from designer.graph.plan import PlanNode
from designer.models import Version
from designer.services.versions import plan_of
from engine.calls.models import Call
from engine.core.facts import FactType
from engine.core.migrating import Move, Obstacle, carry_over, find_obstacles, is_movable, needs_place
from engine.core.migrating import migrate as fold_migration
from engine.core.state import State, StepStatus, new_state
from engine.models import Instance, Step, Timer
from engine.services.actors import actor_of
from engine.services.advancing import change_instance
from engine.services.calls import repeat_signals
from engine.services.case import Case
from engine.services.errors import InvalidInput, NotLegalNow
from engine.services.states import read_state

NO_MAPPING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class CarriedStep:
    """A step that is kept: `task` and `to` are its keys in both versions, `name` and `becomes` what people call it."""

    task: str
    to: str
    iteration: int
    status: str
    name: str
    becomes: str


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """What a migration comes to. Without `obstacles` it can be done; `is_done` says that it was.

    `passed_over`: tasks that only the other version has and that stand before what has begun; they are skipped.
    """

    instance: str
    from_version: int
    to_version: int
    obstacles: tuple[Obstacle, ...]
    carried: tuple[CarriedStep, ...] = ()
    passed_over: tuple[str, ...] = ()
    passed_over_names: tuple[str, ...] = ()
    is_done: bool = False

    @property
    def is_possible(self) -> bool:
        """Whether nothing is in the way."""
        return not self.obstacles


class MigrationRefused(NotLegalNow):
    """Something is in the way; `report` lists it."""

    def __init__(self, report: MigrationReport) -> None:
        super().__init__(" ".join(obstacle.reason for obstacle in report.obstacles))
        self.report = report


def migrate(
    scope: Scope,
    instance: Instance,
    *,
    version: int | str | Version,
    mapping: Mapping[str, str] | None = None,
    dry_run: bool = False,
    reason: str = "",
    now: datetime | None = None,
) -> MigrationReport:
    """Move an instance to another version: a number, a row, or `newest`. `mapping`: old keys of tasks to new ones.

    With `dry_run` nothing is changed, and the report says what would be. Raises `MigrationRefused` (not for a dry
    run), `NotLegalNow` when the instance has ended or is rolling back, `InvalidInput` for a version or a task that
    there is not.
    """
    instance.refresh_from_db(fields=["version", "state", "status"])
    chosen = dict(mapping or {})
    target = _target(instance, version, chosen)
    if dry_run:
        return _report(instance, target, chosen, _state_of(instance))
    reports: list[MigrationReport] = []

    def apply(case: Case) -> None:
        reports.append(move(scope, case, target, reason=reason, mapping=chosen))

    with transaction.atomic():
        before: dict[str, Json] = {"status": instance.status, "version": instance.version.number}
        change_instance(instance.pk, apply, now=now or timezone.now())
        instance.refresh_from_db()
        after: dict[str, Json] = {"status": instance.status, "version": target.number, "reason": reason}
        if chosen:
            after["mapping"] = chosen
        record(scope, "instance.migrated", instance, before=before, after=after)
    return reports[0]


def look_ahead(
    instance: Instance, *, version: int | str | Version, mapping: Mapping[str, str] | None = None
) -> MigrationReport:
    """What a migration of an instance, as it was loaded, would come to. Raises as `migrate`, but for what is in the
    way: the report lists that."""
    target = _target(instance, version, mapping or {})
    return _report(instance, target, mapping or {}, _state_of(instance))


def _target(instance: Instance, version: int | str | Version, mapping: Mapping[str, str]) -> Version:
    target = find_version(instance, version)
    if target is None or target.pk == instance.version_id:
        raise NotLegalNow(f"The instance runs version {instance.version.number} already.")
    why_not = is_movable(_state_of(instance).status)
    if why_not is not None:
        raise NotLegalNow(why_not)
    _check_mapping(instance, target, mapping)
    return target


def find_version(instance: Instance, version: int | str | Version | None) -> Version | None:
    """The version that is meant; None for the instance's own. Raises `InvalidInput` when there is no such version."""
    if version in (None, "", "same"):
        return None
    if version == "newest":
        return instance.flow.live_version
    if isinstance(version, Version):
        found = version if version.flow_id == instance.flow_id else None
    else:
        known = isinstance(version, int) and not isinstance(version, bool) and 0 < version < 2**31
        found = Version.objects.filter(flow_id=instance.flow_id, number=version).first() if known else None
    if found is None:
        raise InvalidInput([("version", "is no version of this flow")])
    return found


def move(
    scope: Scope, case: Case, version: Version, *, reason: str, mapping: Mapping[str, str] = NO_MAPPING
) -> MigrationReport:
    """Tell a locked case that it goes on in `version`. Raises `MigrationRefused`.

    Its transaction has to be given up when that is raised, or anything after it.
    """
    old_number = Version.objects.values_list("number", flat=True).get(pk=case.row.version_id)
    target = plan_of(version.pk)
    way = Move.of(case.plan, target, case.state, mapping, version.number)
    obstacles = (*find_obstacles(way, case.state), *_taken_keys(case, way))
    report = MigrationReport(
        case.row.key, old_number, version.number, obstacles, _carried(way, case.state), is_done=not obstacles
    )
    if obstacles:
        raise MigrationRefused(report)
    data: dict[str, Json] = {
        "actor": actor_of(scope),
        "reason": reason,
        "from": old_number,
        "to": version.number,
        "before": {"version": old_number},
        "after": {"version": version.number},
    }
    if mapping:
        data["mapping"] = dict(mapping)
    _rename_steps(case, way)
    fact = case.fact(FactType.INSTANCE_MIGRATED, **data)
    case.move(version.pk, target, fold_migration(way, case.state, fact, now=case.now))
    return report


def _report(instance: Instance, version: Version, mapping: Mapping[str, str], state: State) -> MigrationReport:
    way = Move.of(plan_of(instance.version_id), plan_of(version.pk), state, mapping, version.number)
    obstacles = tuple(find_obstacles(way, state))
    passed: tuple[PlanNode, ...] = ()
    if not obstacles:
        after = carry_over(way, state)
        named = {way.counterpart(node.index) for node in way.old.nodes}
        passed = tuple(n for n in way.new.nodes if n.index in after.passed and n.index not in named)
    return MigrationReport(
        instance.key,
        instance.version.number,
        version.number,
        obstacles,
        _carried(way, state),
        passed_over=tuple(node.key for node in passed),
        passed_over_names=tuple(node.name for node in passed),
    )


def _carried(way: Move, state: State) -> tuple[CarriedStep, ...]:
    kept = (node for node in way.old.nodes if needs_place(way.old, state, node))
    placed = ((node, way.counterpart(node.index)) for node in kept)
    return tuple(
        CarriedStep(
            node.key,
            way.key(node.key),
            state.iteration(node.index),
            state.nodes[node.index].value,
            node.name,
            way.new.nodes[place].name,
        )
        for node, place in placed
        if place is not None and state.nodes[node.index] is not StepStatus.IDLE
    )


def _state_of(instance: Instance) -> State:
    return read_state(instance.state) if instance.state else new_state(plan_of(instance.version_id))


def _check_mapping(instance: Instance, version: Version, mapping: Mapping[str, str]) -> None:
    old, new = plan_of(instance.version_id).flow, plan_of(version.pk).flow
    problems = [
        (f"mapping.{key}", f"version {instance.version.number} has no task {key!r}")
        for key in mapping
        if key not in old.tasks
    ]
    problems += [
        (f"mapping.{key}", f"version {version.number} has no task {to!r}")
        for key, to in mapping.items()
        if to not in new.tasks
    ]
    if problems:
        raise InvalidInput(problems)


# -- rows of steps that are called otherwise --------------------------------------------------------------------------


def _renamed(way: Move) -> dict[str, str]:
    return {key: to for key, to in way.mapping.items() if key != to}


def _taken_keys(case: Case, way: Move) -> list[Obstacle]:
    """Steps under a key that another task is to have, and that stay where they are."""
    renamed = _renamed(way)
    targets = set(renamed.values()) - renamed.keys()
    rows = Step.objects.filter(instance_id=case.row.id, task__in=targets).exclude(status="skipped")
    found = []
    for row in rows.order_by("task", "iteration"):
        node = case.plan.index.get(row.task)
        name = row.task if node is None else case.plan.nodes[node].name
        reason = f"{name} has steps of its own: map it to another task too."
        found.append(Obstacle(row.task, row.iteration, row.status, reason))
    return found


def _rename_steps(case: Case, way: Move) -> None:
    """By way of names that no task can have, so that two tasks may change places."""
    renamed = _renamed(way)
    if not renamed:
        return
    targets = set(renamed.values()) - renamed.keys()
    Step.objects.filter(instance_id=case.row.id, task__in=targets).delete()
    mine_of = (Step.objects.filter(instance_id=case.row.id), Timer.objects.filter(instance_id=case.row.id))
    for mine in (*mine_of, Call.objects.filter(parent_id=case.row.id)):
        for number, key in enumerate(renamed):
            mine.filter(task=key).update(task=f"~{number}")
        for number, to in enumerate(renamed.values()):
            mine.filter(task=f"~{number}").update(task=to)
    repeat_signals(case.row.id, renamed)
