"""Tables of the engine in Django's admin: to search, to follow from row to row, to mend. History is only looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin import ReadOnlyAdmin, link_to
from accounts.models import User
from accounts.roles import Role
from accounts.scope import Scope
from engine.display.json_text import json_text
from engine.models import (
    Event,
    Fact,
    IdempotencyKey,
    InboundEvent,
    Instance,
    Occurrence,
    SavedView,
    Step,
    TaskNotice,
    Timer,
)
from engine.services import interventions
from engine.services.errors import NotLegalNow
from engine.services.hiding import shown_input, shown_output
from engine.wording import fact_words

REASON = "From the admin"


def scope_in(instance: Instance, user: Any) -> Scope:
    """An administrator of the installation at work where an instance lives."""
    environment = instance.environment
    actor = user if isinstance(user, User) else None
    return Scope(environment.organization, environment, actor, Role.ADMINISTRATOR)


def shown_json(value: Any, *, is_sensitive: bool = False) -> SafeString:
    """JSON as on the console: indented, redacted, cut."""
    return format_html("<pre>{}</pre>", json_text(value, is_sensitive=is_sensitive).text)


class EngineAdmin(ReadOnlyAdmin):
    """What these tables have in common: read-only, newest first, no count of a million rows beside a search.

    `fields` need not be repeated as `readonly_fields`: who may not change a row sees all of it as text.
    """

    show_full_result_count = False
    list_per_page = 50
    ordering = ["-pk"]


class StepInline(admin.TabularInline[Step, Instance]):
    """Steps on the page of their instance, without their data."""

    model = Step
    fields = ["task", "iteration", "kind", "status", "attempt", "waits_for", "started_at", "ended_at"]
    extra = 0
    can_delete = False
    show_change_link = True
    ordering = ["pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Step]:
        """Without what may be large."""
        return super().get_queryset(request).defer("input", "output", "attempts", "error")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The engine writes steps, nobody else."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nor does anybody change them."""
        return False


class TimerInline(admin.TabularInline[Timer, Instance]):
    """Open timers on the page of their instance."""

    model = Timer
    fields = ["task", "iteration", "purpose", "due_at", "is_suspended"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Flows set timers."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody moves them by hand."""
        return False


@admin.register(Instance)
class InstanceAdmin(EngineAdmin):
    """Instances; chosen ones can be paused, resumed, retried and terminated."""

    list_display = ["key", "flow_link", "version_number", "status", "environment", "created_at", "ended_at"]
    list_filter = ["status", "environment__organization", "environment", "created_at"]
    list_select_related = ["flow", "version", "environment__organization"]
    search_fields = ["=key", "key__startswith", "flow__key", "flow__name"]
    date_hierarchy = "created_at"
    inlines = [StepInline, TimerInline]
    actions = ["pause", "resume", "retry", "terminate"]
    fields = [
        "key", "status", "flow_link", "version_link", "environment", "started_by", "trigger_json", "created_at",
        "started_at", "ended_at", "fact_count", "facts_link", "input_json", "context_json", "output_json", "error_json",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Instance]:
        """With what the rows name; the marking is of no use here."""
        related = ("flow", "version", "environment__organization", "started_by")
        found = super().get_queryset(request).select_related(*related)
        return found.defer("state", "flow__draft_document", "version__document")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Who may steer instances from here."""
        return request.user.has_perm("engine.change_instance")

    @admin.display(description="flow", ordering="flow__name")
    def flow_link(self, instance: Instance) -> SafeString:
        """To its flow."""
        return link_to(instance.flow)

    @admin.display(description="version", ordering="version__number")
    def version_number(self, instance: Instance) -> int:
        """The number of its version."""
        return instance.version.number

    @admin.display(description="version")
    def version_link(self, instance: Instance) -> SafeString:
        """To its version."""
        return link_to(instance.version)

    @admin.display(description="facts")
    def facts_link(self, instance: Instance) -> SafeString:
        """To its history."""
        return format_html('<a href="../../../fact/?instance__id__exact={}">All facts</a>', instance.pk)

    @admin.display(description="trigger")
    def trigger_json(self, instance: Instance) -> SafeString:
        """What started it."""
        return shown_json(instance.trigger)

    @admin.display(description="input")
    def input_json(self, instance: Instance) -> SafeString:
        """What it was started with."""
        return shown_json(shown_input(instance))

    @admin.display(description="context")
    def context_json(self, instance: Instance) -> SafeString:
        """Its linked entities."""
        return shown_json(instance.context)

    @admin.display(description="output")
    def output_json(self, instance: Instance) -> SafeString:
        """What came of it."""
        return shown_json(shown_output(instance))

    @admin.display(description="error")
    def error_json(self, instance: Instance) -> SafeString:
        """Why it failed."""
        return shown_json(instance.error)

    @admin.action(description="Pause", permissions=["operate"])
    def pause(self, request: HttpRequest, instances: QuerySet[Instance]) -> None:
        """Pause those that go."""
        self._each(request, instances, interventions.pause)

    @admin.action(description="Resume", permissions=["operate"])
    def resume(self, request: HttpRequest, instances: QuerySet[Instance]) -> None:
        """Resume those that are paused."""
        self._each(request, instances, interventions.resume)

    @admin.action(description="Retry what failed", permissions=["operate"])
    def retry(self, request: HttpRequest, instances: QuerySet[Instance]) -> None:
        """Retry those that failed."""
        self._each(request, instances, interventions.retry)

    @admin.action(description="Terminate", permissions=["operate"])
    def terminate(self, request: HttpRequest, instances: QuerySet[Instance]) -> None:
        """Terminate those that have not ended."""
        self._each(request, instances, interventions.terminate)

    def _each(self, request: HttpRequest, instances: QuerySet[Instance], act: Callable[..., Any]) -> None:
        """Do it to each; say how many it was done to, and why not to the others."""
        number = 0
        for instance in instances:
            try:
                act(scope_in(instance, request.user), instance, reason=REASON)
                number += 1
            except NotLegalNow as refusal:
                self.message_user(request, f"Refused for {instance.key}: {refusal}", messages.WARNING)
        self.message_user(request, f"Done for {number}.", messages.SUCCESS if number else messages.WARNING)


@admin.register(Step)
class StepAdmin(EngineAdmin):
    """Steps; what a lost worker holds can be given to another at once."""

    list_display = ["task", "iteration", "instance_link", "kind", "status", "waits_for", "attempt", "due_at"]
    list_filter = ["status", "kind", "waits_for", "environment__organization", "environment"]
    list_select_related = ["instance"]
    search_fields = ["=instance__key", "=task", "=event_type"]
    actions = ["expire_leases"]
    fields = [
        "task", "iteration", "instance_link", "environment", "kind", "status", "attempt", "waits_for", "event_type",
        "event_filter", "assigned_to", "claimed_by", "due_at", "ready_at", "started_at", "wakes_at", "ended_at",
        "claimable_at", "lease_owner", "lease_token", "attempts_json", "input_json", "output_json", "error_json",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Step]:
        """With its instance."""
        found = super().get_queryset(request).select_related("instance", "environment", "claimed_by")
        return found.defer("instance__state", "instance__input", "instance__output")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Who may take a step from its worker."""
        return request.user.has_perm("engine.change_step")

    @admin.display(description="instance", ordering="instance_id")
    def instance_link(self, step: Step) -> SafeString:
        """To its instance."""
        return link_to(step.instance)

    @admin.display(description="attempts")
    def attempts_json(self, step: Step) -> SafeString:
        """Those that ended."""
        return shown_json(step.attempts)

    @admin.display(description="input")
    def input_json(self, step: Step) -> SafeString:
        """What it was given."""
        return shown_json(step.input)

    @admin.display(description="output")
    def output_json(self, step: Step) -> SafeString:
        """What it made, unless that must not be seen."""
        return shown_json(step.output, is_sensitive=step.is_sensitive)

    @admin.display(description="error")
    def error_json(self, step: Step) -> SafeString:
        """Why it failed."""
        return shown_json(step.error)

    @admin.action(description="Expire leases: another worker takes over", permissions=["operate"])
    def expire_leases(self, request: HttpRequest, steps: QuerySet[Step]) -> None:
        """End the leases of running attempts now. An old worker's result is refused once another claimed the step."""
        running = Step.objects.filter(pk__in=steps.values("pk"), status="running", claimable_at__gt=timezone.now())
        self.message_user(request, f"{running.update(claimable_at=timezone.now())} leases expired.")


@admin.register(Fact)
class FactAdmin(EngineAdmin):
    """The history."""

    list_display = ["number", "instance_link", "type", "task", "iteration", "words", "at"]
    list_filter = ["type", "is_derived", "at"]
    list_select_related = ["instance"]
    search_fields = ["=instance__key", "=task"]
    fields = ["number", "instance_link", "type", "task", "iteration", "at", "is_derived", "words", "data_json"]

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Also by instance: the link on its page."""
        return lookup == "instance__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description="instance", ordering="instance_id")
    def instance_link(self, fact: Fact) -> SafeString:
        """To its instance."""
        return link_to(fact.instance)

    @admin.display(description="in words")
    def words(self, fact: Fact) -> str:
        """As on the console."""
        words = fact_words(fact.type, fact.data)
        return f"{words.what}: {words.detail}"[:300] if words.detail else words.what

    @admin.display(description="data")
    def data_json(self, fact: Fact) -> SafeString:
        """All of it."""
        return shown_json(fact.data)


@admin.register(Timer)
class TimerAdmin(EngineAdmin):
    """What shall happen when."""

    list_display = ["due_at", "purpose", "task", "iteration", "instance_link", "is_suspended"]
    list_filter = ["purpose", "is_suspended", "due_at"]
    list_select_related = ["instance"]
    search_fields = ["=instance__key", "=task"]
    ordering = ["due_at", "pk"]
    fields = ["instance_link", "task", "iteration", "purpose", "due_at", "is_suspended"]

    @admin.display(description="instance")
    def instance_link(self, timer: Timer) -> SafeString:
        """To its instance."""
        return link_to(timer.instance)


@admin.register(TaskNotice)
class TaskNoticeAdmin(EngineAdmin):
    """Human tasks of which somebody is yet to be told by mail."""

    list_display = ["mail_after", "task", "iteration", "instance_id", "environment", "attempts"]
    list_filter = ["mail_after", "environment__organization"]
    list_select_related = ["environment__organization"]
    search_fields = ["=instance_id", "=task"]
    ordering = ["mail_after", "pk"]
    fields = ["environment", "instance_id", "task", "iteration", "mail_after", "attempts"]


@admin.register(Event)
class EventAdmin(EngineAdmin):
    """Events sent to instances."""

    list_display = ["type", "instance_link", "received_at", "consumed_at", "step_link"]
    list_filter = ["type", "received_at"]
    list_select_related = ["instance", "consumed_by"]
    search_fields = ["=type", "=instance__key"]
    fields = ["type", "instance_link", "received_at", "consumed_at", "step_link", "payload_json"]

    @admin.display(description="instance")
    def instance_link(self, event: Event) -> SafeString:
        """To its instance."""
        return link_to(event.instance)

    @admin.display(description="consumed by")
    def step_link(self, event: Event) -> SafeString:
        """To the step that waited for it."""
        return link_to(event.consumed_by)

    @admin.display(description="payload")
    def payload_json(self, event: Event) -> SafeString:
        """What came with it."""
        return shown_json(event.payload)


@admin.register(InboundEvent)
class InboundEventAdmin(EngineAdmin):
    """Events on the bus."""

    list_display = ["type", "environment", "received_at", "matched_at"]
    list_filter = ["environment__organization", "environment", "received_at"]
    list_select_related = ["environment"]
    search_fields = ["=type"]
    fields = ["type", "environment", "received_at", "matched_at", "payload_json"]

    @admin.display(description="payload")
    def payload_json(self, event: InboundEvent) -> SafeString:
        """What came with it."""
        return shown_json(event.payload)


@admin.register(Occurrence)
class OccurrenceAdmin(EngineAdmin):
    """Firings of triggers."""

    list_display = ["at", "type", "flow_link", "outcome", "reason", "instance_link"]
    list_filter = ["outcome", "type", "environment__organization", "environment", "at"]
    list_select_related = ["flow", "instance"]
    search_fields = ["=flow__key", "=instance__key", "reason"]
    fields = [
        "at", "type", "flow_link", "trigger", "environment", "outcome", "reason", "instance_link", "event_link",
        "dedupe", "payload_json",
    ]  # fmt: skip

    @admin.display(description="flow")
    def flow_link(self, occurrence: Occurrence) -> SafeString:
        """To its flow."""
        return link_to(occurrence.flow)

    @admin.display(description="instance")
    def instance_link(self, occurrence: Occurrence) -> SafeString:
        """To the instance that it started."""
        return link_to(occurrence.instance)

    @admin.display(description="inbound event")
    def event_link(self, occurrence: Occurrence) -> SafeString:
        """To the event that fired it."""
        return link_to(occurrence.inbound_event)

    @admin.display(description="payload")
    def payload_json(self, occurrence: Occurrence) -> SafeString:
        """What came with it."""
        return shown_json(occurrence.payload)


@admin.register(SavedView)
class SavedViewAdmin(EngineAdmin):
    """Filters that people keep."""

    list_display = ["name", "user", "environment", "query", "created_at"]
    list_filter = ["environment__organization"]
    list_select_related = ["user", "environment"]
    search_fields = ["name", "=user__email"]
    fields = ["name", "user", "environment", "query", "created_at"]


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(EngineAdmin):
    """Requests that were made under a key."""

    list_display = ["key", "environment", "status_code", "created_at"]
    list_filter = ["environment__organization", "environment", "created_at"]
    list_select_related = ["environment"]
    search_fields = ["=key"]
    fields = ["key", "environment", "request_hash", "status_code", "response_json", "created_at"]

    @admin.display(description="answer")
    def response_json(self, key: IdempotencyKey) -> SafeString:
        """What was answered."""
        return shown_json(key.response)
