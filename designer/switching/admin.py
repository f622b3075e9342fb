"""Planned switches in Django's admin: to look at."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin import ReadOnlyAdmin
from designer.switching.models import PlannedSwitch


@admin.register(PlannedSwitch)
class PlannedSwitchAdmin(ReadOnlyAdmin):
    """When flows are enabled and disabled."""

    list_display = ["flow", "enables", "at", "planned_by", "planned_at"]
    list_filter = ["flow__environment__organization", "enables"]
    list_select_related = ["flow", "planned_by"]
    search_fields = ["flow__key", "flow__name"]
    date_hierarchy = "at"
