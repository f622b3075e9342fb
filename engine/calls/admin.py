"""Calls in Django's admin: to look at."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin import ReadOnlyAdmin
from engine.calls.models import Call, Signal


@admin.register(Call)
class CallAdmin(ReadOnlyAdmin):
    """Who called whom."""

    list_display = ["parent", "task", "iteration", "flow_key", "child_key", "waits", "depth", "started_at"]
    list_select_related = ["parent"]
    search_fields = ["=parent__key", "=child_key", "=flow_key"]
    ordering = ["-pk"]
    show_full_result_count = False
    list_per_page = 50


@admin.register(Signal)
class SignalAdmin(ReadOnlyAdmin):
    """Messages that are not delivered yet. What they carry is not shown: it may be sensitive."""

    list_display = ["kind", "instance_id", "task", "iteration", "due_at"]
    fields = ["kind", "instance_id", "task", "iteration", "due_at"]
    ordering = ["due_at", "pk"]
    show_full_result_count = False
    list_per_page = 50
