"""A version as a workflow: its config and its stages, made once per version and process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from designer.graph.model import Json
from designer.graph.plan import Plan
from designer.services.versions import plan_of
from dialects.formance.translate import Stage, config_of, stages_of

MOST_REMEMBERED: Final = 2_000


@dataclass(frozen=True, slots=True)
class Definition:
    """`config` is shared and not to be changed."""

    plan: Plan
    config: dict[str, Json]
    stages: tuple[Stage, ...]


_known: dict[int, Definition] = {}


def definition_of(version_id: int) -> Definition:
    """The version as a workflow."""
    plan = plan_of(version_id)
    known = _known.get(version_id)
    if known is None or known.plan is not plan:
        if len(_known) >= MOST_REMEMBERED:
            _known.clear()
        known = _known[version_id] = Definition(plan, config_of(plan.flow, plan), stages_of(plan.flow, plan))
    return known
