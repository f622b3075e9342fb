"""Inbound messages: to one instance, and to whoever listens."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import EnvironmentScoped
from accounts.querysets import ScopedQuerySet
from engine.models.instance import Instance
from engine.models.step import Step


class Event(models.Model):
    """An event sent to one instance. Kept first-in-first-out per type until a wait consumes it; each satisfies one."""

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="events")
    type = models.CharField(max_length=200)
    payload = models.JSONField(null=True, blank=True)
    received_at = models.DateTimeField(default=timezone.now)
    consumed_at = models.DateTimeField(null=True, blank=True)
    consumed_by = models.ForeignKey(Step, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["instance", "type", "id"], condition=Q(consumed_at=None), name="events_kept")]

    def __str__(self) -> str:
        return self.type


class InboundEvent(EnvironmentScoped):
    """An event on the environment's bus, for the triggers that listen to its type."""

    type = models.CharField(max_length=200)
    version = models.CharField(max_length=100, blank=True, help_text="Of the message, as its sender calls it.")
    app = models.CharField(max_length=100, blank=True, help_text="Who sent it.")
    payload = models.JSONField(null=True, blank=True)
    received_at = models.DateTimeField(default=timezone.now)
    matched_at = models.DateTimeField(null=True, blank=True, help_text="When the triggers had been asked.")

    objects = ScopedQuerySet["InboundEvent"].as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["id"], condition=Q(matched_at=None), name="inbound_events_to_match")]

    def __str__(self) -> str:
        return self.type
