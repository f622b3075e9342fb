"""Saying something, answering, resolving: every change of a discussion goes through here, and is told to who looks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.audit import record
from accounts.errors import Refused
from accounts.live import publish
from accounts.roles import Role
from accounts.scope import Scope
from designer import models as designer
from designer.comments.models import LONGEST_COMMENT, Comment, Discussion, Mention, Thread
from designer.comments.people import mentionable, mentioned

MAY_COMMENT: Final = Role.ASSIGNEE
"""Viewers read what is said; whoever works with the flow may say something."""

MOST_THREADS: Final = 2_000
MAIL_WAIT: Final = timedelta(seconds=30)
"""Who reads it in the console meanwhile needs no mail."""


class CommentRefused(Refused):
    """It cannot be said, or done, like that."""


def start_thread(scope: Scope, flow: designer.Flow, task: str, *, task_name: str, text: str, link: str = "") -> Thread:
    """Begin a thread about a task (by its key), or about the flow itself (""). `link`: where it can be read."""
    scope.require(MAY_COMMENT)
    text = _checked(text)
    if flow.comment_threads.count() >= MOST_THREADS:
        raise CommentRefused(f"A flow has at most {MOST_THREADS:,} threads. Delete old ones first.")
    with transaction.atomic():
        thread = Thread.objects.create(flow=flow, task=task, task_name=task_name[:200])
        _say(scope, thread, text, link)
        _changed(scope, flow)
    return thread


def reply(scope: Scope, thread: Thread, text: str, *, link: str = "") -> Comment:
    """Say something to a thread. A resolved one is open again."""
    scope.require(MAY_COMMENT)
    text = _checked(text)
    with transaction.atomic():
        comment = _say(scope, thread, text, link)
        if not thread.is_open:
            _set_resolved(thread, None, "")
        _changed(scope, thread.flow)
    return comment


def resolve(scope: Scope, thread: Thread) -> None:
    """What the thread asks has been dealt with."""
    scope.require(MAY_COMMENT)
    with transaction.atomic():
        _set_resolved(thread, scope, scope.actor_name)
        _changed(scope, thread.flow)


def reopen(scope: Scope, thread: Thread) -> None:
    """It has not."""
    scope.require(MAY_COMMENT)
    with transaction.atomic():
        _set_resolved(thread, None, "")
        _changed(scope, thread.flow)


def may_delete(scope: Scope, comment: Comment) -> bool:
    """One's own; an administrator anybody's."""
    is_own = scope.user is not None and comment.author_id == scope.user.pk and scope.allows(MAY_COMMENT)
    return is_own or scope.allows(Role.ADMINISTRATOR)


def delete_comment(scope: Scope, comment: Comment) -> None:
    """Take a comment back; with the last one the thread goes too. Raises `CommentRefused` for another's."""
    if not may_delete(scope, comment):
        raise CommentRefused("Only who wrote it, or an administrator, can delete it.")
    thread = comment.thread
    with transaction.atomic():
        record(scope, "comment.deleted", thread.flow, before={"by": comment.author_name, "task": thread.task})
        comment.delete()
        if not thread.comments.exists():
            thread.delete()
        _changed(scope, thread.flow)


def open_counts(flow_id: int) -> Mapping[str, int]:
    """How many threads wait to be resolved, by task key; "" for the flow itself."""
    counts: dict[str, int] = {}
    for task in Thread.objects.filter(flow_id=flow_id, resolved_at=None).values_list("task", flat=True):
        counts[task] = counts.get(task, 0) + 1
    return counts


def _checked(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise CommentRefused("Write something first.")
    if len(text) > LONGEST_COMMENT:
        raise CommentRefused(f"A comment has at most {LONGEST_COMMENT:,} characters; this one has {len(text):,}.")
    return text


def _say(scope: Scope, thread: Thread, text: str, link: str) -> Comment:
    author = scope.user
    comment = Comment.objects.create(thread=thread, author=author, author_name=scope.actor_name[:200], text=text)
    mail_after = timezone.now() + MAIL_WAIT
    Mention.objects.bulk_create(
        Mention(comment=comment, user=person.user, handle=person.handle, link=link[:2000], mail_after=mail_after)
        for person in mentioned(text, mentionable(scope.organization))
        if person.user != author
    )
    return comment


def _set_resolved(thread: Thread, scope: Scope | None, name: str) -> None:
    thread.resolved_at = timezone.now() if scope is not None else None
    thread.resolved_by_name = name[:200]
    thread.save(update_fields=["resolved_at", "resolved_by_name"])


def _changed(scope: Scope, flow: designer.Flow) -> None:
    """Count the change, and tell it to whoever looks at the flow once it is stored."""
    count_change(flow.pk, scope.organization.pk)


def count_change(flow_id: int, organization_id: int) -> None:
    """The discussion of a flow has changed: to be called in the transaction that changes it."""
    discussion, _ = Discussion.objects.get_or_create(flow_id=flow_id)
    Discussion.objects.filter(pk=discussion.pk).update(changes=F("changes") + 1)
    discussion.refresh_from_db(fields=["changes"])
    changes = discussion.changes
    transaction.on_commit(lambda: publish(f"comments:{flow_id}", organization_id, changes))
