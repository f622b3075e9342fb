"""Who called whom, and what is yet to be told between them."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from engine.models import Instance


class Call(models.Model):
    """A step of one instance, the parent, started another, the child.

    `run` counts the children of one step, from 1: a call whose instance is retried starts another child.
    """

    parent = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="calls", db_index=False)
    task = models.CharField(max_length=64)
    iteration = models.PositiveIntegerField(default=1)
    run = models.PositiveIntegerField(default=1)
    child = models.OneToOneField(Instance, null=True, on_delete=models.SET_NULL, related_name="call")
    child_key = models.CharField(max_length=200, help_text="Stays when the child has been removed.")
    flow_key = models.CharField(max_length=64)
    waits = models.BooleanField(default=True, help_text="Whether the step waits for the child's end.")
    depth = models.PositiveSmallIntegerField(default=1, help_text="How many calls lie above the child.")
    started_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["parent", "task", "iteration", "run"], name="one_call_per_step_and_run")
        ]

    def __str__(self) -> str:
        return f"{self.task} → {self.flow_key}/{self.child_key}"


class Signal(models.Model):
    """A message from one instance to another, stored with what it tells of and delivered right after.

    Nothing refers to anything here: whoever stores a signal holds the lock of one instance and may not wait for
    another's. `start` and `cancel` name the step that calls, `ended` the child, `room` a flow.
    """

    class Kind(models.TextChoices):
        START = "start", "Start a child"
        CANCEL = "cancel", "Stop a child"
        ENDED = "ended", "A child has ended"
        ROOM = "room", "A queued instance may start"

    kind = models.CharField(max_length=6, choices=Kind.choices)
    instance_id = models.BigIntegerField(help_text="Of whom it tells; for `room` the flow.")
    task = models.CharField(max_length=64, blank=True)
    iteration = models.PositiveIntegerField(default=0)
    data = models.JSONField(default=dict)
    due_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["due_at", "pk"]
        indexes = [models.Index(fields=["due_at", "id"], name="signals_due")]

    def __str__(self) -> str:
        return f"{self.kind} {self.instance_id} {self.task}".strip()
