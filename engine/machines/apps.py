from django.apps import AppConfig


class MachinesConfig(AppConfig):
    """Who is at work."""

    name = "engine.machines"
    label = "machines"
    default_auto_field = "django.db.models.BigAutoField"
