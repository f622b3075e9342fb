"""Entities, automations and journeys in Django's admin: to look at and to edit."""

from __future__ import annotations

from django.contrib import admin

from engine.entities.models import Automation, AutomationRun, Entity, Journey, Relation


class RelationInline(admin.TabularInline[Relation, Entity]):
    """An entity's relations, on its page."""

    model = Relation
    fk_name = "source"
    extra = 0
    raw_id_fields = ["target"]


@admin.register(Entity)
class EntityAdmin(admin.ModelAdmin[Entity]):
    """Entities by schema."""

    list_display = ["key", "schema", "title", "environment", "updated_at"]
    list_filter = ["environment", "schema"]
    search_fields = ["key", "title"]
    readonly_fields = ["summaries", "created_at", "updated_at"]
    inlines = [RelationInline]


@admin.register(Automation)
class AutomationAdmin(admin.ModelAdmin[Automation]):
    """Automations and how their runs end."""

    list_display = ["key", "name", "outcome", "is_enabled", "environment"]
    list_filter = ["environment", "outcome"]
    search_fields = ["key", "name"]


@admin.register(AutomationRun)
class AutomationRunAdmin(admin.ModelAdmin[AutomationRun]):
    """Runs, the newest first."""

    list_display = ["key", "automation_key", "status", "instance_id", "task", "created_at"]
    list_filter = ["status"]
    search_fields = ["key", "automation_key"]
    raw_id_fields = ["automation"]


@admin.register(Journey)
class JourneyAdmin(admin.ModelAdmin[Journey]):
    """Journeys and their addresses."""

    list_display = ["key", "name", "is_public", "is_enabled", "environment"]
    list_filter = ["environment", "is_public"]
    search_fields = ["key", "name"]
