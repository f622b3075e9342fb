"""Steering an instance: pause, resume, terminate, restart, retry, send event; one or many at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import HtmxHttpRequest, render_part
from accounts.roles import Role
from accounts.scope import Scope, scoped
from engine.models import Instance
from engine.parts.instance import instances_within
from engine.services import interventions
from engine.services.events import send_event
from engine.views.answers import attempt, done, problems_text, refused
from engine.views.dialogs import TEXTS, dialog_for
from engine.views.instance import find_instance

Act = Callable[[Scope, Instance, dict[str, Any]], Any]


def retry(scope: Scope, instance: Instance, given: dict[str, Any]) -> Instance:
    """Retry with the input as it was edited, if it was."""
    if "input" in given and given["input"] != instance.input:
        return interventions.retry(scope, instance, reason=given["reason"], input=given["input"])
    return interventions.retry(scope, instance, reason=given["reason"])


ACTS: dict[str, Act] = {
    "pause": lambda scope, instance, given: interventions.pause(scope, instance, reason=given["reason"]),
    "resume": lambda scope, instance, given: interventions.resume(scope, instance, reason=given["reason"]),
    "terminate": lambda scope, instance, given: interventions.terminate(scope, instance, reason=given["reason"]),
    "restart": lambda scope, instance, given: interventions.restart(scope, instance, reason=given["reason"]),
    "retry": lambda scope, instance, given: retry(scope, instance, given),
    "send_event": lambda scope, instance, given: send_event(
        scope, instance, type=given["type"], payload=given["payload"]
    ),
}
DONE = {
    "pause": "Pausing.",
    "resume": "Resumed.",
    "terminate": "Terminated.",
    "restart": "Restarted.",
    "retry": "Retrying.",
    "send_event": "The event is on its way.",
}
BULK = ("pause", "resume", "terminate", "retry")
MOST_AT_ONCE = 200


@require_http_methods(["GET", "HEAD", "POST"])
@scoped(Role.OPERATOR)
def act(request: HtmxHttpRequest, scope: Scope, pk: int, action: str) -> HttpResponse:
    """GET asks (a page, for those without script), POST does."""
    if action not in ACTS:
        raise Http404
    instance = find_instance(scope, pk)
    here = scope.url("engine:instance", pk=pk)
    dialog = dialog_for(action, instance, request.POST if request.method == "POST" else None)
    context = {"instance": instance, "dialog": dialog}
    if request.method != "POST":
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


@require_POST
@scoped(Role.OPERATOR)
def act_on_many(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """The same for every chosen instance; what was refused is listed with its reason."""
    action, reason = request.POST.get("action", ""), request.POST.get("reason", "").strip()
    chosen = request.POST.getlist("instance")
    to = scope.url("engine:instances")
    if action not in BULK:
        return refused(request, "Choose what to do: pause, resume, terminate or retry.", to=to, status=422)
    if not reason or len(reason) > 1000:
        return refused(request, "Give a reason of at most 1,000 characters.", to=to, status=422)
    ids = [int(pk) for pk in chosen if pk.isascii() and pk.isdecimal() and len(pk) < 19]
    if not ids or len(ids) != len(chosen) or len(ids) > MOST_AT_ONCE:
        return refused(request, f"Choose between 1 and {MOST_AT_ONCE} instances.", to=to, status=422)
    results: list[dict[str, Any]] = []
    found = {instance.pk: instance for instance in instances_within(scope).filter(pk__in=ids)}
    for pk in ids:
        if pk not in found:
            results.append({"key": str(pk), "reason": "There is no such instance."})
            continue
        instance = found[pk]
        refusal, problems = attempt_one(action, scope, instance, reason)
        results.append({"instance": instance, "key": instance.key, "reason": refusal or problems_text(problems)})
    refusals = [result for result in results if result["reason"]]
    context = {"verb": TEXTS[action][2], "done": len(results) - len(refusals), "refusals": refusals}
    if request.htmx:
        response = render(request, "engine/instances.html#bulk_result", context)
        response.headers["HX-Trigger"] = "live-sync"
        return response
    return render(request, "engine/bulk_result.html", context)


def attempt_one(action: str, scope: Scope, instance: Instance, reason: str) -> tuple[str | None, Any]:
    """Why it was refused, and the problems."""
    _, refusal, problems = attempt(lambda: ACTS[action](scope, instance, {"reason": reason}))
    return refusal, problems
