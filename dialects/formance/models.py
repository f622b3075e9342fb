"""What this API knows beyond flows and instances."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import EnvironmentScoped
from accounts.querysets import ScopedQuerySet
from designer.models import Flow
from engine.models import InboundEvent, Instance


class DeletedWorkflow(models.Model):
    """A flow that was deleted through this API: not listed or run any more, but there by its id, with its instances."""

    flow = models.OneToOneField(Flow, primary_key=True, on_delete=models.CASCADE, related_name="formance_deletion")
    deleted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-deleted_at"]

    def __str__(self) -> str:
        return str(self.flow)


class EventTrigger(EnvironmentScoped):
    """Starts instances of a flow by events of the bus. Never changed; deleting it keeps its occurrences."""

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="formance_triggers")
    event = models.CharField(max_length=200)
    name = models.CharField(max_length=500, blank=True)
    version = models.CharField(max_length=100, blank=True, help_text="Only events of this version; empty for any.")
    filter = models.TextField(blank=True)
    vars = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ScopedQuerySet["EventTrigger"].as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["environment", "event"], condition=Q(deleted_at=None), name="formance_triggers_by_event"
            )
        ]

    def __str__(self) -> str:
        return self.name or f"{self.event} of {self.flow}"


class TriggerOccurrence(EnvironmentScoped):
    """One event that reached a trigger, and what came of it.

    `waiting` until it has been looked at: a filter may fetch something over the network, which is no matter for the
    transaction that takes the event in. Those that do not match are removed, except where they keep an event from
    firing twice.
    """

    class Outcome(models.TextChoices):
        WAITING = "waiting", "To be looked at"
        STARTED = "started", "Started an instance"
        FAILED = "failed", "Failed"

    trigger = models.ForeignKey(EventTrigger, on_delete=models.CASCADE, related_name="occurrences")
    at = models.DateTimeField(default=timezone.now)
    event = models.JSONField(help_text="The whole message: date, app, version, type, payload.")
    dedupe = models.CharField(max_length=300)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.WAITING)
    error = models.TextField(blank=True)
    instance = models.ForeignKey(Instance, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    inbound_event = models.ForeignKey(InboundEvent, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    tries = models.PositiveIntegerField(default=0)
    look_at = models.DateTimeField(null=True, blank=True, help_text="When it may be looked at; empty once it was.")

    objects = ScopedQuerySet["TriggerOccurrence"].as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["trigger", "dedupe"], name="formance_one_occurrence_per_event")]
        indexes = [
            models.Index(fields=["look_at"], condition=Q(look_at__isnull=False), name="formance_occurrences_open"),
            models.Index(fields=["trigger", "-at", "-id"], name="formance_occurrences_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.trigger} at {self.at:%Y-%m-%d %H:%M:%S}"
