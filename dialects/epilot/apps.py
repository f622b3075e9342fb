from django.apps import AppConfig


class EpilotConfig(AppConfig):
    """The epilot workflow APIs, below `/epilot/`."""

    name = "dialects.epilot"
    label = "epilot"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Follow the instances of flows that carry a template; hear of automations that start some."""
        from dialects.epilot import starting
        from dialects.epilot.errors import refused_below
        from dialects.epilot.running.following_rows import follow_case
        from dialects.epilot.translate.words import DIALECT
        from dialects.shared.refusals import add_shape
        from engine.services.followers import follow_flows_with
        from engine.services.listeners import add_listener

        follow_flows_with(DIALECT, follow_case)
        add_listener(starting.hear)
        add_shape("/epilot/", refused_below)
