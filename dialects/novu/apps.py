"""The app."""

from django.apps import AppConfig


class NovuConfig(AppConfig):
    """What Novu knows beside the flow, under the label `novu`."""

    name = "dialects.novu"
    label = "novu"
    verbose_name = "Novu"

    def ready(self) -> None:
        """Listen for flows that are promoted."""
        from dialects.novu import syncing  # noqa: F401
