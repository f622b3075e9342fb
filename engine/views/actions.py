"""Steering one instance: what is asked before, and doing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_http_methods

from accounts.http import HtmxHttpRequest, render_part
from accounts.roles import Role
from accounts.scope import Scope, scoped
from engine.models import Instance
from engine.services import interventions
from engine.services.events import send_event
from engine.services.moving import MigrationReport, migrate
from engine.views.answers import attempt, done, refused
from engine.views.dialogs import dialog_for
from engine.views.instance import find_instance

Act = Callable[[Scope, Instance, dict[str, Any]], Any]


def retry(scope: Scope, instance: Instance, given: dict[str, Any]) -> Instance:
    """Retry with the input as it was edited, if it was, and on the chosen version."""
    version = given.get("version")
    if "input" in given and given["input"] != instance.input:
        return interventions.retry(scope, instance, reason=given["reason"], input=given["input"], version=version)
    return interventions.retry(scope, instance, reason=given["reason"], version=version)


def _terminate(scope: Scope, instance: Instance, given: dict[str, Any]) -> Instance:
    rollback = bool(given.get("rollback"))
    return interventions.terminate(scope, instance, reason=given["reason"], rollback=rollback)


def _close(scope: Scope, instance: Instance, given: dict[str, Any]) -> Instance:
    return interventions.close(scope, instance, reasons=given["reasons"], note=given["note"])


def _restart_from(scope: Scope, instance: Instance, given: dict[str, Any]) -> Instance:
    return interventions.restart(
        scope, instance, from_task=given["task"], from_iteration=given["iteration"], reason=given["reason"]
    )


def _migrate(scope: Scope, instance: Instance, given: dict[str, Any]) -> MigrationReport:
    return migrate(scope, instance, version=given["version"], mapping=given["mapping"], reason=given["reason"])


ACTS: dict[str, Act] = {
    "pause": lambda scope, instance, given: interventions.pause(scope, instance, reason=given["reason"]),
    "resume": lambda scope, instance, given: interventions.resume(scope, instance, reason=given["reason"]),
    "terminate": _terminate,
    "close": _close,
    "restart": lambda scope, instance, given: interventions.restart(scope, instance, reason=given["reason"]),
    "restart_from": _restart_from,
    "revert": lambda scope, instance, given: interventions.revert(
        scope, instance, to=given["task"], reason=given["reason"]
    ),
    "retry": retry,
    "migrate": _migrate,
    "send_event": lambda scope, instance, given: send_event(
        scope, instance, type=given["type"], payload=given["payload"]
    ),
}
DONE = {
    "pause": "Pausing.",
    "resume": "Resumed.",
    "terminate": "Terminated.",
    "close": "Closed.",
    "restart": "Restarted.",
    "restart_from": "Restarted from there.",
    "revert": "It is to be done again.",
    "retry": "Retrying.",
    "migrate": "Migrated.",
    "send_event": "The event is on its way.",
}


@require_http_methods(["GET", "HEAD", "POST"])
@scoped(Role.OPERATOR)
def act(request: HtmxHttpRequest, scope: Scope, pk: int, action: str) -> HttpResponse:
    """GET asks (a page, for those without script), POST does."""
    if action not in ACTS:
        raise Http404
    instance = find_instance(scope, pk)
    here = scope.url("engine:instance", pk=pk)
    why_not = interventions.legal_actions(instance).get(action)
    if why_not is not None and request.method != "POST":
        return refused(request, why_not, to=here)
    is_look = request.method != "POST" or "look" in request.POST  # at what would come of it: nothing changes
    seen = request.GET if request.method != "POST" else request.POST
    dialog = dialog_for(action, instance, None if is_look else request.POST, seen=seen)
    context = {"instance": instance, "dialog": dialog, "is_page": not request.htmx or "page" in request.POST}
    if is_look:
        return render_part(request, "engine/act.html", part="form", context=context)
    if not dialog.form.is_valid():
        return render_part(request, "engine/act.html", part="form", context=context, status=422)
    _, reason, problems = attempt(lambda: ACTS[action](scope, instance, dialog.form.cleaned_data))
    if reason is not None:
        return refused(request, reason, to=here)
    if problems:
        for path, message in problems:
            name = path.split(".")[0]
            dialog.form.add_error(name if name in dialog.form.fields else None, message)
        return render_part(request, "engine/act.html", part="form", context=context, status=422)
    return done(request, DONE[action], to=here)
