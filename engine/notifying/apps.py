"""The app."""

from django.apps import AppConfig


class NotifyingConfig(AppConfig):
    """Subscribers and messages, under the label `notifying`."""

    name = "engine.notifying"
    label = "notifying"
    verbose_name = "Notifying"

    def ready(self) -> None:
        """Listen for flows that are promoted."""
        from engine.notifying import promoting  # noqa: F401
