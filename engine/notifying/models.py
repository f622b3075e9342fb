"""Subscribers, topics, preferences, providers, messages, and what digests and throttles remember.

Rows that stand for something a step does carry the step's idempotency key under a unique constraint: done twice, it is
there once.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from accounts.models import Environment, EnvironmentScoped
from accounts.querysets import ScopedQuerySet
from designer.models import Flow
from engine.models import Instance
from engine.notifying.schedules import schedule_reason


class Channel(models.TextChoices):
    """The ways to reach a subscriber; equal to the kinds of the tasks that use them."""

    IN_APP = "in_app", "Inbox"
    EMAIL = "email", "E-mail"
    SMS = "sms", "Text message"
    PUSH = "push", "Push"
    CHAT = "chat", "Chat"
    TOOL = "tool", "Tool"


class Severity(models.TextChoices):
    """How much a message matters."""

    HIGH = "high", "High"
    MEDIUM = "medium", "Medium"
    LOW = "low", "Low"
    NONE = "none", "None"


class Subscriber(EnvironmentScoped):
    """Somebody who is notified. `subscriber_id` is the caller's own id, unique in the environment."""

    subscriber_id = models.CharField(max_length=255)
    first_name = models.CharField(max_length=200, blank=True)
    last_name = models.CharField(max_length=200, blank=True)
    email = models.CharField(max_length=320, blank=True)
    phone = models.CharField(max_length=60, blank=True)
    avatar = models.CharField(max_length=4000, blank=True)
    locale = models.CharField(max_length=40, blank=True)
    timezone = models.CharField(max_length=60, blank=True)
    data = models.JSONField(default=dict, blank=True)
    channels = models.JSONField(default=list, blank=True, help_text="Addresses for push, chat and tools, per provider.")
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(default=now, editable=False)

    objects = ScopedQuerySet["Subscriber"].as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["environment", "subscriber_id"], name="one_subscriber_per_id")]
        indexes = [models.Index(fields=["environment", "email"], name="subscribers_by_email")]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.subscriber_id


class Topic(EnvironmentScoped):
    """A named set of subscribers."""

    key = models.CharField(max_length=200)
    name = models.CharField(max_length=200, blank=True)
    subscribers = models.ManyToManyField(Subscriber, through="TopicMember", related_name="topics")
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(default=now, editable=False)

    objects = ScopedQuerySet["Topic"].as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["environment", "key"], name="one_topic_per_key")]

    def __str__(self) -> str:
        return self.name or self.key


class TopicMember(models.Model):
    """That a subscriber is in a topic."""

    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="members")
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="memberships")
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["topic", "subscriber"], name="once_in_a_topic")]

    def __str__(self) -> str:
        return f"{self.subscriber} in {self.topic}"


class MessagePolicy(models.Model):
    """How a flow notifies: how much it matters, which channels are on, what its payload must look like.

    Preferences are `{all: {enabled, readOnly}, channels: {<channel>: {enabled}}}`; `author_preferences` are the flow's
    own, `override_preferences` lie over them. `readOnly` makes the flow critical: subscribers cannot turn it off.
    """

    flow = models.OneToOneField(Flow, on_delete=models.CASCADE, related_name="message_policy")
    severity = models.CharField(max_length=10, choices=Severity.choices, default=Severity.NONE)
    author_preferences = models.JSONField(null=True, blank=True)
    override_preferences = models.JSONField(null=True, blank=True)
    payload_schema = models.JSONField(null=True, blank=True)
    validates_payload = models.BooleanField(default=False)
    last_triggered_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name_plural = "message policies"

    def __str__(self) -> str:
        return f"How {self.flow} notifies"

    @property
    def is_critical(self) -> bool:
        """Whether subscribers cannot turn it off."""
        layers = (self.override_preferences or {}, self.author_preferences or {})
        return any(bool((layer.get("all") or {}).get("readOnly")) for layer in layers)


class Preference(models.Model):
    """What a subscriber wants: of one flow, or (without a flow) of all. Channels that are not named are as before."""

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="preferences")
    flow = models.ForeignKey(Flow, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    enabled = models.BooleanField(null=True, blank=True, help_text="Everything on or off; empty: nothing is said.")
    channels = models.JSONField(default=dict, blank=True, help_text='{"email": false}')
    schedule = models.JSONField(
        null=True,
        blank=True,
        help_text="When they may be written to, of the general preference: {isEnabled, weeklySchedule: {monday: "
        '{isEnabled, hours: [{start: "09:00 AM", end: "05:00 PM"}]}}}, in their time zone.',
    )
    updated_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        ordering = ["subscriber", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["subscriber", "flow"], condition=Q(flow__isnull=False), name="one_preference_per_flow"
            ),
            models.UniqueConstraint(fields=["subscriber"], condition=Q(flow=None), name="one_general_preference"),
        ]

    def __str__(self) -> str:
        return f"{self.subscriber} about {self.flow or 'everything'}"

    def clean(self) -> None:
        """A schedule is one, and belongs to the general preference."""
        if self.schedule is None:
            return
        reason = schedule_reason(self.schedule)
        if reason is None and self.flow_id is not None:
            reason = "A schedule holds for everything: leave the flow empty."
        if reason is not None:
            raise ValidationError({"schedule": reason})


class Provider(EnvironmentScoped):
    """What delivers a channel's messages. A channel without any has the built-in one.

    `webhook`: signed POST (Standard Webhooks) to `url`. `smtp`: a mail server of its own (`settings`: host, port,
    user, tls, from). `mail`: the installation's mail backend. `keep`: only keeps the message.
    """

    class Type(models.TextChoices):
        KEEP = "keep", "Keeps it here"
        MAIL = "mail", "The installation's mail"
        SMTP = "smtp", "A mail server"
        WEBHOOK = "webhook", "Signed webhook"

    channel = models.CharField(max_length=10, choices=Channel.choices)
    type = models.CharField(max_length=10, choices=Type.choices, default=Type.KEEP)
    name = models.CharField(max_length=120)
    url = models.CharField(max_length=2000, blank=True)
    settings = models.JSONField(default=dict, blank=True)
    secret = models.TextField(blank=True, help_text="The signing secret or the password, encrypted.")
    is_active = models.BooleanField("active", default=True)
    is_primary = models.BooleanField("primary", default=True)
    created_at = models.DateTimeField(default=now, editable=False)

    objects = ScopedQuerySet["Provider"].as_manager()

    class Meta:
        ordering = ["channel", "-is_primary", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "channel"],
                condition=Q(is_primary=True, is_active=True),
                name="one_primary_provider_per_channel",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Notification(EnvironmentScoped):
    """One trigger as it concerns one subscriber, and the instance that carries it out."""

    flow = models.ForeignKey(Flow, null=True, on_delete=models.SET_NULL, related_name="+")
    flow_name = models.CharField(max_length=200, blank=True)
    flow_key = models.CharField(max_length=64, blank=True)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="notifications")
    instance = models.OneToOneField(Instance, null=True, on_delete=models.SET_NULL, related_name="notification")
    transaction_id = models.CharField(max_length=255)
    payload = models.JSONField(default=dict)
    recipient = models.JSONField(default=dict, help_text="Who it was sent to, as the trigger named them.")
    overrides = models.JSONField(default=dict)
    actor = models.JSONField(null=True)
    tenant = models.JSONField(null=True)
    topics = models.JSONField(default=list)
    tags = models.JSONField(default=list)
    severity = models.CharField(max_length=10, choices=Severity.choices, default=Severity.NONE)
    is_critical = models.BooleanField("critical", default=False)
    created_at = models.DateTimeField(default=now, editable=False)

    objects = ScopedQuerySet["Notification"].as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["environment", "transaction_id"], name="notifications_by_transaction"),
            models.Index(fields=["environment", "-created_at"], name="notifications_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.flow_name} to {self.subscriber}"


class Message(EnvironmentScoped):
    """One message to one subscriber over one channel, as it was rendered."""

    class Status(models.TextChoices):
        PENDING = "pending", "On its way"
        SENT = "sent", "Sent"
        ERROR = "error", "Failed"

    notification = models.ForeignKey(Notification, null=True, on_delete=models.SET_NULL, related_name="messages")
    flow = models.ForeignKey(Flow, null=True, on_delete=models.SET_NULL, related_name="+")
    flow_key = models.CharField(max_length=64, blank=True)
    instance = models.ForeignKey(Instance, null=True, on_delete=models.SET_NULL, related_name="+")
    task = models.CharField(max_length=64, blank=True)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="messages")
    idempotency_key = models.CharField(max_length=400, unique=True)
    transaction_id = models.CharField(max_length=255, blank=True)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    subject = models.TextField(blank=True)
    body = models.TextField(blank=True)
    content = models.JSONField(default=dict, help_text="What else it says: picture, buttons, data.")
    address = models.CharField(max_length=320, blank=True)
    provider = models.CharField(max_length=120, blank=True)
    provider_type = models.CharField(max_length=10, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.SENT)
    error = models.TextField(blank=True)
    severity = models.CharField(max_length=10, choices=Severity.choices, default=Severity.NONE)
    tags = models.JSONField(default=list)
    created_at = models.DateTimeField(default=now, editable=False)
    seen_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    done = models.JSONField(default=dict, blank=True, help_text="Which buttons were pressed, and when.")

    objects = ScopedQuerySet["Message"].as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["environment", "-created_at"], name="messages_newest"),
            models.Index(fields=["subscriber", "channel", "-id"], name="inbox_newest"),
            models.Index(fields=["environment", "transaction_id"], name="messages_by_transaction"),
        ]

    def __str__(self) -> str:
        return self.subject or self.body[:60] or f"{self.get_channel_display()} {self.pk}"


class Group(models.Model):
    """What a digest or throttle counts apart: flow, task, subscriber, and its key's value. Locked while counting."""

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+")
    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="+")
    task = models.CharField(max_length=64)
    who = models.CharField(max_length=255, help_text="The id of the subscriber.")
    value = models.CharField(max_length=64, blank=True, help_text="Of the value of its key, a digest; empty without.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["flow", "task", "who", "value"], name="one_group_per_subscriber_and_key")
        ]

    def __str__(self) -> str:
        return f"{self.task} for {self.who}"


class Window(models.Model):
    """A digest's open or closed window. `owner` goes on with what was collected; at most one is open per group."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="windows")
    owner = models.ForeignKey(Instance, null=True, on_delete=models.SET_NULL, related_name="+")
    opened_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group"], condition=Q(closed_at=None), name="one_open_window_per_group")
        ]

    def __str__(self) -> str:
        return f"{self.group} until {self.ends_at:%Y-%m-%d %H:%M}"


class Collected(models.Model):
    """One event that reached a digest. `window` is empty for one that went on at once."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="events")
    window = models.ForeignKey(Window, null=True, on_delete=models.CASCADE, related_name="events")
    instance = models.ForeignKey(Instance, null=True, on_delete=models.SET_NULL, related_name="+")
    idempotency_key = models.CharField(max_length=400, unique=True)
    at = models.DateTimeField()
    payload = models.JSONField(default=dict)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["group", "-at"], name="collected_lately")]

    def __str__(self) -> str:
        return f"{self.group} at {self.at:%Y-%m-%d %H:%M:%S}"


class Passage(models.Model):
    """One execution of a throttle: let through or not. It counts until `expires_at`."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="passages")
    idempotency_key = models.CharField(max_length=400, unique=True)
    at = models.DateTimeField()
    expires_at = models.DateTimeField()
    is_through = models.BooleanField()
    number = models.PositiveIntegerField(help_text="Which execution of the window it was, from 1.")

    class Meta:
        indexes = [models.Index(fields=["group", "expires_at"], name="passages_that_count")]

    def __str__(self) -> str:
        return f"{self.group}: {self.number}"
