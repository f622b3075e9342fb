"""The inbox, one task, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from accounts.http import HtmxHttpRequest, render_part
from accounts.live.sync import answer_sync
from accounts.roles import Role
from accounts.scope import Scope, scoped
from designer.schema_form import SchemaForm
from engine.models import Step
from engine.parts.graph import graph_of
from engine.parts.inbox import Inbox, next_task, task_within
from engine.parts.instance import InstancePage
from engine.parts.task import TaskPanel, panel_of, schema_form
from engine.services import human_tasks
from engine.views.answers import attempt, done, problems_text, refused
from engine.views.instance import page_context

MOST_ASSIGNEES = 50


@require_safe
@scoped(Role.VIEWER)
def show_inbox(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Open tasks, the most urgent first; beside them the one that `?task=` names, or the first."""
    number = request.GET.get("page", "1")
    page = int(number) if number.isascii() and number.isdecimal() and 0 < int(number[:6]) < 10_000 else 1
    inbox = Inbox(scope, request.GET.get("whose", "open"), page)
    return render_part(request, "engine/inbox.html", part="list", context={"inbox": inbox})


@require_safe
@scoped(Role.VIEWER)
def sync_inbox(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """What the inbox missed."""
    return answer_sync(request, scope, f"inbox:{scope.environment.pk}")


@require_safe
@scoped(Role.VIEWER)
def show_task(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """One task with its form, and where it stands in its instance."""
    step = get_object_or_404(task_within(scope), pk=pk)
    return _task_page(request, scope, step)


def _task_page(
    request: HtmxHttpRequest, scope: Scope, step: Step, *, form: SchemaForm | None = None, status: int = 200
) -> HttpResponse:
    page = InstancePage(scope, step.instance, view=f"{step.task}:{step.iteration}")
    context = page_context(page) | {"panel": panel_of(scope, step, form=form), "graph": graph_of(page)}
    context["next"] = next_task(scope, step) if scope.allows(Role.ASSIGNEE) else None
    return render(request, "engine/task.html", context, status=status)


Act = Callable[[HtmxHttpRequest, Scope, Step], Any]


def _assign(request: HtmxHttpRequest, scope: Scope, step: Step) -> Any:
    to = [person.strip() for person in request.POST.getlist("to") if person.strip()][:MOST_ASSIGNEES]
    return human_tasks.assign_step(scope, step, to=to)


ACTS: dict[str, tuple[Act, str]] = {
    "claim": (lambda request, scope, step: human_tasks.claim_step(scope, step), "It is yours now."),
    "unclaim": (lambda request, scope, step: human_tasks.unclaim_step(scope, step), "Given back."),
    "hold": (lambda request, scope, step: human_tasks.hold_step(scope, step), "Put on hold."),
    "release": (lambda request, scope, step: human_tasks.release_step(scope, step), "Released."),
    "start": (lambda request, scope, step: human_tasks.start_step(scope, step), "Started."),
    "skip": (
        lambda request, scope, step: human_tasks.skip_step(scope, step, reason=request.POST["reason"].strip()),
        "Skipped.",
    ),
    "assign": (_assign, "Assigned."),
}
FOR_OPERATORS = frozenset({"skip", "assign"})


@require_POST
@scoped(Role.ASSIGNEE)
def act_on_task(request: HtmxHttpRequest, scope: Scope, pk: int, action: str) -> HttpResponse:
    """Do something with a task."""
    step = get_object_or_404(task_within(scope), pk=pk)
    if action != "complete" and action not in ACTS:
        raise Http404
    panel = panel_of(scope, step)
    check_right(panel, action)
    if action == "complete":
        return complete(request, scope, panel)
    to = scope.url("engine:task", pk=pk)
    reason = request.POST.get("reason", "").strip()
    if action == "skip" and not 0 < len(reason) <= 1000:
        return refused(request, "Give a reason of at most 1,000 characters.", to=to, status=422)
    act, words = ACTS[action]
    _, refusal, problems = attempt(lambda: act(request, scope, step))
    if refusal is not None:
        return refused(request, refusal, to=to)
    if problems:
        return refused(request, problems_text(problems), to=to, status=422)
    return done(request, words, to=to)


def check_right(panel: TaskPanel, action: str) -> None:
    """Raise PermissionDenied unless this person may."""
    if action in FOR_OPERATORS or (action == "start" and panel.look.is_scheduled):
        panel.scope.require(Role.OPERATOR)
    elif not panel.may_do:
        raise PermissionDenied("This task is assigned to someone else.")


def complete(request: HtmxHttpRequest, scope: Scope, panel: TaskPanel) -> HttpResponse:
    """Complete with what the form holds, or the branch of the button. Refused: 422 and the form as it was filled in."""
    step, look = panel.step, panel.look
    if step is None:
        raise Http404
    form = schema_form(look, request.POST) if panel.schema else None
    if form is not None and not form.is_valid():
        return _refused_form(request, scope, step, form)
    branch = request.POST.get("branch") or None
    output = form.output() if form is not None else None
    _, refusal, problems = attempt(lambda: human_tasks.complete_step(scope, step, output=output, branch=branch))
    if refusal is not None:
        return refused(request, refusal, to=scope.url("engine:task", pk=step.pk))
    if problems:
        if form is None:
            return refused(request, problems_text(problems), to=scope.url("engine:task", pk=step.pk), status=422)
        form.add_problems(problems)
        return _refused_form(request, scope, step, form)
    return done(request, "Done.", to=scope.url("engine:inbox"))


def _refused_form(request: HtmxHttpRequest, scope: Scope, step: Step, form: SchemaForm) -> HttpResponse:
    if request.htmx:
        context = {"panel": panel_of(scope, step, form=form)}
        return render_part(request, "engine/task.html", part="form", context=context, status=422)
    return _task_page(request, scope, step, form=form, status=422)
