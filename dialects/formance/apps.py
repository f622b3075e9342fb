from django.apps import AppConfig


class FormanceConfig(AppConfig):
    """What the Formance room keeps: deleted workflows, triggers and their occurrences."""

    name = "dialects.formance"
    label = "formance"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hear the events of the bus, and have what they reach looked at."""
        from django.db.models.signals import post_save

        from designer.services.outside_triggers import add_source
        from dialects.formance.errors import refused_below
        from dialects.formance.models import EventTrigger
        from dialects.formance.publishing import listening, tell_the_bus
        from dialects.formance.showing import FormanceTriggers
        from dialects.formance.triggers import hear, look_at_occurrences
        from dialects.shared.refusals import add_shape
        from engine.outbox import wishes
        from engine.outbox.dispatching import add_sink
        from engine.services.chores import add_chore
        from engine.services.listeners import add_listener

        add_listener(hear)
        add_chore(look_at_occurrences)
        add_sink(tell_the_bus)
        wishes.add_source(listening)
        add_source("formance", FormanceTriggers())
        add_shape("/formance/", refused_below)
        post_save.connect(wishes.forget, sender=EventTrigger)
