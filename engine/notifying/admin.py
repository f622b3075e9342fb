"""Tables of notifying in Django's admin. What was said and triggered is history: looked at, not changed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from engine.notifying.models import Message, MessagePolicy, Notification, Preference, Provider, Subscriber, Topic


class Unchangeable:
    """Rows that are only looked at."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


@admin.register(Subscriber)
class SubscriberAdmin(admin.ModelAdmin[Subscriber]):
    """Who is notified."""

    list_display = ["subscriber_id", "first_name", "last_name", "email", "environment", "created_at"]
    list_filter = ["environment__organization", "environment"]
    search_fields = ["subscriber_id", "email", "first_name", "last_name", "phone"]
    list_select_related = ["environment"]


@admin.register(Topic)
class TopicAdmin(admin.ModelAdmin[Topic]):
    """Sets of subscribers."""

    list_display = ["key", "name", "environment"]
    list_filter = ["environment"]
    search_fields = ["key", "name"]


@admin.register(Provider)
class ProviderAdmin(admin.ModelAdmin[Provider]):
    """What carries messages out. Secrets are set in the console."""

    list_display = ["name", "channel", "type", "is_active", "is_primary", "environment"]
    list_filter = ["channel", "type", "environment"]
    search_fields = ["name", "url"]
    exclude = ["secret"]


@admin.register(MessagePolicy)
class MessagePolicyAdmin(admin.ModelAdmin[MessagePolicy]):
    """How flows notify."""

    list_display = ["flow", "severity", "validates_payload", "last_triggered_at"]
    list_filter = ["severity"]
    search_fields = ["flow__key", "flow__name"]
    raw_id_fields = ["flow"]


@admin.register(Preference)
class PreferenceAdmin(admin.ModelAdmin[Preference]):
    """What subscribers want."""

    list_display = ["subscriber", "flow", "enabled", "channels", "schedule"]
    search_fields = ["subscriber__subscriber_id", "flow__key"]
    raw_id_fields = ["subscriber", "flow"]


@admin.register(Notification)
class NotificationAdmin(Unchangeable, admin.ModelAdmin[Notification]):
    """Triggers, subscriber by subscriber."""

    list_display = ["transaction_id", "flow_name", "subscriber", "severity", "created_at"]
    list_filter = ["severity", "environment"]
    search_fields = ["transaction_id", "flow_key", "subscriber__subscriber_id"]
    list_select_related = ["subscriber"]


@admin.register(Message)
class MessageAdmin(Unchangeable, admin.ModelAdmin[Message]):
    """What was said."""

    list_display = ["__str__", "channel", "subscriber", "status", "provider", "created_at"]
    list_filter = ["channel", "status", "environment"]
    search_fields = ["subject", "transaction_id", "subscriber__subscriber_id", "address"]
    list_select_related = ["subscriber"]
