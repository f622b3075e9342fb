"""What the epilot APIs know and our tables do not: ids of closing reasons, and executions as they go over the wire."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import EnvironmentScoped
from accounts.querysets import ScopedQuerySet
from designer.models import ClosingReason, Flow
from engine.models import Instance


class ReasonId(models.Model):
    """The short id of a closing reason. Made when one is first asked for."""

    reason = models.OneToOneField(ClosingReason, on_delete=models.CASCADE, related_name="epilot_id")
    key = models.CharField(max_length=8, unique=True)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.key


class Listing(models.Model):
    """What lists ask of a flow as a template, read from its draft when that has changed (`listings`)."""

    flow = models.OneToOneField(Flow, on_delete=models.CASCADE, related_name="epilot_listing")
    revision = models.PositiveIntegerField(help_text="Of the draft that was read.")
    is_v1 = models.BooleanField("definition of the older API", default=False)
    is_gone = models.BooleanField("deleted here", default=False)
    folded_name = models.CharField(max_length=400, blank=True, help_text="The name without case.")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.flow_id} at {self.revision}"


class Mention(models.Model):
    """Something that a template names: what starts it (`trigger`), or an automation that a task of it runs."""

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="mentions")
    trigger = models.CharField(max_length=40, blank=True, help_text="The type of the trigger; empty for a task.")
    automation = models.CharField(max_length=100, blank=True)
    journey = models.CharField(max_length=100, blank=True)
    schema = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["automation"], name="mentions_of_automations"),
            models.Index(fields=["journey"], name="mentions_of_journeys"),
        ]

    def __str__(self) -> str:
        return f"{self.trigger or 'task'} {self.automation or self.journey or self.schema}"


class Execution(EnvironmentScoped):
    """An instance as an execution.

    `document` is what goes over the wire: what people have put into it (names, due dates, assignees, records of tasks
    that are not the turn of), and where the instance stands, brought up to date in every transaction that moves it.
    """

    instance = models.OneToOneField(Instance, on_delete=models.CASCADE, related_name="epilot_execution")
    key = models.CharField(max_length=40, unique=True)
    is_v1 = models.BooleanField("older API", default=False)
    is_hidden = models.BooleanField("deleted softly", default=False)
    document = models.JSONField(default=dict)
    started_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ScopedQuerySet["Execution"].as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["environment", "is_v1", "-id"], name="executions_newest")]

    def __str__(self) -> str:
        return self.key


class ExecutionContext(models.Model):
    """That an execution is about an entity: to search by."""

    execution = models.ForeignKey(Execution, on_delete=models.CASCADE, related_name="context_rows")
    entity_key = models.CharField(max_length=200)
    entity_schema = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ["execution", "pk"]
        constraints = [models.UniqueConstraint(fields=["execution", "entity_key"], name="one_context_per_entity")]
        indexes = [models.Index(fields=["entity_key", "entity_schema"], name="contexts_by_entity")]

    def __str__(self) -> str:
        return f"{self.entity_schema} {self.entity_key}"
