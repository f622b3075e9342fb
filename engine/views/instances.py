"""The list of instances and starting new ones."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRedirect

from accounts.http import HtmxHttpRequest, render_part
from accounts.live.sync import answer_sync
from accounts.roles import Role
from accounts.scope import Scope, scoped
from designer.graph.model import Json
from designer.models import Flow
from designer.schema_form import SchemaForm
from designer.services.versions import plan_of
from designer.trying.services import sample_of
from engine.forms import StartForm, startable
from engine.models import Instance
from engine.parts.instances import InstanceList
from engine.services.errors import KeyTaken
from engine.services.hiding import is_input_hidden
from engine.services.instances import start_instance
from engine.views.answers import attempt


@require_safe
@scoped(Role.VIEWER)
def list_instances(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """A page of the list. A filter that cannot be understood is 422, with the form saying so."""
    page = InstanceList(scope, request.GET)
    status = 422 if page.form.is_bound and not page.form.is_valid() else 200
    return render_part(request, "engine/instances.html", part="list", context={"page": page}, status=status)


@require_safe
@scoped(Role.VIEWER)
def sync_instances(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """What a page of the list missed."""
    return answer_sync(request, scope, f"instances:{scope.environment.pk}")


@require_http_methods(["GET", "HEAD", "POST"])
@scoped(Role.OPERATOR)
def start(request: HtmxHttpRequest, scope: Scope, flow: str = "") -> HttpResponse:
    """Start an instance: of `flow`, or of one that is chosen."""
    row = get_object_or_404(Flow.objects.within(scope).defer("draft_document"), key=flow) if flow else None
    chosen = row.key if row else request.GET.get("flow", "") or _first(scope)
    if request.method != "POST":
        latest = latest_input(scope, chosen)
        sample = flow_sample(scope, chosen) if latest is None or "sample" in request.GET else None
        fields = input_form(scope, chosen, sample=sample if "sample" in request.GET else None)
        if fields is not None and "sample" not in request.GET:
            sample = None  # the fields tell what is asked for; of bare JSON only an example does
        begun = (latest or "{}") if sample is None else _as_text(sample)
        form = StartForm(initial={"flow": chosen, "input": begun}, scope=scope)
        context = _context(scope, form, row, fields, chosen) | {"is_sample": sample is not None}
        return render_part(request, "engine/start.html", part="form", context=context)
    data = request.POST.copy()
    if row is not None:
        data["flow"] = row.key
    chosen = data.get("flow", "")
    if data.get("asked", chosen) != chosen:
        return _ask_for_the_chosen(request, scope, data, chosen)
    form = StartForm(data, scope=scope)
    fields = input_form(scope, chosen, data)
    if all([form.is_valid(), fields is None or fields.is_valid()]):
        given = form.cleaned_data | ({"input": fields.output()} if fields is not None else {})
        instance = _try_to_start(scope, form, given, fields)
        if instance is not None:
            to = scope.url("engine:instance", pk=instance.pk)
            return HttpResponseClientRedirect(to) if request.htmx else HttpResponseRedirect(to)
    return render_part(
        request, "engine/start.html", part="form", context=_context(scope, form, row, fields, chosen), status=422
    )


def _first(scope: Scope) -> str:
    """The key of the flow that a list of them begins with, as a browser chooses it; empty without any."""
    return startable(scope).values_list("key", flat=True).first() or ""


def _ask_for_the_chosen(request: HtmxHttpRequest, scope: Scope, data: Any, chosen: str) -> HttpResponse:
    """The form of the flow that was chosen, where what was sent is the input of another: no input goes astray."""
    given = {"flow": chosen, "key": data.get("key", ""), "input": latest_input(scope, chosen) or "{}"}
    form = StartForm(given, scope=scope)
    if form.is_valid():
        form.add_error(
            None, f"What was filled in is another flow's input. Fill in that of {form.cleaned_data['flow']}."
        )
    context = _context(scope, form, None, input_form(scope, chosen), chosen)
    return render_part(request, "engine/start.html", part="form", context=context, status=422)


def input_form(scope: Scope, flow: str, data: Any = None, *, sample: Json = None) -> SchemaForm | None:
    """The form of what a flow declares of its input; None where it declares nothing, or JSON is to be given.

    An input that is no object, or a schema that no fields can show, is given as JSON.
    """
    if data is not None and "as_json" in data:
        return None
    row = Flow.objects.within(scope).filter(key=flow, live_version__isnull=False).only("live_version").first()
    if row is None or row.live_version_id is None:
        return None
    version = plan_of(row.live_version_id).flow
    form = SchemaForm(version.input_schema, data, values=sample, timezone=version.timezone, auto_id="start-%s")
    return form if form.fields and not form.whole else None


def _context(scope: Scope, form: StartForm, flow: Flow | None, fields: SchemaForm | None, asked: str) -> dict[str, Any]:
    has_flows = form.fields["flow"].queryset.exists()  # type: ignore[attr-defined]
    return {
        "form": form,
        "flow": flow,
        "fields": fields,
        "has_flows": has_flows,
        "asked": asked,
        "has_sample": flow_sample(scope, asked) is not None,
    }


def _try_to_start(
    scope: Scope, form: StartForm, given: dict[str, Any], fields: SchemaForm | None = None
) -> Instance | None:
    """The new instance; or None, and the form says why not."""
    try:
        instance, reason, problems = attempt(
            lambda: start_instance(
                scope, given["flow"], input=given["input"], key=given["key"] or None, trigger={"type": "manual"}
            )
        )
    except KeyTaken:
        form.add_error("key", "There is an instance with this id in the flow already.")
        return None
    if reason is not None:
        form.add_error(None, reason)
    if fields is not None:
        beside = [(path, message) for path, message in problems if path.startswith("input")]
        fields.add_problems((path.removeprefix("input").lstrip("."), message) for path, message in beside)
        problems = tuple(problem for problem in problems if problem not in beside)
    for path, message in problems:
        name = {"id": "key"}.get(path, path.split(".")[0])
        form.add_error(name if name in form.fields else "input", f"{path}: {message}" if "." in path else message)
    return instance


def flow_sample(scope: Scope, flow: str) -> Json:
    """What the flow is tried with, as a template brings it along or somebody typed it in; None for nothing."""
    row = Flow.objects.within(scope).filter(key=flow).only("pk").first() if flow else None
    return sample_of(row) if row is not None else None


def _as_text(value: Json) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def latest_input(scope: Scope, flow: str) -> str | None:
    """The input of the latest instance of a flow, to begin with: `{}` where it is hidden. None for no instance."""
    instance = Instance.objects.within(scope).filter(flow__key=flow).order_by("-pk").only("input", "trigger").first()
    if instance is None:
        return None
    latest = None if is_input_hidden(instance) else instance.input
    text = _as_text({} if latest is None else latest)
    return text if len(text) <= 20_000 else ""
