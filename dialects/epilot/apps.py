from django.apps import AppConfig


class EpilotConfig(AppConfig):
    """The epilot workflow APIs, below `/epilot/`."""

    name = "dialects.epilot"
    label = "epilot"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Follow the instances of flows that carry a template."""
        from dialects.epilot.running.following_rows import follow_case
        from dialects.epilot.translate.words import DIALECT
        from engine.services.followers import follow_flows_with

        follow_flows_with(DIALECT, follow_case)
