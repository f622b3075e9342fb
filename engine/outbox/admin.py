"""Webhooks in Django's admin: to look at. Secrets are made and shown on the console only."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin import ReadOnlyAdmin
from engine.outbox.models import Delivery, Endpoint, Message


@admin.register(Endpoint)
class EndpointAdmin(ReadOnlyAdmin):
    """Endpoints."""

    list_display = ["name", "url", "is_active", "note", "environment", "created_at"]
    list_filter = ["is_active", "environment__organization", "environment"]
    list_select_related = ["environment__organization"]
    search_fields = ["name", "url"]
    exclude = ["secret"]


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    """Messages."""

    list_display = ["id", "type", "instance_id", "at", "dispatched_at"]
    list_filter = ["type", "environment__organization", "environment"]
    show_full_result_count = False


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """Deliveries."""

    list_display = ["message", "endpoint", "status", "tries", "next_at", "answer", "ended_at"]
    list_filter = ["status", "endpoint__environment__organization"]
    list_select_related = ["message", "endpoint"]
    show_full_result_count = False
