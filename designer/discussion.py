"""What the editor's comment panel shows: the read model of `templates/designer/comments/panel.html`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from accounts.scope import Scope
from designer import models
from designer.comments.models import LONGEST_COMMENT, Comment, Thread
from designer.comments.people import in_pieces, mentionable
from designer.comments.threads import MAY_COMMENT, may_delete, may_edit
from designer.graph.model import Flow
from designer.services.drafting import draft_of


@dataclass(frozen=True, slots=True)
class Said:
    """One comment. `pieces`: its text, parted at mentions."""

    pk: int
    author: str
    initials: str
    at: datetime
    text: str
    edited_at: datetime | None
    pieces: Sequence[tuple[str, bool]]
    may_edit: bool
    may_delete: bool


@dataclass(frozen=True, slots=True)
class Talk:
    """One thread with its comments."""

    thread: Thread
    about: str
    said: Sequence[Said]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A task with open threads."""

    ref: str
    name: str
    count: int


@dataclass(frozen=True)
class DiscussionPanel:
    """What is said about one task, or (subject "") about the flow, with the way to all the rest."""

    scope: Scope
    row: models.Flow
    asked: str

    @cached_property
    def draft(self) -> Flow:
        """The flow as it is."""
        return draft_of(self.row)

    @property
    def subject(self) -> str:
        """The task that is talked about; what is no task of the draft counts as the flow."""
        return self.asked if self.asked in self.draft.tasks else ""

    @property
    def about(self) -> str:
        """What the panel is about, in words."""
        return self._name(self.subject) if self.subject else "this flow"

    @property
    def may_comment(self) -> bool:
        """Whether the person may say something."""
        return self.scope.allows(MAY_COMMENT)

    @property
    def longest(self) -> int:
        """The most characters of a comment."""
        return LONGEST_COMMENT

    @cached_property
    def people(self) -> list[dict[str, str]]:
        """Whom one can mention, for the completion."""
        found = mentionable(self.scope.organization) if self.may_comment else []
        return [{"handle": person.handle, "email": person.user.email} for person in found]

    @property
    def open(self) -> list[Talk]:
        """What waits to be resolved here."""
        return [talk for talk in self._here if talk.thread.is_open]

    @property
    def resolved(self) -> list[Talk]:
        """What has been dealt with here."""
        return [talk for talk in self._here if not talk.thread.is_open]

    @property
    def elsewhere(self) -> list[Elsewhere]:
        """On which tasks something is open, from the flow's own panel."""
        counts: dict[str, int] = {}
        for talk in self._talks:
            if talk.thread.task in self.draft.tasks and talk.thread.is_open and talk.thread.task != self.subject:
                counts[talk.thread.task] = counts.get(talk.thread.task, 0) + 1
        return [Elsewhere(ref, self._name(ref), count) for ref, count in counts.items()]

    @property
    def removed(self) -> list[Talk]:
        """What was said about tasks that are there no more, from the flow's own panel."""
        if self.subject:
            return []
        return [talk for talk in self._talks if talk.thread.task and talk.thread.task not in self.draft.tasks]

    @property
    def _here(self) -> list[Talk]:
        return [talk for talk in self._talks if talk.thread.task == self.subject]

    @cached_property
    def _talks(self) -> list[Talk]:
        threads = self.row.comment_threads.order_by("pk").prefetch_related("comments__mentions", "comments__author")
        return [
            Talk(thread, self._about(thread), [self._said(each) for each in thread.comments.all()])
            for thread in threads
        ]

    def _said(self, comment: Comment) -> Said:
        initials = comment.author.initials if comment.author is not None else "?"
        handles = [mention.handle for mention in comment.mentions.all()]
        pieces = in_pieces(comment.text, handles)
        return Said(
            pk=comment.pk,
            author=comment.author_name,
            initials=initials,
            at=comment.at,
            text=comment.text,
            edited_at=comment.edited_at,
            pieces=pieces,
            may_edit=may_edit(self.scope, comment),
            may_delete=may_delete(self.scope, comment),
        )

    def _about(self, thread: Thread) -> str:
        if thread.task in self.draft.tasks:
            return self._name(thread.task)
        return thread.task_name or thread.task

    def _name(self, key: str) -> str:
        return self.draft.tasks[key].name or key
