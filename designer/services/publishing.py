"""Publishing: the draft becomes a version that never changes again, and the one that new instances run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.audit import record
from accounts.connections.models import Connection
from accounts.models import MemberGroup
from accounts.scope import Scope
from designer import models
from designer.graph.checks import Around, Problem, check_flow, names_what_is_around
from designer.graph.checks.problem import Severity
from designer.graph.codec import canonical_json, graph_hash
from designer.graph.model import Flow
from designer.services.drafting import StaleRevision, draft_of
from designer.services.errors import FlowHasProblems as FlowHasProblems
from designer.services.guards import failing_cases
from designer.services.library import link_reasons
from designer.services.projecting import write_rows
from designer.services.triggering import write_triggers
from designer.trying.services import cases_of, must_pass

LONGEST_NOTE = 500


def publish_flow(
    scope: Scope,
    row: models.Flow,
    *,
    note: str = "",
    revision: int | None = None,
    flow: Flow | None = None,
    forgives_settings: bool = False,
    check: Callable[[Flow], None] | None = None,
) -> models.Version:
    """Make the next version from the draft and let it be the live one. Running instances stay on theirs.

    With `flow` that graph is published instead, and the draft stays as it is.

    Publishing a draft that equals the live version is allowed: it makes one more version (`is_unchanged` tells
    beforehand). With `revision` the draft must be at it, else `StaleRevision`. Raises `FlowHasProblems`. Warnings do
    not hinder; with `forgives_settings` neither do the settings of tasks: such a task fails when its turn comes.
    `check` stands in for our own checks, for a dialect that has rules of its own; it must refuse what has no plan.
    """
    while True:
        # A large flow and its cases take their time: neither the flow nor a transaction is held meanwhile.
        found = models.Flow.objects.within(scope).get(pk=row.pk)
        if revision is not None and found.draft_revision != revision:
            raise StaleRevision(found.draft_revision)
        graph = draft_of(found) if flow is None else flow
        if check is None:
            refuse_problems(graph, flows=flow_keys(found.environment_id), forgives_settings=forgives_settings)
        else:
            check(graph)
        refuse_red_cases(found, graph)
        version = _publish_checked(scope, found, graph, note, must_stand=flow is None or revision is not None)
        if version is not None:
            row.live_version = version
            return version


def _publish_checked(
    scope: Scope, found: models.Flow, flow: Flow, note: str, *, must_stand: bool
) -> models.Version | None:
    """Publish what has been checked; None where the draft must still be what it was then, and is not."""
    with transaction.atomic():
        locked = models.Flow.objects.within(scope).select_for_update(of=("self",)).get(pk=found.pk)
        if must_stand and locked.draft_revision != found.draft_revision:
            return None
        version = write_version(scope, locked, flow, note)
        write_rows(locked, version, flow)
        write_triggers(locked, flow)
        link_reasons(scope, locked, flow.closing_reasons)
        locked.live_version = version
        locked.save(update_fields=["live_version"])
        record(scope, "flow.published", locked, after={"version": version.number, "note": version.note})
    return version


def flow_keys(environment_id: int) -> frozenset[str]:
    """The keys of the flows of an environment: what a flow there may call."""
    return frozenset(models.Flow.objects.filter(environment=environment_id).values_list("key", flat=True))


def around_of(row: models.Flow, flow: Flow) -> Around | None:
    """The groups and connections that the tasks of `flow`, a graph of `row`, may name; None where they name none."""
    if not names_what_is_around(flow):
        return None
    groups = MemberGroup.objects.filter(organization__environments=row.environment_id)
    connections = Connection.objects.filter(environment=row.environment_id).values_list("type", "key")
    known = {type: frozenset(key for kind, key in connections if kind == type) for type in Connection.Type.values}
    return Around(
        frozenset(groups.values_list("slug", flat=True)),
        known[Connection.Type.AGENT],
        known[Connection.Type.HTTP],
    )


def refuse_problems(flow: Flow, *, flows: Collection[str] | None = None, forgives_settings: bool = False) -> None:
    """Raise `FlowHasProblems` for what hinders publishing. `flows`: the keys of those it may call, if known."""
    errors = [problem for problem in check_flow(flow, flows=flows) if problem.is_error]
    if forgives_settings:
        errors = [problem for problem in errors if problem.field[:1] != ("settings",)]
    if errors:
        raise FlowHasProblems(errors)


def refuse_red_cases(row: models.Flow, flow: Flow) -> None:
    """Raise `FlowHasProblems` for each case that fails, where the flow's cases guard its publishing."""
    problems = red_cases(row, flow)
    if problems:
        raise FlowHasProblems(problems)


def red_cases(row: models.Flow, flow: Flow, failing: Sequence[str] | None = None) -> list[Problem]:
    """A problem for each case that stands in the way of publishing `flow`; none where cases do not guard it.

    `failing`: what `failing_cases` has said already.
    """
    if not must_pass(row):
        return []
    words = failing_cases(flow, cases_of(row)) if failing is None else failing
    return [Problem(Severity.ERROR, "case_fails", each) for each in words]


def is_unchanged(row: models.Flow) -> bool:
    """Whether publishing now would make a version equal to the live one."""
    return row.live_version is not None and row.live_version.graph_hash == graph_hash(draft_of(row))


def write_version(scope: Scope, row: models.Flow, flow: Flow, note: str) -> models.Version:
    """Store a graph as the flow's next version, without making it the live one."""
    latest = row.versions.aggregate(latest=Max("number"))["latest"] or 0
    return models.Version.objects.create(
        flow=row,
        number=latest + 1,
        note=note.strip()[:LONGEST_NOTE],
        document=canonical_json(flow).decode(),
        graph_hash=graph_hash(flow),
        published_at=timezone.now(),
        published_by=scope.user,
        published_by_name=scope.actor_name[:200],
    )
