from django.apps import AppConfig


class SwitchingConfig(AppConfig):
    """Planned switches of flows."""

    name = "designer.switching"
    label = "switching"
    default_auto_field = "django.db.models.BigAutoField"
