from django.apps import AppConfig


class TryingConfig(AppConfig):
    """Sample inputs and cases of flows."""

    name = "designer.trying"
    label = "trying"
    default_auto_field = "django.db.models.BigAutoField"
