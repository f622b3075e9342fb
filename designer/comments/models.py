"""Threads of comments, who is mentioned in them, and how often a flow's discussion has changed."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.utils import timezone

from accounts.models import User
from accounts.scope import Scope
from designer.models import Flow
from designer.querysets import FlowChildQuerySet

LONGEST_COMMENT = 4000


class Discussion(models.Model):
    """Counts the changes of all that is said about one flow: the sequence number of its live topic."""

    flow = models.OneToOneField(Flow, on_delete=models.CASCADE, related_name="discussion")
    changes = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"Discussion of {self.flow}"


class Thread(models.Model):
    """A question and what was said to it: about a task of the flow, or (without one) about the flow itself.

    It belongs to the flow, not to a version: publishing leaves it be. `task_name` is what the task was called, for when
    it is there no more.
    """

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="comment_threads")
    task = models.CharField(max_length=64, blank=True, help_text="The key of the task; empty: the flow itself.")
    task_name = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by_name = models.CharField(max_length=200, blank=True)

    objects = FlowChildQuerySet["Thread"].as_manager()

    class Meta:
        ordering = ["flow", "pk"]
        indexes = [models.Index(fields=["flow", "task"], name="threads_by_task")]

    def __str__(self) -> str:
        return f"{self.task_name or self.task or self.flow}"

    @property
    def is_open(self) -> bool:
        """Whether it waits to be resolved."""
        return self.resolved_at is None


class Comment(models.Model):
    """What one person said."""

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    author_name = models.CharField(max_length=200, blank=True)
    text = models.TextField(max_length=LONGEST_COMMENT)
    at = models.DateTimeField(default=timezone.now, editable=False)
    edited_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["thread", "pk"]

    def __str__(self) -> str:
        return f"{self.author_name}: {self.text[:60]}"


class MentionQuerySet(models.QuerySet["Mention"]):
    """Mentions of a person, in the organization they are looking at."""

    def of(self, scope: Scope) -> Self:
        """Those of the person who acts, in all environments of the scope's organization."""
        return self.within_organization(scope.organization.pk).filter(user=scope.user)

    def within_organization(self, organization_id: int) -> Self:
        """Those in all environments of an organization."""
        return self.filter(comment__thread__flow__environment__organization=organization_id)

    def unread(self) -> Self:
        """Those that were not looked at."""
        return self.filter(read_at=None)


class Mention(models.Model):
    """That a comment names somebody. `handle` is how it stands in the text, without the @."""

    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="mentions")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="mentions")
    handle = models.CharField(max_length=320)
    link = models.CharField(max_length=2000, blank=True, help_text="The page of the editor, as the writer reached it.")
    read_at = models.DateTimeField(null=True, blank=True)
    mail_after = models.DateTimeField(null=True, blank=True, help_text="When it is to be mailed; empty: no more.")
    mail_attempts = models.PositiveSmallIntegerField(default=0)

    objects = MentionQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["comment", "user"], name="once_in_a_comment")]
        indexes = [
            models.Index(fields=["user", "read_at"], name="mentions_of_somebody"),
            models.Index(fields=["mail_after"], condition=models.Q(mail_after__isnull=False), name="mentions_to_mail"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.comment}"
