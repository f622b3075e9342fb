"""What a PUT binds: a workflow's name to a program, as a new version of a flow of that name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.audit import record
from accounts.scope import Scope
from designer import models
from designer.graph.codec import canonical_json
from designer.graph.model import TRIGGER, Edge, Flow, Json, Task
from designer.services.drafting import create_flow, draft_of, replace_draft
from designer.services.publishing import publish_flow
from designer.services.versions import flow_of
from dialects.cloudflare import translate
from dialects.cloudflare.bodies import UpdateWorkflow
from dialects.cloudflare.errors import invalid
from dialects.cloudflare.translate import EXTENSION
from engine.core.added import PROGRAM
from engine.core.facts import FactType
from engine.models import Instance
from engine.scripts.durations import duration_text
from engine.scripts.sources import Script, ScriptProblem, find_script, has_class
from engine.services.actors import actor_of
from engine.services.advancing import Change, change_instances
from engine.services.case import Case
from engine.services.removing import remove_all

COPIED_TRIGGERS: Final = frozenset({"manual", "api", "form"})
"""Triggers that a workflow made of another flow takes over. The others would fire twice for one event."""
UNGUARDED: Final[Mapping[str, Json]] = {"max_steps": 1_000_000, "max_facts": 1_000_000}
ENDED_AT_A_TIME: Final = 200


@dataclass(frozen=True, slots=True)
class Program:
    """What there is to run. `sort`: `flow` (drawn), `script` (code) or `none`."""

    sort: str
    flow: Flow


@transaction.atomic
def bind_workflow(scope: Scope, name: str, wanted: UpdateWorkflow) -> tuple[models.Flow, models.Version]:
    """Make the next version of the workflow `name`, and the workflow where there is none.

    Running instances stay on the version that they were started with.
    """
    row = models.Flow.objects.within(scope).select_for_update(of=("self",)).filter(key=name).first()
    before = flow_of(row.live_version) if row is not None and row.live_version is not None else None
    flow = _flow_for(find_program(scope, name, wanted), name, wanted, before)
    if row is None:
        row = create_flow(scope, key=name, name=flow.name, flow=flow)
        row.origin = models.Origin.CLOUDFLARE
        row.save(update_fields=["origin"])
    elif row.origin == models.Origin.CLOUDFLARE and canonical_json(draft_of(row)) != canonical_json(flow):
        row = replace_draft(scope, row, flow, revision=row.draft_revision).row
    return row, publish_flow(scope, row, note=f"{wanted.class_name} of {wanted.script_name}", flow=flow)


def find_program(scope: Scope, name: str, wanted: UpdateWorkflow) -> Program:
    """The program that a pair of script and class names: a script of this installation that has the class, else a
    drawn flow of this environment that is published as `script_name`. An unknown pair is bound all the same: its
    instances complete at once.
    """
    script = _script(scope, wanted.script_name)
    if script is not None and has_class(script, wanted.class_name):
        return Program("script", _flow_of_script(script, name, wanted))
    drawn = models.Flow.objects.within(scope).select_related("live_version").filter(key=wanted.script_name).first()
    if drawn is not None and drawn.live_version is not None:
        flow = flow_of(drawn.live_version)
        if translate.carried(flow).get("program", "flow") == "flow":
            return Program("flow", flow)
    nothing = Task(key="nothing", name="No program", kind="noop")
    return Program("none", Flow(key=name, name=name, tasks={"nothing": nothing}, edges=(Edge(TRIGGER, "nothing"),)))


def _script(scope: Scope, name: str) -> Script | None:
    try:
        return find_script(name, organization=scope.organization.slug)
    except ScriptProblem as bad:
        raise invalid(str(bad), "/script_name") from bad


def _flow_of_script(script: Script, name: str, wanted: UpdateWorkflow) -> Flow:
    """A flow of one task, the program, with the source it was bound with: for people and for its graph."""
    settings: dict[str, Json] = {
        "script": wanted.script_name,
        "class_name": wanted.class_name,
        "fingerprint": script.fingerprint,
        "source": script.text,
    }
    if "steps" in wanted.limits:
        settings["max_steps"] = wanted.limits["steps"]
    program = Task(key=PROGRAM, name=wanted.class_name[:200], kind=PROGRAM, settings=settings)
    triggers = ({"type": "manual"}, {"type": "api"})
    return Flow(
        key=name,
        name=name,
        tasks={PROGRAM: program},
        edges=(Edge(TRIGGER, PROGRAM),),
        triggers=triggers,
    )


def _flow_for(program: Program, name: str, wanted: UpdateWorkflow, before: Flow | None) -> Flow:
    """The graph of the new version."""
    flow = program.flow
    # The steps of a program are counted by the program itself: only those that do something.
    limits: dict[str, Json] = dict(flow.limits) if program.sort == "flow" else dict(UNGUARDED)
    if "steps" in wanted.limits and program.sort == "flow":
        limits["max_steps"] = wanted.limits["steps"]
    if "limit" in wanted.concurrency:
        limits |= {"concurrency": wanted.concurrency["limit"], "concurrency_counts": "running"}
    retention: dict[str, Json] = dict(flow.retention)
    for theirs, ours in (("success_retention", "success"), ("error_retention", "failure")):
        if theirs in wanted.default_retention:
            retention[ours] = duration_text(wanted.default_retention[theirs])
    carried: dict[str, Json] = {
        "script_name": wanted.script_name,
        "class_name": wanted.class_name,
        "program": program.sort,
        "limits": dict(wanted.limits),
        "concurrency": dict(wanted.concurrency),
        "default_retention": dict(wanted.default_retention),
    }
    triggers = _triggers(flow, name, wanted, before)
    schedules = [str(trigger["cron"]) for trigger in triggers if trigger.get("type") == "cron"]
    written = dict(zip(map(translate.cron_from_wire, wanted.schedules or ()), wanted.schedules or (), strict=True))
    known = {**_written(before), **written}
    carried["schedules"] = {cron: known[cron] for cron in schedules if cron in known}
    extensions = {**flow.extensions, EXTENSION: {key: value for key, value in carried.items() if value}}
    return replace(
        flow,
        key=name,
        name=before.name if before is not None else flow.name,
        limits=limits,
        retention=retention,
        triggers=triggers,
        extensions=extensions,
    )


def _written(flow: Flow | None) -> Mapping[str, Json]:
    """The schedules of a version as the vendor writes them, by our way of writing."""
    return {} if flow is None else translate.carried(flow).get("schedules", {})


def _triggers(flow: Flow, name: str, wanted: UpdateWorkflow, before: Flow | None) -> tuple[Mapping[str, Json], ...]:
    """The program's triggers with the schedules that the PUT names; without any, those of the version before."""
    kept = [
        t for t in flow.triggers if t.get("type") != "cron" and (flow.key == name or t.get("type") in COPIED_TRIGGERS)
    ]
    if wanted.schedules is None:
        crons = [trigger for trigger in (before.triggers if before else ()) if trigger.get("type") == "cron"]
    else:
        found = dict.fromkeys(map(translate.cron_from_wire, wanted.schedules))
        crons = [{"type": "cron", "cron": cron, "timezone": "UTC", "inputs": {}} for cron in found]
    return (*kept, *crons)


# -- taking away ------------------------------------------------------------------------------------------------------


def delete_workflow(scope: Scope, row: models.Flow) -> None:
    """Delete a workflow with its versions and instances; running ones are terminated first.

    A flow that was drawn here keeps its draft, which is the program: it is unpublished. One that a PUT has made goes.
    """
    with transaction.atomic():
        locked = models.Flow.objects.within(scope).select_for_update(of=("self",)).get(pk=row.pk)
        end_instances(scope, locked, statuses=None)
        remove_all(Instance.objects.filter(flow=locked))
        record(scope, "flow.deleted", locked, before={"key": locked.key, "versions": locked.versions.count()})
        if locked.origin == models.Origin.CLOUDFLARE:
            locked.delete()
            return
        locked.trigger_rows.all().delete()
        locked.live_version = None
        locked.save(update_fields=["live_version"])
        locked.versions.all().delete()


def end_instances(scope: Scope, row: models.Flow, *, statuses: list[str] | None) -> int:
    """Terminate the unfinished instances of a workflow, those of these statuses (ours) only. Answers how many."""
    rows = Instance.objects.filter(flow=row).unfinished()
    if statuses is not None:
        rows = rows.filter(status__in=statuses)
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    told: dict[str, Any] = {"actor": actor_of(scope), "reason": ""}

    def end(case: Case) -> None:
        case.tell(case.fact(FactType.INSTANCE_TERMINATED, **told))

    ended = 0
    for start in range(0, len(ids), ENDED_AT_A_TIME):
        with transaction.atomic():
            outcomes = change_instances(
                [Change(pk, end) for pk in ids[start : start + ENDED_AT_A_TIME]], now=timezone.now()
            )
        ended += sum(outcome.refusal is None for outcome in outcomes)
    return ended


def is_script_gone(row: models.Flow) -> bool:
    """Whether the script behind a workflow existed and does not any more, so that nothing can be started."""
    flow = flow_of(row.live_version) if row.live_version is not None else None
    if flow is None or translate.carried(flow).get("program") != "script":
        return False
    try:
        organization = row.environment.organization.slug
        script = find_script(translate.script_name_of(flow), organization=organization)
    except ScriptProblem:
        return False
    return script is None or not has_class(script, translate.class_name_of(flow))
