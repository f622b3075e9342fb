"""When a flow is switched on or off."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import User
from designer.models import Flow
from designer.querysets import FlowChildQuerySet


class PlannedSwitch(models.Model):
    """A flow is enabled or disabled at a moment. Gone once it is done; the audit log keeps that."""

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="planned_switches")
    at = models.DateTimeField(db_index=True)
    enables = models.BooleanField(help_text="Whether it enables the flow; else it disables it.")
    planned_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    planned_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = FlowChildQuerySet["PlannedSwitch"].as_manager()

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.flow}: {'enable' if self.enables else 'disable'} at {self.at:%Y-%m-%d %H:%M %Z}"
