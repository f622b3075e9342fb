from django.apps import AppConfig


class DialectsConfig(AppConfig):
    """The wire APIs."""

    name = "dialects"
    default_auto_field = "django.db.models.BigAutoField"
