"""Triggers of the Formance API in Django's admin: to look at."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin import ReadOnlyAdmin
from dialects.formance.models import DeletedWorkflow, EventTrigger, TriggerOccurrence


@admin.register(EventTrigger)
class EventTriggerAdmin(ReadOnlyAdmin):
    """Triggers."""

    list_display = ["__str__", "event", "version", "flow", "environment", "created_at", "deleted_at"]
    list_filter = ["environment__organization", "environment"]
    list_select_related = ["flow", "environment__organization"]
    search_fields = ["name", "event", "flow__name"]


@admin.register(TriggerOccurrence)
class TriggerOccurrenceAdmin(ReadOnlyAdmin):
    """What came of events."""

    list_display = ["at", "trigger", "outcome", "instance", "error"]
    list_filter = ["outcome", "environment__organization", "environment"]
    list_select_related = ["trigger__flow", "instance"]
    show_full_result_count = False


@admin.register(DeletedWorkflow)
class DeletedWorkflowAdmin(ReadOnlyAdmin):
    """Flows that were deleted through the API."""

    list_display = ["flow", "deleted_at"]
    list_select_related = ["flow"]
