from django.apps import AppConfig


class EntitiesConfig(AppConfig):
    """Entities, automations and journeys."""

    name = "engine.entities"
    label = "entities"
    default_auto_field = "django.db.models.BigAutoField"
