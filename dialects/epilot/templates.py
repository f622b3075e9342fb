"""Flow templates: our flows, as the vendor's clients make, change, find and copy them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.scope import Scope
from designer.graph.model import Flow as Graph
from designer.graph.plan import FlowNotRunnable, compile_plan
from designer.models import Flow, Origin
from designer.services.drafting import create_flow, draft_of, replace_draft
from designer.services.guards import instances
from designer.services.publishing import publish_flow
from designer.services.versions import delete_flow, set_enabled
from dialects.epilot import automations, journey_copies, listings
from dialects.epilot.checking.limits import limit_warnings, refuse_beyond_limits
from dialects.epilot.checking.rules import check_rules
from dialects.epilot.copying import renamed
from dialects.epilot.errors import Refusal, bad_request, unknown_definition, unknown_reason
from dialects.epilot.ids import iso, long_id, short_id
from dialects.epilot.reasons import ids_by_title, import_reasons, reasons_json, titles_by_id
from dialects.epilot.translate.incoming import flow_of
from dialects.epilot.translate.outgoing import template_of, version_of
from dialects.epilot.translate.words import DIALECT, name_of

Json = dict[str, Any]
CHANGED: Final = "Workflow was changed by someone else after you loaded it"
ANSWERS_ONLY: Final = ("id", "org_id", "created_at", "updated_at", "limit_warnings", "_resolved_automations")


# -- finding ----------------------------------------------------------------------------------------------------------


def kept_of(row: Flow) -> Mapping[str, Any]:
    """What a flow keeps for this dialect."""
    found: Mapping[str, Any] = draft_of(row).extensions.get(DIALECT, {})
    return found


def find_template(scope: Scope, id: str) -> Flow:
    """The flow of a template. Raises `Refusal` 404, also for a definition of the older API."""
    row = Flow.objects.within(scope).select_related("live_version", "environment").filter(key=id).first()
    if row is None or is_gone(row) or "definition" in kept_of(row):
        raise unknown_definition(id)
    return row


def is_gone(row: Flow) -> bool:
    """Whether a flow was deleted here, and only stays for the executions it has."""
    return bool(kept_of(row).get("deleted"))


class Answers:
    """Templates as they are answered; the library of closing reasons is read once."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.reasons = reasons_json(scope)
        self.ids = {reason["title"]: id for id, reason in self.reasons.items()}

    def stored(self, row: Flow) -> Json:
        """A template without what answers add."""
        return template_of(draft_of(row), reasons=self.ids)

    def __call__(self, row: Flow) -> Json:
        """A template with its id, times, closing reasons in full, and warnings."""
        template = self.stored(row)
        answer: Json = {
            "id": row.key,
            "org_id": str(self.scope.organization.pk),
            **template,
            "enabled": row.is_enabled,
            "created_at": iso(row.created_at),
            "updated_at": iso(row.updated_at),
        }
        if "closing_reasons" in template:
            named = template["closing_reasons"]
            answer["closing_reasons"] = [self.reasons[r["id"]] for r in named if r["id"] in self.reasons]
        warnings = limit_warnings(template)
        return {**answer, "limit_warnings": warnings} if warnings else answer


# -- making and changing ----------------------------------------------------------------------------------------------


def create_template(scope: Scope, body: Json, *, enforce_limits: bool = False) -> Flow:
    """A new template, ready to be started. Raises `Refusal`."""
    template = _checked(scope, body)
    if enforce_limits:
        refuse_beyond_limits(template)
    is_enabled = template.pop("enabled", True)
    if is_enabled:
        refuse_too_many(scope)
    with transaction.atomic():
        automations.settle_automations(scope, template)
        return store_new(scope, template, is_enabled=is_enabled)


def store_new(scope: Scope, template: Json, *, is_enabled: bool, more: Mapping[str, Any] | None = None) -> Flow:
    key = free_id(scope)
    flow = flow_of(template, key=key, reasons=titles_by_id(scope))
    if more:
        flow = replace(flow, extensions={DIALECT: {**flow.extensions[DIALECT], **more}})
    row = create_flow(scope, key=key, name=flow.name, flow=flow)
    row.origin = Origin.EPILOT
    row.save(update_fields=["origin"])
    _publish(scope, row)
    if not is_enabled:
        set_enabled(scope, row, enabled=False)
    return row


def free_id(scope: Scope) -> str:
    """An id that no flow of the environment has."""
    while True:
        id = short_id()
        if not Flow.objects.within(scope).filter(key=id).exists():
            return id


def update_template(scope: Scope, id: str, body: Json, *, enforce_limits: bool = False) -> Flow:
    """Put a whole template in the place of the stored one. Raises `Refusal`; 409 when it has changed since."""
    with transaction.atomic():
        row = Flow.objects.within(scope).select_for_update(of=("self",)).get(pk=find_template(scope, id).pk)
        if body.get("updated_at") and body["updated_at"] != iso(row.updated_at):
            raise Refusal(409, CHANGED)
        before = template_of(draft_of(row), reasons=ids_by_title(scope))
        template = _checked(scope, body)
        if enforce_limits:
            refuse_beyond_limits(template, before)
        is_enabled = template.pop("enabled", True)
        if is_enabled and not row.is_enabled:
            refuse_too_many(scope)
        automations.settle_automations(scope, template)
        row = store(scope, row, template, is_enabled=is_enabled)
        automations.remove_unused(scope, automations.used_by(before) - automations.used_by(template))
        return row


def store(scope: Scope, row: Flow, template: Json, *, is_enabled: bool, more: Mapping[str, Any] | None = None) -> Flow:
    before, titles = draft_of(row), titles_by_id(scope)
    said = template_of(before, reasons={title: id for id, title in titles.items()})
    flow = flow_of(template, key=row.key, reasons=titles, before=before, said=said)
    if more:
        flow = replace(flow, extensions={**flow.extensions, DIALECT: {**flow.extensions[DIALECT], **more}})
    row = replace_draft(scope, row, flow, revision=row.draft_revision).row
    _publish(scope, row)
    set_enabled(scope, row, enabled=is_enabled)
    row.updated_at = timezone.now()
    row.save(update_fields=["updated_at"])
    return row


def _publish(scope: Scope, row: Flow) -> None:
    publish_flow(scope, row, note="Stored over the epilot API", check=refuse_what_cannot_run)


def refuse_what_cannot_run(flow: Graph) -> None:
    """Raise a `Refusal` for a graph that the engine has no plan for."""
    try:
        compile_plan(flow, may_require_later=True)
    except FlowNotRunnable as reason:
        raise bad_request(f"Workflow cannot be run: {reason.reason}") from None


def _checked(scope: Scope, body: Json) -> Json:
    """A template whose rules hold, as it is stored. Raises `Refusal`."""
    template = {name: value for name, value in body.items() if name not in ANSWERS_ONLY}
    for assignee in _assignees(template):
        if isinstance(assignee.get("value"), str):
            assignee["value"] = [assignee["value"]]
    check_rules(template)
    known = titles_by_id(scope)
    for reason in template.get("closing_reasons", ()):
        if reason["id"] not in known:
            raise unknown_reason(reason["id"], status=400)
    template.setdefault("version", version_of(template))
    return template


def _assignees(template: Json) -> list[Json]:
    groups = [template, *template.get("phases", ()), *template.get("tasks", ())]
    return [a for group in groups for a in group.get("assigned_to", ()) if isinstance(a, dict)]


def refuse_too_many(scope: Scope) -> None:
    """Raise a `Refusal` where no more workflows may be enabled."""
    if count_workflows(scope) >= settings.EPILOT_MAX_WORKFLOWS:
        raise bad_request("Maximum number of workflows reached")


def count_workflows(scope: Scope) -> int:
    """Enabled templates and definitions."""
    listings.refresh(scope)
    return listings.mine(scope).filter(is_enabled=True).count()


@transaction.atomic
def delete_template(scope: Scope, row: Flow) -> None:
    """Delete a template. One that has executions stays for them, disabled and out of sight of this dialect."""
    if not instances().unfinished(row.pk) and not instances().finished(row.pk):
        delete_flow(scope, row)
        return
    draft = draft_of(row)
    kept = {**draft.extensions.get(DIALECT, {}), "deleted": True}
    flow = replace(draft, extensions={**draft.extensions, DIALECT: kept})
    row = replace_draft(scope, row, flow, revision=row.draft_revision).row
    set_enabled(scope, row, enabled=False)


# -- copies -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def duplicate_template(scope: Scope, row: Flow) -> Flow:
    """A copy under new ids with automations of its own, disabled."""
    template = renamed(Answers(scope).stored(row), long_id).template
    template["name"] = f"{template['name']} (Copy)"
    automations.clone_all(scope, template)
    return store_new(scope, template, is_enabled=False)


def export_template(scope: Scope, row: Flow) -> Json:
    """A template with everything it refers to."""
    template = Answers(scope)(row)
    answer = {**template, "_resolved_automations": automations.resolved_automations(scope, template)}
    journeys = journey_copies.resolved_journeys(scope, template)
    return {**answer, "_resolved_journeys": journeys} if journeys else answer


@transaction.atomic
def import_template(scope: Scope, body: Json) -> tuple[Flow, Json]:
    """A new template out of an export; answers it and what its parts are called now. Raises `Refusal`."""
    old, resolved = body.get("id"), body.get("_resolved_automations") or {}
    journeys = body.pop("_resolved_journeys", None) or {}
    reasons = import_reasons(scope, body)
    template = _checked(scope, body)
    copy = renamed(template, long_id)
    is_enabled = copy.template.pop("enabled", True)
    if is_enabled:
        refuse_too_many(scope)
    made = automations.import_automations(scope, copy.template, resolved)
    made_journeys = journey_copies.import_journeys(scope, copy.template, journeys)
    automations.settle_automations(scope, copy.template)
    row = store_new(scope, copy.template, is_enabled=is_enabled)
    mappings = {
        "flow_id": {"old": old or "", "new": row.key},
        "task_ids": copy.tasks,
        "phase_ids": {a: b for a, b in copy.nodes.items() if a not in copy.tasks},
        "condition_ids": copy.conditions,
        "automation_ids": made,
        "journey_ids": made_journeys,
        "closing_reason_ids": reasons,
    }
    return row, mappings


# -- lists ------------------------------------------------------------------------------------------------------------


def listed(scope: Scope, *, trigger_type: str = "", source: str = "", schema: str = "") -> list[Json]:
    """Templates by what starts them, the newest change first."""
    rows = listings.flows(scope)
    if trigger_type == "manual":
        rows = listings.started_by(rows, trigger_type, schema=schema)
    elif trigger_type:
        name = "automation" if trigger_type == "automation" else "journey"
        rows = listings.started_by(rows, trigger_type, **{name: source})
    return list(map(Answers(scope), rows.order_by("-updated_at", "pk")))


def searched(scope: Scope, wanted: Json) -> tuple[int, list[Json]]:
    """How many templates fit, and the page of them that is asked for; ties by id."""
    rows = listings.flows(scope)
    if wanted.get("name"):
        rows = rows.filter(epilot_listing__folded_name__contains=wanted["name"].casefold())
    if wanted.get("definition_id"):
        rows = rows.filter(key=wanted["definition_id"])
    if "enabled" in wanted:
        rows = rows.filter(is_enabled=wanted["enabled"])
    if wanted.get("trigger_type"):
        rows = listings.started_by(rows, wanted["trigger_type"])
    field = wanted.get("sort_by", "updated_at")
    rows = rows.order_by(field if wanted.get("sort_order", "desc") == "asc" else f"-{field}", "key")
    start, size = wanted.get("from", 0), wanted.get("size", 25)
    return rows.count(), list(map(Answers(scope), rows[start : start + size]))


__all__ = [
    "Answers",
    "create_template",
    "delete_template",
    "duplicate_template",
    "export_template",
    "find_template",
    "import_template",
    "listed",
    "name_of",
    "searched",
    "update_template",
]
