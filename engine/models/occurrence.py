"""One firing of a trigger."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import EnvironmentScoped
from accounts.querysets import ScopedQuerySet
from designer.models import Flow, Trigger
from engine.models.event import InboundEvent
from engine.models.instance import Instance


class Occurrence(EnvironmentScoped):
    """One firing of a trigger and what came of it. `dedupe` makes each firing happen once."""

    class Outcome(models.TextChoices):
        STARTED = "started", "Started an instance"
        FILTERED = "filtered", "Filtered out"
        REFUSED = "refused", "Refused"

    trigger = models.ForeignKey(Trigger, null=True, blank=True, on_delete=models.SET_NULL, related_name="occurrences")
    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="occurrences")
    type = models.CharField(max_length=10)
    at = models.DateTimeField(default=timezone.now)
    dedupe = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001  # many without one are no repeats
    payload = models.JSONField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    reason = models.TextField(blank=True)
    instance = models.ForeignKey(Instance, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    inbound_event = models.ForeignKey(
        InboundEvent, null=True, blank=True, on_delete=models.SET_NULL, related_name="occurrences"
    )

    objects = ScopedQuerySet["Occurrence"].as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["trigger", "dedupe"], name="one_occurrence_per_firing")]
        indexes = [models.Index(fields=["flow", "-id"], name="occurrences_by_flow")]

    def __str__(self) -> str:
        return f"{self.type} at {self.at:%Y-%m-%d %H:%M:%S}"
