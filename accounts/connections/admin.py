"""Connections in Django's admin. The secret is not shown; it is set in the console."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin import ReadOnlyAdmin
from accounts.connections.models import Connection


@admin.register(Connection)
class ConnectionAdmin(ReadOnlyAdmin):
    """Which services flows may ask."""

    list_display = ["name", "key", "type", "environment", "base_url", "has_secret", "changed_at"]
    list_filter = ["type", "environment__organization", "environment"]
    list_select_related = ["environment__organization"]
    search_fields = ["name", "key", "base_url"]
    fields = [
        *("name", "key", "type", "environment", "base_url", "auth", "user_name", "header_name", "query_name"),
        *("token_url", "token_scope", "model", "answer_format", "has_secret", "created_at"),
    ]

    @admin.display(boolean=True, description="secret")
    def has_secret(self, connection: Connection) -> bool:
        """Whether there is one."""
        return bool(connection.secret)

    def has_delete_permission(self, request: HttpRequest, obj: Connection | None = None) -> bool:
        """As for any table."""
        return admin.ModelAdmin.has_delete_permission(self, request, obj)
