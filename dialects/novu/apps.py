"""The app."""

from django.apps import AppConfig


class NovuConfig(AppConfig):
    """What Novu knows beside the flow, under the label `novu`."""

    name = "dialects.novu"
    label = "novu"
    verbose_name = "Novu"

    def ready(self) -> None:
        """Listen for flows that are promoted; look again at workflows whose steps or policies are stored."""
        from django.db.models.signals import post_save

        from dialects.novu import faults, syncing  # noqa: F401
        from dialects.novu.errors import refused_below
        from dialects.novu.models import Step
        from dialects.shared.refusals import add_shape
        from engine.notifying.models import MessagePolicy

        post_save.connect(faults.forget_step, sender=Step)
        post_save.connect(faults.forget_policy, sender=MessagePolicy)
        add_shape("/novu/", refused_below)
