"""Promoting a flow: bringing it to another environment of the organization, where it keeps its key and its identity.

What else belongs to a flow (how it notifies, what a dialect knows of it) is copied by whoever listens to
`flow_promoted`, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.db import transaction
from django.dispatch import Signal

from accounts.audit import record
from accounts.models import Environment
from accounts.scope import Scope
from designer import models
from designer.graph.codec import graph_hash
from designer.graph.model import Flow
from designer.services.drafting import create_flow, draft_of, replace_draft
from designer.services.publishing import publish_flow
from designer.services.versions import flow_of, set_enabled
from designer.trying.services import with_trials

flow_promoted: Final = Signal()
"""Sent with `source` and `target` (rows of flows) and `scope` (that of the target)."""


class SameEnvironment(ValueError):
    """A flow is promoted to another environment than its own."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A flow in one environment: `missing`, `same` as the one it is compared with, or `different`."""

    environment: Environment
    flow: models.Flow | None
    state: str


def live_graph(row: models.Flow) -> Flow:
    """The graph that runs; the draft of a flow that was never published."""
    return flow_of(row.live_version) if row.live_version is not None else draft_of(row)


def same_graph(one: models.Flow, other: models.Flow) -> bool:
    """Whether two flows run the same, whatever they are called in their addresses."""
    key = "compared"
    left, right = replace(live_graph(one), key=key), replace(live_graph(other), key=key)
    return graph_hash(left) == graph_hash(right) and one.is_enabled == other.is_enabled


def promote_flow(
    scope: Scope, row: models.Flow, environment: Environment, *, forgives_settings: bool = False
) -> models.Flow:
    """Make the flow of the same key in `environment` equal to this one, or make it there, and publish it.

    Raises `SameEnvironment`, `FlowHasProblems`; ValueError for another organization's environment.
    """
    if environment.pk == row.environment_id:
        raise SameEnvironment("The flow is in this environment already.")
    there = scope.in_environment(environment)
    graph = with_trials(row, live_graph(row))
    with transaction.atomic():
        target = models.Flow.objects.within(there).filter(key=row.key).select_related("live_version").first()
        if target is None:
            target = create_flow(there, key=row.key, name=graph.name, flow=graph)
            target.origin = row.origin
            target.save(update_fields=["origin"])
        else:
            target = replace_draft(there, target, graph, revision=target.draft_revision).row
        flow_promoted.send(sender=models.Flow, source=row, target=target, scope=there)
        if graph.tasks:
            if target.live_version is None or target.live_version.graph_hash != graph_hash(draft_of(target)):
                note = f"From {row.environment.name}."
                publish_flow(there, target, note=note, forgives_settings=forgives_settings)
        elif target.live_version is not None:
            target.live_version = None
            target.save(update_fields=["live_version"])
        set_enabled(there, target, enabled=row.is_enabled)
        record(scope, "flow.promoted", row, after={"to": environment.slug})
    return target


@dataclass(frozen=True, slots=True)
class Row:
    """A flow, and how it stands in the other environments."""

    flow: models.Flow
    standings: tuple[Standing, ...]


def standings(scope: Scope, environments: Sequence[Environment]) -> list[Row]:
    """Every flow of the scope's environment, by name, and how it stands in the others."""
    mine = models.Flow.objects.within(scope).select_related("live_version").order_by("name", "pk")
    others = [environment for environment in environments if environment.pk != scope.environment.pk]
    rows = models.Flow.objects.filter(environment__in=others).select_related("live_version")
    by_place = {(row.environment_id, row.key): row for row in rows}
    return [
        Row(row, tuple(_standing(row, place, by_place.get((place.pk, row.key))) for place in others)) for row in mine
    ]


def standing_of(row: models.Flow, environment: Environment) -> Standing:
    """How one flow stands in an environment."""
    rows = models.Flow.objects.filter(environment=environment, key=row.key).select_related("live_version")
    return _standing(row, environment, rows.first())


def _standing(row: models.Flow, environment: Environment, other: models.Flow | None) -> Standing:
    if other is None:
        return Standing(environment, None, "missing")
    return Standing(environment, other, "same" if same_graph(row, other) else "different")
