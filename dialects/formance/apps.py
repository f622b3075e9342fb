from django.apps import AppConfig


class FormanceConfig(AppConfig):
    """What the Formance room keeps: deleted workflows, triggers and their occurrences."""

    name = "dialects.formance"
    label = "formance"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hear the events of the bus, and have what they reach looked at."""
        from dialects.formance.triggers import hear, look_at_occurrences
        from engine.services.chores import add_chore
        from engine.services.listeners import add_listener

        add_listener(hear)
        add_chore(look_at_occurrences)
