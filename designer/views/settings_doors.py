"""What the inspector's helpers ask: what can be referred to, which branches are met, how a form will look.

None of these changes the draft. `sample` keeps what the flow is tried with.
"""

from __future__ import annotations

import re
from typing import Any

import orjson
from django.conf import settings
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from accounts.clean_json import BadJson, clean_json
from accounts.http import HtmxHttpRequest
from accounts.json_text import json_str
from accounts.roles import Role
from accounts.scope import Scope, scoped
from designer.graph.data_tree import data_at
from designer.graph.json_schemas import json_schema_reason
from designer.graph.kinds import kind_of
from designer.graph.model import Task
from designer.inspector.truth import sample_data, samples_of, truth_table
from designer.models import Flow
from designer.schema_form import SchemaForm
from designer.services.drafting import draft_of
from designer.services.guards import instances
from designer.services.seen import shapes_seen
from designer.trying.services import answers_of, cases_of, keep_sample, sample_of
from designer.views.editor import flow_row


@require_GET
@scoped(Role.VIEWER)
def data(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """What can be referred to at `?subject=`: `{"tree": [{name, path, type, help?, maybe?, children?}]}`."""
    row = flow_row(scope, flow)
    tree = data_at(draft_of(row), request.GET.get("subject", ""), seen=shapes_seen(row))
    return JsonResponse({"tree": [node.to_json() for node in tree]})


@require_POST
@scoped(Role.VIEWER)
def truth(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """`{subject, data?}`: the truth table of a decision in sample data, as HTML. Without `data`: the sample kept."""
    row = flow_row(scope, flow)
    body = _body(request)
    if isinstance(body, HttpResponse):
        return body
    task = _decision(row, body.get("subject"))
    given = body["data"] if "data" in body else _sample(row, task)
    if not isinstance(given, dict):
        return _refused('Sample data is an object, such as {"input": {…}}.')
    table = truth_table(task, samples_of(task, given, cases_of(row)))
    return render(request, "designer/editor/truth_table.html", {"table": table})


@require_GET
@scoped(Role.VIEWER)
def sample_data_of(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """The sample data of a decision, `?subject=`, as indented JSON."""
    row = flow_row(scope, flow)
    sample = _sample(row, _decision(row, request.GET.get("subject")))
    text = json_str(sample, option=orjson.OPT_INDENT_2)
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@require_POST
@scoped(Role.DESIGNER)
def keep(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """`{input}`: keep this as the flow's sample input, beside the answers that are kept already."""
    row = flow_row(scope, flow)
    body = _body(request)
    if isinstance(body, HttpResponse):
        return body
    if "input" not in body:
        return _refused("input: give the sample input.")
    keep_sample(row, body["input"], answers_of(row))
    return HttpResponse(status=204)


@require_POST
@scoped(Role.VIEWER)
def form_preview(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """`{schema, prefix?}`: the form that people will see, as HTML; or why the schema cannot be used."""
    row = flow_row(scope, flow)
    body = _body(request)
    if isinstance(body, HttpResponse):
        return body
    schema, prefix = body.get("schema"), body.get("prefix")
    prefix = prefix if isinstance(prefix, str) and re.fullmatch(r"[\w-]{1,200}", prefix) else "preview"
    reason = json_schema_reason(schema)
    form = None if reason else SchemaForm(schema, timezone=draft_of(row).timezone, auto_id=f"shown-{prefix}-%s")
    return render(request, "designer/editor/form_preview.html", {"form": form, "reason": reason})


def _sample(row: Flow, task: Task) -> dict[str, Any]:
    kept = sample_of(row)
    begun = instances().example_input(draft_of(row)) if kept is None else kept
    return sample_data(task, input=begun, answers=answers_of(row))


def _decision(row: Flow, subject: Any) -> Task:
    task = draft_of(row).tasks.get(subject) if isinstance(subject, str) else None
    if task is None or not kind_of(task).has_branches:
        raise Http404("There is no such decision in this flow.")
    return task


def _body(request: HtmxHttpRequest) -> dict[str, Any] | HttpResponse:
    try:
        body = clean_json(request.body, max_bytes=settings.MAX_PAYLOAD_BYTES)
    except BadJson as bad:
        return _refused(bad.about("This"), status=400)
    return body if isinstance(body, dict) else _refused("Send a JSON object.", status=400)


def _refused(reason: str, *, status: int = 422) -> HttpResponse:
    return HttpResponse(reason, status=status, content_type="text/plain; charset=utf-8")
