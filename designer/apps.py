from django.apps import AppConfig


class DesignerConfig(AppConfig):
    """Flows, versions, drawing."""

    name = "designer"
    default_auto_field = "django.db.models.BigAutoField"
