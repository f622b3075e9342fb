"""One task within one instance, per loop iteration."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Func, Q

from accounts.models import Environment, EnvironmentScoped, User
from accounts.querysets import ScopedQuerySet
from engine.models.instance import Instance


def _written(word: str) -> Func:
    """One of our own words, as part of the statement: SQLite takes a partial index only where it reads the condition of
    the index in the statement itself, not in its parameters."""
    return Func(template=f"'{word}'", output_field=models.CharField())


class StepQuerySet(ScopedQuerySet["Step"]):
    """Steps, in the domain's words."""

    def for_people(self) -> Self:
        """Open steps that wait for a person."""
        return self.filter(waits_for=_written("person"), status__in=[_written("waiting"), _written("held")])


class Step(EnvironmentScoped):
    """One task within one instance, per loop iteration.

    `claimable_at` is the whole queue: empty when no worker has anything to do here; the moment from which the step may
    be claimed while it is ready; the end of the lease while an attempt runs, so that a lease that ran out makes the
    step claimable again by itself. `lease_token` is drawn anew for each claim; a result with another one is refused.
    """

    # Each index and each checked reference costs every insert of the hot path. These two are looked for through the
    # constraint below, and steps are only ever written under the lock of their instance.
    environment = models.ForeignKey(
        Environment, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    instance = models.ForeignKey(
        Instance, on_delete=models.CASCADE, related_name="steps", db_index=False, db_constraint=False
    )
    task = models.CharField(max_length=64)
    iteration = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=40)
    status = models.CharField(max_length=16)
    attempt = models.PositiveIntegerField(default=0, help_text="The number of the current or last attempt.")
    attempts = models.JSONField(
        default=list, blank=True, help_text="[{number, started_at, ended_at, error, compensation?}] of those ended."
    )
    claimable_at = models.DateTimeField(null=True, blank=True)
    lease_owner = models.CharField(max_length=80, blank=True)
    lease_token = models.BigIntegerField(default=0)
    lost_leases = models.PositiveIntegerField(default=0, help_text="How often a worker went away during an attempt.")
    ready_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    wakes_at = models.DateTimeField(null=True, blank=True, help_text="When its next timer is due.")
    input = models.JSONField(null=True, blank=True)
    output = models.JSONField(null=True, blank=True)
    error = models.JSONField(null=True, blank=True)
    is_sensitive = models.BooleanField(default=False, help_text="Its output is shown as [REDACTED].")
    is_past = models.BooleanField(default=False, help_text="From before a restart: nothing reads its output any more.")
    waits_for = models.CharField(max_length=6, blank=True, help_text="timer, start, event, person or child.")
    event_type = models.CharField(max_length=200, blank=True)
    event_filter = models.TextField(blank=True)
    assigned_to = models.JSONField(default=list, blank=True, help_text="Addresses and group slugs.")
    claimed_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="claimed_steps", db_index=False
    )
    due_at = models.DateTimeField(null=True, blank=True)

    objects = StepQuerySet.as_manager()

    class Meta:
        ordering = ["instance", "pk"]
        constraints = [models.UniqueConstraint(fields=["instance", "task", "iteration"], name="one_step_per_iteration")]
        indexes = [
            # What waits for a worker, by whose it is; and apart from it what is leased, which most steps only ever are.
            models.Index(
                fields=["environment", "claimable_at"],
                condition=Q(claimable_at__isnull=False, lease_owner=""),
                name="steps_queued",
            ),
            models.Index(
                fields=["claimable_at"],
                condition=Q(claimable_at__isnull=False) & ~Q(lease_owner=""),
                name="steps_leased",
            ),
            models.Index(
                fields=["environment", "due_at"],
                condition=Q(waits_for="person", status__in=["waiting", "held"]),
                name="steps_inbox",
            ),
            models.Index(
                fields=["instance", "event_type"],
                condition=Q(waits_for="event", status="waiting"),
                name="steps_awaiting",
            ),
            models.Index(fields=["claimed_by"], condition=Q(claimed_by__isnull=False), name="steps_of_people"),
        ]

    def __str__(self) -> str:
        return f"{self.task} of {self.instance_id}"
