"""Settings: the connections of an environment."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.connections.calling import ConnectionFailed, look
from accounts.connections.chat import AgentFailed, Question, ask
from accounts.connections.forms import FORMS, ConnectionForm
from accounts.connections.models import Connection
from accounts.connections.services import KeyTaken, add_connection, change_connection, remove_connection
from accounts.http import HtmxHttpRequest
from accounts.roles import Role
from accounts.scope import Scope, scoped

show_and_save = require_http_methods(["GET", "HEAD", "POST"])
TRIAL = Question("Answer with the one word: ready", timeout_seconds=20)
LONGEST_ANSWER = 200


@require_GET
@scoped(Role.ADMINISTRATOR)
def connections(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """All of this environment."""
    return render(request, "accounts/connections/list.html", {"connections": Connection.objects.within(scope)})


@show_and_save
@scoped(Role.ADMINISTRATOR)
def new(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Add one. `type`, of the address or the form: `http` or `agent`."""
    type = request.POST.get("type") or request.GET.get("type") or Connection.Type.HTTP
    if type not in FORMS:
        raise Http404
    form = FORMS[type](request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            added = add_connection(scope, secret=form.secret() or "", **form.values())
        except KeyTaken as taken:
            form.add_error("key", str(taken))
        else:
            messages.success(request, f"Flows can ask {added.name} now, as “{added.key}”.")
            return HttpResponseRedirect(scope.url("connections:list"))
    return _form(request, form, None)


@show_and_save
@scoped(Role.ADMINISTRATOR)
def edit(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Change one."""
    connection = get_object_or_404(Connection.objects.within(scope), pk=pk)
    # A copy, so that a refused name does not show up in the heading.
    stored = get_object_or_404(Connection.objects.within(scope), pk=pk)
    form = FORMS[stored.type](request.POST if request.method == "POST" else None, instance=stored)
    if request.method == "POST" and form.is_valid():
        try:
            change_connection(scope, connection, secret=form.secret(), **form.values())
        except KeyTaken as taken:
            form.add_error("key", str(taken))
        else:
            messages.success(request, "Saved.")
            return HttpResponseRedirect(scope.url("connections:list"))
    return _form(request, form, connection)


@require_POST
@scoped(Role.ADMINISTRATOR)
def remove(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Forget one."""
    connection = get_object_or_404(Connection.objects.within(scope), pk=pk)
    remove_connection(scope, connection)
    messages.success(request, f"{connection.name} is gone, and its secret with it.")
    return HttpResponseRedirect(scope.url("connections:list"))


@require_POST
@scoped(Role.ADMINISTRATOR)
def try_out(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Ask it one small question, as a flow would."""
    connection = get_object_or_404(Connection.objects.within(scope), pk=pk)
    try:
        level, words = _trial_of(connection)
    except (AgentFailed, ConnectionFailed) as bad:
        level, words = messages.ERROR, bad.message
    messages.add_message(request, level, words)
    return HttpResponseRedirect(scope.url("connections:list"))


def _trial_of(connection: Connection) -> tuple[int, str]:
    """What came of asking it, in words, and how to take it. Raises `AgentFailed`, `ConnectionFailed`."""
    if connection.type == Connection.Type.HTTP:
        status, words = look(connection)
        return (messages.SUCCESS if status < 400 else messages.INFO), words
    return messages.SUCCESS, f"{connection.name} answers: “{ask(connection, TRIAL).strip()[:LONGEST_ANSWER]}”"


def _form(request: HtmxHttpRequest, form: ConnectionForm, connection: Connection | None) -> HttpResponse:
    context = {"form": form, "connection": connection, "types": Connection.Type.choices}
    return render(request, "accounts/connections/form.html", context, status=422 if form.is_bound else 200)
