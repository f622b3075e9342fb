"""One table: the processes that have told of themselves lately."""

from __future__ import annotations

from django.db import models


class Process(models.Model):
    """A process that makes attempts, advances instances, or both. Counts are since its start."""

    name = models.CharField(max_length=100, unique=True, help_text="host:process id:something of its own.")
    serves = models.CharField(max_length=40, help_text="The queues it serves: advance, attempts.")
    release = models.CharField(max_length=40)
    threads = models.PositiveIntegerField(default=0, help_text="Attempts it makes side by side.")
    busy = models.PositiveIntegerField(default=0, help_text="Attempts it had under way when it was seen.")
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)
    swept_at = models.DateTimeField(null=True, blank=True, help_text="When it last looked for what is due.")
    taken_over = models.PositiveIntegerField(default=0, help_text="Attempts it took over from workers that went away.")
    refused = models.PositiveIntegerField(default=0, help_text="Results it told too late.")
    fired = models.PositiveIntegerField(default=0, help_text="Timers it fired.")
    late_seconds = models.FloatField(default=0.0, help_text="The latest of those it fired in five minutes.")

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "processes"

    def __str__(self) -> str:
        return self.name

    @property
    def machine(self) -> str:
        """Its host."""
        return self.name.partition(":")[0]

    @property
    def number(self) -> str:
        """Its process id."""
        return self.name.split(":")[1]
