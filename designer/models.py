"""Flows, their drafts and published versions, and the rows that make up their graphs.

The document (`Flow.draft_document`, `Version.document`: the flow file in canonical JSON) is the truth of a graph. The
rows of `Phase`, `Task`, `Edge` and `Condition` are its projection for queries, admin and integrity, written in the same
transaction; rows whose `version` is empty belong to the draft. `designer.services` writes all of them, nobody else.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import EnvironmentScoped, Organization, User
from accounts.querysets import OrganizationQuerySet, ScopedQuerySet
from designer.graph.model import KEY_PATTERN
from designer.querysets import FlowChildQuerySet

valid_key = RegexValidator(
    KEY_PATTERN[:-1] + r"\Z", "Use 1 to 64 letters, digits, underscores and hyphens; do not begin with a hyphen."
)


class Origin(models.TextChoices):
    """Where a flow was first made."""

    DRAWN = "drawn", "Drawn here"
    CLOUDFLARE = "cloudflare", "Cloudflare"
    FORMANCE = "formance", "Formance"
    NOVU = "novu", "Novu"
    EPILOT = "epilot", "epilot"


class Flow(EnvironmentScoped):
    """The thing with a name: one editable draft and any number of published versions."""

    key = models.CharField(max_length=64, validators=[valid_key])
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    tags = models.JSONField(default=list, blank=True)
    origin = models.CharField(max_length=20, choices=Origin.choices, default=Origin.DRAWN)
    is_enabled = models.BooleanField("enabled", default=True, help_text="Unticked, no trigger starts an instance.")
    draft_document = models.TextField(help_text="The draft as a flow file in canonical JSON.")
    draft_revision = models.PositiveIntegerField(default=1, help_text="Counts the edits of the draft.")
    live_version = models.ForeignKey("Version", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ScopedQuerySet["Flow"].as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["environment", "key"], name="one_flow_per_key")]
        indexes = [models.Index(fields=["environment", "-updated_at"], name="flows_lately_changed")]

    def __str__(self) -> str:
        return self.name


class Version(models.Model):
    """A published graph. Never changes again."""

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    note = models.CharField(max_length=500, blank=True)
    document = models.TextField(help_text="The flow file in canonical JSON.")
    graph_hash = models.CharField(max_length=64, help_text="SHA-256 of the document.")
    published_at = models.DateTimeField(default=timezone.now, editable=False)
    published_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    published_by_name = models.CharField(max_length=200, blank=True)

    objects = FlowChildQuerySet["Version"].as_manager()

    class Meta:
        ordering = ["flow", "-number"]
        constraints = [models.UniqueConstraint(fields=["flow", "number"], name="one_version_per_number")]

    def __str__(self) -> str:
        return f"{self.flow} · version {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Written once. Raises TypeError on a version that is stored already."""
        if not self._state.adding:
            raise TypeError("a version never changes")
        super().save(*args, **kwargs)


class GraphRow(models.Model):
    """Base of the rows of a graph: the draft's where `version` is empty."""

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="%(class)ss")
    version = models.ForeignKey(Version, null=True, blank=True, on_delete=models.CASCADE, related_name="%(class)ss")
    position = models.PositiveIntegerField(default=0, help_text="Order within the flow.")

    objects = FlowChildQuerySet.as_manager()

    class Meta:
        abstract = True


def _one_per_key(name: str) -> list[models.BaseConstraint]:
    """A key is unique in its version, and in the draft."""
    return [
        models.UniqueConstraint(
            fields=["version", "key"], condition=Q(version__isnull=False), name=f"one_{name}_per_key"
        ),
        models.UniqueConstraint(fields=["flow", "key"], condition=Q(version=None), name=f"one_draft_{name}_per_key"),
    ]


class Phase(GraphRow):
    """A named group of tasks."""

    key = models.CharField(max_length=64, validators=[valid_key])
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    requirements = models.JSONField(default=list, blank=True)
    frame = models.JSONField(null=True, blank=True, help_text="[x, y, width, height] on the canvas.")

    class Meta:
        ordering = ["flow", "version", "position"]
        constraints: ClassVar = _one_per_key("phase")

    def __str__(self) -> str:
        return self.name


class Task(GraphRow):
    """A node of the graph, of some kind."""

    phase = models.ForeignKey(Phase, null=True, blank=True, on_delete=models.SET_NULL, related_name="tasks")
    key = models.CharField(max_length=64, validators=[valid_key])
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=40)
    description = models.TextField(blank=True)
    settings = models.JSONField(default=dict, blank=True)
    join = models.CharField(max_length=20, default="all")
    cancel_rest = models.BooleanField(default=True)
    at = models.JSONField(null=True, blank=True, help_text="[x, y] on the canvas.")

    class Meta:
        ordering = ["flow", "version", "position"]
        constraints: ClassVar = _one_per_key("task")
        indexes = [models.Index(fields=["kind"], name="tasks_by_kind")]

    def __str__(self) -> str:
        return self.name or self.key


class Edge(GraphRow):
    """A way from one node to another. `source` and `target`: `trigger`, a task key, or `phase:KEY`."""

    source = models.CharField(max_length=80)
    target = models.CharField(max_length=80)
    branch = models.CharField(max_length=64, blank=True)
    on = models.CharField(max_length=10, default="success")

    class Meta:
        ordering = ["flow", "version", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "source", "target", "branch", "on"],
                condition=Q(version__isnull=False),
                name="one_edge_between_nodes",
            ),
            models.UniqueConstraint(
                fields=["flow", "source", "target", "branch", "on"],
                condition=Q(version=None),
                name="one_draft_edge_between_nodes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} → {self.target}"


class Condition(GraphRow):
    """A named branch of a decision: statements joined by AND (`all`) or OR (`any`)."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="conditions")
    key = models.CharField(max_length=64, validators=[valid_key])
    name = models.CharField(max_length=200, blank=True)
    match = models.CharField(max_length=3, default="all")
    statements = models.JSONField(default=list)

    class Meta:
        ordering = ["task", "position"]
        constraints = [models.UniqueConstraint(fields=["task", "key"], name="one_condition_per_key")]

    def __str__(self) -> str:
        return self.name or self.key


class ClosingReason(models.Model):
    """Why a person may end an instance early: the organization's library, from which flows choose by title."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="closing_reasons")
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    is_active = models.BooleanField("offered", default=True, help_text="Unticked, new flows cannot choose it.")
    flows = models.ManyToManyField(Flow, related_name="chosen_closing_reasons", blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = OrganizationQuerySet["ClosingReason"].as_manager()

    class Meta:
        ordering = ["title"]
        constraints = [models.UniqueConstraint(fields=["organization", "title"], name="one_closing_reason_per_title")]

    def __str__(self) -> str:
        return self.title


class TriggerType(models.TextChoices):
    """What may start instances."""

    MANUAL = "manual", "By hand"
    API = "api", "API"
    CRON = "cron", "Schedule"
    EVENT = "event", "Inbound event"
    WEBHOOK = "webhook", "Webhook"
    FORM = "form", "Form"


class Trigger(EnvironmentScoped):
    """What starts instances of a flow's live version. Made anew at each publish; what matches keeps its secret path."""

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="trigger_rows")
    position = models.PositiveIntegerField(default=0)
    type = models.CharField(max_length=10, choices=TriggerType.choices)
    settings = models.JSONField(
        default=dict, blank=True, help_text="The trigger as in the flow file, without its type."
    )
    event_type = models.CharField(
        max_length=200, blank=True, help_text="For inbound events: the type that is listened to."
    )
    secret_path = models.CharField(
        max_length=64, unique=True, null=True, blank=True, help_text="For webhooks and forms."
    )
    secret = models.TextField(blank=True, help_text="For signed webhooks: the signing secret, encrypted.")
    next_at = models.DateTimeField(null=True, blank=True, help_text="For schedules: the next firing.")
    is_active = models.BooleanField("active", default=True)

    objects = ScopedQuerySet["Trigger"].as_manager()

    class Meta:
        ordering = ["flow", "position"]
        constraints = [models.UniqueConstraint(fields=["flow", "position"], name="one_trigger_per_position")]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False, is_active=True), name="triggers_due"),
            models.Index(fields=["environment", "event_type"], condition=Q(type="event"), name="triggers_by_event"),
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()} of {self.flow}"


class EntitySync(models.Model):
    """What an instance writes back to a linked entity. Carried with the flow; carried out by the engine."""

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="entity_syncs")
    version = models.ForeignKey(Version, null=True, blank=True, on_delete=models.CASCADE, related_name="entity_syncs")
    position = models.PositiveIntegerField(default=0)
    settings = models.JSONField(default=dict)

    objects = FlowChildQuerySet["EntitySync"].as_manager()

    class Meta:
        ordering = ["flow", "version", "position"]

    def __str__(self) -> str:
        return f"Entity sync {self.position + 1} of {self.flow}"


class DraftEdit(models.Model):
    """One edit of a draft, with its inverse. Revision n is what the n-th edit made of revision n - 1."""

    class Way(models.TextChoices):
        DO = "do", "Edit"
        UNDO = "undo", "Undo"
        REDO = "redo", "Redo"

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="draft_edits")
    revision = models.PositiveIntegerField()
    way = models.CharField(max_length=4, choices=Way.choices, default=Way.DO)
    of = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="What was undone or redone.",
    )
    is_undone = models.BooleanField(default=False)
    edit = models.JSONField()
    undo = models.JSONField()
    mark = models.CharField(
        max_length=64,
        blank=True,
        help_text="What the page calls the change, so that it is made once however often sent.",
    )
    words = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="What it did, by the names of then: `Added Pack`. An undo and a redo have those of their edit.",
    )
    author = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    author_name = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(default=timezone.now, editable=False)

    objects = FlowChildQuerySet["DraftEdit"].as_manager()

    class Meta:
        ordering = ["flow", "-revision"]
        constraints = [
            models.UniqueConstraint(fields=["flow", "revision"], name="one_edit_per_revision"),
            models.UniqueConstraint(fields=["flow", "mark"], condition=~Q(mark=""), name="one_edit_per_mark"),
        ]

    def __str__(self) -> str:
        return f"{self.flow} revision {self.revision}"
