from django.apps import AppConfig


class CallsConfig(AppConfig):
    """Calls between instances."""

    name = "engine.calls"
    label = "calls"
    default_auto_field = "django.db.models.BigAutoField"
