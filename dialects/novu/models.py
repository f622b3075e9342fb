"""What Novu knows of a flow, a task, an environment or a request beside what the house knows."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.timezone import now

from accounts.models import Environment, Organization
from accounts.querysets import OrganizationQuerySet
from designer.models import Flow
from dialects.novu.translate.ids import IdOf, encode_id


class Origin(models.TextChoices):
    """Where a workflow was made, in Novu's words."""

    CLOUD = "novu-cloud", "Novu Cloud"
    CLOUD_V1 = "novu-cloud-v1", "Novu Cloud, first version"
    EXTERNAL = "external", "External"


class Workflow(models.Model):
    """A flow as Novu's API shows it. `identifier` is its `workflowId`, unique in the environment, never changed."""

    flow = models.OneToOneField(Flow, on_delete=models.CASCADE, related_name="novu_workflow")
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+")
    identifier = models.CharField(max_length=255)
    origin = models.CharField(max_length=20, choices=Origin.choices, default=Origin.CLOUD)
    is_translation_enabled = models.BooleanField(default=False)
    agent = models.JSONField(null=True, blank=True)
    source = models.CharField(max_length=40, default="editor")
    description = models.CharField(max_length=256, null=True, blank=True)  # noqa: DJ001  # absent and empty differ
    tags = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(default=now, editable=False)
    last_published_at = models.DateTimeField(null=True, blank=True)
    last_published_by = models.CharField(max_length=200, blank=True)
    is_faulty = models.BooleanField(default=False, help_text="A step has issues with its controls (status ERROR).")
    checked_revision = models.PositiveIntegerField(
        null=True, blank=True, help_text="Of the draft that was looked at for faults; empty: to be looked at."
    )

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["environment", "identifier"], name="one_workflow_per_identifier")
        ]

    def __str__(self) -> str:
        return self.identifier

    @property
    def id_text(self) -> str:
        """Its `_id`."""
        return encode_id(IdOf.WORKFLOW, self.pk, self.created_at)

    @property
    def changed_at(self) -> datetime:
        """When it was last changed, through this API or in the editor."""
        return max(self.updated_at, self.flow.updated_at)


class Step(models.Model):
    """A task as a step of Novu's, with the control values that its settings cannot hold."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="steps")
    task = models.CharField(max_length=64, help_text="The key of the task; also the stepId.")
    type = models.CharField(max_length=20, blank=True)
    aside = models.JSONField(default=dict, blank=True)
    has_values = models.BooleanField(default=True, help_text="Unticked: nothing has been stored for it yet.")
    provider_overrides = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["workflow", "task"], name="one_step_per_task")]

    def __str__(self) -> str:
        return self.task

    @property
    def id_text(self) -> str:
        """Its `_id`."""
        return encode_id(IdOf.STEP, self.pk, self.created_at)


class EnvironmentNote(models.Model):
    """What Novu says of an environment beside its name."""

    environment = models.OneToOneField(Environment, on_delete=models.CASCADE, related_name="novu_note")
    identifier = models.CharField(max_length=60, blank=True)
    color = models.CharField(max_length=40, blank=True)
    parent = models.ForeignKey(Environment, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return self.identifier or str(self.environment)


class Replay(models.Model):
    """A request under an idempotency key, and its answer once there is one: kept 24 hours, under way for 5 minutes."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    body_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField(default=now, editable=False)

    objects = OrganizationQuerySet["Replay"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "key"], name="one_replay_per_key")]
        indexes = [models.Index(fields=["created_at"], name="replays_by_age")]

    def __str__(self) -> str:
        return self.key
