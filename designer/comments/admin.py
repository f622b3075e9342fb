"""What people said, in Django's admin: to look at."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin import ReadOnlyAdmin
from designer.comments.models import Comment, Discussion, Mention, Thread


@admin.register(Discussion)
class DiscussionAdmin(ReadOnlyAdmin):
    """How often what is said about a flow has changed."""

    list_display = ["flow", "changes"]
    list_filter = ["flow__environment__organization"]
    list_select_related = ["flow"]
    search_fields = ["flow__key", "flow__name"]


@admin.register(Thread)
class ThreadAdmin(ReadOnlyAdmin):
    """What is talked about."""

    list_display = ["flow", "task", "created_at", "resolved_at"]
    list_filter = ["flow__environment__organization"]
    list_select_related = ["flow"]
    search_fields = ["flow__key", "flow__name", "task", "task_name"]


@admin.register(Comment)
class CommentAdmin(ReadOnlyAdmin):
    """What was said."""

    list_display = ["thread", "author_name", "at"]
    list_filter = ["thread__flow__environment__organization"]
    list_select_related = ["thread__flow"]
    search_fields = ["text", "author_name"]


@admin.register(Mention)
class MentionAdmin(ReadOnlyAdmin):
    """Who was named, and whether they know."""

    list_display = ["user", "comment", "read_at", "mail_after"]
    list_select_related = ["user", "comment"]
    search_fields = ["user__email", "handle"]
