"""What becomes of tasks that another version does not have, asked once for many instances."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from designer.graph.model import Task
from designer.services.versions import plan_of
from engine.models import Instance
from engine.services.bulk import BulkResult
from engine.services.errors import InvalidInput
from engine.services.moving import find_version
from engine.steering_forms import PLACE


@dataclass(frozen=True, slots=True)
class Place:
    """A question: what the task `label` becomes. `choices`: the other version's tasks of its kind, by key."""

    name: str
    label: str
    choices: Sequence[tuple[str, str]]
    chosen: str


def mapping_in(data: Mapping[str, Any]) -> dict[str, str]:
    """What has been chosen, old keys to new."""
    return {name.removeprefix(PLACE): data[name] for name in data if name.startswith(PLACE) and data[name]}


def places_of(result: BulkResult, version: int | str, mapping: Mapping[str, str]) -> list[Place]:
    """What to ask after a look ahead: of each task that is in the way somewhere, and of what was answered so far.

    Nothing where the instances are of several flows: a version's number means another one in each.
    """
    looked_at = [*result.done, *(one.instance for one in result.refused)]
    if len({instance.flow_id for instance in looked_at}) != 1:
        return []
    try:
        there = find_version(looked_at[0], version)
    except InvalidInput:
        return []
    tasks = _tasks(looked_at, {*in_the_way(result), *mapping})
    if there is None or not tasks:
        return []
    new = plan_of(there.pk).flow.tasks.values()
    return [
        Place(
            name=f"{PLACE}{key}",
            label=task.name or key,
            choices=[(other.key, other.name or other.key) for other in new if other.kind == task.kind],
            chosen=mapping.get(key, ""),
        )
        for key, task in tasks.items()
    ]


def in_the_way(result: BulkResult) -> set[str]:
    """The keys of the tasks for which something was refused."""
    return {path for one in result.refused for path, _ in one.problems}


def _tasks(instances: Sequence[Instance], keys: Collection[str]) -> dict[str, Task]:
    """The tasks of these keys as the instances' own versions have them, in the order of their flow."""
    versions = dict.fromkeys(instance.version_id for instance in instances)
    known = {key: task for version in versions for key, task in plan_of(version).flow.tasks.items()}
    return {key: task for key, task in known.items() if key in keys}
