"""Stored connections."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import EnvironmentScoped
from accounts.querysets import ScopedQuerySet
from accounts.sealing import unseal


class Connection(EnvironmentScoped):
    """A service that the flows of one environment may ask, by its `key`: an agent, or anything that speaks HTTP.

    The secret is only ever stored sealed, and only ever sent to the connection's own addresses.
    """

    class Type(models.TextChoices):
        HTTP = "http", "HTTP service"
        AGENT = "agent", "AI agent"

    class Auth(models.TextChoices):
        """How a request says that it may. Of agents it is always a bearer token."""

        BEARER = "bearer", "Bearer token"
        BASIC = "basic", "User name and password"
        HEADER = "header", "Key in a header"
        QUERY = "query", "Key in the address"
        OAUTH2 = "oauth2", "OAuth 2 client credentials"
        NONE = "none", "None"

    class AnswerFormat(models.TextChoices):
        SCHEMA = "schema", "As a JSON Schema"
        OBJECT = "object", "Only that it is JSON"
        NONE = "none", "In words"

    type = models.CharField(max_length=5, choices=Type.choices, default=Type.AGENT, db_default=Type.AGENT)
    key = models.CharField("short name", max_length=60, help_text="What flows call it by.")
    name = models.CharField(max_length=120)
    base_url = models.CharField(
        "address",
        max_length=500,
        help_text="Where the API begins, such as https://api.example.com/v1. The secret is sent to nowhere else.",
    )
    auth = models.CharField(
        "authentication", max_length=6, choices=Auth.choices, default=Auth.BEARER, db_default=Auth.BEARER
    )
    user_name = models.CharField(
        "user name",
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="Whose password the secret is, or the id of the client.",
    )
    header_name = models.CharField(
        "header",
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text="The name of the header, such as X-API-Key.",
    )
    query_name = models.CharField(
        "parameter",
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text="The name of the parameter, such as api_key.",
    )
    token_url = models.CharField(
        "token address",
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text="Where a token is had for the id and the secret of the client, such as "
        "https://login.example.com/oauth/token. The secret is sent there only.",
    )
    token_scope = models.CharField(
        "scope",
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text="What the token is asked for, in the service's own words.",
    )
    model = models.CharField(max_length=200, blank=True, help_text="The name of the model, as the service calls it.")
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
