"""Comments beside the canvas, and what a member is told of them: pages, and the doors that the panel posts to."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.errors import Refused
from accounts.http import HtmxHttpRequest
from accounts.live.sync import answer_sync
from accounts.roles import Role
from accounts.scope import Scope, scoped
from designer import models
from designer.comments import threads
from designer.comments.models import Comment, Mention, Thread
from designer.discussion import DiscussionPanel
from designer.services.drafting import draft_of
from designer.views.editor import flow_row

MENTIONS_A_PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
@scoped(Role.VIEWER)
def panel(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """What is said about `subject`, a task key or nothing; posting `text` begins a thread about it."""
    row = flow_row(scope, flow)
    if request.method != "POST":
        return _panel(request, scope, row, request.GET.get("subject", ""))
    subject = request.POST.get("subject", "")
    task = draft_of(row).tasks.get(subject)
    if subject and task is None:
        return HttpResponse("This task is not there any more.", status=422, content_type="text/plain")
    name = task.name if task is not None else ""

    def say() -> None:
        link = _link(request, scope, row, subject)
        threads.start_thread(scope, row, subject, task_name=name, text=request.POST.get("text", ""), link=link)

    return _done(request, scope, row, say)


@require_GET
@scoped(Role.VIEWER)
def sync(request: HtmxHttpRequest, scope: Scope, flow: str) -> HttpResponse:
    """How many threads are open, as over the live socket."""
    return answer_sync(request, scope, f"comments:{flow_row(scope, flow).pk}")


@require_POST
@scoped(Role.VIEWER)
def reply(request: HtmxHttpRequest, scope: Scope, flow: str, thread: int) -> HttpResponse:
    """Post `text` to a thread."""
    row = flow_row(scope, flow)
    found = get_object_or_404(Thread, flow=row, pk=thread)
    link = _link(request, scope, row, found.task)
    return _done(request, scope, row, lambda: threads.reply(scope, found, request.POST.get("text", ""), link=link))


@require_POST
@scoped(Role.VIEWER)
def resolve(request: HtmxHttpRequest, scope: Scope, flow: str, thread: int) -> HttpResponse:
    """A thread has been dealt with."""
    row = flow_row(scope, flow)
    found = get_object_or_404(Thread, flow=row, pk=thread)
    return _done(request, scope, row, lambda: threads.resolve(scope, found))


@require_POST
@scoped(Role.VIEWER)
def reopen(request: HtmxHttpRequest, scope: Scope, flow: str, thread: int) -> HttpResponse:
    """It has not."""
    row = flow_row(scope, flow)
    found = get_object_or_404(Thread, flow=row, pk=thread)
    return _done(request, scope, row, lambda: threads.reopen(scope, found))


@require_POST
@scoped(Role.VIEWER)
def edit(request: HtmxHttpRequest, scope: Scope, flow: str, comment: int) -> HttpResponse:
    """Post `text`: what one's own comment says from now on."""
    row = flow_row(scope, flow)
    found = get_object_or_404(Comment.objects.select_related("thread__flow"), thread__flow=row, pk=comment)
    link = _link(request, scope, row, found.thread.task)
    text = request.POST.get("text", "")
    return _done(request, scope, row, lambda: threads.edit_comment(scope, found, text, link=link))


@require_POST
@scoped(Role.VIEWER)
def delete(request: HtmxHttpRequest, scope: Scope, flow: str, comment: int) -> HttpResponse:
    """Take back a comment."""
    row = flow_row(scope, flow)
    found = get_object_or_404(Comment.objects.select_related("thread__flow"), thread__flow=row, pk=comment)
    return _done(request, scope, row, lambda: threads.delete_comment(scope, found))


def _done(request: HtmxHttpRequest, scope: Scope, row: models.Flow, do: Callable[[], object]) -> HttpResponse:
    try:
        do()
    except Refused as refused:
        return HttpResponse(str(refused), status=422, content_type="text/plain; charset=utf-8")
    return _panel(request, scope, row, request.POST.get("subject", ""))


def _panel(request: HtmxHttpRequest, scope: Scope, row: models.Flow, subject: str) -> HttpResponse:
    context = {"panel": DiscussionPanel(scope, row, subject), "flow": row, "scope": scope}
    return render(request, "designer/comments/panel.html", context)


def _link(request: HtmxHttpRequest, scope: Scope, row: models.Flow, task: str) -> str:
    return request.build_absolute_uri(editor_address(scope, row, task))


def editor_address(scope: Scope, row: models.Flow, task: str) -> str:
    """The editor with the comments on a task open."""
    return f"{scope.url('designer:edit', flow=row.key)}?{urlencode({'comments': task})}"


# -- what a member is told


@require_GET
@scoped(Role.VIEWER)
def mentions(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Where one was mentioned in this organization, the newest first."""
    found = Mention.objects.of(scope).select_related("comment__thread__flow__environment")
    page = Paginator(found, MENTIONS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "designer/comments/mentions.html", {"page": page})


@require_GET
@scoped(Role.VIEWER)
def mention(request: HtmxHttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Go where one was mentioned; it counts as read."""
    found = get_object_or_404(
        Mention.objects.of(scope).select_related("comment__thread__flow__environment__organization"), pk=pk
    )
    threads.read_mentions(scope, pk)
    thread = found.comment.thread
    there = scope.in_environment(thread.flow.environment)
    return HttpResponseRedirect(editor_address(there, thread.flow, thread.task))


@require_POST
@scoped(Role.VIEWER)
def read_mentions(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """All of them count as read."""
    threads.read_mentions(scope)
    return HttpResponseRedirect(scope.url("designer:mentions"))
