"""Tables of the designer in Django's admin: to search and to follow from row to row.

Graphs are changed in the editor, where the document and its rows change together; here they are only looked at.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin import ReadOnlyAdmin, link_to
from accounts.models import User
from accounts.roles import Role
from accounts.scope import Scope
from designer.models import (
    ClosingReason,
    Condition,
    DraftEdit,
    Edge,
    EntitySync,
    Flow,
    Phase,
    Task,
    Trigger,
    Version,
)
from designer.services.triggering import set_active
from designer.services.versions import set_enabled


def scope_of(flow: Flow, request: HttpRequest) -> Scope:
    """An administrator of the installation at work where a flow lives."""
    actor = request.user if isinstance(request.user, User) else None
    return Scope(flow.environment.organization, flow.environment, actor, Role.ADMINISTRATOR)


def shown_document(document: str) -> SafeString:
    """A stored document, cut where it is very long."""
    return format_html("<pre>{}</pre>", document if len(document) <= 20_000 else f"{document[:20_000]}…")


class VersionInline(admin.TabularInline[Version, Flow]):
    """Versions on the page of their flow, without their documents."""

    model = Version
    fk_name = "flow"
    fields = ["number", "note", "published_at", "published_by_name", "graph_hash"]
    readonly_fields = ["number", "note", "published_at", "published_by_name", "graph_hash"]
    extra = 0
    can_delete = False
    show_change_link = True
    ordering = ["-number"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Version]:
        """Without what may be large."""
        return super().get_queryset(request).defer("document")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Versions come from publishing."""
        return False


class TriggerInline(admin.TabularInline[Trigger, Flow]):
    """Triggers on the page of their flow."""

    model = Trigger
    fields = ["position", "type", "event_type", "next_at", "is_active"]
    readonly_fields = ["position", "type", "event_type", "next_at", "is_active"]
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Triggers come from publishing."""
        return False


@admin.register(Flow)
class FlowAdmin(ReadOnlyAdmin):
    """Flows with their versions and triggers. They are deleted in the console, which knows the rule."""

    list_display = ["name", "key", "place", "origin", "is_enabled", "live", "draft_revision", "updated_at"]
    list_filter = ["is_enabled", "origin", "environment__organization", "environment"]
    list_select_related = ["environment__organization", "live_version"]
    search_fields = ["name", "key", "description"]
    date_hierarchy = "updated_at"
    fieldsets = [
        (None, {"fields": ["name", "key", "place", "description", "tags", "origin", "is_enabled", "console"]}),
        ("Draft", {"fields": ["draft_revision", "updated_at", "rows", "document"]}),
        ("Published", {"fields": ["live", "reasons"]}),
        ("Made", {"fields": ["created_at", "maker"]}),
    ]
    inlines = [VersionInline, TriggerInline]
    actions = ["enable", "disable"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Flow]:
        """Without what may be large."""
        return super().get_queryset(request).defer("draft_document", "live_version__document")

    @admin.display(description="environment", ordering="environment")
    def place(self, flow: Flow) -> SafeString:
        """Organization and environment."""
        return format_html("{} / {}", link_to(flow.environment.organization), link_to(flow.environment))

    @admin.display(description="live version", ordering="live_version__number")
    def live(self, flow: Flow) -> SafeString:
        """The version that new instances run."""
        return link_to(flow.live_version)

    @admin.display(description="made by")
    def maker(self, flow: Flow) -> SafeString:
        """Who made it."""
        return link_to(flow.created_by)

    @admin.display(description="closing reasons")
    def reasons(self, flow: Flow) -> str:
        """The reasons it offers."""
        return ", ".join(reason.title for reason in flow.chosen_closing_reasons.all()) or "–"

    @admin.display(description="rows")
    def rows(self, flow: Flow) -> SafeString:
        """Links to the rows of the draft."""
        return _row_links(flow, "version__isnull=1")

    @admin.display(description="document")
    def document(self, flow: Flow) -> SafeString:
        """The draft as it is stored."""
        return shown_document(flow.draft_document)

    @admin.display(description="in the console")
    def console(self, flow: Flow) -> SafeString:
        """Where people work on it."""
        environment = flow.environment
        place = [environment.organization.slug, environment.slug, flow.key]
        return format_html('<a href="{}">Open</a>', reverse("designer:versions", args=place))

    @admin.action(description="Enable: triggers start instances")
    def enable(self, request: HttpRequest, flows: QuerySet[Flow]) -> None:
        """Let triggers start instances again."""
        self._switch(request, flows, enabled=True)

    @admin.action(description="Disable: no trigger starts an instance")
    def disable(self, request: HttpRequest, flows: QuerySet[Flow]) -> None:
        """Keep triggers from starting instances."""
        self._switch(request, flows, enabled=False)

    def _switch(self, request: HttpRequest, flows: QuerySet[Flow], *, enabled: bool) -> None:
        changed = list(flows.exclude(is_enabled=enabled).select_related("environment__organization"))
        for flow in changed:
            set_enabled(scope_of(flow, request), flow, enabled=enabled)
        self.message_user(request, f"{len(changed)} {'enabled' if enabled else 'disabled'}.")


@admin.register(Version)
class VersionAdmin(ReadOnlyAdmin):
    """Published graphs. They never change."""

    list_display = ["__str__", "number", "flow_link", "note", "published_at", "published_by_name"]
    list_filter = ["flow__environment__organization", "flow__environment", "published_at"]
    list_select_related = ["flow"]
    search_fields = ["flow__name", "flow__key", "note", "graph_hash", "published_by_name"]
    fields = ["flow_link", "number", "note", "published_at", "published_by_name", "graph_hash", "rows", "shown"]
    ordering = ["-published_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Version]:
        """Without what may be large."""
        return super().get_queryset(request).defer("document", "flow__draft_document")

    @admin.display(description="flow", ordering="flow__name")
    def flow_link(self, version: Version) -> SafeString:
        """Its flow."""
        return link_to(version.flow)

    @admin.display(description="rows")
    def rows(self, version: Version) -> SafeString:
        """Links to its rows."""
        return _row_links(version.flow, f"version__id__exact={version.pk}")

    @admin.display(description="document")
    def shown(self, version: Version) -> SafeString:
        """The document as it is stored."""
        return shown_document(version.document)


class GraphRowAdmin(ReadOnlyAdmin):
    """What the rows of a graph have in common."""

    list_select_related = ["flow", "version__flow"]
    list_filter = ["flow__environment__organization", ("version", admin.EmptyFieldListFilter)]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without what may be large."""
        return super().get_queryset(request).defer("flow__draft_document", "version__document")

    @admin.display(description="flow", ordering="flow__name")
    def flow_link(self, row: Any) -> SafeString:
        """Its flow."""
        return link_to(row.flow)

    @admin.display(description="version", ordering="version__number", empty_value="draft")
    def version_link(self, row: Any) -> SafeString | None:
        """Its version; none: it belongs to the draft."""
        return link_to(row.version) if row.version_id else None


@admin.register(Phase)
class PhaseAdmin(GraphRowAdmin):
    """Phases."""

    list_display = ["name", "key", "flow_link", "version_link", "position"]
    search_fields = ["name", "key", "flow__name", "flow__key"]
    fields = ["flow_link", "version_link", "key", "name", "description", "requirements", "frame", "position"]


@admin.register(Task)
class TaskAdmin(GraphRowAdmin):
    """Tasks."""

    list_display = ["name", "key", "kind", "phase", "flow_link", "version_link", "join", "position"]
    list_filter = ["kind", "join", *GraphRowAdmin.list_filter]
    list_select_related = ["flow", "version__flow", "phase"]
    search_fields = ["name", "key", "flow__name", "flow__key"]
    fields = [
        "flow_link",
        "version_link",
        "key",
        "name",
        "kind",
        "phase_link",
        "description",
        "settings",
        "join",
        "cancel_rest",
        "at",
        "position",
    ]

    @admin.display(description="phase")
    def phase_link(self, task: Task) -> SafeString:
        """Its phase."""
        return link_to(task.phase)


@admin.register(Edge)
class EdgeAdmin(GraphRowAdmin):
    """Edges."""

    list_display = ["__str__", "branch", "on", "flow_link", "version_link", "position"]
    list_filter = ["on", *GraphRowAdmin.list_filter]
    search_fields = ["source", "target", "branch", "flow__name", "flow__key"]
    fields = ["flow_link", "version_link", "source", "target", "branch", "on", "position"]


@admin.register(Condition)
class ConditionAdmin(GraphRowAdmin):
    """Conditions of decisions."""

    list_display = ["__str__", "key", "task_link", "match", "flow_link", "version_link", "position"]
    list_filter = ["match", *GraphRowAdmin.list_filter]
    list_select_related = ["flow", "version__flow", "task"]
    search_fields = ["name", "key", "task__name", "task__key", "flow__name", "flow__key"]
    fields = ["flow_link", "version_link", "task_link", "key", "name", "match", "statements", "position"]

    @admin.display(description="task", ordering="task__name")
    def task_link(self, condition: Condition) -> SafeString:
        """Its decision."""
        return link_to(condition.task)


@admin.register(EntitySync)
class EntitySyncAdmin(GraphRowAdmin):
    """What instances write back to linked entities."""

    list_display = ["__str__", "flow_link", "version_link", "position"]
    search_fields = ["flow__name", "flow__key"]
    fields = ["flow_link", "version_link", "position", "settings"]


@admin.register(ClosingReason)
class ClosingReasonAdmin(admin.ModelAdmin[ClosingReason]):
    """The libraries of closing reasons."""

    list_display = ["title", "organization", "is_active", "flow_number"]
    list_filter = ["is_active", "organization"]
    list_select_related = ["organization"]
    search_fields = ["title", "description", "organization__name"]
    autocomplete_fields = ["organization"]
    fields = ["organization", "title", "description", "is_active", "offered_by", "created_at"]
    readonly_fields = ["offered_by", "created_at"]
    actions = ["offer", "withdraw"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ClosingReason]:
        """With the number of flows."""
        return super().get_queryset(request).annotate(flow_number=Count("flows"))

    @admin.display(description="flows", ordering="flow_number")
    def flow_number(self, reason: Any) -> int:
        """How many flows offer it."""
        return int(reason.flow_number)

    @admin.display(description="offered by")
    def offered_by(self, reason: ClosingReason) -> str:
        """The flows that offer it."""
        return ", ".join(flow.name for flow in reason.flows.all()) if reason.pk else "–"

    @admin.action(description="Offer: flows can choose it")
    def offer(self, request: HttpRequest, reasons: QuerySet[ClosingReason]) -> None:
        """Let flows choose them."""
        self.message_user(request, f"{reasons.update(is_active=True)} offered.")

    @admin.action(description="Withdraw: no new flow can choose it")
    def withdraw(self, request: HttpRequest, reasons: QuerySet[ClosingReason]) -> None:
        """Keep flows from choosing them."""
        self.message_user(request, f"{reasons.update(is_active=False)} withdrawn.")


@admin.register(Trigger)
class TriggerAdmin(ReadOnlyAdmin):
    """Triggers of published flows. Addresses and secrets are not shown here."""

    list_display = ["__str__", "type", "flow_link", "event_type", "next_at", "is_active"]
    list_filter = ["type", "is_active", "environment__organization", "environment"]
    list_select_related = ["flow"]
    search_fields = ["flow__name", "flow__key", "event_type"]
    fields = ["flow_link", "type", "settings", "event_type", "next_at", "is_active", "has_address", "is_signed"]
    actions = ["switch_on", "switch_off"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Trigger]:
        """Without what may be large."""
        return super().get_queryset(request).defer("flow__draft_document")

    @admin.display(description="flow", ordering="flow__name")
    def flow_link(self, trigger: Trigger) -> SafeString:
        """Its flow."""
        return link_to(trigger.flow)

    @admin.display(description="has an address", boolean=True)
    def has_address(self, trigger: Trigger) -> bool:
        """Whether it can be called from outside."""
        return bool(trigger.secret_path)

    @admin.display(description="signed", boolean=True)
    def is_signed(self, trigger: Trigger) -> bool:
        """Whether calls have to be signed."""
        return bool(trigger.secret)

    @admin.action(description="Switch on")
    def switch_on(self, request: HttpRequest, triggers: QuerySet[Trigger]) -> None:
        """Let them start instances."""
        self._switch(request, triggers, active=True)

    @admin.action(description="Switch off")
    def switch_off(self, request: HttpRequest, triggers: QuerySet[Trigger]) -> None:
        """Keep them from starting instances."""
        self._switch(request, triggers, active=False)

    def _switch(self, request: HttpRequest, triggers: QuerySet[Trigger], *, active: bool) -> None:
        changed = triggers.exclude(is_active=active).select_related(
            "flow__environment__organization", "flow__live_version"
        )
        rows = list(changed)
        for trigger in rows:
            set_active(scope_of(trigger.flow, request), trigger, active=active)
        self.message_user(request, f"{len(rows)} switched {'on' if active else 'off'}.")


@admin.register(DraftEdit)
class DraftEditAdmin(ReadOnlyAdmin):
    """The edits of drafts, with their inverses: history."""

    list_display = ["__str__", "way", "is_undone", "kind", "author_name", "at"]
    list_filter = ["way", "is_undone", "flow__environment__organization", "at"]
    list_select_related = ["flow"]
    search_fields = ["flow__name", "flow__key", "author_name"]
    fields = ["flow_link", "revision", "way", "of", "is_undone", "author_name", "at", "edit", "undo"]
    show_full_result_count = False
    ordering = ["-pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[DraftEdit]:
        """Without what may be large."""
        return super().get_queryset(request).defer("flow__draft_document", "undo")

    @admin.display(description="flow")
    def flow_link(self, edit: DraftEdit) -> SafeString:
        """Its flow."""
        return link_to(edit.flow)

    @admin.display(description="edit")
    def kind(self, edit: DraftEdit) -> str:
        """What kind of edit it was."""
        found = edit.edit if isinstance(edit.edit, dict) else {}
        return str(found.get("edit") or found.get("type") or next(iter(found), ""))


def _row_links(flow: Flow, which: str) -> SafeString:
    """Links to the lists of a graph's rows."""
    links = [
        format_html(
            '<a href="{}?flow__id__exact={}&{}">{}</a>',
            reverse(f"admin:designer_{model._meta.model_name}_changelist"),
            flow.pk,
            which,
            model._meta.verbose_name_plural,
        )
        for model in (Phase, Task, Edge, Condition, EntitySync)
    ]
    return format_html("{} · {} · {} · {} · {}", *links)
