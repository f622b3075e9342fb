"""What flows are tried with, in Django's admin: to look at."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin import ReadOnlyAdmin
from designer.trying.models import Case, Sample


@admin.register(Sample)
class SampleAdmin(ReadOnlyAdmin):
    """What tries start with."""

    list_display = ["flow", "cases_must_pass", "changed_at"]
    list_filter = ["flow__environment__organization", "cases_must_pass"]
    list_select_related = ["flow"]
    search_fields = ["flow__key", "flow__name"]


@admin.register(Case)
class CaseAdmin(ReadOnlyAdmin):
    """The flows' tests."""

    list_display = ["name", "flow", "changed_at"]
    list_filter = ["flow__environment__organization"]
    list_select_related = ["flow"]
    search_fields = ["name", "flow__key", "flow__name"]
