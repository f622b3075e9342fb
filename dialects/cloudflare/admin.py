"""Django's admin for what this room keeps."""

from __future__ import annotations

from django.contrib import admin

from dialects.cloudflare.models import Keeping


@admin.register(Keeping)
class KeepingAdmin(admin.ModelAdmin[Keeping]):
    """Retention of single instances."""

    list_display = ["instance", "success_ms", "error_ms"]
    raw_id_fields = ["instance"]
    list_select_related = ["instance"]
