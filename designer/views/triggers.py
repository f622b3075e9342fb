"""What starts instances of a flow: its published triggers, and how to change them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.clean_json import BadJson, clean_json
from accounts.http import HtmxHttpRequest
from accounts.roles import Role
from accounts.scope import Scope, scoped
from accounts.sealing import SecretUnreadable, unseal
from designer import models
from designer.forms import PlannedSwitchForm
from designer.graph.flow_fields import TRIGGER_TYPES
from designer.graph.model import Json
from designer.graph.sample_events import sample_event
from designer.services.drafting import draft_of
from designer.services.guards import Firing, TriedTrigger, instances
from designer.services.outside_triggers import find_source, outside_triggers_of, sources_for, try_outside_trigger
from designer.services.triggering import renew_address, set_active
from designer.services.versions import flow_of
from designer.switching.models import PlannedSwitch
from designer.trying.services import sample_of
from designer.views.editor import flow_row

FIRINGS_SHOWN = 5
LONGEST_SAMPLE = 100_000
WITH_EVENTS = ("event", "webhook", "form")
"""Types of triggers that something is sent to."""
show_and_try = require_http_methods(["GET", "HEAD", "POST"])


@dataclass(frozen=True, slots=True)
class TriggerRow:
    """One trigger as the page shows it."""

    trigger: models.Trigger
    firings: Sequence[Firing]
    address: str

    @property
    def icon(self) -> str:
        """The icon of its type."""
        kind = TRIGGER_TYPES.get(self.trigger.type)
        return kind.icon if kind else "play"

    @property
    def description(self) -> str:
        """What its type means."""
        kind = TRIGGER_TYPES.get(self.trigger.type)
        return kind.description if kind else ""

    @property
    def settings(self) -> Iterator[tuple[str, str]]:
        """Its settings, named as in the editor."""
        kind = TRIGGER_TYPES.get(self.trigger.type)
        labels = {field.key: field.label for field in kind.fields} if kind else {}
        for name, value in self.trigger.settings.items():
            if not isinstance(value, dict | list):
                yield labels.get(name, name), "yes" if value is True else "no" if value is False else str(value)

    @property
    def inputs(self) -> Iterator[tuple[str, str]]:
        """What the instance is started with."""
        found = self.trigger.settings.get("inputs")
        if isinstance(found, dict):
            yield from ((name, str(value)) for name, value in found.items())

    @property
    def is_a_person_or_program(self) -> bool:
        """Whether a start names who started it: those are instances, and none is kept as a firing."""
        return self.trigger.type in (models.TriggerType.MANUAL, models.TriggerType.API)

    @property
    def can_be_tried(self) -> bool:
        """Whether something is sent to it that a person can make up."""
        return self.trigger.type in WITH_EVENTS

    @property
    def has_secret(self) -> bool:
        """Whether calls have to be signed."""
        return bool(self.trigger.secret)


@require_GET
@scoped(Role.VIEWER)
def triggers(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """All triggers of the live version. Secret addresses are for operators and above."""
    row = flow_row(scope, flow)
    return triggers_page(
        request, scope, row, PlannedSwitchForm(zone=ZoneInfo(draft_of(row).timezone), is_enabled=row.is_enabled)
    )


def triggers_page(
    request: HtmxHttpRequest, scope: Scope, row: models.Flow, form: PlannedSwitchForm, *, status: int = 200
) -> HttpResponse:
    """The page, with `form` for planning a switch."""
    stored = list(row.trigger_rows.order_by("position"))
    firings = instances().firings_of([trigger.pk for trigger in stored], each=FIRINGS_SHOWN)
    context = {
        "flow": row,
        "rows": [TriggerRow(each, firings.get(each.pk, ()), _address(request, scope, each)) for each in stored],
        "outside": [
            (source, trigger)
            for source, found in outside_triggers_of(row, each=FIRINGS_SHOWN).items()
            for trigger in found
        ],
        "sources": sources_for(row),
        "draft_differs": row.live_version is not None and _differs(row, stored),
        "planned": PlannedSwitch.objects.filter(flow=row).select_related("planned_by"),
        "form": form,
    }
    return render(request, "designer/triggers.html", context, status=status)


@require_POST
@scoped(Role.OPERATOR)
def switch(request: HtmxHttpRequest, scope: Scope, flow: str, pk: int) -> HttpResponse:
    """Switch one trigger on (`to=on`) or off (`to=off`)."""
    trigger = _trigger(scope, flow, pk)
    wanted = request.POST.get("to")
    if wanted not in ("on", "off"):
        return HttpResponse("Say `to=on` or `to=off`.\n", status=400, content_type="text/plain; charset=utf-8")
    set_active(scope, trigger, active=wanted == "on")
    return HttpResponseRedirect(scope.url("designer:triggers", flow=trigger.flow.key))


@require_POST
@scoped(Role.DESIGNER)
def renew(request: HtmxHttpRequest, scope: Scope, flow: str, pk: int) -> HttpResponse:
    """Give a webhook or form another secret address; the old one stops working."""
    trigger = _trigger(scope, flow, pk)
    if not trigger.secret_path:
        raise Http404("This trigger has no address.")
    renew_address(scope, trigger)
    messages.success(request, "There is a new address. The old one does not work any more.")
    return HttpResponseRedirect(scope.url("designer:triggers", flow=trigger.flow.key))


@never_cache
@require_POST
@scoped(Role.DESIGNER)
def secret(request: HtmxHttpRequest, scope: Scope, flow: str, pk: int) -> HttpResponse:
    """Show the signing secret of a webhook."""
    trigger = _trigger(scope, flow, pk)
    if not trigger.secret:
        raise Http404("This trigger has no secret.")
    try:
        context = {"flow": trigger.flow, "trigger": trigger, "secret": unseal(trigger.secret)}
    except SecretUnreadable as unreadable:
        context = {"flow": trigger.flow, "trigger": trigger, "refusal": str(unreadable)}
    return render(request, "designer/trigger_secret.html", context)


@show_and_try
@scoped(Role.OPERATOR)
def try_out(request: HtmxHttpRequest, scope: Scope, flow: str, pk: int) -> HttpResponse:
    """Try a trigger with a sample event: nothing is started."""
    trigger = _trigger(scope, flow, pk)
    if trigger.type not in WITH_EVENTS:
        raise Http404("No event reaches this trigger.")
    heading = f"Try: {trigger.get_type_display()}"
    settings = trigger.settings
    inputs = settings.get("inputs")
    begun = _sample(trigger.flow, [str(settings.get("filter") or "")], inputs if isinstance(inputs, dict) else None)
    return _try(request, trigger.flow, heading, begun, lambda sample: instances().try_trigger(trigger.pk, sample))


@show_and_try
@scoped(Role.OPERATOR)
def try_outside(request: HtmxHttpRequest, scope: Scope, flow: str, source: str, id: str) -> HttpResponse:
    """The same for a trigger that is kept elsewhere."""
    row = flow_row(scope, flow)
    found = outside_triggers_of(row, each=0).get(source, ())
    trigger = next((one for one in found if one.id == id), None)
    if trigger is None:
        raise Http404("There is no such trigger.")

    def ask(sample: Json) -> TriedTrigger:
        return try_outside_trigger(row, source, id, sample) or TriedTrigger(False, "The trigger has been deleted.")

    begun = _sample(row, [text for _, text in trigger.settings], dict(trigger.inputs) or None)
    return _try(request, row, f"Try: {trigger.title}", begun, ask)


@show_and_try
@scoped(Role.DESIGNER)
def new_outside(request: HtmxHttpRequest, scope: Scope, flow: str, source: str) -> HttpResponse:
    """Add a trigger that is kept elsewhere."""
    row = flow_row(scope, flow)
    found = find_source(source)
    if found is None or not found.may_have(row):
        raise Http404("Nothing keeps triggers of this flow under this name.")
    form = found.form(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        found.add(scope, row, form.cleaned_data)
        messages.success(request, "The trigger listens from now on.")
        return HttpResponseRedirect(scope.url("designer:triggers", flow=row.key))
    context = {"flow": row, "source": source, "form": form}
    return render(request, "designer/trigger_new.html", context, status=422 if form.is_bound else 200)


@require_POST
@scoped(Role.DESIGNER)
def remove_outside(request: HtmxHttpRequest, scope: Scope, flow: str, source: str, id: str) -> HttpResponse:
    """Delete a trigger that is kept elsewhere."""
    row = flow_row(scope, flow)
    found = find_source(source)
    if found is None or not found.remove(scope, row, id):
        raise Http404("There is no such trigger.")
    messages.success(request, "The trigger is gone. What it started goes on.")
    return HttpResponseRedirect(scope.url("designer:triggers", flow=row.key))


def _sample(flow: models.Flow, filters: Sequence[str], inputs: Mapping[str, Json] | None) -> str:
    """An event to begin with, as JSON: made from what the flow is tried with, else from what it declares and reads."""
    kept = sample_of(flow)
    graph = flow_of(flow.live_version) if flow.live_version is not None else draft_of(flow)
    begun = instances().example_input(graph) if kept is None else kept
    text = json.dumps(sample_event(begun, filter=" ".join(filters), inputs=inputs), indent=2, ensure_ascii=False)
    return text if len(text) <= LONGEST_SAMPLE else "{}"


def _try(
    request: HtmxHttpRequest, flow: models.Flow, heading: str, begun: str, ask: Callable[[Json], TriedTrigger]
) -> HttpResponse:
    """The form with an event to begin with, or what comes of the one that was sent. 422 where it is no JSON."""
    sample = request.POST.get("sample", begun)
    context: dict[str, object] = {"flow": flow, "heading": heading, "sample": sample[:LONGEST_SAMPLE]}
    status = 200
    if request.method == "POST":
        try:
            context["trial"] = ask(clean_json(sample, max_bytes=LONGEST_SAMPLE))
        except BadJson as bad:
            context["problem"], status = bad.about("The sample"), 422
    return render(request, "designer/trigger_try.html", context, status=status)


def _trigger(scope: Scope, flow: str, pk: int) -> models.Trigger:
    rows = models.Trigger.objects.within(scope).select_related("flow__environment")
    return get_object_or_404(rows, pk=pk, flow__key=flow)


def _address(request: HtmxHttpRequest, scope: Scope, trigger: models.Trigger) -> str:
    if trigger.type == models.TriggerType.API:
        return request.build_absolute_uri(f"/api/v1/flows/{trigger.flow.key}/instances")
    if not trigger.secret_path or not scope.allows(Role.OPERATOR):
        return ""
    is_form = trigger.type == models.TriggerType.FORM
    path = f"/forms/{trigger.secret_path}/" if is_form else f"/hooks/{trigger.secret_path}"
    return request.build_absolute_uri(path)


def _differs(row: models.Flow, stored: Sequence[models.Trigger]) -> bool:
    drawn = [dict(trigger) for trigger in draft_of(row).triggers]
    return drawn != [{"type": trigger.type, **trigger.settings} for trigger in stored]
