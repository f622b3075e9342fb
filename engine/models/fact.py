"""Something that happened to an instance: the append-only history."""

from __future__ import annotations

from django.db import models

from engine.models.instance import Instance


class Fact(models.Model):
    """Something that happened. Numbered per instance from 1 without gaps; written once, never changed. Of a step that
    was tried hundreds of times, what it told again and again is taken out (`engine.services.thinning`).
    """

    # No constraint in the database: checking it row by row at the commit costs more than writing the fact. Facts are
    # only ever written under the lock of their instance.
    instance = models.ForeignKey(
        Instance, on_delete=models.CASCADE, related_name="facts", db_index=False, db_constraint=False
    )
    number = models.PositiveIntegerField()
    type = models.CharField(max_length=40)
    at = models.DateTimeField()
    task = models.CharField(max_length=64, blank=True)
    iteration = models.PositiveIntegerField(default=0)
    data = models.JSONField(default=dict)
    is_derived = models.BooleanField(default=False, help_text="Followed from the told fact before it.")

    class Meta:
        ordering = ["instance", "number"]
        constraints = [models.UniqueConstraint(fields=["instance", "number"], name="one_fact_per_number")]

    def __str__(self) -> str:
        return f"{self.number} {self.type} {self.task}".strip()
