from django.apps import AppConfig


class CloudflareConfig(AppConfig):
    """What the Cloudflare room keeps: the retention of instances that have one of their own."""

    name = "dialects.cloudflare"
    label = "cloudflare"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Say how schedules start instances, and have those removed whose own time is over."""
        from dialects.cloudflare.errors import refused_below
        from dialects.cloudflare.keeping import sweep_outlived
        from dialects.cloudflare.schedules import prepare_scheduled
        from dialects.shared.refusals import add_shape
        from engine.services.chores import add_chore
        from engine.services.triggers import add_preparer

        add_preparer(prepare_scheduled)
        add_chore(sweep_outlived)
        add_shape("/cloudflare/", refused_below)
