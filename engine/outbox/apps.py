from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """Webhooks and streams."""

    name = "engine.outbox"
    label = "outbox"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Notice at once when somebody begins to listen. (`engine.apps` has what is written delivered.)"""
        from django.db.models.signals import post_delete, post_save

        from engine.outbox import wishes
        from engine.outbox.models import Endpoint

        wishes.add_source(wishes.endpoints)
        post_save.connect(wishes.forget, sender=Endpoint)
        post_delete.connect(wishes.forget, sender=Endpoint)
