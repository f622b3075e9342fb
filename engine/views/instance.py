"""One instance: its page, what a page missed, its facts."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_safe

from accounts.http import HtmxHttpRequest, render_part
from accounts.live.sync import answer_sync
from accounts.roles import Role
from accounts.scope import Scope, scoped
from engine.models import Instance
from engine.parts.graph import graph_of
from engine.parts.instance import InstancePage, instances_within
from engine.parts.sections import fact_table
from engine.views.dialogs import dialogs_for

MAX_VIEW = 200


def find_instance(scope: Scope, pk: int) -> Instance:
    """The instance, or Http404."""
    return get_object_or_404(instances_within(scope), pk=pk)


def page_context(page: InstancePage) -> dict[str, Any]:
    """What `engine/instance.html` needs, for the page and for its live parts."""
    return {"page": page, "panel": page.panel, "decision": page.decision, "scope": page.scope}


@require_safe
@scoped(Role.VIEWER)
def show_instance(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """The page; for htmx only the step that `?step=` names."""
    page = InstancePage(scope, find_instance(scope, pk), view=request.GET.get("step", "")[:MAX_VIEW])
    context = page_context(page) | {"graph": graph_of(page), "dialogs": dialogs_for(page)}
    status = 200 if page.selected is not None or not page.view else 404
    return render_part(request, "engine/instance.html", part="step", context=context, status=status)


@require_safe
@scoped(Role.VIEWER)
def sync_instance(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """What the page missed since `?after=`."""
    find_instance(scope, pk)
    return answer_sync(request, scope, f"instance:{pk}")


@require_GET
@scoped(Role.VIEWER)
def list_facts(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """All facts, a page at a time, newest first."""
    page = InstancePage(scope, find_instance(scope, pk))
    before = request.GET.get("before", "")
    if before and not (before.isascii() and before.isdecimal() and len(before) < 10):
        return HttpResponse("before must be a whole number", status=400, content_type="text/plain")
    facts = page.facts_before(int(before) if before else None)
    return render(
        request, "engine/facts.html", {"page": page, "facts": facts, "table": fact_table(facts), "is_first": not before}
    )
