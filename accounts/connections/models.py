"""A stored connection."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import EnvironmentScoped
from accounts.querysets import ScopedQuerySet
from accounts.sealing import unseal


class Connection(EnvironmentScoped):
    """An agent that the flows of one environment may ask, by its `key`. The secret is only ever stored sealed."""

    class AnswerFormat(models.TextChoices):
        SCHEMA = "schema", "As a JSON Schema"
        OBJECT = "object", "Only that it is JSON"
        NONE = "none", "In words"

    key = models.CharField("short name", max_length=60, help_text="What flows call it by.")
    name = models.CharField(max_length=120)
    base_url = models.CharField(
        "address",
        max_length=500,
        help_text="Where the API begins, such as https://api.example.com/v1. /chat/completions is added.",
    )
    model = models.CharField(max_length=200, help_text="The name of the model, as the service calls it.")
    secret = models.TextField(blank=True, help_text="The key that is sent with each request, sealed.")
    answer_format = models.CharField(
        "asks for JSON",
        max_length=6,
        choices=AnswerFormat.choices,
        default=AnswerFormat.SCHEMA,
        help_text="How a service is told which answer is wanted. Not every one understands a JSON Schema.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ScopedQuerySet["Connection"].as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["environment", "key"], name="one_connection_per_key")]

    def __str__(self) -> str:
        return self.name

    @property
    def plain_secret(self) -> str:
        """The secret as the service knows it, empty for none. Raises `SecretUnreadable`."""
        return unseal(self.secret) if self.secret else ""
