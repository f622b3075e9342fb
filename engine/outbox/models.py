"""What is told, to whom, and how it went."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Environment, EnvironmentScoped
from accounts.querysets import ScopedQuerySet

LONGEST_TYPE = 60


class Endpoint(EnvironmentScoped):
    """An address that messages are posted to, signed with its secret."""

    name = models.CharField(max_length=120)
    url = models.URLField(max_length=1000)
    secret = models.TextField(editable=False, help_text="The signing secret, encrypted.")
    types = models.JSONField(default=list, blank=True, help_text="Types of messages; none: all.")
    is_active = models.BooleanField("active", default=True)
    note = models.CharField(max_length=300, blank=True, editable=False, help_text="Why it was switched off.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ScopedQuerySet["Endpoint"].as_manager()

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def wants(self, type: str) -> bool:
        """Whether it asks for messages of a type."""
        return self.is_active and (not self.types or type in self.types)


class Message(models.Model):
    """Something that happened, to be told. Those of one instance are in the order in which they happened."""

    environment = models.ForeignKey(
        Environment, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    instance_id = models.BigIntegerField()
    type = models.CharField(max_length=LONGEST_TYPE)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()
    dispatched_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["id"], condition=Q(dispatched_at=None), name="messages_to_dispatch")]

    def __str__(self) -> str:
        return f"{self.type} of {self.instance_id}"

    @property
    def key(self) -> str:
        """Its id on the wire, the same each time it is sent."""
        return f"msg_{self.pk}"


class Delivery(models.Model):
    """One message on its way to one endpoint."""

    class Status(models.TextChoices):
        PENDING = "pending", "On its way"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Given up"

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="deliveries")
    instance_id = models.BigIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    tries = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=300, blank=True, help_text="What came back last.")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["endpoint", "message"], name="one_delivery_per_endpoint")]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="deliveries_due"),
            models.Index(
                fields=["endpoint", "instance_id", "id"], condition=Q(status="pending"), name="deliveries_in_order"
            ),
            models.Index(fields=["endpoint", "-id"], name="deliveries_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.message} to {self.endpoint}"
