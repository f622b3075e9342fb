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


def may_edit(scope: Scope, comment: Comment) -> bool:
    """One's own, and nobody else's: what stands under a name was written by who bears it."""
    return scope.user is not None and comment.author_id == scope.user.pk and scope.allows(MAY_COMMENT)


def edit_comment(scope: Scope, comment: Comment, text: str, *, link: str = "") -> None:
    """Say it in other words; it is marked as edited. Who is mentioned only now is told, who no longer is, not.

    Raises `CommentRefused` for another's and for what cannot be said.
    """
    if not may_edit(scope, comment):
        raise CommentRefused("Only who wrote it can edit it.")
    text = _checked(text)
    if text == comment.text:
        return
    flow = comment.thread.flow
    with transaction.atomic():
        record(scope, "comment.edited", flow, after={"by": comment.author_name, "task": comment.thread.task})
        comment.text, comment.edited_at = text, timezone.now()
        comment.save(update_fields=["text", "edited_at"])
        _mention(scope, comment, link)
        _changed(scope, flow)


def delete_comment(scope: Scope, comment: Comment) -> None:
    """Take a comment back; with the last one the thread goes too. Raises `CommentRefused` for another's."""
    if not may_delete(scope, comment):
        raise CommentRefused("Only who wrote it, or an administrator, can delete it.")
    thread = comment.thread
    with transaction.atomic():
        record(scope, "comment.deleted", thread.flow, before={"by": comment.author_name, "task": thread.task})
        named = comment.mentions.exists()
        comment.delete()
        if named:
            _tell_bells(scope)
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
    comment = Comment.objects.create(thread=thread, author=scope.user, author_name=scope.actor_name[:200], text=text)
    _mention(scope, comment, link)
    return comment


def _mention(scope: Scope, comment: Comment, link: str) -> None:
    """Make the mentions of a comment those of its text. Who was told before is not told again."""
    people = mentioned(comment.text, mentionable(scope.organization))
    named = {person.user.pk: person.handle for person in people if person.user != scope.user}
    known = {mention.user_id: mention for mention in comment.mentions.all()}
    gone = [mention.pk for user, mention in known.items() if user not in named]
    Mention.objects.filter(pk__in=gone).delete()
    for user, mention in known.items():
        if user in named and mention.handle != named[user]:
            Mention.objects.filter(pk=mention.pk).update(handle=named[user])
    mail_after = timezone.now() + MAIL_WAIT
    fresh = {user: handle for user, handle in named.items() if user not in known}
    Mention.objects.bulk_create(
        Mention(comment=comment, user_id=user, handle=handle, link=link[:2000], mail_after=mail_after)
        for user, handle in fresh.items()
    )
    if gone or fresh:
        _tell_bells(scope)


def read_mentions(scope: Scope, pk: int | None = None) -> None:
    """One of the person's mentions, or all of them in this organization, count as read."""
    unread = Mention.objects.of(scope).unread()
    found = unread if pk is None else unread.filter(pk=pk)
    with transaction.atomic():
        if found.update(read_at=timezone.now(), mail_after=None):
            _tell_bells(scope)


def _tell_bells(scope: Scope) -> None:
    """The members' bells count anew; to be called in the transaction that changes mentions."""
    organization = scope.organization.pk
    transaction.on_commit(lambda: publish(f"mentions:{organization}", organization))


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
