from django.apps import AppConfig


class EpilotConfig(AppConfig):
    """The epilot workflow APIs, below `/epilot/`."""

    name = "dialects.epilot"
    label = "epilot"
    default_auto_field = "django.db.models.BigAutoField"
