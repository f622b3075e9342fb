from django.apps import AppConfig


class DialectsConfig(AppConfig):
    """The wire APIs."""

    name = "dialects"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let rooms say how their triggers start instances."""
        from dialects.cloudflare.schedules import prepare_scheduled
        from engine.services.triggers import add_preparer

        add_preparer(prepare_scheduled)
