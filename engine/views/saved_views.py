"""Saving and removing one's views of the list of instances."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from accounts.http import HtmxHttpRequest
from accounts.roles import Role
from accounts.scope import Scope, scoped
from engine.forms import InstanceFilterForm, SavedViewForm
from engine.services.errors import NotLegalNow
from engine.services.saved_views import save_view, views_of


@require_POST
@scoped(Role.VIEWER)
def save(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Keep the filters that are on, then show them."""
    form = SavedViewForm(request.POST)
    query = _filters(request.POST.get("query", ""), scope)
    if form.is_valid():
        try:
            save_view(scope, name=form.cleaned_data["name"], query=query)
        except NotLegalNow as refusal:
            messages.error(request, str(refusal))
    else:
        messages.error(request, "A view needs a name of at most 60 characters.")
    return HttpResponseRedirect(f"{scope.url('engine:instances')}?{query}")


@require_POST
@scoped(Role.VIEWER)
def remove(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Forget a view of one's own."""
    view = get_object_or_404(views_of(scope), pk=pk)
    view.delete()
    return HttpResponseRedirect(f"{scope.url('engine:instances')}?{view.query}")


def _filters(query: str, scope: Scope) -> str:
    """What of a query string is a filter that can be understood; nothing else gets into an address."""
    given = QueryDict(query[:1000])
    form = InstanceFilterForm(given, scope=scope)
    form.is_valid()
    kept = QueryDict(mutable=True)
    kept.update({name: given[name] for name in form.FILTERS if given.get(name) and name not in form.errors})
    return kept.urlencode()
