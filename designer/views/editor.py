"""The editor's page, and what its script asks for without changing anything."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST

from accounts.clean_json import BadJson, clean_json
from accounts.head_first import render_head_first
from accounts.http import HtmxHttpRequest
from accounts.live.sync import answer_sync
from accounts.roles import Role
from accounts.scope import Scope, scoped
from designer import models
from designer.editor_page import EditorPage
from designer.graph.edits import copy_fragment
from designer.graph.model import On
from designer.services.drafting import draft_of
from designer.services.editing import connection_targets, settings_in_words


def flow_row(scope: Scope, key: str) -> models.Flow:
    """The flow of this key in the scope's environment. Raises Http404."""
    return get_object_or_404(models.Flow.objects.within(scope).select_related("live_version"), key=key)


@require_GET
@scoped(Role.VIEWER)
def edit(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponseBase:
    """The editor; read only for whoever may not design. Its head is sent before the flow is drawn."""
    row = flow_row(scope, flow)
    return render_head_first(request, "designer/editor.html", {"flow": row, "page": EditorPage(scope, row)})


@require_GET
@scoped(Role.VIEWER)
def inspector(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """The form of `?subject=`, a ref of js/editor/graph.js; 204 where that has just gone."""
    count = request.GET.get("count", "0")
    page = EditorPage(scope, flow_row(scope, flow))
    form = page.form(request.GET.get("subject", ""), int(count) if count.isdecimal() and len(count) < 6 else 0)
    if form is None:
        return HttpResponse(status=204)
    return render(request, "designer/editor/inspector.html", {"form": form, "revision": page.revision})


@require_GET
@scoped(Role.VIEWER)
def sync(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """What changed since `?after=` a revision, as over the live socket."""
    return answer_sync(request, scope, f"draft:{flow_row(scope, flow).pk}")


@require_GET
@scoped(Role.VIEWER)
def find(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """What is set where, to look through: `{"settings": {ref: ["retries.limit: 4", …]}}`."""
    draft = draft_of(flow_row(scope, flow))
    return JsonResponse({"settings": {key: list(settings_in_words(task)) for key, task in draft.tasks.items()}})


@require_POST
@scoped(Role.VIEWER)
def copy(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """What the clipboard is to hold for `{"refs": [ref, …]}`: flow-file JSON of these, with the edges among them."""
    try:
        body = clean_json(request.body, max_bytes=settings.MAX_PAYLOAD_BYTES)
    except BadJson as bad:
        return HttpResponse(f"What was sent is no JSON we take: {bad}.", status=400, content_type="text/plain")
    refs = body.get("refs") if isinstance(body, dict) else None
    if not isinstance(refs, list) or not all(isinstance(ref, str) for ref in refs):
        return HttpResponse("refs: give a list of what is to be copied.", status=400, content_type="text/plain")
    return JsonResponse(copy_fragment(draft_of(flow_row(scope, flow)), map(str, refs)))


@require_GET
@scoped(Role.DESIGNER)
def targets(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """Where an edge from `?source=` may lead, as `connection_targets` says."""
    draft, source = draft_of(flow_row(scope, flow)), request.GET.get("source", "")
    if not draft.has_node(source):
        raise Http404("There is no such node in this flow.")
    on = On.ERROR if request.GET.get("on") == "error" else On.SUCCESS
    return JsonResponse(connection_targets(draft, source, on))
