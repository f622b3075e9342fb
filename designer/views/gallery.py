"""The gallery: templates to begin a flow with."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from accounts.http import HtmxHttpRequest, render_part
from accounts.roles import Role
from accounts.scope import Scope, scoped
from designer import models
from designer.comparison import drawn
from designer.gallery.catalog import Template, tags, template_of, templates
from designer.graph.edits.pasting import free_key
from designer.rendering.downloads import svg_file, svg_policy
from designer.rendering.graphviz import GraphvizFailed
from designer.services.importing import import_flow


@require_GET
@scoped(Role.VIEWER)
def gallery(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """All templates, narrowed to `?q=` and `?tag=`."""
    words, tag = request.GET.get("q", "").split(), request.GET.get("tag", "")
    found = [each for each in templates() if each.has(words) and (not tag or tag in each.flow.tags)]
    context = {"templates": found, "q": request.GET.get("q", ""), "tag": tag, "tags": tags()}
    return render_part(request, "designer/gallery.html", part="list", context=context)


@require_GET
@scoped(Role.VIEWER)
def template(request: HtmxHttpRequest, scope: Scope, template: str) -> HttpResponse:
    """One template: its graph, its tasks in words and its sample input."""
    found = _found(template)
    context = {
        "template": found,
        "picture": drawn(found.flow, label=found.flow.name),
        "sample": json.dumps(found.sample_input, indent=2, ensure_ascii=False),
    }
    return render(request, "designer/template.html", context)


@require_GET
@scoped(Role.VIEWER)
def picture(request: HtmxHttpRequest, scope: Scope, template: str, look: str) -> HttpResponse:
    """Its drawing as an SVG file in `light` or `dark` colours."""
    found = _found(template)
    if look not in ("light", "dark"):
        raise Http404
    try:
        content = svg_file(found.flow, look=look)
    except GraphvizFailed:
        raise Http404("Graphviz does not work on this server.") from None
    response = HttpResponse(content, content_type="image/svg+xml")
    response["Cache-Control"] = "private, max-age=86400"
    response["Content-Security-Policy"] = svg_policy(look)
    return response


@require_POST
@scoped(Role.DESIGNER)
def use(request: HtmxHttpRequest, scope: Scope, template: str) -> HttpResponse:
    """A new flow like this template, sample input and all, under a key that is free; then to its editor."""
    found = _found(template)
    taken = set(models.Flow.objects.within(scope).filter(key__startswith=found.key).values_list("key", flat=True))
    row = import_flow(scope, found.document, replace=False, key=free_key(found.key, taken))
    messages.success(request, f"This is yours now. Try it: the sample input of “{found.flow.name}” is there.")
    return HttpResponseRedirect(scope.url("designer:edit", flow=row.key))


def _found(key: str) -> Template:
    found = template_of(key)
    if found is None:
        raise Http404("There is no such template.")
    return found
