"""Settings: how transfers to providers leave the house."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import HtmxHttpRequest
from accounts.roles import Role
from accounts.scope import Scope, scoped
from engine.connector_forms import ConnectorForm
from engine.ledger.models import Connector
from engine.services.connectors import NameTaken, remove_connector, save_connector

show_and_save = require_http_methods(["GET", "HEAD", "POST"])


@show_and_save
@scoped(Role.ADMINISTRATOR)
def new(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Add one."""
    form = ConnectorForm(request.POST if request.method == "POST" else None)
    return _edit(request, scope, None, form)


@show_and_save
@scoped(Role.ADMINISTRATOR)
def connector(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Change one."""
    found = get_object_or_404(Connector.objects.within(scope), pk=pk)
    # A copy, so that a refused name does not show up in the heading.
    copy = get_object_or_404(Connector.objects.within(scope), pk=pk)
    form = ConnectorForm(request.POST if request.method == "POST" else None, instance=copy)
    return _edit(request, scope, found, form)


@require_POST
@scoped(Role.ADMINISTRATOR)
def remove(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Forget one."""
    found = get_object_or_404(Connector.objects.within(scope), pk=pk)
    remove_connector(scope, found)
    messages.success(request, f"{found.name} is gone, and its secret with it.")
    return HttpResponseRedirect(scope.url("engine:ledgers"))


def _edit(request: HtmxHttpRequest, scope: Scope, found: Connector | None, form: ConnectorForm) -> HttpResponse:
    if form.is_bound and form.is_valid():
        try:
            saved = save_connector(scope, found, form.values(), secret=form.secret())
        except NameTaken as taken:
            form.add_error("name", str(taken))
        else:
            messages.success(request, "Saved." if found else f"Transfers can ask for {saved.name} now.")
            return HttpResponseRedirect(scope.url("engine:ledgers"))
    context = {"form": form, "connector": found}
    return render(request, "engine/connector.html", context, status=422 if form.is_bound else 200)
