"""What shall happen at a moment."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from engine.models.instance import Instance


class Timer(models.Model):
    """An open timer of a step. The row goes when it fires or is cancelled; the facts keep what happened."""

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="timers", db_index=False)
    task = models.CharField(max_length=64)
    iteration = models.PositiveIntegerField(default=1)
    purpose = models.CharField(max_length=20, help_text="retry, rollback, start, wake, timeout, expire or due.")
    due_at = models.DateTimeField()
    is_suspended = models.BooleanField(default=False, help_text="Its instance is paused.")

    class Meta:
        ordering = ["due_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["instance", "task", "iteration", "purpose"], name="one_open_timer_per_step")
        ]
        indexes = [models.Index(fields=["due_at", "id"], condition=Q(is_suspended=False), name="timers_due")]

    def __str__(self) -> str:
        return f"{self.purpose} of {self.task} at {self.due_at:%Y-%m-%d %H:%M:%S}"
