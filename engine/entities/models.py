"""Entities with their relations and history, automations with their runs, journeys."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from accounts.models import Environment, EnvironmentScoped
from accounts.querysets import ScopedQuerySet
from engine.models import Instance


class Entity(EnvironmentScoped):
    """A record of some schema: what an instance is about. `key` is its id on the wire, unique per environment."""

    key = models.CharField(max_length=200)
    schema = models.CharField(max_length=100)
    title = models.CharField(max_length=200, blank=True)
    attributes = models.JSONField(default=dict, blank=True, help_text="By name, any JSON.")
    summaries = models.JSONField(
        default=dict, blank=True, help_text="What flows tell about their instances, by flow.", editable=False
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ScopedQuerySet["Entity"].as_manager()

    class Meta:
        ordering = ["environment", "schema", "key"]
        verbose_name_plural = "entities"
        constraints = [models.UniqueConstraint(fields=["environment", "key"], name="one_entity_per_key")]
        indexes = [models.Index(fields=["environment", "schema", "-updated_at"], name="entities_by_schema")]

    def __str__(self) -> str:
        return self.title or f"{self.schema} {self.key}"


class Relation(models.Model):
    """That one entity is related to another, under a name."""

    source = models.ForeignKey(Entity, on_delete=models.CASCADE, related_name="relations")
    name = models.CharField(max_length=100)
    target = models.ForeignKey(Entity, on_delete=models.CASCADE, related_name="related_from")

    class Meta:
        ordering = ["source", "name", "pk"]
        constraints = [models.UniqueConstraint(fields=["source", "name", "target"], name="one_relation_per_name")]

    def __str__(self) -> str:
        return f"{self.source} {self.name} {self.target}"


class EntityChange(models.Model):
    """What became of an entity once: who changed which attributes from what to what. Only added to."""

    entity = models.ForeignKey(Entity, on_delete=models.CASCADE, related_name="history")
    at = models.DateTimeField(default=timezone.now, editable=False)
    by = models.JSONField(default=dict, help_text="{type, id, name}")
    instance = models.ForeignKey(
        Instance, null=True, on_delete=models.SET_NULL, related_name="+", help_text="The instance that wrote it."
    )
    is_new = models.BooleanField(default=False, help_text="The entity was made.")
    values = models.JSONField(default=dict, help_text="By attribute: {before, after}; absent: there was none.")
    has_relations = models.BooleanField(default=False, help_text="Its relations were replaced.")

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["entity", "-id"], name="entity_history")]

    def __str__(self) -> str:
        return f"{self.entity_id} at {self.at:%Y-%m-%d %H:%M:%S}"


class EntityUse(models.Model):
    """That the context of an instance refers to an entity, by its key: it need not be there yet, nor still."""

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+")
    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="entity_uses")
    entity_key = models.CharField(max_length=200)
    name = models.CharField(max_length=200, blank=True, help_text="What the context calls it.")

    class Meta:
        ordering = ["-instance"]
        constraints = [models.UniqueConstraint(fields=["instance", "entity_key"], name="one_use_per_instance")]
        indexes = [models.Index(fields=["environment", "entity_key", "-instance"], name="uses_of_entities")]

    def __str__(self) -> str:
        return f"{self.entity_key} in {self.instance_id}"


class Outcome(models.TextChoices):
    """How a run of an automation ends."""

    SUCCESS = "success", "Success"
    FAILED = "failed", "Failed"
    SKIPPED = "skipped", "Skipped"
    CANCELLED = "cancelled", "Cancelled"
    HOT = "hot", "Stopped for overload"
    SLOW = "slow", "Goes on until it is told how it ended"
    NO_ELIGIBLE_PARTNER = "no_eligible_partner", "No eligible partner"
    MISSING_INPUT = "missing_input", "Missing input"


class Automation(EnvironmentScoped):
    """A named list of actions that tasks run: of another system, so that the outcome of a run is simulated here."""

    key = models.CharField(max_length=100)
    name = models.CharField(max_length=200, blank=True)
    actions = models.JSONField(default=list, blank=True, help_text="[{type, config}] in their order.")
    trigger = models.JSONField(default=list, blank=True, help_text="[{type, configuration}]: what starts it.")
    outcome = models.CharField(max_length=30, choices=Outcome.choices, default=Outcome.SUCCESS)
    output = models.JSONField(
        default=dict, blank=True, help_text="What a run that succeeds answers; `entity_id` names the entity it made."
    )
    is_enabled = models.BooleanField("enabled", default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ScopedQuerySet["Automation"].as_manager()

    class Meta:
        ordering = ["environment", "name", "key"]
        constraints = [models.UniqueConstraint(fields=["environment", "key"], name="one_automation_per_key")]

    def __str__(self) -> str:
        return self.name or self.key


class AutomationRun(EnvironmentScoped):
    """One run of an automation. `status`: pending, in_progress, or how it ended."""

    STATUSES: ClassVar = [("in_progress", "In progress"), *[c for c in Outcome.choices if c[0] != "slow"]]

    key = models.CharField(max_length=40, unique=True)
    automation = models.ForeignKey(Automation, null=True, blank=True, on_delete=models.SET_NULL, related_name="runs")
    automation_key = models.CharField(max_length=100)
    instance_id = models.BigIntegerField(null=True, blank=True, help_text="The instance whose step runs it.")
    task = models.CharField(max_length=64, blank=True)
    iteration = models.PositiveIntegerField(default=1)
    entity_key = models.CharField(max_length=200, blank=True, help_text="The entity that was handed to it.")
    depth = models.PositiveSmallIntegerField(default=0, help_text="How many changes of entities led to it.")
    status = models.CharField(max_length=30, choices=STATUSES, default="in_progress")
    output = models.JSONField(default=dict, blank=True)
    error_reason = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedQuerySet["AutomationRun"].as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["instance_id", "task"], name="runs_of_steps")]

    def __str__(self) -> str:
        return f"{self.automation_key} {self.key}"


class Journey(EnvironmentScoped):
    """A form page. `is_public`: without signing in. Sending it starts flows, or completes a task."""

    key = models.CharField(max_length=100)
    name = models.CharField(max_length=200)
    form = models.JSONField(default=dict, blank=True, help_text="What is filled in, as a JSON Schema.")
    entity_schema = models.CharField(
        max_length=100, blank=True, help_text="What is sent becomes an entity of this schema."
    )
    is_public = models.BooleanField("public", default=False, help_text="Whoever has the address may send it.")
    is_enabled = models.BooleanField("enabled", default=True)
    secret_path = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ScopedQuerySet["Journey"].as_manager()

    class Meta:
        ordering = ["environment", "name", "key"]
        constraints = [models.UniqueConstraint(fields=["environment", "key"], name="one_journey_per_key")]

    def __str__(self) -> str:
        return self.name
