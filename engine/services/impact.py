"""What publishing a graph would mean for the instances under way: where they stand, and which could go on in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final

from designer.graph.model import Flow
from designer.graph.plan import Plan, compile_plan
from designer.services.guards import Impact, Place
from designer.services.versions import plan_of
from engine.core.migrating import Move, find_obstacles, is_movable
from engine.core.state import State, new_state
from engine.models import Instance
from engine.services.states import read_state

MOST_LOOKED_AT: Final = 500
"""Each is a marking to read and to compare: enough to see what would happen, and quick enough for a page."""
NOWHERE: Final = ""
"""Where an instance stands that has not begun, or that only a program's own steps keep busy."""


def impact_of(flow_id: int, flow: Flow, number: int) -> Impact:
    """The unfinished instances of a flow against a graph without errors, as if it were its version `number`.

    Two queries, whatever their number.
    """
    unfinished = Instance.objects.filter(flow=flow_id).unfinished()
    found = list(unfinished.order_by("-pk").values_list("version", "state")[:MOST_LOOKED_AT])
    target = compile_plan(flow, may_require_later=True)
    standing: Counter[str] = Counter()
    movable: Counter[str] = Counter()
    obstacles: dict[str, Counter[str]] = defaultdict(Counter)
    could = 0
    for version, raw in found:
        plan = plan_of(version)
        state = read_state(raw) if raw else new_state(plan)
        reasons = _reasons(plan, target, state, number)
        could += not reasons
        for task in _open_tasks(plan, state):
            standing[task] += 1
            movable[task] += not reasons
            obstacles[task].update(set(reasons))
    count = len(found) if len(found) < MOST_LOOKED_AT else unfinished.count()
    places = tuple(
        Place(task, stands, movable[task], tuple(obstacles[task].most_common()))
        for task, stands in standing.most_common()
    )
    return Impact(count, len(found), could, places)


def _reasons(plan: Plan, target: Plan, state: State, number: int) -> list[str]:
    why_not = is_movable(state.status)
    if why_not is not None:
        return [why_not]
    mapping: Mapping[str, str] = {}
    return [obstacle.reason for obstacle in find_obstacles(Move.of(plan, target, state, mapping, number), state)]


def _open_tasks(plan: Plan, state: State) -> list[str]:
    nodes = zip(plan.nodes, state.nodes, strict=False)
    return [node.key for node, status in nodes if node.task is not None and status.is_open] or [NOWHERE]
