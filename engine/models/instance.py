"""One run of one version."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone

from accounts.models import Environment, EnvironmentScoped, User
from accounts.querysets import ScopedQuerySet
from designer.models import Flow, Version

if TYPE_CHECKING:
    from engine.models.step import Step

STATUSES = [
    ("queued", "Queued"),
    ("running", "Running"),
    ("waiting", "Waiting"),
    ("waiting_for_pause", "Pausing"),
    ("paused", "Paused"),
    ("rolling_back", "Rolling back"),
    ("complete", "Complete"),
    ("errored", "Errored"),
    ("terminated", "Terminated"),
]


FINAL = ("complete", "errored", "terminated")


class InstanceQuerySet(ScopedQuerySet["Instance"]):
    """Instances, in the domain's words."""

    def unfinished(self) -> InstanceQuerySet:
        """Those that have not ended."""
        return self.exclude(status__in=FINAL)

    def finished(self) -> InstanceQuerySet:
        """Those that have ended."""
        return self.filter(status__in=FINAL)


class Instance(EnvironmentScoped):
    """One run of one version.

    `state` is the marking (`engine.core.state`), the truth of where the instance stands; `status`, the times and
    `error` repeat it for queries. `fact_count` is the number of the last fact. Whoever changes an instance does so
    under the row's lock, which `engine.services.advancing` takes.
    """

    # The indexes below begin with these two, so they need none of their own.
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+", db_index=False)
    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="instances", db_index=False)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="instances", db_index=False)
    key = models.CharField(
        max_length=200, help_text="The id on the wire: chosen by the caller or made; unique per flow."
    )
    status = models.CharField(max_length=20, choices=STATUSES, default="queued")
    input = models.JSONField(null=True, blank=True)
    context = models.JSONField(default=dict, blank=True)
    vars = models.JSONField(default=dict, blank=True)
    output = models.JSONField(null=True, blank=True)
    error = models.JSONField(null=True, blank=True)
    state = models.TextField(default="", blank=True, editable=False)
    fact_count = models.PositiveIntegerField(default=0, editable=False)
    trigger = models.JSONField(default=dict, blank=True, help_text="What started it: {type, by, event?, …}.")
    started_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = InstanceQuerySet.as_manager()

    find_begun: Callable[[Instance], Step | None] | None = None
    """Of one that has just been started: how its `begun` is known."""

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["flow", "key"], name="one_instance_per_key"),
            models.CheckConstraint(
                condition=models.Q(status__in=[s for s, _ in STATUSES]), name="instance_status_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(status="queued"), name="instances_queued"),
            models.Index(fields=["environment", "-id"], name="instances_newest"),
            models.Index(fields=["environment", "status", "-id"], name="instances_by_status"),
            models.Index(fields=["flow", "status", "-id"], name="instances_by_flow"),
            models.Index(fields=["flow", "-id"], name="instances_newest_of_flow"),
            models.Index(fields=["version", "-id"], name="instances_by_version"),
            models.Index(
                fields=["environment", "-id"],
                condition=~models.Q(status__in=["complete", "errored", "terminated"]),
                name="instances_unfinished",
            ),
            # By which PostgreSQL finds what begins with a text, whatever language it sorts in.
            models.Index(
                fields=["environment", "key"],
                name="instances_by_key_text",
                opclasses=["int8_ops", "varchar_pattern_ops"],
            ),
            models.Index(fields=["environment", "created_at"], name="instances_by_start"),
            models.Index(
                fields=["flow", "ended_at"], condition=models.Q(ended_at__isnull=False), name="instances_ended"
            ),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def begun(self) -> Step | None:
        """Of one that has just been started: the only step that it has begun, as it was written. None where there are
        others or none, where it calls another instance, and for one that was read.
        """
        return self.find_begun(self) if self.find_begun is not None else None

    @property
    def is_final(self) -> bool:
        """Whether it has ended."""
        return self.status in ("complete", "errored", "terminated")
