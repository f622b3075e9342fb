"""Tables of this room in Django's admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import ApiKey, AuditEntry, Environment, MemberGroup, Membership, Organization, User

# Rights come from roles; Django's own groups are not used.
admin.site.unregister(Group)


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """A table that is history: to be looked at. Other rooms use it too."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody writes history by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nor changes it."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nor takes from it."""
        return False


def link_to(row: Any) -> SafeString:
    """A link to a row's page in the admin. Other rooms use it too."""
    if row is None:
        return format_html("{}", "–")
    url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', url, row)


class MembershipInline(admin.TabularInline[Membership, Any]):
    """Memberships on the page of a person or an organization."""

    model = Membership
    extra = 0
    autocomplete_fields = ["user", "organization"]


class EnvironmentInline(admin.TabularInline[Environment, Organization]):
    """Environments on the page of their organization."""

    model = Environment
    extra = 0
    prepopulated_fields = {"slug": ["name"]}
    show_change_link = True


@admin.register(User)
class PersonAdmin(UserAdmin[User]):
    """People. A password is set through the form of Django's admin."""

    ordering = ["email"]
    list_display = ["email", "name", "organizations", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "is_staff", "memberships__role", "memberships__organization"]
    search_fields = ["email", "name"]
    readonly_fields = ["created_at", "last_login"]
    fieldsets = [
        (None, {"fields": ["email", "name", "password"]}),
        ("Access", {"fields": ["is_active", "is_staff", "is_superuser"]}),
        ("Times", {"fields": ["created_at", "last_login"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "name", "usable_password", "password1", "password2"]})]
    filter_horizontal = []
    inlines = [MembershipInline]
    actions = ["switch_off", "switch_on"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """With what the list shows of each row."""
        return super().get_queryset(request).prefetch_related("memberships__organization")

    @admin.display(description="organizations")
    def organizations(self, user: User) -> str:
        """Where the person belongs."""
        return ", ".join(membership.organization.name for membership in user.memberships.all()) or "–"

    @admin.action(description="Switch off: they can no longer sign in")
    def switch_off(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """Keep people out without deleting what they did. Never oneself."""
        number = people.exclude(pk=request.user.pk or 0).update(is_active=False)
        self.message_user(request, f"{number} switched off.")

    @admin.action(description="Switch on: they can sign in again")
    def switch_on(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """Let people in again."""
        self.message_user(request, f"{people.update(is_active=True)} switched on.")


@admin.register(Organization)
class OrganizationAdmin(admin.ModelAdmin[Organization]):
    """Organizations with their environments and members."""

    list_display = ["name", "slug", "environment_number", "member_number", "created_at"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = ["created_at"]
    inlines = [EnvironmentInline, MembershipInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organization]:
        """With both numbers."""
        environments, members = Count("environments", distinct=True), Count("memberships", distinct=True)
        return super().get_queryset(request).annotate(environment_number=environments, member_number=members)

    @admin.display(description="environments", ordering="environment_number")
    def environment_number(self, organization: Any) -> int:
        """How many environments."""
        return int(organization.environment_number)

    @admin.display(description="members", ordering="member_number")
    def member_number(self, organization: Any) -> int:
        """How many members."""
        return int(organization.member_number)


@admin.register(Environment)
class EnvironmentAdmin(admin.ModelAdmin[Environment]):
    """Environments."""

    list_display = ["name", "slug", "organization_link", "position", "created_at"]
    list_filter = ["organization"]
    list_select_related = ["organization"]
    search_fields = ["name", "slug", "organization__name"]
    autocomplete_fields = ["organization"]
    readonly_fields = ["created_at"]

    @admin.display(description="organization", ordering="organization__name")
    def organization_link(self, environment: Environment) -> SafeString:
        """To its organization."""
        return link_to(environment.organization)


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin[Membership]):
    """Who belongs where, as what."""

    list_display = ["user", "organization_link", "role", "created_at"]
    list_filter = ["role", "organization"]
    list_select_related = ["user", "organization"]
    search_fields = ["user__email", "user__name", "organization__name"]
    autocomplete_fields = ["user", "organization"]
    readonly_fields = ["created_at"]

    @admin.display(description="organization", ordering="organization__name")
    def organization_link(self, membership: Membership) -> SafeString:
        """To its organization."""
        return link_to(membership.organization)


@admin.register(MemberGroup)
class MemberGroupAdmin(admin.ModelAdmin[MemberGroup]):
    """Groups of members."""

    list_display = ["name", "slug", "organization_link"]
    list_filter = ["organization"]
    list_select_related = ["organization"]
    search_fields = ["name", "slug", "members__email"]
    autocomplete_fields = ["organization", "members"]

    @admin.display(description="organization", ordering="organization__name")
    def organization_link(self, group: MemberGroup) -> SafeString:
        """To its organization."""
        return link_to(group.organization)


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin[ApiKey]):
    """API keys: to be looked at and revoked. New ones are made in the console, which shows them once."""

    list_display = ["name", "prefix", "environment_link", "state", "created_by", "last_used_at", "expires_at"]
    list_filter = ["environment__organization", ("revoked_at", admin.EmptyFieldListFilter), "expires_at"]
    list_select_related = ["environment__organization", "created_by"]
    search_fields = ["name", "prefix", "environment__name", "environment__organization__name"]
    fields = [
        ("name", "prefix", "environment"),
        "scopes",
        ("created_by", "created_at"),
        ("expires_at", "revoked_at", "last_used_at"),
    ]
    readonly_fields = ["prefix", "environment", "created_by", "created_at", "revoked_at", "last_used_at"]
    actions = ["revoke"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A key made here could never be shown."""
        return False

    @admin.display(description="environment", ordering="environment__organization__name")
    def environment_link(self, key: ApiKey) -> SafeString:
        """To its environment, with the organization's name."""
        return format_html("{} / {}", key.environment.organization, link_to(key.environment))

    @admin.action(description="Revoke: refused from now on")
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        """Make keys useless at once."""
        number = keys.filter(revoked_at=None).update(revoked_at=timezone.now())
        self.message_user(request, f"{number} revoked.")


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """The audit log."""

    list_display = ["at", "actor_name", "action", "subject_type", "subject_name", "organization", "environment"]
    list_filter = ["organization", "action", "subject_type", "at"]
    list_select_related = ["organization", "environment"]
    search_fields = ["actor_name", "action", "subject_name", "subject_id"]
    date_hierarchy = "at"
