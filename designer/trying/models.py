"""The sample input of a flow, and its cases."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from designer.graph.trials import LONGEST_CASE_NAME
from designer.models import Flow
from designer.querysets import FlowChildQuerySet


class Sample(models.Model):
    """What a flow is tried with, and whether its cases guard its publishing. A flow that was never tried has none."""

    flow = models.OneToOneField(Flow, on_delete=models.CASCADE, related_name="sample")
    input = models.JSONField(null=True, help_text="What a try starts with.")
    answers = models.JSONField(default=dict, blank=True, help_text="Answers that were typed in, by task.")
    cases_must_pass = models.BooleanField(default=False, help_text="Publishing is refused while a case fails.")
    changed_at = models.DateTimeField(default=timezone.now)

    objects = FlowChildQuerySet["Sample"].as_manager()

    class Meta:
        ordering = ["flow"]

    def __str__(self) -> str:
        return f"{self.flow} · sample"


class Case(models.Model):
    """A run that is expected to go as it did: one of the flow's tests."""

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="cases")
    name = models.CharField(max_length=LONGEST_CASE_NAME)
    position = models.PositiveIntegerField(default=0, help_text="Order within the flow.")
    input = models.JSONField(null=True)
    answers = models.JSONField(default=dict, blank=True)
    expect = models.JSONField(default=dict, blank=True, help_text="status, path and output.")
    changed_at = models.DateTimeField(default=timezone.now)

    objects = FlowChildQuerySet["Case"].as_manager()

    class Meta:
        ordering = ["flow", "position", "pk"]
        constraints = [models.UniqueConstraint(fields=["flow", "name"], name="one_case_per_name")]

    def __str__(self) -> str:
        return self.name
