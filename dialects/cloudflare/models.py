"""What this room keeps beside flows and instances."""

from __future__ import annotations

from django.db import models

from engine.models import Instance


class Keeping(models.Model):
    """How long one instance is kept after its end, where that was said when it was created. In milliseconds."""

    instance = models.OneToOneField(Instance, on_delete=models.CASCADE, primary_key=True, related_name="+")
    success_ms = models.BigIntegerField(null=True, blank=True)
    error_ms = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["instance"]

    def __str__(self) -> str:
        return f"{self.instance_id}"
