from django.apps import AppConfig


class EngineConfig(AppConfig):
    """Running instances."""

    name = "engine"
    default_auto_field = "django.db.models.BigAutoField"
